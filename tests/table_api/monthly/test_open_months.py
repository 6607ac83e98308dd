"""The running month is brought up to what has changed, and nothing else of it is read."""

import asyncio
from datetime import date
from time import monotonic_ns

import pytest

from table_api.errors import Altered, TooManyCells, Unavailable
from table_api.ledger.day_range import DayRange
from table_api.monthly.month_stamps import LOOK_S, Ticks
from table_api.monthly.open_months import OpenMonths
from table_api.monthly.reads import MonthlyReads
from table_api.monthly.subject_sums import SubjectMonths
from table_api.storage.table_storage import Delete, TableStorage, Upsert, Value
from table_api.usage.daily_usage import DailyUsage
from tests.fixtures.builders import CALL_TIME, call_id
from tests.fixtures.calls import make_call, open_ledger
from tests.table_api.monthly.company import Watched, company

LOOK = LOOK_S * 1_000_000_000
NOVEMBER = DayRange(date(2026, 11, 1), date(2026, 12, 1))


async def by_day(storage: TableStorage, kept: OpenMonths | None) -> list[DailyUsage]:
    reads = MonthlyReads(storage, open_months=kept, running_month="202611")
    found = await reads.usage(NOVEMBER, by_subject=True, by_model=True, by_day=True)
    return sorted(found, key=lambda line: (line.subject, line.model, line.day))


async def kept_of(storage: Watched, ticks: Ticks = monotonic_ns) -> OpenMonths:
    """What has been asked twice, and has looked through the time stamps of all rows."""
    kept = OpenMonths(ticks=ticks)
    first, second, third = [await by_day(storage, kept) for _ in range(3)]
    assert first == second == third
    assert storage.asked[-3:] == ["rows", "rows", "stamps"]
    storage.asked.clear()
    return kept


async def test_only_new_time_stamps_are_read_where_nothing_has_changed() -> None:
    found = await company(1)
    kept = await kept_of(found.storage)
    again = await by_day(found.storage, kept)
    assert found.storage.asked == ["recent"]
    assert again == await by_day(found.storage, None) != []


async def test_only_rows_that_have_changed_are_read() -> None:
    found = await company(1)
    kept = await kept_of(found.storage)
    await found.write("202611")
    again = await by_day(found.storage, kept)
    assert found.storage.asked == ["recent", "changed"]
    assert again == await by_day(found.storage, None)


async def test_all_is_read_where_much_has_changed() -> None:
    found = await company(1)
    kept = await kept_of(found.storage)
    for _ in range(20):
        await found.write("202611")
    again = await by_day(found.storage, kept)
    assert found.storage.asked == ["recent", "rows"]
    assert again == await by_day(found.storage, None)


async def test_all_is_read_where_a_changed_row_goes_meanwhile() -> None:
    found = await company(1)
    kept = await kept_of(found.storage)
    [key] = [name for month, name in sorted(found.standing) if month == "202611"][:1]
    subject, model = key.split("|")
    await found.storage.transact("monthly", "202611", [Upsert(key, found.columns(subject, model))])

    async def remove() -> None:
        await found.storage.transact("monthly", "202611", [Delete(key)])

    found.storage.meanwhile = remove
    again = await by_day(found.storage, kept)
    assert found.storage.asked == ["recent", "changed", "rows"]
    assert again == await by_day(found.storage, None)


@pytest.mark.parametrize("off_s", [0, -25, 600])
async def test_a_row_is_seen_at_once_by_clocks_that_differ_a_little(off_s: int) -> None:
    """Or by one that is ahead, also after it was set right."""
    found = await company(1)
    kept = await kept_of(found.storage, lambda: 0)
    for each in (off_s, 0):
        found.clock.off_s = each
        await found.write("202611")
        again = await by_day(found.storage, kept)
        assert again == await by_day(found.storage, None)
    assert "stamps" not in found.storage.asked


async def test_a_row_that_was_stamped_long_ago_is_seen_after_a_minute() -> None:
    found = await company(1)
    ticks = 0
    kept = await kept_of(found.storage, lambda: ticks)
    before = await by_day(found.storage, kept)
    found.clock.off_s = -600
    await found.write("202611")
    ticks = LOOK - 1
    assert await by_day(found.storage, kept) == before != await by_day(found.storage, None)
    ticks = LOOK
    assert await by_day(found.storage, kept) == await by_day(found.storage, None)


async def test_a_row_that_is_gone_is_seen_after_a_minute() -> None:
    found = await company(1)
    ticks = 0
    kept = await kept_of(found.storage, lambda: ticks)
    before = await by_day(found.storage, kept)
    await found.remove("202611")
    assert await by_day(found.storage, kept) == before != await by_day(found.storage, None)
    ticks = LOOK
    assert await by_day(found.storage, kept) == await by_day(found.storage, None)


