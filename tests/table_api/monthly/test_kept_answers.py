"""Answers of months that are over: read once, and read again as soon as a row has changed."""

from collections.abc import AsyncIterator, Sequence
from datetime import date, timedelta

import pytest

from table_api.ledger.day_range import DayRange
from table_api.monthly.kept_answers import KeptAnswers, Revision
from table_api.monthly.reads import MonthlyReads
from table_api.storage.keys import KeyRange
from table_api.storage.table_storage import Row, TableStorage
from table_api.usage.daily_usage import DailyUsage
from tests.fixtures.builders import CALL_TIME, call_id
from tests.fixtures.calls import PrefixedStorage, make_call, open_ledger
from tests.table_api.conftest import api_over

OCTOBER = DayRange(date(2026, 10, 1), date(2026, 11, 1))
NOVEMBER = DayRange(date(2026, 11, 1), date(2026, 12, 1))
OF_OCTOBER = CALL_TIME - timedelta(days=CALL_TIME.day + 3)


class Watched(PrefixedStorage):
    """Knows which columns were asked for."""

    def __init__(self, storage: TableStorage) -> None:
        super().__init__(storage, "")
        self.selected: list[set[str]] = []

    def query(
        self,
        table: str,
        partition_key: str,
        keys: KeyRange,
        *,
        select: Sequence[str] | None = None,
        rows_max: int | None = None,
    ) -> AsyncIterator[list[Row]]:
        if table == "monthly":
            self.selected.append(set(select or ()))
        return super().query(table, partition_key, keys, select=select, rows_max=rows_max)


@pytest.fixture
async def storage(either_storage: TableStorage) -> Watched:
    """Two subjects in October, one in November."""
    ledger = await open_ledger(either_storage)
    times = (OF_OCTOBER, OF_OCTOBER, CALL_TIME)
    await ledger.post(
        [
            make_call(n, id=call_id(n), subject=f"user-{n}", time=time)
            for n, time in enumerate(times)
        ]
    )
    return Watched(either_storage)


async def by_day(storage: TableStorage, kept: KeptAnswers, days: DayRange) -> list[DailyUsage]:
    reads = MonthlyReads(storage, kept=kept, running_month="202611")
    return await reads.usage(days, by_subject=False, by_model=False, by_day=True)


async def test_a_month_that_is_over_is_added_up_once(storage: Watched) -> None:
    kept = KeptAnswers()
    first = await by_day(storage, kept, OCTOBER)
    assert sum(usage.totals.calls for usage in first) == 2
    storage.selected.clear()
    assert await by_day(storage, kept, OCTOBER) == first
    assert storage.selected == [{"Timestamp"}]


async def test_the_running_month_is_read_each_time(storage: Watched) -> None:
    kept = KeptAnswers()
    first = await by_day(storage, kept, NOVEMBER)
    assert await by_day(storage, kept, NOVEMBER) == first != []
    assert [len(columns) for columns in storage.selected] == [30, 30]
    assert not any("Timestamp" in columns for columns in storage.selected)


@pytest.mark.parametrize("subject", ["user-0", "somebody-else"])
async def test_a_late_call_is_seen_at_once(storage: Watched, subject: str) -> None:
    """It changes a row, or makes one."""
    kept = KeptAnswers()
    await by_day(storage, kept, OCTOBER)
    ledger = await open_ledger(storage)
    await ledger.post([make_call(9, id=call_id(9), subject=subject, time=OF_OCTOBER)])
    again = await by_day(storage, kept, OCTOBER)
    assert sum(usage.totals.calls for usage in again) == 3
    assert again == await by_day(storage, KeptAnswers(), OCTOBER)


async def test_each_question_has_an_answer_of_its_own(storage: Watched) -> None:
    """Asked twice of one app, everything says what a new app says."""
    october = {"from": "2026-10-01", "to": "2026-11-01"}
    half = {"from": "2026-10-01", "to": "2026-10-15"}
    questions = [
        (path, days | group)
        for days in (october, half)
        for path, groups in (
            ("/v1/usage", ("day", "model", "subject", "subject,day", "cost_centre")),
            ("/v1/subjects", ("",)),
        )
        for group in ({"group_by": name} if name else {} for name in groups)
    ]
    async with api_over(storage) as api:
        asked = [(await api.get(path, params=what)).content for path, what in questions * 2]
    for (path, what), once, twice in zip(
        questions, asked[: len(questions)], asked[len(questions) :], strict=True
    ):
        async with api_over(storage) as fresh:
            answer = (await fresh.get(path, params=what)).content
        assert once == twice == answer, (path, what)
    assert {"Timestamp"} in storage.selected


async def test_the_answers_used_last_are_kept() -> None:
    kept = KeptAnswers(lines_max=5)
    made: list[str] = []

    async def ask(name: str, lines: int) -> None:
        async def read(revision: Revision) -> list[str]:
            made.append(name)
            return [name] * lines

        async def revision() -> str:
            return Revision().digest()

        assert await kept.answer(name, revision=revision, read=read) == [name] * lines

    await ask("a", 2)
    await ask("b", 2)
    await ask("a", 2)
    await ask("c", 2)  # six lines: the one not used for longest goes
    assert made == ["a", "b", "c"]
    await ask("a", 2)
    await ask("b", 2)
    assert made == ["a", "b", "c", "b"]
    await ask("too large to keep", 6)
    await ask("too large to keep", 6)
    assert made[-2:] == ["too large to keep"] * 2
    await ask("a", 2)
    assert made[-1] == "too large to keep", "it drove nothing out"
