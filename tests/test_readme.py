"""README shows what the programs print today, and its links lead somewhere."""

import re
import shlex
from io import StringIO
from pathlib import Path
from typing import Any

import pytest
from rich.console import Console

from chargeback.__main__ import main
from local_stack.demo.demo_box import DemoBox, show
from local_stack.identity.accounts import demo_accounts
from tests.paths import ROOT

README = (ROOT / "README.md").read_text(encoding="utf-8")
VERSION = re.compile(r"[0-9a-f]{64}")
"""Moves with every new rule of the book."""
ROWS_MAX = 12
"""Of the box: what a newcomer reads at once."""
PROSE = [*ROOT.glob("*.md"), *(ROOT / "docs").glob("*.md"), *ROOT.glob("*/README.md")]


def test_the_explained_price_is_what_the_command_prints(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    [block] = re.findall(r"```console\n\$ (.*?)```", README, re.DOTALL)
    command, shown = block.split("\n", 1)
    assert shlex.split(command)[0] == "chargeback"
    monkeypatch.chdir(ROOT)
    assert main(shlex.split(command)[1:]) == 0
    printed = capsys.readouterr().out
    assert VERSION.sub("", shown.rstrip()) == VERSION.sub("", printed.rstrip())


def test_the_box_has_the_lines_that_the_demonstration_prints() -> None:
    console = Console(record=True, width=100, file=StringIO())
    numbers: dict[str, Any] = dict.fromkeys(DemoBox.__struct_fields__, 1)
    texts = {"total_cost": "0", "currency": "USD", "audit": "ok", "key": "k", "invoices": "6"}
    urls = dict.fromkeys(("ui", "api", "broker", "insights", "base_url"), "")
    commands = {"token_command": "t", "shell_settings": "s"}
    people = {each.person.name: each.title for each in demo_accounts().values()}
    show(
        DemoBox(**{**numbers, **texts, "urls": urls, "sign_in": people, **commands}),
        console,
    )
    [box] = re.findall(r"╭.*?╯", README, re.DOTALL)
    assert labels(box) == labels(console.export_text())
    assert labels(box)[0] == "bill"
    assert len(labels(box)) <= ROWS_MAX


def labels(box: str) -> list[str]:
    """The left column of a box, without the lines that go on with a value."""
    lines = [line.strip("│") for line in box.splitlines() if "│" in line]
    return [re.split(r"  +", line.strip())[0] for line in lines if not line.startswith("   ")]


@pytest.mark.parametrize("page", PROSE, ids=lambda page: page.relative_to(ROOT).as_posix())
def test_every_link_between_documents_leads_to_a_file(page: Path) -> None:
    targets = re.findall(r"\]\(([^)#:]+)(?:#[^)]*)?\)", page.read_text(encoding="utf-8"))
    assert [target for target in targets if not (page.parent / target).exists()] == []
