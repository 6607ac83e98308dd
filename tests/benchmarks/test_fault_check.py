"""The campaign's own check finds what is lost, double or wrong, and a fault that never struck."""

import json
from collections.abc import Iterable

import pytest

from benchmarks.faults.standing import Comparison, compare, read_standing
from benchmarks.faults.truth import Totals, truth_of
from benchmarks.faults.verdict import problems_of
from benchmarks.faults.workload import REPEATED_PERCENT, STARTED, Workload
from consumers.dead_letters.letter_store import MemoryDeadLetters
from consumers.metering.call_rating import CallRating
from consumers.metering.metering import Metering
from consumers.receiving.handler import Received
from table_api.audit.ledger_audit import audit
from table_api.ledger.meta import LedgerSettings
from table_api.monthly.projected_ledger import ProjectedLedger
from table_api.people.people import People
from table_api.storage.memory_tables import MemoryTableStorage
from table_api.storage.table_storage import Delete, Replace, etag_of
from tests.fixtures.builders import chat_usage, make_body
from tests.fixtures.calls import all_rows, book

CALLS = 200
UTC_LEDGER = LedgerSettings(zone="UTC", pricing_currency="USD", billing_currency="USD", shards=4)
BODIES = [
    event.body
    for new, again in Workload(CALLS).portions(100)
    for event in (*new, *again)
]  # fmt: skip


async def metered(bodies: Iterable[bytes]) -> MemoryTableStorage:
    """A ledger of these events."""
    storage = MemoryTableStorage()
    ledger = await ProjectedLedger.open(storage, UTC_LEDGER, now=lambda: STARTED)
    rating = CallRating(
        book(), People(storage, now=lambda: STARTED, age_s_max=600), ledger.meta.calendar
    )
    await rating.refresh()
    metering = Metering(
        hub="llm-usage",
        rating=rating,
        ledger=ledger,
        dead_letters=MemoryDeadLetters(),
        now=lambda: STARTED,
    )
    events = [Received(number, str(number), STARTED, body) for number, body in enumerate(bodies)]
    await metering.prepare("0", events)()
    return storage


async def compared(storage: MemoryTableStorage) -> Comparison:
    return compare(truth_of(BODIES), await read_standing(storage))


async def one_key(storage: MemoryTableStorage, kind: str) -> tuple[str, str]:
    return min(key for key in await all_rows(storage) if key[1].startswith(kind))


def test_the_workload_is_the_same_each_time_and_repeats_what_it_says() -> None:
    parts = list(Workload(CALLS).portions(100))
    assert parts == list(Workload(CALLS).portions(100))
    assert sum(len(again) for _, again in parts) == CALLS * REPEATED_PERCENT / 100
    assert len({json.loads(body)["time"][:7] for body in BODIES}) == 2, "two months"


def test_the_truth_of_a_call_is_its_tokens_by_the_books_text() -> None:
    body = make_body(
        time="2026-11-20T09:30:15Z", subject="s", usage=chat_usage(2048, 1024, 427)
    )  # fmt: skip
    truth = truth_of([body, body])
    # gpt-4.1-mini: 0.40, 0.10 and 1.60 USD per million
    assert truth.totals == {
        ("s", "2026-11-20", "gpt-4.1-mini"): Totals(1, 1024, 1024, 427, 1_195_200_000)
    }


async def test_what_was_metered_is_what_was_sent() -> None:
    storage = await metered(BODIES)
    assert (await audit(storage, now=STARTED)).calls == CALLS
    assert await compared(storage) == Comparison(lost=0, double=0, differences=())


async def test_a_call_that_is_not_there_is_lost() -> None:
    storage = await metered(body for body in BODIES if body != BODIES[7])
    found = await compared(storage)
    assert (found.lost, found.double) == (1, 0)
    assert found.differences


async def test_a_row_that_is_gone_is_lost_though_its_cell_stands() -> None:
    storage = await metered(BODIES)
    partition, row_key = await one_key(storage, "c|")
    await storage.transact("ledger", partition, [Delete(row_key)])
    found = await compared(storage)
    assert found.lost == 1
    assert {text.split(" ")[0] for text in found.differences} == {"rows"}


async def test_a_call_that_nobody_sent_is_double() -> None:
    found = await compared(await metered([*BODIES, make_body(subject="user-0000@example.com")]))
    assert (found.lost, found.double) == (0, 1)


async def test_a_cell_that_counts_a_call_twice_differs() -> None:
    storage = await metered(BODIES)
    partition, row_key = await one_key(storage, "d|")
    row = await storage.get("ledger", partition, row_key)
    assert row is not None
    etag = etag_of(row)
    columns = {
        name: value
        for name, value in row.items()
        if name not in {"PartitionKey", "RowKey", "Timestamp"} and not name.startswith("odata")
    }
    columns["calls"] = int(columns["calls"]) + 1
    await storage.transact("ledger", partition, [Replace(row_key, columns, etag)])
    found = await compared(storage)
    assert (found.lost, found.double) == (0, 0)
    assert [text.split(" ")[0] for text in found.differences] == ["cells"]


async def test_a_month_that_the_projection_lacks_differs() -> None:
    storage = await metered(BODIES)
    [month, *_] = [each async for each in storage.partitions("monthly")]
    rows = [key for key in await all_rows(storage, "monthly") if key[0] == month]
    await storage.transact("monthly", month, [Delete(rows[0][1])])
    found = await compared(storage)
    assert (found.lost, found.double) == (0, 0)
    assert {text.split(" ")[0] for text in found.differences} == {"monthly"}


@pytest.mark.parametrize(
    ("struck", "lost", "double", "others", "says"),
    [
        (0, 0, 0, [], "the fault never struck"),
        (1, 2, 0, [], "2 lost"),
        (1, 0, 3, [], "3 double"),
        (1, 0, 0, ["hangs"], "hangs"),
    ],
)
def test_each_defect_fails_the_line(
    struck: int, lost: int, double: int, others: list[str], says: str
) -> None:
    assert problems_of(struck=struck, lost=lost, double=double, others=others) == (says,)
    assert problems_of(struck=1, lost=0, double=0, others=[]) == ()
