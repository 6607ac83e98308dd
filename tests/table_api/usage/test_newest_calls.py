"""Pages from the newest backwards hold what the pages forwards do, in the other order."""

import random
from datetime import UTC, date, datetime, timedelta
from itertools import pairwise

import pytest

from table_api.ledger.billing_calendar import BillingCalendar, zone_transitions
from table_api.ledger.day_range import DayRange
from table_api.ledger.keys import CallAddress, call_key, time_of_call
from table_api.storage.memory_tables import MemoryTableStorage
from table_api.storage.table_storage import TableStorage
from table_api.usage import newest_calls
from table_api.usage.cell_reads import LedgerReads
from table_api.usage.newest_calls import NewestCalls
from table_api.usage.spans import Backwards, instants_of
from tests.fixtures.builders import SUBJECT, call_id
from tests.fixtures.calls import NOW, make_call, open_ledger
from tests.table_api.usage.test_call_reads import all_pages, post_prefixed_ids

RANGE = DayRange(date(2026, 10, 1), date(2026, 12, 1))


async def newest(storage: TableStorage, *, limit: int) -> list[str]:
    """Ids of every call of SUBJECT, page by page."""
    reads = NewestCalls(storage, LedgerReads(storage, now=lambda: NOW))
    found: list[str] = []
    before: CallAddress | None = None
    while True:
        page = await reads.page(
            SUBJECT, [RANGE], limit=limit, wanted=lambda entry: True, before=before
        )
        assert len(page.calls) <= limit
        found.extend(entry.call_id for entry in page.calls)
        before = page.last
        if before is None:
            return found


@pytest.mark.parametrize("limit", [1, 3, 100])
async def test_ids_that_extend_each_other_are_each_given_once(
    either_storage: TableStorage, limit: int
) -> None:
    ids = await post_prefixed_ids(either_storage)
    assert await newest(either_storage, limit=limit) == sorted(ids, reverse=True)


@pytest.mark.parametrize("wanted", [1, 3, 10_000])
async def test_busy_and_quiet_days_of_two_months_come_newest_first(
    memory: MemoryTableStorage, monkeypatch: pytest.MonkeyPatch, wanted: int
) -> None:
    monkeypatch.setattr(newest_calls, "CALLS_WANTED", wanted)
    dice = random.Random(wanted)
    begin = datetime(2026, 10, 3, tzinfo=UTC)
    burst = begin + timedelta(days=40)
    times = [begin + timedelta(seconds=dice.randrange(50 * 86_400)) for _ in range(40)]
    times += [burst + timedelta(microseconds=dice.randrange(2_000_000)) for _ in range(40)]
    ledger = await open_ledger(memory)
    await ledger.post([make_call(n, id=call_id(n), time=at) for n, at in enumerate(times)])
    forwards = [entry.call_id for entry in await all_pages(memory, RANGE, limit=100)]
    assert len(forwards) == 80
    assert await newest(memory, limit=7) == forwards[::-1]


def test_spans_cover_all_of_the_time_whatever_they_hold() -> None:
    dice = random.Random(1)
    stop = datetime(2026, 11, 20, tzinfo=UTC)
    start = stop - timedelta(days=1)
    spans = Backwards(
        start=start, stop=stop, length=timedelta(hours=1), longest=timedelta(hours=8), wanted=10
    )
    covered = []
    while (span := spans.next()) is not None:
        covered.append(span)
        spans.found(dice.choice([0, 10, 1_000]))
    assert covered[0][1] == stop
    assert covered[-1][0] == start
    assert all(later[0] == earlier[1] for later, earlier in pairwise(covered))


@pytest.mark.parametrize("zone", ["Europe/Berlin", "Pacific/Kiritimati", "America/Adak", "UTC"])
def test_instants_of_a_day_hold_all_of_it(zone: str) -> None:
    calendar = BillingCalendar(zone, zone_transitions(zone, 2028))
    for day in (date(2026, 3, 29), date(2026, 10, 25), date(2026, 11, 20)):
        start, stop = instants_of(day, calendar)
        assert calendar.day(start) <= day <= calendar.day(stop)
        assert calendar.day(start - timedelta(microseconds=1)) < day
        assert calendar.day(stop) > day


def test_key_of_a_call_says_its_time() -> None:
    time = datetime(2026, 11, 20, 23, 59, 59, 999_999, tzinfo=UTC)
    assert time_of_call(call_key("a|b", date(2026, 11, 21), time, "x")) == time
