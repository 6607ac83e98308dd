"""Whatever a call says of who served it, its row says it again: any book rates both alike."""

from functools import cache
from pathlib import Path
from tempfile import TemporaryDirectory

from hypothesis import example, given, settings
from hypothesis import strategies as st
from msgspec.structs import replace

from pricing_rules.engine.rating import rate
from pricing_rules.price_book.book import Book, load_book
from pricing_rules.types import Caveats, Operation, PricedCall, Rank, Usage, UsageEvent
from pricing_rules.units import Unit
from table_api.audit.row_checks import call_faults
from table_api.ledger.entries import read_entry
from table_api.ledger.posting import MeteredCall
from table_api.ledger.recorded_call import recorded_call, recorded_event
from tests.fixtures.builders import make_event
from tests.fixtures.calls import DEMO_BOOK, make_call
from tests.table_api.ledger.test_recorded_call import place, row_of

COMPANY = """
[[deployment]]
name = "gpt-5-ptu"
provider = "azure"
model = "gpt-5"
type = "GlobalProvisionedManaged"

[[deployment]]
name = "router"
provider = "azure"
model = "model-router"
type = "GlobalStandard"
rate_by = "reported"

[[deployment]]
name = "fast"
provider = "azure"
model = "gpt-5"
type = "GlobalStandard"
service_tier = "priority"

[[deployment]]
name = "regional"
provider = "azure"
model = "gpt-4o"
type = "Standard"
region = "eastus2"

[[deployment]]
name = "writes"
provider = "azure"
model = "gpt-5.6-sol"
type = "GlobalStandard"

[[deployment]]
name = "pool"
provider = "azure"
model = "gpt-5"
type = "GlobalStandard"
host = "std.example"

[[deployment]]
name = "pool"
provider = "azure"
model = "gpt-5"
type = "GlobalProvisionedManaged"
host = "ptu.example"
"""


@cache
def books() -> tuple[Book, Book]:
    """One that knows little of the calls, and one that knows all."""
    with TemporaryDirectory() as directory:
        path = Path(directory) / "company.toml"
        path.write_text(COMPANY, encoding="utf-8")
        return load_book([DEMO_BOOK]), load_book([DEMO_BOOK, path])


NAMES = st.sampled_from(
    ["gpt-4o", "gpt-5", "gpt-5-ptu", "router", "fast", "writes", "pool", "regional", "lab-model-x",
     None]
)  # fmt: skip
MODELS = st.sampled_from(
    ["gpt-4o-2024-11-20", "gpt-4o-2024-08-06.ft-1", "gpt-5-2025-08-07", "gpt-5", "claude-opus-5",
     "gpt-5.6-sol", "gpt-chat-latest", "contoso-7b", None]
)  # fmt: skip
TIERS = st.sampled_from([None, None, "default", "priority", "auto", "flex"])
UNITS = st.sampled_from(
    [Unit.INPUT, Unit.CACHE_READ, Unit.OUTPUT, Unit.WEB_SEARCH, Unit.FILE_SEARCH,
     Unit.CODE_SESSION, Unit.AUDIO_MS, Unit.OUTPUT_IMAGE]
)  # fmt: skip
UNREAD = st.lists(
    st.sampled_from(
        [("tool_calls.x_search_call", "2"), ("tool_usage.image_gen.total_tokens", "9")]
    ),
    unique=True,
)
EXCLUDES = st.sampled_from([(), ("details",), ("estimated",), ("cache_write", "details")])


@st.composite
def events(draw: st.DrawFn) -> UsageEvent:
    rank = draw(st.sampled_from([Rank.NO_USAGE, Rank.GATEWAY_LOG, Rank.MODEL_USAGE]))
    hit = rank is Rank.MODEL_USAGE and draw(st.booleans())
    usage = None
    if rank is not Rank.NO_USAGE and not hit:
        unread = tuple(draw(UNREAD))
        usage = Usage(
            counts=draw(st.dictionaries(UNITS, st.integers(1, 10**6))),
            excludes=draw(EXCLUDES) if rank is Rank.GATEWAY_LOG else (),
            caveats=Caveats(unread=unread) if unread else None,
        )
    from_log = ("gateway-llm-log", "trace")
    return make_event(
        rank=rank,
        usage=usage,
        cache="hit" if hit else None,
        completed_from=from_log if rank is Rank.GATEWAY_LOG else (),
        stream=draw(st.booleans()),
        status=draw(st.sampled_from([200, 200, 400, 404, 408, 429, 503])),
        operation=draw(st.sampled_from([Operation.RESPONSES, Operation.CHAT_COMPLETIONS])),
        deployment=draw(NAMES),
        model=draw(MODELS),
        region=draw(st.sampled_from([None, "East US 2", "westeurope"])),
        service_tier=draw(TIERS),
        served_deployment=draw(NAMES),
        spillover_from=draw(st.sampled_from([None, "gpt-5-ptu"])),
        backend_host=draw(st.sampled_from([None, "std.example", "PTU.example"])),
        requested_tier=draw(TIERS),
        tools_requested=draw(st.sampled_from([(), ("function",), ("mcp", "web_search")])),
        tool_calls=draw(st.sampled_from([(), (("mcp_call", 1), ("web_search_call", 3))])),
        body_unread=draw(st.sampled_from([None, "too_large", "no_length"])),
        background=draw(st.booleans()),
        response_status=draw(st.sampled_from([None, "completed"])),
    )


def of_rating(call: PricedCall) -> dict[str, object]:
    return {name: getattr(call, name) for name in call.__struct_fields__ if name != "event"}


UNPRICED_AT_FIRST = make_event(
    deployment="fast",
    rank=Rank.GATEWAY_LOG,
    usage=Usage(counts={Unit.INPUT: 5, Unit.OUTPUT: 3}, excludes=("details",)),
)
"""The second book prices it, without what the log could not tell."""


WITHOUT_CACHE_WRITES = make_event(
    deployment="router",
    model="gpt-5.6-sol",
    rank=Rank.GATEWAY_LOG,
    usage=Usage(counts={Unit.INPUT: 5, Unit.OUTPUT: 3}),
)
"""Its rule names the cache writes that the log does not count; its source says nothing."""


@settings(deadline=None, max_examples=400)
@given(events())
@example(UNPRICED_AT_FIRST)
@example(WITHOUT_CACHE_WRITES)
def test_a_row_is_rated_as_its_event_was_by_every_book(event: UsageEvent) -> None:
    little, all_of_it = books()
    posted = place(MeteredCall(priced=rate(event, little), origin=make_call().origin))
    row = row_of(posted)
    entry = read_entry(row)
    again = recorded_event(entry)
    for book in (little, all_of_it):
        assert of_rating(rate(again, book)) == of_rating(rate(event, book))
    told = (
        again if event.usage is None or again.usage is None else replace(again, usage=event.usage)
    )
    assert told == replace(event, caller=replace(event.caller, oid=None))
    assert row_of(place(recorded_call(entry))) == row


@settings(deadline=None, max_examples=400)
@given(events())
def test_the_audit_finds_no_fault_in_the_row_of_any_call(event: UsageEvent) -> None:
    posted = place(MeteredCall(priced=rate(event, books()[1]), origin=make_call().origin))
    if event.usage is not None and not event.usage.counts:
        return
    assert list(call_faults(posted.partition, row_of(posted))) == []
