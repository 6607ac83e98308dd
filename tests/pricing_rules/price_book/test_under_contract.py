"""A list price that changes under an open contract: it goes on for whoever has no contract."""

from datetime import UTC, datetime
from pathlib import Path

import pytest

from pricing_rules.engine.book_changes import book_changes
from pricing_rules.errors import InvalidBook
from pricing_rules.price_book.book import Book, at_list_price, load_compiled
from tests.fixtures.builders import make_event, make_usage
from tests.pricing_rules.books import ALIAS, base_rule, compile_text
from tests.pricing_rules.price_book.test_list_price import contract, rule, rules, supersedes

LIST = rule("list", "2", "01-01")
AGREED = contract("agreed", "03-01", supersedes("list"))
DEARER = rule("dearer", "3", "06-01", more=supersedes("list"))
ENDS = "\nvalid_to = 2026-09-01T00:00:00Z"


def both_views(directory: Path, *texts: str) -> tuple[list[str | None], list[str | None]]:
    """The rules of February, April, July and October by contract, and at list price."""
    book = compile_text(directory, ALIAS, *texts)
    read = load_compiled(book.to_bytes())
    months = (2, 4, 7, 10)
    assert rules(read, *months) == rules(book, *months)
    return rules(book, *months), rules(at_list_price(read), *months)


AT_LIST = ["list", "list", "dearer", "dearer"]


@pytest.mark.parametrize(
    ("texts", "agreed"),
    [
        ([AGREED, DEARER], ["list", "agreed", "agreed", "agreed"]),
        ([AGREED.replace(supersedes("list"), supersedes("list") + ENDS), DEARER],
         ["list", "agreed", "agreed", "dearer"]),
        ([AGREED, DEARER, contract("again", "09-01", supersedes("agreed"))],
         ["list", "agreed", "agreed", "again"]),
    ],
    ids=["open", "ended", "renewed"],
)  # fmt: skip
def test_the_contract_holds_and_the_list_price_changes(
    texts: list[str], agreed: list[str], tmp_path: Path
) -> None:
    for order, listed in enumerate(([LIST, *texts], [*reversed(texts), LIST])):
        directory = tmp_path / str(order)
        directory.mkdir()
        assert both_views(directory, *listed) == (agreed, AT_LIST)


def test_a_contract_that_supersedes_nothing_still_overlaps(tmp_path: Path) -> None:
    """Nobody said that it takes the list price's place."""
    with pytest.raises(InvalidBook, match="equal specificity"):
        compile_text(tmp_path, ALIAS, LIST, contract("agreed", "03-01", ""))


def test_two_list_prices_under_one_contract_still_overlap(tmp_path: Path) -> None:
    other = rule("other", "4", "07-01", more=supersedes("list"))
    with pytest.raises(InvalidBook, match="equal specificity"):
        compile_text(tmp_path, ALIAS, LIST, AGREED, DEARER, other)


def fee(
    rule_id: str, price: str, begins: str, *, kind: str = "azure-retail", more: str = ""
) -> str:
    return (
        f'\n[[rule]]\nid = "{rule_id}"\nkind = "fee"\n{more}\n'
        f"valid_from = 2026-{begins}T00:00:00Z\n"
        'currency = "USD"\nunit = "1"\nmatch = { provider = "azure" }\n'
        f'source = {{ kind = "{kind}", checked = 2026-11-01 }}\n'
        f'rates = {{ web_search = "{price}" }}\n'
    )


def test_a_fee_changes_under_a_contract_as_a_price_does(tmp_path: Path) -> None:
    book = compile_text(
        tmp_path, ALIAS + base_rule(),
        fee("a", "2", "01-01"),
        fee("b", "1", "03-01", kind="contract", more=supersedes("a")),
        fee("c", "3", "06-01", more=supersedes("a")),
    )  # fmt: skip
    july = datetime(2026, 7, 1, tzinfo=UTC)
    event = make_event(
        deployment="dep", model=None, time=july, usage=make_usage(input=1, web_search=1)
    )

    def fees(of: Book) -> str:
        return str(of.terms(event, None).fees[0].rule_id)

    assert (fees(book), fees(at_list_price(book))) == ("b", "c")


def test_what_changes_in_a_book_says_that_the_contract_holds(tmp_path: Path) -> None:
    books = []
    for name, texts in (("old", [LIST, AGREED]), ("new", [LIST, AGREED, DEARER])):
        (tmp_path / name).mkdir()
        books.append(compile_text(tmp_path / name, ALIAS, *texts))
    (change,) = [each for each in book_changes(*books) if each.name == "dearer"]
    assert "at list price alone while agreed holds, which is agreed on" in str(change)
