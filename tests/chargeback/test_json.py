"""Every verb that prints data also prints it as JSON; the others say here why they do not."""

from collections.abc import Iterator
from typing import Any

import pytest
import typer

from chargeback.app import app

LOG = "runs until it is ended, and says what it does as log lines, which are JSON"
WORDS = "prints words only, and those to stderr"
ALREADY = "prints JSON anyway"
ONE_WORD = "prints one token, for other programs"
WITHOUT = {
    "consumer run": LOG,
    "consumer pair": LOG,
    "consumer watch": LOG,
    "api serve": LOG,
    "ui": LOG,
    "local broker": LOG,
    "local identity serve": LOG,
    "local insights": LOG,
    "publish": WORDS,
    "package": WORDS,
    "login": WORDS,
    "ledger adopt-transitions": WORDS,
    "rerate approve": WORDS,
    "people erase": WORDS,
    "invoice export": WORDS,
    "prices compile": WORDS,
    "local send": WORDS,
    "token": ONE_WORD,
    "local identity token": ONE_WORD,
    "invoice show": ALREADY,
    "prices schema": ALREADY,
    "prices digests": ALREADY,
    "prices fetch-azure": ALREADY,
    "demo": "writes its box as JSON to .local/demo.json",
}


def commands(group: Any, path: str = "") -> Iterator[tuple[str, Any]]:
    for name, command in group.commands.items():
        if hasattr(command, "commands"):
            yield from commands(command, f"{path}{name} ")
        else:
            yield path + name, command


VERBS = dict(commands(typer.main.get_command(app)))


@pytest.mark.parametrize("name", VERBS)
def test_a_verb_prints_json_or_says_why_not(name: str) -> None:
    flags = {flag for param in VERBS[name].params for flag in param.opts}
    assert ("--json" in flags) != (name in WITHOUT)


def test_no_exception_is_of_a_verb_that_is_gone() -> None:
    assert set(WITHOUT) <= set(VERBS)
