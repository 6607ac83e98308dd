"""A book at list price: what whoever has no contract pays, whatever the company has agreed on."""

from datetime import UTC, datetime
from pathlib import Path

import pytest
from msgspec import UNSET
from msgspec.structs import replace

from pricing_rules.engine.book_changes import book_changes
from pricing_rules.engine.rating import rate
from pricing_rules.price_book.book import Book, at_list_price, load_book, load_compiled
from pricing_rules.types import Caller, CallState, PricedCall
from table_api.ledger.book_archive import BookArchive
from table_api.storage.memory_blobs import MemoryBlobStore
from tests.fixtures.builders import make_event, make_usage
from tests.pricing_rules.books import ALIAS, base_rule, compile_text, modifier

AGREED = datetime(2026, 6, 1, tzinfo=UTC)
REPORT = '{ kind = "report", checked = 2026-11-01 }'
AZURE = '{ kind = "azure-retail", checked = 2026-11-01 }'
CONTRACT = '{ kind = "contract", checked = 2026-11-01 }'


def rule(rule_id: str, price: str, begins: str, *, more: str = "", source: str = AZURE) -> str:
    """A base rule of model m from a day of 2026, `MM-DD`."""
    text = base_rule(
        rule_id,
        rates=f'rates = {{ input = "{price}" }}',
        more=more,
        valid_from=f"2026-{begins}T00:00:00Z",
    )
    return text.replace(REPORT, source)


def supersedes(rule_id: str) -> str:
    return f'supersedes = "{rule_id}"'


def contract(rule_id: str, begins: str, more: str) -> str:
    return rule(rule_id, "1", begins, more=more, source=CONTRACT)


def call(book: Book, *, month: int = 11, **changes: object) -> PricedCall:
    fields = {"deployment": "dep", "model": None, "usage": make_usage(input=1_000_000), **changes}
    return rate(make_event(time=datetime(2026, month, 20, tzinfo=UTC), **fields), book)


def rules(book: Book, *months: int) -> list[str | None]:
    return [call(book, month=month).base_rule_id for month in months]


def test_a_list_price_goes_on_where_a_contract_supersedes_it(tmp_path: Path) -> None:
    book = compile_text(
        tmp_path,
        ALIAS,
        rule("list", "2", "01-01"),
        contract("agreed", "06-01", supersedes("list")),
    )
    assert rules(book, 5, 6) == ["list", "agreed"]
    assert rules(at_list_price(book), 5, 6) == ["list", "list"]


CHAINS = {
    "its own end": (
        [
            rule("list", "2", "01-01", more="valid_to = 2026-09-01T00:00:00Z"),
            contract("agreed", "06-01", supersedes("list")),
        ],
        ["list", "list", None],
    ),
    "a list price supersedes it, too": (
        [
            rule("list", "2", "01-01"),
            rule("later", "3", "09-01", more=supersedes("list")),
            contract("agreed", "06-01", supersedes("list") + "\nvalid_to = 2026-09-01T00:00:00Z"),
        ],
        ["list", "list", "later"],
    ),
    "a list price supersedes the contract": (
        [
            rule("list", "2", "01-01"),
            contract("agreed", "06-01", supersedes("list")),
            contract("agreed.again", "07-01", supersedes("agreed")),
            rule("later", "3", "09-01", more=supersedes("agreed.again")),
        ],
        ["list", "list", "later"],
    ),
    "a list price begins when the contract ends": (
        [
            rule("list", "2", "01-01"),
            contract("agreed", "06-01", supersedes("list") + "\nvalid_to = 2026-09-01T00:00:00Z"),
            rule("later", "3", "09-01"),
        ],
        ["list", "list", "later"],
    ),
    "a less trusted price begins": (
        [
            rule("list", "2", "01-01"),
            contract("agreed", "06-01", supersedes("list")),
            rule("other", "3", "09-01").replace("azure-retail", "genai-prices"),
        ],
        ["list", "list", "list"],
    ),
}


@pytest.mark.parametrize(("texts", "expected"), CHAINS.values(), ids=list(CHAINS))
def test_at_list_price_a_rule_ends_when_the_next_list_price_begins(
    texts: list[str], expected: list[str | None], tmp_path: Path
) -> None:
    book = compile_text(tmp_path, ALIAS, *texts)
    assert rules(at_list_price(book), 5, 8, 10) == expected
    assert rules(at_list_price(load_compiled(book.to_bytes())), 5, 8, 10) == expected


