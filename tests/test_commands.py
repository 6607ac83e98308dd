"""Every command that README and docs show in a block of code is one that the programs accept."""

import re
import shlex
from collections.abc import Iterator
from itertools import dropwhile
from pathlib import Path
from typing import Any

import pytest
import typer
from typer.exceptions import TyperException

from apim_policies.app import policies
from chargeback.app import app as chargeback
from command_line.app import run
from consumers.verbs.app import app as consumers
from local_stack.app import broker, demo, identity, insights, send
from pricing_rules.verbs.app import app as pricing_rules
from table_api.verbs.app import app as table_api
from tests.paths import ROOT

PAGES = sorted(
    {*ROOT.glob("*.md"), *ROOT.glob("*/README.md"), *ROOT.glob("docs/*.md")}
    - {ROOT / "docs/cli.md"}
)
"""docs/cli.md is made from the programs, and shows a wrong command too."""
APPS = {
    "chargeback": chargeback,
    "consumers": consumers,
    "pricing_rules": pricing_rules,
    "table_api": table_api,
    "apim_policies": policies,
    "local_stack.demo": demo,
    "local_stack.broker": broker,
    "local_stack.identity": identity,
    "local_stack.insights": insights,
    "local_stack.send": send,
}
_BLOCK = re.compile(r"^```(\w*)\n(.*?)^```", re.DOTALL | re.MULTILINE)
_VARIABLE = re.compile(r"[A-Z_]+=\S*")
_BETWEEN_COMMANDS = {"&&", "||", "|", ";", ">", "&"}
_SHORT = {"rerate": ["chargeback", "rerate"]}
"""What the README defines for its shell."""


def words_of(line: str) -> Iterator[list[str]]:
    """Each command of a line of shell, without comments and redirections."""
    lexer = shlex.shlex(line, posix=True, punctuation_chars="&|;>()")
    lexer.whitespace_split = True
    try:
        tokens = list(lexer)
    except ValueError:  # a line of something else than shell
        return
    words: list[str] = []
    for token in tokens:
        if token in _BETWEEN_COMMANDS or set(token) <= set("&|;>()"):
            yield words
            words = []
        else:
            words.append(token)
    yield words


def commands_of(page: Path) -> Iterator[tuple[str, list[str]]]:
    """(program, its words) of each command of the project in the page's blocks of code."""
    for language, block in _BLOCK.findall(page.read_text(encoding="utf-8")):
        if language not in ("", "console", "bash", "sh"):
            continue
        for line in block.replace("\\\n", " ").splitlines():
            for shown in words_of(line.removeprefix("$ ")):
                words = list(dropwhile(_VARIABLE.fullmatch, shown))
                program, *rest = [*_SHORT.get(words[0], words[:1]), *words[1:]] if words else [""]
                name = program.removeprefix(".venv/bin/")
                if name in ("python", "python3") and rest[:1] == ["-m"]:
                    name, rest = rest[1], rest[2:]
                if name in APPS and "$@" not in rest and "()" not in line:
                    yield name, rest


SHOWN = [
    pytest.param(name, words, id=f"{page.name}: {name} {' '.join(words)}"[:80])
    for page in PAGES
    for name, words in commands_of(page)
]


@pytest.mark.parametrize(("name", "words"), SHOWN)
def test_a_command_of_a_page_is_accepted(name: str, words: list[str]) -> None:
    parse(typer.main.get_command(APPS[name]), name, words)


def parse(command: Any, name: str, words: list[str]) -> None:
    """As the program does, without doing anything. Raises TyperException on a wrong line."""
    with command.make_context(name, list(words)) as context:
        if hasattr(command, "resolve_command"):
            rest = [*context._protected_args, *context.args]
            verb, inner, left = command.resolve_command(context, rest)
            parse(inner, verb, left)


def test_a_wrong_flag_is_found() -> None:
    with pytest.raises(TyperException):
        parse(typer.main.get_command(chargeback), "chargeback", ["price", "--modell", "x"])
    assert run(chargeback, ["price", "--modell", "x"], name="chargeback") == 2


def test_pages_show_commands() -> None:
    assert len(SHOWN) > 20
