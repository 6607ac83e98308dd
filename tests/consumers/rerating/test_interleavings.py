"""Live calls, stronger reports, moves, two runs, a revert and crashes, in any order at once.

Every chain stays without gaps, each of its rows is what its own book says of its own report, the
last one stands on the strongest report, and no total moves by accident.
"""

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass
from functools import partial

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from pricing_rules.types import CountedAt, Rank
from table_api.errors import Retryable
from table_api.ledger.posting import MeteredCall
from table_api.monthly.projected_ledger import ProjectedLedger
from table_api.rerating.run import RunRefused, Work
from table_api.storage.memory_tables import MemoryTableStorage
from table_api.storage.table_storage import Operation, TableStorage
from tests.fixtures.builders import CALL_TIME, call_id, make_usage
from tests.fixtures.calls import PrefixedStorage, book, make_call, open_ledger
from tests.fixtures.reratings import History, dearer_book

DEPLOYMENTS = ("gpt-4.1-mini", "gpt-4o", "lab-model-x")
BATCH_CALLS = 2
TURNS_MAX = 20_000

Report = tuple[int, int, int]
"""Number of the call, rank, tokens; rank 3 is a move from `unattributed`."""


class Killed(BaseException):
    """kill -9: no handler of the product sees it coming."""


class KillingStorage(PrefixedStorage):
    """Lets others run before each write, and dies before or after the ones it is told."""

    def __init__(self, storage: TableStorage, kills: list[tuple[int, bool]]) -> None:
        super().__init__(storage, "")
        self._kills = dict(kills)
        self._writes = 0

    async def transact(
        self, table: str, partition_key: str, operations: Sequence[Operation]
    ) -> list[str]:
        await asyncio.sleep(0)
        self._writes += 1
        after = self._kills.pop(self._writes, None)
        if after is False:
            raise Killed
        etags = await super().transact(table, partition_key, operations)
        if after is True:
            raise Killed
        return etags


def call_of(report: Report) -> MeteredCall:
    """What a report says is a function of it: equal strength, equal content."""
    number, rank, tokens = report
    moved = rank == 3
    subject = "unattributed" if number >= 4 and not moved else f"user-{number % 2}"
    return make_call(
        number * 100 + rank * 10 + tokens,
        id=call_id(number),
        subject=subject,
        status=200 if rank else 429,
        rank=Rank(min(rank, 2)),
        usage=make_usage(input=tokens) if rank else None,
        deployment=DEPLOYMENTS[(number + rank) % 3],
        replaces=CountedAt(subject="unattributed", time=CALL_TIME) if moved else None,
    )


reports = st.one_of(
    st.tuples(st.integers(0, 6), st.integers(0, 2), st.integers(1, 3)).map(
        lambda report: (report[0], report[1], report[2] if report[1] else 0)
    ),
    st.tuples(st.integers(4, 6), st.just(3), st.integers(4, 5)),
)
deliveries = st.lists(st.lists(reports, min_size=1, max_size=4), min_size=1, max_size=6)
kills = st.lists(st.tuples(st.integers(1, 25), st.booleans()), max_size=4)


@dataclass(frozen=True)
class Plan:
    """What happens; who comes first is the event loop's and the storage's."""

    before: list[list[Report]]
    live: list[list[list[Report]]]
    kills: list[list[tuple[int, bool]]]
    reverts: bool


plans = st.builds(
    Plan,
    before=deliveries,
    live=st.lists(deliveries, min_size=1, max_size=2),
    kills=st.lists(kills, min_size=4, max_size=4),
    reverts=st.booleans(),
)


@settings(max_examples=120, deadline=None)
@given(plan=plans)
def test_whatever_comes_between_each_chain_ends_in_the_truth(plan: Plan) -> None:
    asyncio.run(_live_through(plan))


async def _live_through(plan: Plan) -> None:
    storage = MemoryTableStorage()
    history = History.over(storage)
    ledger = await open_ledger(storage)
    await history.books.keep(book())
    for batch in plan.before:
        await ledger.post([call_of(report) for report in batch])
    runs = [
        await history.approved(dearer_book(2, lab=True)),
        await history.approved(dearer_book(3)),
    ]

    async def write(number: int, batches: list[list[Report]]) -> None:
        path = KillingStorage(storage, plan.kills[number])
        for batch in batches:
            await _until_done(partial(_post, history.on(path), batch))

    async def work(number: int) -> None:
        own = history.on(KillingStorage(storage, plan.kills[2 + number]))
        await _until_done(partial(_unless_done, own, runs[number], Work.APPLY))
        if plan.reverts and number == 0:
            await _until_done(partial(_unless_done, own, runs[number], Work.REVERT))

    await asyncio.gather(
        *(write(number, batches) for number, batches in enumerate(plan.live)), work(0), work(1)
    )
    assert await history.flaws() == []
    await _stands_on_the_strongest(history, plan)
    await _accounts_for_every_pair(history, runs, reverted=plan.reverts)


async def _post(history: History, batch: list[Report]) -> None:
    ledger: ProjectedLedger = await history.ledger()
    await ledger.post([call_of(report) for report in batch])


async def _unless_done(history: History, run: str, work: Work) -> None:
    """As an operator: the verb again until the run says that it is done."""
    state = (await history.reratings.get(run)).state
    if state == ("applied" if work is Work.APPLY else "reverted"):
        return
    if work is Work.APPLY:
        await history.apply(run, batch_calls=BATCH_CALLS)
    else:
        await history.revert(run, batch_calls=BATCH_CALLS)


async def _until_done(attempt: Callable[[], Awaitable[None]]) -> None:
    for _ in range(TURNS_MAX):
        try:
            await attempt()
        except (Killed, Retryable):
            continue
        except BaseExceptionGroup as several:
            if several.split(Killed)[1] is not None:
                raise
            continue
        except RunRefused:
            await asyncio.sleep(0)  # the other run is in work
            continue
        return
    pytest.fail("it never ended")


async def _stands_on_the_strongest(history: History, plan: Plan) -> None:
    strongest: dict[tuple[str, str], tuple[int, int]] = {}
    batches = [*plan.before, *(batch for own in plan.live for batch in own)]
    for event in (call_of(report).priced.event for batch in batches for report in batch):
        place = (event.subject, event.id)
        strongest[place] = max(strongest.get(place, (0, 0)), event.strength)
        if event.replaces is not None:
            strongest["unattributed", event.id] = (int(Rank.MOVED), 0)
    found = {
        (str(chain[-1].row["subject"]), str(chain[-1].row["call_id"])): chain[-1].report.strength
        for chain in (await history.chains()).values()
    }
    assert found == strongest


async def _accounts_for_every_pair(history: History, runs: list[str], *, reverted: bool) -> None:
    chains = (await history.chains()).values()
    for number, run in enumerate(runs):
        rerating = await history.reratings.get(run)
        rows = [entry for chain in chains for entry in chain if entry.text("run") == run]
        applied = [entry for entry in rows if entry.text("correction") == "re-rating"]
        undone = [entry for entry in rows if entry.text("correction") == "revert"]
        alone = await history.reratings.noted(run, Work.APPLY)
        assert len(applied) == rerating.written.done
        assert rerating.written.done + rerating.written.left == rerating.changed
        assert len(alone) == rerating.written.left
        if reverted and number == 0:
            last = [chain[-1] for chain in chains]
            assert not [entry for entry in last if entry in applied]
            assert len(undone) + len(await history.reratings.noted(run, Work.REVERT)) == len(
                applied
            )


@pytest.fixture(autouse=True)
def _no_backoff(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("table_api.storage.parallel.BACKOFF_S_MAX", 0)
