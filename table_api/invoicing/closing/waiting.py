"""How many calls wait for their usage now, for those who ask again and again."""

import time
from collections.abc import Callable
from datetime import datetime

from table_api.consumer_state.groups import Groups
from table_api.invoicing.closing.close_job import CLOCKS_APART_MAX, waiting_calls
from table_api.open_calls.table import OpenCalls
from table_api.storage.table_storage import TableStorage

GIVEN_AGAIN_FOR = 20
"""Times as long as the count took: so it takes a twentieth of the time, however many ask."""


class WaitingCount:
    """Counts the waiting calls. A count that took a second is given again for twenty."""

    def __init__(self, *, clock: Callable[[], int] = time.monotonic_ns) -> None:
        self._clock = clock
        self._last = 0
        self._good_until: int | None = None

    async def read(self, storage: TableStorage, groups: Groups, now: Callable[[], datetime]) -> int:
        """The count, of whatever month. May raise Unavailable."""
        begun = self._clock()
        if self._good_until is None or begun >= self._good_until:
            stop = now() + CLOCKS_APART_MAX
            first = await OpenCalls(storage).first_hour()
            self._last = await waiting_calls(storage, groups, now=now)(first or stop, stop)
            ended = self._clock()
            self._good_until = ended + (ended - begun) * GIVEN_AGAIN_FOR
        return self._last
