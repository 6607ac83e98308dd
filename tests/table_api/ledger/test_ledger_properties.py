"""Any order, batching, repetition, loss and number of writers gives the same ledger."""

import asyncio
from collections.abc import Sequence

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from pricing_rules.types import Rank
from table_api.audit.ledger_audit import audit
from table_api.errors import Retryable
from table_api.ledger.cells import ABSENT_IN_A_ROW
from table_api.ledger.measures import Measures, add_into, measures_of
from table_api.ledger.posting import MeteredCall
from table_api.monthly.projected_ledger import ProjectedLedger
from table_api.storage.memory_tables import MemoryTableStorage
from table_api.storage.table_storage import Operation
from tests.contracts.ledger import entries_and_cells
from tests.fixtures.builders import call_id, make_usage
from tests.fixtures.calls import NOW, FaultyStorage, make_call, open_ledger

DEPLOYMENTS = ("gpt-4.1-mini", "gpt-4o", "lab-model-x")
FAULTS = st.sampled_from(["before", "after", None, None])

Report = tuple[int, int, int]
"""Number of the call, rank, tokens."""

reports = st.tuples(st.integers(0, 6), st.integers(0, 2), st.integers(1, 3)).map(
    lambda report: (report[0], report[1], 0 if report[1] == 0 else report[2])
)
deliveries = st.lists(st.lists(reports, min_size=1, max_size=6), min_size=1, max_size=8)


def call_of(report: Report) -> MeteredCall:
    """What a report says is a function of it: equal strength, equal content."""
    number, rank, tokens = report
    return make_call(
        number * 100 + rank * 10 + tokens,
        id=call_id(number),
        subject=f"user-{number % 2}",
        status=200 if rank else 429,
        rank=Rank(rank),
        usage=make_usage(input=tokens) if rank else None,
        deployment=DEPLOYMENTS[(number + rank) % 3],
    )


def expected(batches: Sequence[Sequence[Report]]) -> Measures:
    """The sum over the strongest report of each call: no ledger needed."""
    strongest: dict[int, Report] = {}
    for report in (report for batch in batches for report in batch):
        strongest[report[0]] = max(report, strongest.get(report[0], report), key=lambda r: r[1:])
    total: Measures = {}
    for report in strongest.values():
        add_into(total, measures_of(call_of(report).priced))
    return {name: amount for name, amount in total.items() if amount}


@settings(max_examples=150, deadline=None)
@given(
    batches=deliveries,
    faults=st.lists(FAULTS, max_size=25),
    writers=st.integers(1, 3),
)
def test_every_history_ends_in_the_sum_of_the_strongest_reports(
    batches: list[list[Report]], faults: list[str | None], writers: int
) -> None:
    async def run() -> None:
        storage = MemoryTableStorage()
        meta = (await open_ledger(storage)).meta
        faulty = FaultyStorage(storage, faults)
        ledgers = [ProjectedLedger(faulty, meta, now=lambda: NOW) for _ in range(writers)]
        for turn, batch in enumerate(batches):
            await post_until_done(ledgers[turn % writers], batch)
        report = await audit(storage, now=NOW)
        assert report.problems == ()
        entries, cells = await entries_and_cells(storage)
        total: Measures = {}
        for cell in cells:
            add_into(total, cell.measures)
        assert {name: amount for name, amount in total.items() if amount} == expected(batches)
        last = {entry.entry_key: entry.measures for entry in entries}
        of_chains: Measures = {}
        for measures in last.values():
            add_into(of_chains, measures)
        assert {n: a for n, a in of_chains.items() if a} == expected(batches)

    asyncio.run(run())


@settings(max_examples=60, deadline=None)
@given(
    batches=st.lists(deliveries, min_size=2, max_size=3),
    faults=st.lists(FAULTS, max_size=25),
)
def test_writers_that_run_at_once_on_the_same_calls_lose_and_double_nothing(
    batches: list[list[list[Report]]], faults: list[str | None]
) -> None:
    async def run() -> None:
        storage = MemoryTableStorage()
        meta = (await open_ledger(storage)).meta
        yielding = YieldingStorage(storage, faults)
        ledgers = [ProjectedLedger(yielding, meta, now=lambda: NOW) for _ in batches]

        async def write(ledger: ProjectedLedger, own: list[list[Report]]) -> None:
            for batch in own:
                await post_until_done(ledger, batch)

        await asyncio.gather(*map(write, ledgers, batches))
        report = await audit(storage, now=NOW)
        assert report.problems == ()
        _, cells = await entries_and_cells(storage)
        total: Measures = {}
        for cell in cells:
            add_into(total, cell.measures)
        flat = [batch for own in batches for batch in own]
        assert {name: amount for name, amount in total.items() if amount} == expected(flat)

    asyncio.run(run())


class YieldingStorage(FaultyStorage):
    """Lets other writers run before every transaction, as a network does."""

    async def transact(
        self, table: str, partition_key: str, operations: Sequence[Operation]
    ) -> list[str]:
        await asyncio.sleep(0)
        return await super().transact(table, partition_key, operations)


async def post_until_done(ledger: ProjectedLedger, batch: Sequence[Report]) -> None:
    """As the consumer does: a batch that was given back is posted again."""
    for _ in range(10):
        try:
            await ledger.post([call_of(report) for report in batch])
        except Retryable:
            continue
        return
    pytest.fail("storage never came back")


@pytest.fixture(autouse=True, params=[0, ABSENT_IN_A_ROW], ids=["guessing", "reading"])
def _new_cells(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> None:
    """Once with every unknown cell taken to be new, once with each of them read first."""
    monkeypatch.setattr("table_api.ledger.cells.ABSENT_IN_A_ROW", request.param)


@pytest.fixture(autouse=True)
def _no_backoff(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("table_api.storage.parallel.BACKOFF_S_MAX", 0)
