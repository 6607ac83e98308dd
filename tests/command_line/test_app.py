"""A small app of every shape: what its verbs get, what help shows, and how mistakes are named."""

from collections.abc import Mapping
from datetime import date
from pathlib import Path
from typing import Annotated, ClassVar

import pytest
import typer

from command_line.app import Group, Verb, new_app, run
from command_line.settings import Setting, with_settings
from command_line.values import day, one_of, some_words, whole_number

Output = pytest.CaptureFixture[str]
SETTINGS = {
    "Settings of the store": (
        Setting("STORE_URL", "where the store answers"),
        Setting("STORE_PORT", "its port", "8000", spelled="--port"),
    )
}


class Sorted(Group):
    sections: ClassVar[Mapping[str, tuple[str, ...]]] = {
        "First": ("stores",),
        "Then": ("count", "import-prices", "open"),
    }


class CountVerb(Verb):
    at_most_one = (("--csv", "--json"),)
    alone: ClassVar[Mapping[str, str]] = {"--write": "here"}


class OpenVerb(Verb):
    exactly_one = ("--door", "--window")


def small_app() -> typer.Typer:
    app = new_app("A shop.", kind=Sorted)
    stores = new_app("The stores")

    @app.command("count", cls=CountVerb)
    def count(
        names: Annotated[list[str] | None, typer.Argument(metavar="NAME", help="who")] = None,
        book: Annotated[list[Path] | None, typer.Option("--book", help="books")] = None,
        first: Annotated[
            date | None, typer.Option("--from", parser=day, metavar="DAY", help="first day")
        ] = None,
        most: Annotated[int, typer.Option("--most", parser=whole_number(1, 9), help="at most")] = 5,
        form: Annotated[str, typer.Option("--form", **one_of("form", "table", "wide"))] = "table",
        write: Annotated[Path | None, typer.Option("--write", help="where")] = None,
        csv: Annotated[bool, typer.Option("--csv", help="as CSV")] = False,
        json: Annotated[bool, typer.Option("--json", help="as JSON")] = False,
    ) -> int:
        """Count what is there."""
        print(names, [str(each) for each in book or ()], first, most, form, write, csv, json)
        return 3

    @app.command("import-prices", cls=Verb)
    def import_prices(
        why: Annotated[str, typer.Option("--why", parser=some_words, help="kept with it")],
    ) -> int:
        """Import prices."""
        print(why)
        return 0

    @app.command("open", cls=OpenVerb)
    def open_(
        door: Annotated[bool, typer.Option("--door", help="the door")] = False,
        window: Annotated[bool, typer.Option("--window", help="the window")] = False,
    ) -> int:
        """Open one of them."""
        print(door, window)
        return 0

    def visit(
        environment: Mapping[str, str],
        who: Annotated[str, typer.Argument(metavar="WHO", help="a person")],
    ) -> int:
        """Visit a store."""
        print(dict(environment), who)
        return 0

    stores.command("visit", cls=Verb)(with_settings(visit, SETTINGS))
    stores.command("close", cls=Verb)(with_settings(lambda environment: 1, {}))
    app.add_typer(stores, name="stores")
    return app


def said(capsys: Output, *words: str, code: int = 0) -> str:
    """Both streams of one command."""
    assert run(small_app(), words, name="shop") == code
    captured = capsys.readouterr()
    return captured.out + captured.err


def test_a_verb_gets_its_values_and_its_number_is_the_exit_code(capsys: Output) -> None:
    words = ("count", "a", "b", "--from", "2026-11-20", "--most", "9", "--form", "wide", "--csv")
    shown = said(capsys, *words, code=3)
    assert shown == "['a', 'b'] [] 2026-11-20 9 wide None True False\n"
    assert said(capsys, "count", code=3) == "None [] None 5 table None False False\n"


@pytest.mark.parametrize(
    ("words", "books"),
    [
        (("--book", "x"), ["x"]),
        (("--book", "x", "y", "--csv"), ["x", "y"]),
        (("--book", "x", "--book", "y"), ["x", "y"]),
        (("--book=x", "--csv"), ["x"]),
        (("--book", "x", "-"), ["x", "-"]),
    ],
)
def test_a_flag_of_several_values_takes_them_in_a_row_or_repeated(
    capsys: Output, words: tuple[str, ...], books: list[str]
) -> None:
    assert f"None {books} None" in said(capsys, "count", *words, code=3)


