"""Any interleaving of writers, crashes and stale writers ends with `monthly` = the cells."""

import asyncio
from collections.abc import Awaitable, Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from uuid import uuid4

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from local_stack.demo.azurite import AzuritePorts
from pricing_rules.types import Caller, CountedAt, Rank
from table_api.errors import Contended, Retryable, Unavailable
from table_api.ledger.meta import LedgerMeta
from table_api.ledger.posting import MeteredCall
from table_api.monthly.projected_ledger import ProjectedLedger
from table_api.monthly.projection import TRIES_MAX
from table_api.storage.azure_tables import AzureTableStorage
from table_api.storage.memory_tables import MemoryTableStorage
from table_api.storage.table_storage import Operation, Row, TableStorage
from tests.fixtures.builders import CALL_TIME, call_id, make_usage
from tests.fixtures.calls import (
    NOW,
    FaultyStorage,
    PrefixedStorage,
    QueriedStorage,
    make_call,
    open_ledger,
)
from tests.fixtures.projections import assert_projected, days_of_monthly

DEPLOYMENTS = ("gpt-4.1-mini", "gpt-4o")
PRODUCTS = ("one", "two", "three")
WRITERS = 3

Report = tuple[int, int, int]
"""Number of the call, rank, tokens."""

reports = st.tuples(st.integers(0, 8), st.integers(1, 2), st.integers(1, 3))
batches = st.lists(reports, min_size=1, max_size=5)
steps = st.lists(
    st.tuples(
        st.integers(0, WRITERS - 1),
        st.sampled_from(["post", "post", "post", "project", "crash", "hand over"]),
        batches,
    ),
    min_size=2,
    max_size=14,
)
FAULTS = st.lists(st.sampled_from(["before", "after", None, None, None]), max_size=30)
CACHED = st.sampled_from([1, 2, 50_000])
"""Subject-days and rows that a writer keeps; with 1 it never knows all of a transaction."""


