"""What became of the gateway's calls: how many stand in the ledger, by what, and how many wait."""

import asyncio
import time
from collections import Counter
from collections.abc import Callable
from datetime import UTC, datetime, timedelta

from table_api.call_decision import PairingState
from table_api.open_calls import OpenCalls
from table_api.storage import TableStorage

PAIRED_S_MAX = 60.0
"""The demonstration's timeout is seconds: a call that still waits then is told as waiting."""
POLL_INTERVAL_S = 0.5
LATER = timedelta(minutes=1)
"""The gateway is on this machine, so none of its calls is older than the run; a look ahead is
harmless."""


async def paired_calls(
    storage: TableStorage, start: datetime, *, calls: int, watch: Callable[[], None]
) -> Counter[PairingState]:
    """Calls per state since `start`, once none of `calls` waits. `watch` raises when a part of the
    stack has ended. A call that pairing has not heard of yet counts as waiting."""
    deadline = time.monotonic() + PAIRED_S_MAX
    while True:
        watch()
        kept = await OpenCalls(storage).calls(start, datetime.now(UTC) + LATER)
        states = Counter(each.state for each in kept if each.state is not None)
        states[PairingState.WAITING] += max(0, calls - states.total())
        if not states[PairingState.WAITING] or time.monotonic() > deadline:
            return states
        await asyncio.sleep(POLL_INTERVAL_S)