def test_a_fee_goes_on_as_a_base_rule_does(tmp_path: Path) -> None:
    fee = """
[[rule]]
id = "{id}"
kind = "fee"
valid_from = {begins}
{more}
currency = "USD"
unit = "1"
match = {{ provider = "azure" }}
source = {{ kind = "{source}", checked = 2026-11-01 }}
rates = {{ web_search = "{price}" }}
"""
    book = compile_text(
        tmp_path,
        ALIAS,
        base_rule(),
        fee.format(
            id="fee", begins="2026-01-01T00:00:00Z", more="", source="report", price="0.01"
        ),
        fee.format(
            id="agreed", begins=AGREED.isoformat(), more=supersedes("fee"),
            source="contract", price="0.002",
        ),
    )  # fmt: skip
    usage = make_usage(input=1_000_000, web_search=1)
    assert call(book, usage=usage).base_rule_id == "base.m + agreed"
    assert call(at_list_price(book), usage=usage).base_rule_id == "base.m + fee"


def test_what_has_no_price_per_call_has_none_at_list_either(tmp_path: Path) -> None:
    path = tmp_path / "company.toml"
    path.write_text(ALIAS.replace('"m"', '"gpt-4.1"').replace("Standard", "ProvisionedManaged"))
    book = load_book([path])
    for each in (book, at_list_price(book)):
        priced = call(each)
        assert (priced.state, priced.charge) == (CallState.ZERO, 0)
        assert "provisioned throughput is paid by the hour" in str(priced.reason)


@pytest.mark.parametrize(
    ("layer", "match"), [("contracted", ""), ("charge", ""), ("list", 'product = ["free"]')]
)
def test_what_is_free_by_agreement_or_for_some_callers_has_its_list_price(
    layer: str, match: str, tmp_path: Path
) -> None:
    free = modifier("free", "zero", f'layer = "{layer}"\nnote = "agreed"', match=match)
    book = compile_text(tmp_path, ALIAS, base_rule(), free)
    caller = Caller(product="free")
    assert call(book, caller=caller).state is CallState.ZERO
    assert call(at_list_price(book), caller=caller).state is CallState.PRICED


def test_a_book_without_contracts_is_the_same_bytes_and_a_change_is_named(tmp_path: Path) -> None:
    before = compile_text(tmp_path, ALIAS, rule("list", "2", "01-01"))
    assert b"valid_to_at_list" not in before.to_bytes()
    after = compile_text(
        tmp_path,
        ALIAS,
        rule("list", "2", "01-01"),
        contract("agreed", "06-01", supersedes("list")),
    )
    changed = next(each for each in book_changes(before, after) if each.name == "list")
    assert changed.details[:3] == (
        "from 2026-01-01T00:00:00Z",
        "until 2026-06-01T00:00:00Z",
        "at list price without an end",
    )


async def test_a_price_that_turns_out_to_be_agreed_is_no_list_price_in_the_archive(
    tmp_path: Path,
) -> None:
    """The source alone is another one: the archive keeps the first book of a version for ever."""
    own = base_rule(
        "own", rates='rates = { input = "1" }', match=', deployment = ["GlobalStandard"]'
    )
    archive = MemoryBlobStore()
    kept = []
    for source in (AZURE, CONTRACT, AZURE.replace("11-01", "11-29")):
        book = compile_text(
            tmp_path, ALIAS, rule("list", "2", "01-01"), own.replace(REPORT, source)
        )
        await BookArchive(archive).keep(book)
        again = await BookArchive(archive).get(book.version)
        assert again is not None
        kept.append(again)
    assert [call(book).base_rule_id for book in kept] == ["own", "own", "own"]
    listed = [call(at_list_price(book)).base_rule_id for book in kept]
    assert listed == ["own", "list", "own"]
    assert kept[0].version == kept[2].version != kept[1].version
    [change] = book_changes(kept[0], kept[1])
    assert change.details[-1] == "agreed on"


def test_a_contract_of_an_earlier_release_is_no_news_in_a_later_one(tmp_path: Path) -> None:
    """Its source alone said what it is; now the rule does, too."""

    def compiled(price: str) -> Book:
        agreed = rule("agreed", price, "06-01", more=supersedes("list"), source=CONTRACT)
        return compile_text(tmp_path, ALIAS, rule("list", "2", "01-01"), agreed)

    today = compiled("1")
    cards = tuple(replace(card, agreed=UNSET) for card in today.content.cards)
    before = Book(replace(today.content, cards=cards), today.sources)
    assert before.version != today.version
    assert list(book_changes(before, today)) == []
    [change] = book_changes(before, compiled("1.5"))
    assert change.details == ("from 2026-06-01T00:00:00Z", "input 1 → 1.5 USD per 1M")