async def test_a_row_that_one_question_knows_is_not_taken_from_it() -> None:
    """It was stamped long ago, and read with all rows. Then all rows are looked through for it."""
    found = await company(1)
    kept = await kept_of(found.storage, lambda: 0)
    reads = MonthlyReads(found.storage, open_months=kept, running_month="202611")
    found.clock.off_s = -600
    new = found.columns("user-new", "gpt-4o") | {"total": "7", "active": 2, "d01": "7"}
    await found.storage.transact("monthly", "202611", [Upsert("user-new|gpt-4o", new)])

    async def subjects() -> set[str]:
        found.storage.asked.clear()
        return {name for part in await reads.subjects(NOVEMBER) for name in part.subjects}

    assert "user-new" in await subjects() & await subjects()
    assert "user-new" in await subjects()
    assert found.storage.asked == ["recent", "stamps"]
    assert "user-new" in {line.subject for line in await by_day(found.storage, kept)}


async def test_who_ask_at_the_same_moment_share_a_read() -> None:
    found = await company(1)
    kept = await kept_of(found.storage)
    said = await asyncio.gather(*(by_day(found.storage, kept) for _ in range(8)))
    assert found.storage.asked == ["recent"] * 2, "one for the first, one for all that came later"
    assert all(each == said[0] for each in said)


async def test_nothing_is_lost_when_storage_does_not_answer() -> None:
    found = await company(1)
    kept = await kept_of(found.storage)
    await found.write("202611")
    found.storage.down = True
    with pytest.raises(Unavailable):
        await by_day(found.storage, kept)
    found.storage.down = False
    found.storage.asked.clear()
    again = await by_day(found.storage, kept)
    assert found.storage.asked == ["recent", "changed"]
    assert again == await by_day(found.storage, None)


async def test_a_damaged_row_is_an_error_until_it_is_repaired() -> None:
    found = await company(1)
    kept = await kept_of(found.storage)
    damaged: dict[str, Value] = {
        "subject": "user-0",
        "model": "gpt-4o",
        "d01": "1,x",
        "total": "1,x",
        "active": 2,
    }
    await found.storage.transact("monthly", "202611", [Upsert("user-0|gpt-4o", damaged)])
    for _ in range(2):
        with pytest.raises(Altered, match=r"user-0\|gpt-4o"):
            await by_day(found.storage, kept)
    whole = found.columns("user-0", "gpt-4o")
    await found.storage.transact("monthly", "202611", [Upsert("user-0|gpt-4o", whole)])
    assert await by_day(found.storage, kept) == await by_day(found.storage, None)


async def test_the_questions_asked_last_are_kept() -> None:
    found = await company(1)
    rows = sum(month == "202611" for month, _ in found.standing)
    kept = OpenMonths(rows_max=2 * rows)
    reads = MonthlyReads(found.storage, open_months=kept, running_month="202611")

    async def ask(start: int) -> list[str]:
        found.storage.asked.clear()
        await reads.subjects(DayRange(date(2026, 11, start), date(2026, 12, 1)))
        return list(found.storage.asked)

    for start in (2, 2, 3, 3):
        assert await ask(start) == ["rows"]
    assert await ask(2) == ["stamps"]
    assert [await ask(4), await ask(4)] == [["rows"], ["rows"]]
    assert await ask(2) == ["recent"]
    assert await ask(3) == ["rows"], "it was the one that was not asked for longest"


async def test_what_is_too_large_to_be_kept_is_not_made_to_be_kept_again() -> None:
    found = await company(1)
    rows = sum(month == "202611" for month, _ in found.standing)
    kept = OpenMonths(rows_max=rows - 1)
    asked = 0

    async def first() -> None:
        nonlocal asked
        asked += 1

    for _ in range(4):
        await kept.answer(
            found.storage, "202611", "list", sums=lambda: SubjectMonths("202611"), first=first
        )
    assert asked == 3, "all but the second"


async def test_what_was_refused_as_too_large_is_refused_again(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr("table_api.monthly.reads.TEXTS_READ_MAX", 20)
    found = await company(1)
    kept = OpenMonths()
    for _ in range(3):
        with pytest.raises(TooManyCells):
            await by_day(found.storage, kept)


async def test_calls_are_seen_as_soon_as_they_are_projected(either_storage: TableStorage) -> None:
    storage = Watched(either_storage)
    ledger = await open_ledger(storage)
    await ledger.post(
        [make_call(n, id=call_id(n), subject=f"user-{n}", time=CALL_TIME) for n in range(8)]
    )
    kept = await kept_of(storage)
    await ledger.post(
        [make_call(9, id=call_id(9), subject=name, time=CALL_TIME) for name in ("user-3",)]
    )
    again = await by_day(storage, kept)
    assert storage.asked[:2] == ["recent", "changed"]
    assert again == await by_day(storage, None)
    assert sum(each.totals.calls for each in again) == 9
