"""What is doubtful about a usage, and what a cost leaves out, outlive the event that said it."""

from typing import Any

from msgspec.structs import replace

from pricing_rules.engine.rating import rate
from pricing_rules.price_book.book import Book, load_book
from pricing_rules.price_book.rate_card import Alias
from pricing_rules.provider_usage.normalise import normalise
from pricing_rules.types import CallState, Operation, PricedCall, Rank
from table_api.ledger.entries import LedgerEntry
from table_api.ledger.posting import MeteredCall, Origin
from table_api.ledger.recorded_call import recorded_call, recorded_event
from table_api.storage.memory_tables import MemoryTableStorage
from tests.contracts.ledger import entries_and_cells
from tests.fixtures.builders import ENQUEUED_TIME, make_event
from tests.fixtures.calls import open_ledger

CHAT = {"prompt_tokens": 1_000, "completion_tokens": 100}


def book_of(model: str, version: str | None = None) -> Book:
    alias = Alias(
        name="d", provider="azure", model=model, version=version, type="GlobalStandard", region=None
    )
    shipped = load_book()
    return Book(replace(shipped.content, aliases=(alias,)), shipped.sources)


async def recorded(priced: PricedCall) -> LedgerEntry:
    storage = MemoryTableStorage()
    origin = Origin(hub="h", partition="0", sequence_number=1, enqueued_time=ENQUEUED_TIME)
    await (await open_ledger(storage)).post([MeteredCall(priced=priced, origin=origin)])
    entries, _ = await entries_and_cells(storage)
    return entries[0]


def event_of(usage: dict[str, Any], rank: Rank = Rank.MODEL_USAGE) -> Any:
    read = normalise(Operation.CHAT_COMPLETIONS, usage)
    return make_event(deployment="d", model=None, usage=read, rank=rank)


async def test_a_later_book_prices_a_call_whose_field_it_knows_to_be_harmless() -> None:
    book = book_of("gpt-4.1")
    entry = await recorded(rate(event_of(CHAT | {"vendor_units": 5}), book))
    assert (entry.state, entry.reason) == (
        CallState.UNPRICED, "no rule prices usage field vendor_units = 5",
    )  # fmt: skip
    again = recorded_event(entry)
    assert rate(again, book).state is CallState.UNPRICED  # never priced because it was forgotten
    harmless = (*book.content.harmless, "vendor_units")
    later = Book(replace(book.content, harmless=harmless), book.sources)
    assert rate(again, later).charge == rate(event_of(CHAT), book).charge


async def test_a_contradiction_is_still_one_when_the_call_is_rated_again() -> None:
    book = book_of("gpt-4.1")
    usage = CHAT | {"prompt_tokens_details": {"cached_tokens": 1_001}}
    entry = await recorded(rate(event_of(usage), book))
    assert entry.measures["q_input"] == 1_000  # the tokens are in the totals
    assert rate(recorded_event(entry), book).reason == entry.reason
    assert "cached_tokens (1001) > prompt tokens (1000)" in (entry.reason or "")


async def test_a_cost_from_the_log_says_that_it_takes_audio_for_text() -> None:
    book = book_of("gpt-4o-audio-preview", "2024-12-17")
    entry = await recorded(rate(event_of(CHAT, Rank.GATEWAY_LOG), book))
    assert (entry.state, entry.excludes) == (CallState.PRICED, ("modality",))
    assert recorded_call(entry).priced.excludes == ("modality",)
    plain = await recorded(rate(event_of(CHAT, Rank.GATEWAY_LOG), book_of("gpt-4.1")))
    assert (plain.state, plain.excludes) == (CallState.PRICED, ())


async def test_what_the_log_contradicted_is_said_by_the_row() -> None:
    usage = CHAT | {"excludes": ["details"]}
    entry = await recorded(rate(event_of(usage, Rank.GATEWAY_LOG), book_of("gpt-4.1")))
    assert entry.excludes == ("details",)
    assert rate(recorded_event(entry), book_of("gpt-4.1")).excludes == ("details",)
