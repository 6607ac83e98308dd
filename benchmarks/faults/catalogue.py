"""Every fault by its name. docs/reliability.md lists them; a test compares."""

from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass, field

from benchmarks.faults import broker_faults, poison_faults, process_faults, storage_faults
from benchmarks.faults.stand import Stand
from benchmarks.faults.storage_faults import storage_fault
from benchmarks.faults.storage_proxy import Misdeed, transactions

Strike = Callable[[Stand], Awaitable[int]]
"""Causes the fault while the workload is metered; returns how often it really took effect."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Fault:
    """One fault and what its run needs."""

    name: str
    strike: Strike
    consumers: int = 2
    environment: Mapping[str, str] = field(default_factory=dict)
    """Settings of the consumers, in addition to the usual ones."""
    wire: bool = False
    scattered: bool = False
    large: bool = False
    """Whether the run has the full number of events."""


FAULTS: dict[str, Fault] = {
    fault.name: fault
    for fault in (
        Fault(name="kill", strike=process_faults.kill, consumers=3, large=True),
        Fault(name="sigterm", strike=process_faults.sigterm),
        Fault(name="zombie", strike=process_faults.zombie),
        Fault(
            name="rivals",
            strike=process_faults.rivals,
            scattered=True,
            environment=process_faults.MANY_BATCHES,
        ),
        Fault(name="detach", strike=broker_faults.detach),
        Fault(name="reset", strike=broker_faults.reset),
        Fault(name="black-hole", strike=broker_faults.black_hole),
        Fault(name="busy", strike=broker_faults.busy),
        Fault(name="steal", strike=broker_faults.steal),
        Fault(name="replay", strike=broker_faults.replay),
        Fault(name="lost-acks", strike=broker_faults.lost_acks, wire=True),
        Fault(name="clock", strike=broker_faults.clock),
        Fault(name="recreate", strike=broker_faults.recreate),
        Fault(name="storage-503", strike=storage_fault(Misdeed.UNAVAILABLE, 0.15)),
        Fault(name="storage-429", strike=storage_fault(Misdeed.BUSY, 0.15)),
        Fault(name="storage-412", strike=storage_fault(Misdeed.CHANGED, 0.5, transactions)),
        Fault(name="storage-slow", strike=storage_fault(Misdeed.SLOW, 0.15)),
        Fault(name="storage-lost", strike=storage_fault(Misdeed.LOST, 0.2)),
        Fault(name="storage-half", strike=storage_fault(Misdeed.HALF, 0.2)),
        Fault(name="storage-mixed", strike=storage_faults.mixed),
        Fault(name="no-checkpoints", strike=storage_faults.no_checkpoints),
        Fault(name="poison-flood", strike=poison_faults.flood, environment=poison_faults.LIMIT),
        Fault(name="poison-entity", strike=poison_faults.entity),
    )
}
