"""A row says all that rating needs: the same book gives the same row again, for any call."""

from dataclasses import replace as replace_setting
from pathlib import Path

import msgspec
import pytest
from msgspec.structs import replace

from pricing_rules.engine.rating import rate
from pricing_rules.price_book.book import Book
from pricing_rules.types import CountedAt, Operation, Rank, UsageEvent
from table_api.ledger.billing_calendar import BillingCalendar, zone_transitions
from table_api.ledger.entries import Effect, read_entry
from table_api.ledger.entry_columns import entry_columns, entry_row
from table_api.ledger.posting import MeteredCall, Posting, cell_facts, make_posting
from table_api.ledger.recorded_call import recorded_call, recorded_event, state_digest
from table_api.storage.transaction import encode_row, read_columns
from tests.fixtures.builders import CALL_TIME, make_event, make_usage
from tests.fixtures.calls import NOW, SETTINGS, book, make_call
from tests.pricing_rules.books import ALIAS, base_rule, compile_text, modifier, per

CALENDAR = BillingCalendar("Europe/Berlin", zone_transitions("Europe/Berlin", 2028))


def place(call: MeteredCall) -> Posting:
    """In a ledger of the call's own currencies."""
    priced = call.priced
    settings = replace_setting(
        SETTINGS,
        pricing_currency=priced.pricing_currency,
        billing_currency=priced.billing_currency,
    )
    return make_posting(call, CALENDAR, settings)


FX = modifier(
    "fx",
    "fx",
    'pair = "USD-EUR"\nrate = "0.9234567"\nvalid_to = 2027-01-01T00:00:00Z\n'
    'source = { kind = "contract", checked = 2026-11-01 }',
)
MINIMUM = modifier("min", "minimum", 'scope = "call"\ncurrency = "USD"\namount = "0.01"')
EVENTS = {
    "plain": make_event(),
    "unpriced": make_event(deployment="lab-model-x"),
    "no usage": make_event(usage=None),
    "refused": make_event(usage=None, status=429),
    "failed": make_event(status=500),
    "not from the cache": make_event(cache="miss"),
    "from the cache": make_event(cache="hit", usage=None, completed_from=("gateway-llm-log",)),
    "streamed": make_event(
        stream=True, rank=Rank.GATEWAY_LOG, completed_from=("gateway-llm-log", "trace")
    ),
    "usage of nothing": make_event(usage=make_usage()),
    "moved here": make_event(replaces=CountedAt(subject="unattributed", time=CALL_TIME)),
    "reasoning reported": make_event(usage=make_usage(input=3, output=9, reasoning=7)),
    "embeddings": make_event(
        operation=Operation.EMBEDDINGS,
        deployment="text-embedding-3-small",
        usage=make_usage(input=77),
    ),
    "audio": make_event(usage=make_usage(input=1, input_audio=55, output_audio=66)),
    "anonymous": make_event(subject="ünï|日本", caller=replace(make_event().caller, oid=None)),
}


def row_of(posting: Posting) -> dict[str, str | int | bool]:
    """The row of a new entry as it is read: the same, however it was written."""
    effects = [Effect(posting.cell or "", 1, posting.measures)]
    columns = entry_columns(posting, effects, recorded_at=NOW)
    keys = {"PartitionKey": posting.partition, "RowKey": posting.entry_key}
    row = keys | {n: str(v) if type(v) is int else v for n, v in columns.items()}
    if posting.cell is not None:
        text = entry_row(posting, 1, recorded_at=NOW)
        assert isinstance(text, bytes)
        assert keys | read_columns(text) == row
        written = [encode_row(posting.partition, posting.entry_key, way) for way in (text, columns)]
        assert msgspec.json.decode(written[0]) == msgspec.json.decode(written[1])
    return row


def test_a_call_whose_amounts_are_beyond_64_bits_is_written_column_by_column() -> None:
    event = make_event(deployment="gpt-4o", usage=make_usage(output=10**12))
    posting = place(MeteredCall(priced=rate(event, book()), origin=make_call().origin))
    assert posting.measures["charge"] > 2**63
    columns = entry_row(posting, 1, recorded_at=NOW)
    assert not isinstance(columns, bytes)
    assert columns["charge"] == str(posting.measures["charge"])