@pytest.mark.parametrize(
    ("words", "written"),
    [(("--write",), "here"), (("--write", "--csv"), "here"), (("--write", "x"), "x")],
)
def test_a_flag_that_may_be_alone_has_a_value_then(
    capsys: Output, words: tuple[str, ...], written: str
) -> None:
    assert f"table {written} " in said(capsys, "count", *words, code=3)


def test_a_setting_is_a_flag_over_its_variable_over_its_default(
    capsys: Output, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("STORE_URL", raising=False)
    assert said(capsys, "stores", "visit", "me") == "{'STORE_PORT': '8000'} me\n"
    monkeypatch.setenv("STORE_PORT", "1")
    monkeypatch.setenv("STORE_URL", "there")
    assert said(capsys, "stores", "visit", "me") == "{'STORE_URL': 'there', 'STORE_PORT': '1'} me\n"
    assert "'STORE_PORT': '2'" in said(capsys, "stores", "visit", "me", "--port", "2")


@pytest.mark.parametrize(
    ("words", "reason"),
    [
        (("coutn",), "shop: there is no verb 'coutn'; did you mean count?"),
        (("visit",), "shop: there is no verb 'visit'; did you mean stores visit?"),
        (("stores", "clos"), "shop stores: there is no verb 'clos'; did you mean close?"),
        (("xxxxxx",), "shop: there is no verb 'xxxxxx'\n"),
        (("count", "--jsno"), "shop count: there is no flag --jsno; did you mean --json?"),
        (("count", "--zzzzzz"), "shop count: there is no flag --zzzzzz\n"),
        (
            ("count", "--form", "tabel"),
            "shop count: --form: 'tabel' is unknown; expected one of table, wide; "
            "did you mean table?",
        ),
        (
            ("count", "--from", "yesterday"),
            "shop count: --from: 'yesterday' is not a day; expected one as in 2026-11-20",
        ),
        (
            ("count", "--most", "10"),
            "shop count: --most: '10' is not usable; expected a whole number from 1 to 9",
        ),
        (("count", "--most", "9" * 5_000), "is not usable; expected a whole number from 1 to 9"),
        (("count", "--csv", "--json"), "--csv and --json are given; expected one of --csv, --json"),
        (("open",), "shop open: none is given; expected one of --door, --window"),
        (("open", "--door", "--window"), "--door and --window are given; expected one of"),
        (("import-prices",), "shop import-prices: --why is missing: kept with it"),
        (("import-prices", "--why", " "), "--why: ' ' says nothing; expected some words"),
        (("stores", "visit"), "shop stores visit: WHO is missing: a person"),
        (("open", "--door", "extra"), "shop open: got unexpected extra argument(s) (extra)"),
    ],
)
def test_a_mistake_is_named_with_what_was_expected(
    capsys: Output, words: tuple[str, ...], reason: str
) -> None:
    shown = said(capsys, *words, code=2)
    assert reason in shown
    assert shown.splitlines()[-1].endswith("--help` shows what it takes.")


def test_a_page_lists_verbs_under_their_headings_and_the_verbs_of_groups(capsys: Output) -> None:
    page = said(capsys, "--help")
    assert page.startswith("Usage: shop VERB …\n\n  A shop.\n\nFirst:\n")
    assert "  stores         The stores: visit, close\n\nThen:\n  count          Count what" in page
    assert said(capsys, code=2).strip() == page.strip()


def test_the_page_of_a_verb_shows_arguments_flags_and_the_twin_of_each_setting(
    capsys: Output,
) -> None:
    page = said(capsys, "stores", "visit", "-h")
    assert page.startswith("Usage: shop stores visit [FLAGS] WHO\n")
    assert "Arguments:\n  WHO  a person\n" in page
    assert "Flags:\n  -h, --help  show this page\n" in page
    assert "Settings of the store:\n" in page
    assert "  --store-url X  where the store answers [STORE_URL]\n" in page
    assert "  --port X       its port [STORE_PORT=8000]\n" in page
    assert "The flag is stronger." in page
    assert "[NAME…]" in said(capsys, "count", "--help")
