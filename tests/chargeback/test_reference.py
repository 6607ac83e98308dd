"""docs/cli.md is what the commands say of themselves, and they say something of everything."""

import re
import shlex
from typing import Any

import pytest
import typer

from chargeback.__main__ import main
from chargeback.app import app
from chargeback.reference import reference, verbs_by_function
from command_line.help_page import ARGUMENTS, section_of
from tests.paths import ROOT

PAGE = (ROOT / "docs/cli.md").read_text(encoding="utf-8")


def commands(group: Any) -> list[Any]:
    found = []
    for command in group.commands.values():
        found += commands(command) if hasattr(command, "commands") else [command]
    return found


VERBS = commands(typer.main.get_command(app))


def test_the_page_is_made_from_the_commands() -> None:
    assert reference() == PAGE, "docs/cli.md is old: run `make fmt`"


@pytest.mark.parametrize("path", verbs_by_function(app).values())
def test_every_verb_has_a_heading(path: str) -> None:
    assert re.search(rf"^### chargeback {path}( |$)", PAGE, re.MULTILINE)


@pytest.mark.parametrize("command", VERBS, ids=lambda command: command.name)
def test_every_verb_and_flag_is_explained(command: Any) -> None:
    assert command.help
    assert [each.name for each in command.params if not each.help] == []
    names = [
        each.display_name_raw if section_of(each) == ARGUMENTS else each.opts[0]
        for each in command.params
    ]
    assert [name for name in names if f"| `{name}" not in PAGE and f"| `[{name}" not in PAGE] == []


def test_the_example_of_a_mistake_is_what_is_printed(capsys: pytest.CaptureFixture[str]) -> None:
    [command, shown] = re.findall(r"```console\n\$ chargeback (.*?)\n(.*?)```", PAGE, re.DOTALL)[0]
    assert main(shlex.split(command)) == 2
    assert capsys.readouterr().err == shown
