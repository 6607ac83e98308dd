"""Whatever happens between ledger and Application Insights, after settling the two are equal."""

import contextlib
import random
from collections.abc import Callable, Sequence
from datetime import timedelta

import pytest
from msgspec.structs import replace

from local_stack.insights.faults import TrackFault
from pricing_rules.types import CountedAt, Rank
from table_api.errors import Retryable, Unavailable
from table_api.ledger.posting import MeteredCall
from table_api.publishing import outbox, subject_days
from table_api.publishing.marks import PUBLISHED_TABLE
from table_api.publishing.month_pass import QUIET, Wanted
from table_api.rerating.run import RunState
from table_api.storage.table_storage import Operation, TableStorage
from tests.fixtures.builders import CALL_TIME, call_id, make_usage
from tests.fixtures.calls import PrefixedStorage, make_call
from tests.fixtures.reratings import History, dearer_book
from tests.table_api.publishing.stand import Stand, stand

TRIALS = 14
STEPS = 14
PLACES = (
    CountedAt(subject="unattributed", time=CALL_TIME),
    CountedAt(subject="user-1", time=CALL_TIME - timedelta(days=21)),
    CountedAt(subject="user-2", time=CALL_TIME - timedelta(hours=3)),
)
"""In this order a call moves."""
APART = timedelta(minutes=20)
"""Between two calls: half of today's are within an hour of the time at which they are published."""
DEPLOYMENTS = ("gpt-4.1-mini", "gpt-4o")
ANSWERS = (
    TrackFault.ITEM_RETRYABLE,  # 206: half accepted
    TrackFault.ITEM_BAD,
    TrackFault.INVALID,
    TrackFault.QUOTA,
    TrackFault.THROTTLED,
    TrackFault.BROKEN,
    TrackFault.CUT,
    TrackFault.LOST_ANSWER,
)
"""All but a 200 for half of what was sent, which nobody can see but by comparing."""


class MarksLost(PrefixedStorage):
    """The marks of some passes are not written, or the answer to it is lost: a crash there."""

    def __init__(self, storage: TableStorage, chance: Callable[[], float]) -> None:
        super().__init__(storage, "")
        self._chance = chance

    async def transact(
        self, table: str, partition_key: str, operations: Sequence[Operation]
    ) -> list[str]:
        fate = self._chance() if table == PUBLISHED_TABLE else 1.0
        if fate < 0.2:
            raise Unavailable("crashed before the mark")
        etags = await super().transact(table, partition_key, operations)
        if fate < 0.4:
            raise Unavailable("crashed after the mark")
        return etags


class Trial:
    """One random history of a ledger that is published all the while."""

    def __init__(self, here: Stand, seed: int) -> None:
        self.here = here
        self.random = random.Random(seed)
        self.history = History.over(here.storage)
        self.runs: list[str] = []
        self._number = 0

    def report(self) -> MeteredCall:
        """A report of one of a few calls: new, stronger, weaker, or one that moves it."""
        self._number += 1
        call = self.random.randrange(8)
        place = self.random.randrange(len(PLACES))
        moves = place > 0 and self.random.random() < 0.3
        return make_call(
            self._number,
            id=call_id(call),
            subject=PLACES[place].subject,
            time=PLACES[place].time + call * APART,
            rank=self.random.choice([Rank.GATEWAY_LOG, Rank.MODEL_USAGE]),
            usage=make_usage(input=self.random.randrange(1, 4)),
            deployment=self.random.choice(DEPLOYMENTS),
            replaces=replace(PLACES[place - 1], time=PLACES[place - 1].time + call * APART)
            if moves
            else None,
        )

    async def step(self) -> None:
        """Something happens."""
        what = self.random.choice(["post", "post", "unprojected", "publish", "publish", "run"])
        reports = [self.report() for _ in range(self.random.randrange(1, 7))]
        if what == "post":
            await self.here.ledger.post(reports)
        elif what == "unprojected":
            await self.here.ledger.ledger.post(reports)
        elif what == "run":
            await self.rerate()
        else:
            await self.publish()

    async def rerate(self) -> None:
        """A run is applied, or the last one reverted: often both between two passes."""
        if self.runs and self.random.random() < 0.7:
            await self.history.revert(self.runs.pop())
            return
        book = dearer_book(self.random.randrange(2, 9))
        staged = await self.history.stage(book)
        if staged.changed and staged.state is RunState.STAGED:
            await self.history.apply(await self.history.approved(book))
            self.runs.append(staged.run)

    async def publish(self) -> None:
        """One pass, in which anything may fail."""
        for _ in range(self.random.randrange(4)):
            self.here.served.faults.on_track(self.random.choice(ANSWERS))
        with contextlib.suppress(Retryable):
            await self.here.publish(storage=MarksLost(self.here.storage, self.random.random))
        self.here.served.faults.clear()

    async def settle(self) -> None:
        """The end of the day: all is projected, and days that were read in part are quiet."""
        await self.here.ledger.project()
        await self.here.publish_until_done()
        self.here.now += QUIET * 2
        await self.here.publish_until_done()


@pytest.mark.parametrize("seed", range(TRIALS))
@pytest.mark.parametrize("busy_rows_min", [0, 2_000], ids=["narrow", "whole"])
async def test_nothing_differs_after_settling(
    seed: int, busy_rows_min: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(subject_days, "BUSY_ROWS_MIN", busy_rows_min)
    monkeypatch.setattr(subject_days, "NEWEST", timedelta(hours=1))
    monkeypatch.setattr(outbox, "RECORDS_MAX", 3)
    async with stand() as here:
        trial = Trial(here, seed)
        for _ in range(STEPS):
            await trial.step()
        await trial.settle()
        assert await here.differences() == []
        rows = (await here.publish(Wanted(settle=True))).rows
        assert (rows, await here.differences()) == (0, [])