@pytest.fixture(autouse=True)
def _no_backoff(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("table_api.storage.parallel.BACKOFF_S_MAX", 0)


def call_of(report: Report) -> MeteredCall:
    """Two subjects, two days, two models, three lines in each; some calls change place or model."""
    number, rank, tokens = report
    moves = number == 8 and rank == 2
    return make_call(
        number * 100 + rank * 10 + tokens,
        id=call_id(number),
        subject="nobody" if number == 8 and rank == 1 else f"user-{number % 2}",
        time=CALL_TIME.replace(day=20 + number % 2),
        rank=Rank(rank),
        usage=make_usage(input=tokens),
        deployment=DEPLOYMENTS[(number // 2 + (rank if number % 3 else 0)) % 2],
        caller=Caller(product=PRODUCTS[number % 3]),
        replaces=CountedAt(subject="nobody", time=CALL_TIME) if moves else None,
    )


class WatchedStorage(FaultyStorage):
    """Lets others run before each request for rows, and sees that no projected day goes back."""

    def __init__(self, storage: TableStorage, faults: Sequence[str | None]) -> None:
        super().__init__(storage, faults)
        self._inner = storage

    async def get(self, table: str, partition_key: str, row_key: str) -> Row | None:
        await asyncio.sleep(0)
        return await super().get(table, partition_key, row_key)

    async def transact(
        self, table: str, partition_key: str, operations: Sequence[Operation]
    ) -> list[str]:
        await asyncio.sleep(0)
        before = await days_of_monthly(self._inner) if table == "monthly" else {}
        try:
            return await super().transact(table, partition_key, operations)
        finally:
            after = await days_of_monthly(self._inner) if table == "monthly" else {}
            for place, (revs, _) in before.items():
                assert all(after[place][0].get(line, 0) >= rev for line, rev in revs.items())


@dataclass
class Writer:
    """A consumer: a ledger, and the batches that no checkpoint covers yet."""

    storage: TableStorage
    meta: LedgerMeta
    unsaved: list[list[Report]] = field(default_factory=list)

    def __post_init__(self) -> None:
        self.start()

    def start(self) -> None:
        self.ledger = ProjectedLedger(self.storage, self.meta, now=lambda: NOW)

    async def post(self, batch: list[Report]) -> None:
        self.unsaved.append(batch)
        await self.post_again(batch)

    async def post_again(self, batch: list[Report]) -> None:
        await until_done(lambda: self.ledger.ledger.post([call_of(report) for report in batch]))

    async def save(self) -> None:
        await until_done(self.ledger.project)
        self.unsaved = []


async def until_done(attempt: Callable[[], Awaitable[object]]) -> None:
    """As the consumer does: again until storage answers."""
    for _ in range(12):
        try:
            await attempt()
        except Retryable:
            continue
        return
    pytest.fail("storage never came back")


Step = tuple[int, str, list[Report]]


async def history(storage: TableStorage, script: Sequence[Step], faults: list[str | None]) -> None:
    """One step after the other: a writer that stays idle is a stale one."""
    meta = (await open_ledger(storage)).meta
    watched = WatchedStorage(storage, faults)
    writers = [Writer(watched, meta) for _ in range(WRITERS)]
    for number, what, batch in script:
        writer = writers[number]
        if what == "post":
            await writer.post(batch)
        elif what == "project":
            await writer.save()
        elif what == "crash":
            writer.start()  # it forgets what it touched; its events come again, to it
            for again in writer.unsaved:
                await writer.post_again(again)
        else:  # its events come to another one as well; it goes on as a zombie, or never does
            other = writers[(number + 1) % WRITERS]
            for again in list(writer.unsaved):
                await other.post(again)
            writer.unsaved = []
            await other.save()
    for writer in writers:
        await writer.save()
    await assert_projected(storage)


@contextmanager
def keeping(cached: int) -> Iterator[None]:
    """With caches of this size."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("table_api.ledger.cells.CELL_DAYS_CACHED_MAX", cached)
        patch.setattr("table_api.monthly.rows.ROWS_CACHED_MAX", cached)
        yield


@settings(max_examples=120, deadline=None)
@given(script=steps, faults=FAULTS, cached=CACHED)
def test_every_history_in_memory_ends_projected(
    script: list[Step], faults: list[str | None], cached: int
) -> None:
    with keeping(cached):
        asyncio.run(history(MemoryTableStorage(), script, faults))


@settings(
    max_examples=12, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
@given(script=steps, faults=FAULTS)
def test_every_history_on_azurite_ends_projected(
    azurite: AzuritePorts, script: list[Step], faults: list[str | None]
) -> None:
    async def run() -> None:
        account = AzureTableStorage.from_connection_string(azurite.connection_string)
        await history(PrefixedStorage(account, f"t{uuid4().hex}"), script, faults)
        await account.close()

    asyncio.run(run())


@settings(max_examples=80, deadline=None)
@given(scripts=st.lists(steps, min_size=2, max_size=3), faults=FAULTS, cached=CACHED)
def test_writers_that_run_at_once_end_projected(
    scripts: list[list[Step]], faults: list[str | None], cached: int
) -> None:
    async def run() -> None:
        storage = MemoryTableStorage()
        meta = (await open_ledger(storage)).meta
        watched = WatchedStorage(storage, faults)

        async def write(script: list[Step]) -> None:
            writer = Writer(watched, meta)
            for _, what, batch in script:
                await (writer.save() if what == "project" else writer.post(batch))
            await writer.save()

        await asyncio.gather(*map(write, scripts))
        await assert_projected(storage)

    with keeping(cached):
        asyncio.run(run())


async def test_lines_that_a_writer_does_not_write_are_read_once_and_not_at_each_save() -> None:
    storage = MemoryTableStorage()
    meta = (await open_ledger(storage)).meta
    before = Writer(storage, meta)
    await before.post([(0, 1, 1), (4, 2, 1)])  # one day and model, two lines
    await before.save()
    watched = QueriedStorage(storage)
    after = Writer(watched, meta)
    for number in (12, 24, 36):  # of the first line
        await after.post([(number, 1, 1)])
        await after.save()
    await assert_projected(storage)
    assert len([keys for keys in watched.queries if keys.start.startswith("d|")]) == 1


@pytest.mark.parametrize(("fault", "error"), [("before", Unavailable), ("beaten", Contended)])
async def test_what_a_failed_save_left_out_is_projected_by_the_next(
    fault: str, error: type[Retryable]
) -> None:
    storage = MemoryTableStorage()
    meta = (await open_ledger(storage)).meta
    writer = Writer(FaultyStorage(storage, [None, *[fault] * TRIES_MAX]), meta)
    await writer.post([(0, 1, 1)])
    with pytest.raises(error):
        await writer.ledger.project()
    await writer.ledger.project()
    await assert_projected(storage)
