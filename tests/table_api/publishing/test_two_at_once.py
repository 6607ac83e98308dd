"""Two publishers at once, calls that come and are re-rated meanwhile, and a clock that jumps."""

import asyncio
import contextlib
from datetime import timedelta

import pytest

from table_api.errors import Retryable
from table_api.publishing import outbox, subject_days
from table_api.publishing.month_pass import Wanted
from tests.fixtures.calls import PrefixedStorage
from tests.table_api.publishing.stand import stand
from tests.table_api.publishing.test_hostile import ANSWERS, MarksLost, Trial

STEPS = 10
JUMPS_MIN = (-180, -5, 0, 0, 1, 20, 200)
LATER = timedelta(hours=12)
"""After every jump, so that settling is after what was marked."""


class BusyTrial(Trial):
    """A history whose passes overlap with each other and with what happens to the ledger."""

    async def publish(self) -> None:
        self.here.now += timedelta(minutes=self.random.choice(JUMPS_MIN))
        for _ in range(self.random.randrange(3)):
            self.here.served.faults.on_track(self.random.choice(ANSWERS))
        await asyncio.gather(self._pass(), self._pass(), self._happen())
        self.here.served.faults.clear()

    async def _pass(self) -> None:
        """Any of the passes that the verb and the timer make."""
        wanted = self.random.choice(
            [
                Wanted(),
                Wanted(live_only=True),
                Wanted(settle=True),
                Wanted(shards=range(2)),
                Wanted(again=True),
            ]
        )
        storage = MarksLost(PrefixedStorage(self.here.storage, ""), self.random.random)
        with contextlib.suppress(Retryable):
            await self.here.publish(wanted, storage=storage)

    async def _happen(self) -> None:
        for _ in range(self.random.randrange(4)):
            await asyncio.sleep(0.001)
            reports = [self.report() for _ in range(3)]
            what = self.random.choice(["post", "unprojected", "run"])
            if what == "post":
                await self.here.ledger.post(reports)
            elif what == "unprojected":
                await self.here.ledger.ledger.post(reports)
            else:
                await self.rerate()


@pytest.mark.parametrize("seed", range(3))
@pytest.mark.parametrize("busy_rows_min", [0, 2_000], ids=["narrow", "whole"])
async def test_nothing_differs_after_two_publishers_at_once(
    seed: int, busy_rows_min: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(subject_days, "BUSY_ROWS_MIN", busy_rows_min)
    monkeypatch.setattr(subject_days, "NEWEST", timedelta(hours=1))
    monkeypatch.setattr(outbox, "RECORDS_MAX", 3)
    async with stand() as here:
        trial = BusyTrial(here, seed)
        for _ in range(STEPS):
            await trial.step()
        here.now += LATER
        await trial.settle()
        assert await here.differences() == []
        assert (await here.publish(Wanted(settle=True))).rows == 0
