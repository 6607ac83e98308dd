"""Where a call is counted whose facts pairing may have forgotten: by its rows, else by its blob."""

from collections.abc import Iterable
from datetime import datetime

from pricing_rules.types import CountedAt
from table_api.open_calls.decision import counted_places
from table_api.open_calls.keys import SAME_CALL_MAX
from table_api.open_calls.open_call import with_facts
from table_api.open_calls.purging.purged_hours import PurgedHours
from table_api.open_calls.table import OpenCalls


class CountedCalls:
    """For paths that bring events of any age. Methods may raise Unavailable. Retrying is safe."""

    def __init__(self, calls: OpenCalls, purged: PurgedHours, *, before: datetime) -> None:
        """`before`: pairing has all facts of later calls, so that nothing is looked up of these."""
        self._calls = calls
        self.purged = purged
        self.before = before
        self._kept_from: datetime | None = None
        self._looked = False

    async def look_again(self, times: Iterable[datetime]) -> None:
        """Before a batch of calls of these times is looked up: others write and purge meanwhile."""
        self._looked = False
        await self.purged.look_again(times)

    async def find(self, call_id: str, time: datetime) -> CountedAt | None:
        """Where a call of about this time is counted; None where nobody knows of one."""
        # The rows first: a purge leaves the blob before it deletes them.
        if await self._has_rows_of(time):
            kept = await self._calls.read([call_id])
            [call] = with_facts(kept, await self._calls.packed.find({call_id: time}))
            joined = call.joined
            places = [] if joined is None else counted_places(joined, call.decisions)
            if places:
                return places[0]
        return await self.purged.find(call_id, time)

    async def remember(self, time: datetime) -> bool:
        """Whether a call of this time that is not found was never counted, as pairing knew it."""
        return await self._has_rows_of(time) or await self.purged.remember(time)

    async def _has_rows_of(self, time: datetime) -> bool:
        if not self._looked:
            self._kept_from = await self._calls.first_hour()
            self._looked = True
        return self._kept_from is not None and time >= self._kept_from - SAME_CALL_MAX
