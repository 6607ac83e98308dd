"""Storage that refuses, is slow, or carries a request out without answering."""

import asyncio
from collections.abc import Awaitable, Callable

from benchmarks.faults.stand import Stand
from benchmarks.faults.storage_proxy import Asked, Misdeed, StorageFault, everything, transactions

FROM, UNTIL = 0.05, 0.9
"""Fraction of the workload during which a fault is on."""
DOWN_S = 12.0
"""Longer than an ownership lasts."""


async def _while_working(stand: Stand, *faults: StorageFault) -> int:
    """Number of requests hit while most of the workload was metered."""
    await stand.at(FROM)
    for fault in faults:
        stand.proxy.arm(fault)
    await stand.at(UNTIL)
    stand.proxy.clear()
    return stand.proxy.struck


def storage_fault(
    misdeed: Misdeed, share: float, covers: Callable[[Asked], bool] = everything
) -> Callable[[Stand], Awaitable[int]]:
    """A share of the requests fails in one way: how many."""

    async def strike(stand: Stand) -> int:
        return await _while_working(
            stand, StorageFault(misdeed=misdeed, share=share, covers=covers)
        )

    return strike


async def mixed(stand: Stand) -> int:
    """All of it at once: how many requests."""
    return await _while_working(
        stand,
        StorageFault(misdeed=Misdeed.CHANGED, share=0.1, covers=transactions),
        *(
            StorageFault(misdeed=misdeed, share=0.05)
            for misdeed in Misdeed
            if misdeed not in (Misdeed.CHANGED, Misdeed.REFUSED)
        ),
    )


async def no_checkpoints(stand: Stand) -> int:
    """The container of checkpoints and ownership is down for longer than an ownership lasts."""
    container = stand.direct["CHECKPOINT_CONTAINER"]
    await stand.at(0.3)
    stand.proxy.arm(
        StorageFault(misdeed=Misdeed.UNAVAILABLE, covers=lambda asked: container in asked.path)
    )
    await asyncio.sleep(DOWN_S)
    stand.proxy.clear()
    return stand.proxy.struck
