"""What happened to the gateway's calls: how many are in the ledger, by which path, and how many
wait.
"""

import asyncio
import time
from collections import Counter
from collections.abc import Callable
from datetime import UTC, datetime, timedelta

from table_api.open_calls.decision import PairingState
from table_api.open_calls.table import OpenCalls
from table_api.storage.table_storage import TableStorage

STILL_S_MAX = 60.0
"""If pairing makes no progress for this many seconds, the open calls are reported as waiting."""
POLL_INTERVAL_S = 0.5
NO_CALLS = {PairingState.FETCHED, PairingState.UNMETERED}
"""Requests that no ledger counts by themselves."""
LATER = timedelta(minutes=1)
"""The gateway is on this machine, so none of its calls is older than the run; looking ahead is
harmless."""


async def paired_calls(
    storage: TableStorage, start: datetime, *, calls: int, watch: Callable[[], None]
) -> Counter[PairingState]:
    """Calls per state since `start`, once none of `calls` waits or the timeout of all has passed.

    All calls have been made before. `watch` raises when a part of the stack has ended. A call that
    pairing does not know yet counts as waiting.
    """
    made_by, open_calls = datetime.now(UTC), OpenCalls(storage)
    seen: object = None
    moved = time.monotonic()
    while True:
        watch()
        swept = await open_calls.swept()  # first: what the sweeper has passed is decided
        kept = await open_calls.calls(start, datetime.now(UTC) + LATER)
        found = (each.state for each in kept)
        states = Counter(state for state in found if state is not None and state not in NO_CALLS)
        del states[PairingState.FETCHED]  # these are no calls by themselves
        states[PairingState.WAITING] += max(0, calls - states.total())
        all_timed_out = swept is not None and swept > made_by
        if not states[PairingState.WAITING] or all_timed_out:
            return states
        if (states, swept) != seen:
            seen, moved = (states, swept), time.monotonic()
        if time.monotonic() - moved > STILL_S_MAX:
            return states
        await asyncio.sleep(POLL_INTERVAL_S)
