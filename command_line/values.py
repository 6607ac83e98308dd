"""Values read from a word of the command line. What is wrong says what was found and expected."""

from collections.abc import Callable
from datetime import date
from typing import Any

import typer

from command_line.mistakes import did_you_mean

METAVAR_CHARS_MAX = 20
"""A longer list of words is a part of the flag's meaning."""


def day(text: str) -> date:
    """A day as in 2026-11-20."""
    try:
        return date.fromisoformat(text)
    except ValueError:
        raise typer.BadParameter(f"{text!r} is not a day; expected one as in 2026-11-20") from None


def some_words(text: str) -> str:
    """Any text but an empty one."""
    if not text.strip():
        raise typer.BadParameter(f"{text!r} says nothing; expected some words")
    return text


def whole_number(low: int, high: int) -> Callable[[str], int]:
    """Reads a number from `low` to `high`."""

    def read(given: str | int) -> int:
        text = str(given)  # a default is a number already
        number = int(text) if text.isascii() and text.isdecimal() and len(text) < 20 else low - 1
        if not low <= number <= high:
            raise typer.BadParameter(
                f"{text!r} is not usable; expected a whole number from {low} to {high}"
            )
        return number

    return read


def one_of(meaning: str, *names: str) -> dict[str, Any]:
    """How `typer.Option` takes one of some words, also when a shell completes it."""
    metavar = "|".join(names)
    if len(metavar) > METAVAR_CHARS_MAX:
        meaning, metavar = f"{meaning}: {', '.join(names)}", "X"

    def read(text: str) -> str:
        if text not in names:
            expected = f"expected one of {', '.join(names)}"
            raise typer.BadParameter(f"{text!r} is unknown; {expected}{did_you_mean(text, names)}")
        return text

    return {
        "parser": read,
        "metavar": metavar,
        "help": meaning,
        "autocompletion": lambda: list(names),
    }
