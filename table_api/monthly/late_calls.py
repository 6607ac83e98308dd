"""Hours that may be summed for completeness without what the ledger says of their calls now."""

import asyncio
from collections.abc import Callable
from datetime import datetime

from table_api.ledger.keys import time_of_call
from table_api.open_calls.summed_hours import SummedHours, hours_over


class LateCalls:
    """What this process changed in the ledger, of calls whose hour is over."""

    def __init__(self, summed: SummedHours, *, now: Callable[[], datetime]) -> None:
        self._summed = summed
        self._now = now
        self._keys: dict[str, str] = {}
        """The key of one changed call by the half hour of all of them, as the key spells it."""
        self._lock = asyncio.Lock()

    def changed(self, entry_key: str) -> None:
        """A call was posted, amended, or found as it is."""
        stamp = entry_key.split("|", 4)[3]
        self._keys.setdefault(stamp[:11] + ("0" if stamp[11] < "3" else "3"), entry_key)

    async def mark(self) -> None:
        """Mark the hours of all that was changed until now. Raises Unavailable, with nothing
        forgotten: retrying is safe.
        """
        async with self._lock:  # who finds nothing left waits for those that are being marked
            keys, self._keys = self._keys, {}
            try:
                times = [time_of_call(key) for key in keys.values()]
                await self._summed.mark(set(hours_over(times, self._now())))
            except BaseException:
                self._keys = keys | self._keys
                raise
