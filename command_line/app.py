"""Typer apps whose help is one plain page, and `run`, which turns a command line into an exit code.

Typer's own pages are drawn by rich, whose import costs more than all of `--help`; and its
tracebacks may print local variables, which hold keys.
"""

import sys
from collections.abc import Iterator, Mapping, Sequence
from typing import Any, ClassVar

import typer
from typer.core import TyperCommand, TyperGroup
from typer.exceptions import TyperException

from command_line.help_page import ARGUMENTS, FLAGS, section_of, shown_name, write_section
from command_line.mistakes import NoVerb, explain, unknown_verb

WIDTH_MAX = 100
"""Columns of a help page on a wide terminal."""
OWN_FLAGS = {
    "help": "show this page",
    "install_completion": "complete verbs and flags in this shell from now on",
    "show_completion": "print the script that does so",
}
UNLISTED = {"show_completion"}
"""Flags that docs/cli.md explains: the page of all verbs has no line for them."""
ABOUT_TWINS = """
  In brackets: the variable of the same meaning, with its default. The flag is stronger.
"""


def new_app(
    meaning: str | None = None, *, kind: "type[Group] | None" = None, completion: bool = False
) -> typer.Typer:
    """An app of this project: verbs are added with `@app.command("name", cls=Verb)`."""
    return typer.Typer(
        cls=kind or Group,
        help=meaning,
        add_completion=completion,
        rich_markup_mode=None,
        pretty_exceptions_enable=False,
    )


def run(app: typer.Typer, words: Sequence[str] | None, *, name: str) -> int:
    """The exit code: the verb's own, or 2 for a command line that is wrong, with the reason."""
    command = typer.main.get_command(app)
    for param in command.params:
        if param.name in OWN_FLAGS:
            _plain(param)
    try:
        code = command.main(
            list(sys.argv[1:] if words is None else words),
            prog_name=name,
            standalone_mode=False,
            max_content_width=WIDTH_MAX,
            help_option_names=["--help", "-h"],
        )
    except TyperException as error:
        print(explain(error), file=sys.stderr)
        return error.exit_code
    return code if isinstance(code, int) else 0


class Verb(TyperCommand):
    """One verb. A flag that may be given several times also takes several words: `--book a b`."""

    alone: ClassVar[Mapping[str, str]] = {}
    """Flags that may be given without a value, and the value that they have then."""
    at_most_one: ClassVar[Sequence[Sequence[str]]] = ()
    """Groups of flags of which one may be given."""
    exactly_one: ClassVar[Sequence[str]] = ()

    def parse_args(self, ctx: Any, args: list[str]) -> list[str]:
        given = {word.partition("=")[0] for word in args}
        several = {flag for param in self.params if _is_repeated_flag(param) for flag in param.opts}
        rest = super().parse_args(ctx, list(_spelled_out(args, several, self.alone)))
        if not ctx.resilient_parsing:
            for flags in self.at_most_one:
                _check_apart(given, flags, ctx, fewest=0)
            _check_apart(given, self.exactly_one, ctx, fewest=1)
        return rest

    def get_help_option(self, ctx: Any) -> Any:
        return _plain(super().get_help_option(ctx))

    def collect_usage_pieces(self, ctx: Any) -> list[str]:
        names = [shown_name(param) for param in self.params if _is_argument(param)]
        return ["[FLAGS]", *names]

    def format_options(self, ctx: Any, formatter: Any) -> None:
        sections: dict[str, list[tuple[str, str]]] = {ARGUMENTS: [], FLAGS: []}
        params: list[Any] = self.get_params(ctx)
        for param in params:
            record = param.get_help_record(ctx)
            if record is not None:
                row = (shown_name(param), param.help) if _is_argument(param) else record
                sections.setdefault(section_of(param), []).append(row)
        for title, rows in sections.items():
            write_section(formatter, title, rows)
        if any(param.envvar for param in params):
            formatter.write(ABOUT_TWINS)


def _plain(flag: Any) -> Any:
    """A flag of Typer's own with a bool as default: Typer imports pydantic to make one of None."""
    flag.default = False
    flag.help = OWN_FLAGS[flag.name]
    return flag


def _is_argument(param: Any) -> bool:
    return section_of(param) == ARGUMENTS


def _is_repeated_flag(param: Any) -> bool:
    return bool(getattr(param, "multiple", False))


def _check_apart(given: set[str], flags: Sequence[str], ctx: Any, *, fewest: int) -> None:
    found = [flag for flag in flags if flag in given]
    if flags and not fewest <= len(found) <= 1:
        said = f"{' and '.join(found)} are given" if found else "none is given"
        raise typer.BadParameter(f"{said}; expected one of {', '.join(flags)}", ctx=ctx)


def _spelled_out(
    words: Sequence[str], several: set[str], alone: Mapping[str, str]
) -> Iterator[str]:
    """`--book a b` as `--book a --book b`, and a flag that stands alone with its value."""
    flag, values = "", 0
    for word in words:
        if word.startswith("-") and word != "-":
            if flag in alone and not values:
                yield alone[flag]
            flag, values = word, 0
        else:
            values += 1
            if flag in several and values > 1:
                yield flag
        yield word
    if flag in alone and not values:
        yield alone[flag]


class Group(TyperGroup):
    """Verbs under one name. Without a verb it prints its page."""

    sections: ClassVar[Mapping[str, Sequence[str]]] = {}
    """Headings of the page, and what is listed under each; one heading where there are none."""

    def parse_args(self, ctx: Any, args: list[str]) -> list[str]:
        if not args and not ctx.resilient_parsing:
            raise NoVerb(self.get_help(ctx))
        return super().parse_args(ctx, args)

    def resolve_command(self, ctx: Any, args: list[str]) -> Any:
        if args[0] not in self.commands and not ctx.resilient_parsing:
            raise unknown_verb(args[0], self.commands, ctx)
        return super().resolve_command(ctx, args)

    def get_help_option(self, ctx: Any) -> Any:
        return _plain(super().get_help_option(ctx))

    def collect_usage_pieces(self, ctx: Any) -> list[str]:
        return ["VERB …"]

    def format_options(self, ctx: Any, formatter: Any) -> None:
        widest = max(map(len, self.commands))
        for title, names in (self.sections or {"Verbs": tuple(self.commands)}).items():
            room = formatter.width - widest - 4  # the blanks around a name
            rows = [(name, _meaning(self.commands[name], room)) for name in names]
            write_section(formatter, title, rows, widest=widest)
        shown = [param for param in self.get_params(ctx) if param.name not in UNLISTED]
        records = [param.get_help_record(ctx) for param in shown]
        write_section(formatter, FLAGS, [record for record in records if record is not None])


def _meaning(command: Any, room: int) -> str:
    """What a verb is for; of a group as many of its verbs as the line has room for."""
    text = str(command.help or "").partition("\n")[0].rstrip(".")
    if not isinstance(command, TyperGroup):
        return text
    names = list(command.commands)
    line = f"{text}: {', '.join(names)}"
    while len(line) > room and len(names) > 1:
        names.pop()
        line = f"{text}: {', '.join(names)}, …"
    return line
