"""How a help page is laid out: sections of a name and its meaning, no word broken at a hyphen."""

import textwrap
from collections.abc import Sequence
from typing import Any

ARGUMENTS = "Arguments"
FLAGS = "Flags"
"""Where a flag is listed that belongs to no other section."""
NAME_CHARS_MAX = 34
"""The meaning of a longer name starts on the next line."""


def section_of(param: Any) -> str:
    """The title under which a parameter is listed."""
    if param.param_type_name == "argument":
        return ARGUMENTS
    return getattr(param, "rich_help_panel", None) or FLAGS


def shown_name(param: Any) -> str:
    """An argument as usage and help name it: `[FILE…]` where it may be left out or repeated."""
    name = str(param.display_name_raw) + ("…" if param.nargs == -1 else "")
    return name if param.required else f"[{name}]"


def write_section(
    formatter: Any, title: str, rows: Sequence[tuple[str, str]], *, widest: int | None = None
) -> None:
    """A title and its rows, or nothing where there are none."""
    if not rows:
        return
    column = min(widest or max(len(name) for name, _ in rows), NAME_CHARS_MAX)
    with formatter.section(title):
        for name, meaning in rows:
            formatter.write(_row(name, meaning, column, formatter.width))


def _row(name: str, meaning: str, column: int, width: int) -> str:
    start = f"  {name.ljust(column)}  "
    indent = " " * (column + 4)
    if len(name) > column:
        return f"  {name}\n" + _filled(meaning, indent, indent, width)
    return _filled(meaning, start, indent, width)


def _filled(text: str, start: str, indent: str, width: int) -> str:
    filled = textwrap.fill(
        text, width, initial_indent=start, subsequent_indent=indent, break_on_hyphens=False
    )
    return filled + "\n"
