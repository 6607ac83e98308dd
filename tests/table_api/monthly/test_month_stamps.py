"""What is known of a month's time stamps is true, by whatever clock and over many pages."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from datetime import UTC, datetime, timedelta

import pytest

from table_api.errors import Unavailable
from table_api.monthly.month_stamps import LOOK_S, MARGIN, MonthStamps, Stamps
from table_api.storage.keys import EVERY_ROW, KeyRange
from table_api.storage.memory_tables import MemoryTableStorage
from table_api.storage.table_storage import Delete, Row, Upsert
from tests.fixtures.calls import PrefixedStorage

MONTH = "202611"
LOOK = LOOK_S * 1_000_000_000
START = datetime(2026, 11, 30, 12, tzinfo=UTC)


class Paged(PrefixedStorage):
    """Something may happen after the first page of a read. Its clock is set by hand."""

    def __init__(self) -> None:
        self.now = START
        super().__init__(MemoryTableStorage(now=lambda: self.now), "")
        self.after_first_page: Callable[[], Awaitable[None]] | None = None
        self.asked: list[str] = []

    async def query(
        self,
        table: str,
        partition_key: str,
        keys: KeyRange,
        *,
        select: Sequence[str] | None = None,
        rows_max: int | None = None,
    ) -> AsyncIterator[list[Row]]:
        self.asked.append("all")
        pages = super().query(table, partition_key, keys, select=select, rows_max=rows_max)
        async for page in self._paged(pages):
            yield page

    async def changed(
        self, table: str, partition_key: str, since: str, *, select: Sequence[str]
    ) -> AsyncIterator[list[Row]]:
        self.asked.append(since)
        pages = super().changed(table, partition_key, since, select=select)
        async for page in self._paged(pages):
            yield page

    async def _paged(self, pages: AsyncIterator[list[Row]]) -> AsyncIterator[list[Row]]:
        async for page in pages:
            await asyncio.sleep(0)
            yield page
            if self.after_first_page is not None:
                happens, self.after_first_page = self.after_first_page, None
                await happens()

    async def write(self, *keys: str) -> None:
        rows = [Upsert(key, {"subject": key}) for key in keys]
        await self.transact("monthly", MONTH, rows)

    async def stamps(self) -> Stamps:
        """As they are now."""
        pages = super().query("monthly", MONTH, EVERY_ROW, select=["RowKey", "Timestamp"])
        rows = [row async for page in pages for row in page]
        return {str(row["RowKey"]): str(row["Timestamp"]) for row in rows}


class Setup:
    """Six rows in three pages, and what has looked through them."""

    def __init__(self) -> None:
        self.storage = Paged()
        self.ticks = 0
        self.known = MonthStamps(
            self.storage, MONTH, now=lambda: self.storage.now, ticks=lambda: self.ticks
        )

    async def right(self) -> bool:
        """Whether what is known is so. It is read without a look."""
        self.storage.asked.clear()
        known = await self.known.recent()
        assert "all" not in self.storage.asked
        return known == await self.storage.stamps()


@pytest.fixture
async def setup(monkeypatch: pytest.MonkeyPatch) -> Setup:
    monkeypatch.setattr("table_api.storage.memory_tables.ROWS_PER_PAGE", 2)
    setup = Setup()
    await setup.storage.create_table("monthly")
    await setup.storage.write(*"abcdef")
    await setup.known.recent()
    return setup


async def test_only_rows_of_the_last_seconds_are_asked_for(setup: Setup) -> None:
    setup.storage.now += timedelta(hours=1)
    await setup.storage.write("a", "g")
    assert await setup.right()
    setup.storage.now += timedelta(seconds=1)
    assert await setup.right()
    [since] = setup.storage.asked
    assert since == f"{START + timedelta(hours=1) - MARGIN:%Y-%m-%dT%H:%M:%S}.0000000Z"


async def test_what_changes_nothing_gives_the_same_object(setup: Setup) -> None:
    assert await setup.known.recent() is await setup.known.recent()


async def test_a_kept_answer_of_the_stamps_stays_as_it_is(setup: Setup) -> None:
    before = await setup.known.recent()
    copy = dict(before)
    setup.storage.now += timedelta(seconds=1)
    await setup.storage.write("a", "g")
    assert await setup.known.recent() != before == copy


@pytest.mark.parametrize("look", [True, False], ids=["look", "recent"])
async def test_what_is_written_while_later_pages_are_read_is_found(
    setup: Setup, look: bool
) -> None:
    """Also where they take far longer than the margin, and end with a newer row."""

    async def meanwhile() -> None:
        setup.storage.now += timedelta(seconds=1)
        await setup.storage.write("a")
        setup.storage.now += timedelta(hours=1)
        await setup.storage.write("f")

    if not look:
        await setup.storage.write(*"abcdef")
    setup.storage.after_first_page = meanwhile
    await (setup.known.looked_through() if look else setup.known.recent())
    assert await setup.right()


@pytest.mark.parametrize("look", [True, False], ids=["look", "recent"])
async def test_what_a_broken_read_would_have_found_is_found(setup: Setup, look: bool) -> None:
    async def breaks() -> None:
        raise Unavailable("storage does not answer")

    setup.storage.now += timedelta(seconds=1)
    await setup.storage.write("f")
    setup.storage.now += timedelta(hours=1)
    await setup.storage.write("a", "b")
    setup.storage.after_first_page = breaks
    with pytest.raises(Unavailable):
        await (setup.known.looked_through() if look else setup.known.recent())
    setup.storage.asked.clear()
    assert await setup.known.recent() == await setup.storage.stamps()
    assert ("all" in setup.storage.asked) is look, "a look that broke is made again"


async def test_a_clock_that_went_ahead_hides_nothing_once_it_is_right(setup: Setup) -> None:
    setup.storage.now += timedelta(days=1)
    await setup.storage.write("a")
    assert await setup.right()
    setup.storage.now -= timedelta(days=1)
    await setup.storage.write("b")
    assert await setup.right()


async def test_a_stamp_of_the_future_hides_nothing_after_a_pause(setup: Setup) -> None:
    setup.storage.now += timedelta(days=1)
    await setup.storage.write("a")
    setup.storage.now -= timedelta(days=1)
    assert await setup.right()
    setup.storage.now += timedelta(seconds=4)
    await setup.storage.write("b", "new")
    setup.storage.now += MARGIN + timedelta(seconds=6)
    assert await setup.right()


async def test_a_look_follows_after_a_minute_whatever_the_clock_says(setup: Setup) -> None:
    setup.storage.now -= timedelta(days=1)
    await setup.storage.write("b", "new")
    setup.storage.now += timedelta(days=1)
    setup.ticks = LOOK - 1
    assert not await setup.right()
    setup.ticks = LOOK
    assert await setup.known.recent() == await setup.storage.stamps()
    setup.ticks += LOOK - 1
    assert await setup.right()


async def test_a_minute_counts_from_the_beginning_of_a_look(setup: Setup) -> None:
    async def meanwhile() -> None:
        setup.ticks += LOOK - 1

    setup.storage.after_first_page = meanwhile
    await setup.known.looked_through()
    assert await setup.right()
    setup.ticks += 1
    await setup.known.recent()
    assert setup.storage.asked[-1] == "all"


async def test_who_asks_for_a_look_gets_one_that_began_later(setup: Setup) -> None:
    """Also while another goes on, and the row has gone from its first page."""
    late: list[asyncio.Task[Stamps]] = []

    async def meanwhile() -> None:
        await setup.storage.transact("monthly", MONTH, [Delete("a")])
        late.append(asyncio.create_task(setup.known.looked_through()))
        await asyncio.sleep(0)

    setup.storage.after_first_page = meanwhile
    assert "a" in await setup.known.looked_through()
    assert await late[0] == await setup.storage.stamps()
    assert "a" not in await late[0]