def assert_comes_back(event: UsageEvent, rating_book: Book, cost_centre: str | None = None) -> None:
    origin = make_call().origin
    priced = rate(event, rating_book, cost_centre)
    posted = place(MeteredCall(priced=priced, origin=origin))
    entry = read_entry(row_of(posted))
    again = recorded_event(entry)
    assert replace(event, caller=replace(event.caller, oid=None)) == again
    rerated = place(MeteredCall(priced=rate(again, rating_book, cost_centre), origin=entry.origin))
    assert row_of(rerated) == row_of(posted)
    assert cell_facts(rerated) == cell_facts(posted)
    recorded = recorded_call(entry)
    assert row_of(place(recorded)) == row_of(posted)
    assert recorded.priced.charges == priced.charges
    assert state_digest(read_entry(row_of(rerated))) == state_digest(entry)


@pytest.mark.parametrize("kind", EVENTS)
def test_recorded_call_is_rated_as_the_event_was(kind: str) -> None:
    assert_comes_back(EVENTS[kind], book())


FIXED = modifier(
    "own", "fixed", 'layer = "contracted"\ncurrency = "USD"\nunit = "1M"\nrates = { UNIT = "0.01" }'
)
RULES = {
    "reasoning priced apart": (
        base_rule(rates='rates = { input = "2", output = "8", reasoning = "4" }'),
        make_usage(input=10, output=90, reasoning=70),
    ),
    "nothing but reasoning": (
        base_rule(rates='rates = { input = "2", output = "8", reasoning = "4" }'),
        make_usage(output=70, reasoning=70),
    ),
    "a price per call": (
        base_rule(rates='rates = { input = "2", output = "8", request = "1000" }'),
        make_usage(input=10, output=90),
    ),
    "a price per call by contract alone": (
        base_rule() + per("1", FIXED.replace("UNIT", "request")),
        make_usage(input=10, output=90),
    ),
    "reasoning priced apart by contract alone": (
        base_rule() + per("1", FIXED.replace("UNIT", "reasoning")),
        make_usage(input=10, output=90, reasoning=70),
    ),
    "a price per hour that leaves a rest": (
        per("hour", base_rule(rates='rates = { audio_ms = "1.02" }')),
        make_usage(audio_ms=40_001),
    ),
    "discount and mark-up": (
        base_rule()
        + modifier("ea", "multiply", 'layer = "contracted"\nfactor = "0.87"')
        + modifier("markup", "multiply", 'layer = "charge"\nfactor = "1.033333"'),
        make_usage(input=11, cache_read=7, output=13),
    ),
    "a minimum": (
        base_rule()
        + modifier("min", "minimum", 'scope = "call"\ncurrency = "USD"\namount = "0.01"'),
        make_usage(input=11, output=13),
    ),
    "a rule of the cost centre": (
        base_rule()
        + modifier(
            "own", "multiply", 'layer = "charge"\nfactor = "1.5"', match='cost_centre = ["R&D"]'
        ),
        make_usage(input=11, output=13),
    ),
    "free, with reasoning priced apart": (
        base_rule(rates='rates = { input = "2", output = "8", reasoning = "4" }')
        + modifier("free", "zero", 'layer = "contracted"\nnote = "pilot"'),
        make_usage(input=10, output=90, reasoning=70),
    ),
    "free": (
        base_rule() + modifier("free", "zero", 'layer = "charge"\nnote = "pilot"'),
        make_usage(input=11, output=13),
    ),
}


@pytest.mark.parametrize("kind", RULES)
def test_recorded_call_is_rated_alike_under_every_kind_of_rule(kind: str, tmp_path: Path) -> None:
    rules, usage = RULES[kind]
    rating_book = compile_text(tmp_path, ALIAS + rules)
    assert_comes_back(make_event(deployment="dep", usage=usage), rating_book, "R&D")


def test_recorded_call_keeps_what_is_billed_in_another_currency(tmp_path: Path) -> None:
    text = '[book]\nbilling_currency = "EUR"\n' + ALIAS + base_rule() + FX
    usage = make_usage(input=11, cache_read=7, output=13)
    assert_comes_back(make_event(deployment="dep", usage=usage), compile_text(tmp_path, text))
