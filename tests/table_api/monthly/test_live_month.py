"""While writers write: an answer has all that was confirmed before it was asked."""

import asyncio
import random
from collections.abc import Awaitable, Callable
from datetime import date

from table_api.ledger.day_range import DayRange
from table_api.monthly.open_months import OpenMonths
from table_api.monthly.reads import MonthlyReads
from table_api.storage.table_storage import TableStorage, Upsert, Value

NOVEMBER = DayRange(date(2026, 11, 1), date(2026, 12, 1))
ROWS = 1_300
WRITERS = 3
ANSWERS = 25


class Company:
    """Everybody's row of the month counts how often it was written."""

    def __init__(self, storage: TableStorage) -> None:
        self._storage = storage
        self._sent = [0] * ROWS
        self._confirmed = [0] * ROWS
        self.is_over = False

    async def write(self, rows: list[int]) -> None:
        for row in rows:
            self._sent[row] += 1
        writes = [_row(row, self._sent[row]) for row in rows]
        await self._storage.transact("monthly", "202611", writes)
        for row in rows:
            self._confirmed[row] = self._sent[row]

    async def go_on(self, writer: int) -> None:
        """Each writer has rows of its own."""
        chance = random.Random(writer)
        while not self.is_over:
            await self.write(chance.sample(range(writer, ROWS, WRITERS), chance.choice((1, 3, 40))))
            await asyncio.sleep(0.01)

    def confirmed(self) -> int:
        return sum(self._confirmed)

    def sent(self) -> int:
        return sum(self._sent)


def _row(number: int, count: int) -> Upsert:
    subject, text = f"user-{number:04d}", f"{count},{count * 7}"
    columns: dict[str, Value] = {
        "subject": subject,
        "model": "m",
        "d05": text,
        "total": text,
        "active": 32,
    }
    return Upsert(f"{subject}|m", columns)


async def test_an_answer_has_what_was_confirmed_before_it_and_nothing_that_was_not_sent(
    either_storage: TableStorage,
) -> None:
    await either_storage.create_table("monthly")
    company = Company(either_storage)
    for start in range(0, ROWS, 100):
        await company.write(list(range(start, start + 100)))
    reads = MonthlyReads(either_storage, open_months=OpenMonths(), running_month="202611")

    async def counts(*, by_day: bool, by_subject: bool) -> tuple[int, int]:
        found = await reads.usage(NOVEMBER, by_subject=by_subject, by_model=False, by_day=by_day)
        return sum(each.totals.calls for each in found), sum(each.totals.charge for each in found)

    async def of_list() -> tuple[int, int]:
        [found] = await reads.subjects(NOVEMBER)
        return sum(found.measures[0]), sum(found.measures[1])

    async def ask(question: Callable[[], Awaitable[tuple[int, int]]]) -> None:
        for _ in range(ANSWERS):
            least = company.confirmed()
            calls, charge = await question()
            assert least <= calls <= company.sent()
            assert charge == 7 * calls
            await asyncio.sleep(0)

    writers = [asyncio.create_task(company.go_on(number)) for number in range(WRITERS)]
    try:
        await asyncio.gather(
            ask(lambda: counts(by_day=True, by_subject=False)),
            ask(lambda: counts(by_day=False, by_subject=True)),
            ask(of_list),
        )
    finally:
        company.is_over = True
        await asyncio.gather(*writers)
    calls, _ = await of_list()
    assert calls == company.confirmed() == company.sent()
