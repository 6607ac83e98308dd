"""Which faults wait, and how often each has struck."""

from collections import Counter
from dataclasses import dataclass
from typing import TypeVar

from local_stack.broker.errors import BrokerError
from local_stack.broker.faults.faults import NOWHERE, Armed, Clock, FaultTarget, Scope, Waiting

FAULTS_WAITING_MAX = 100

Kind = TypeVar("Kind", bound=Scope)


@dataclass(slots=True)
class _Entry:
    fault: Waiting
    left: int | None
    """Strikes before it goes; None is until cleared."""


class FaultBoard:
    """The faults that wait, oldest first."""

    def __init__(self) -> None:
        self._entries: list[_Entry] = []
        self.struck: Counter[str] = Counter()

    @property
    def waiting(self) -> tuple[Waiting, ...]:
        return tuple(entry.fault for entry in self._entries)

    def __bool__(self) -> bool:
        """Whether any waits: asked for each event, so that none costs nothing."""
        return bool(self._entries)

    @property
    def clock_shift_s(self) -> int:
        """What waiting clock faults add to enqueued times."""
        return sum(fault.shift_s for fault in self.waiting if isinstance(fault, Clock))

    def add(self, fault: Waiting) -> None:
        if len(self._entries) >= FAULTS_WAITING_MAX:
            raise BrokerError(f"{FAULTS_WAITING_MAX} faults wait already, clear them first")
        self._entries.append(_Entry(fault, fault.times if isinstance(fault, Armed) else None))

    def clear(self) -> None:
        self._entries.clear()

    def find(self, kind: type[Kind], place: FaultTarget = NOWHERE) -> Kind | None:
        """The first waiting fault of a kind that covers the place."""
        for entry in self._entries:
            if isinstance(entry.fault, kind) and entry.fault.covers(place):
                return entry.fault
        return None

    def take(self, kind: type[Kind], place: FaultTarget = NOWHERE) -> Kind | None:
        """As `find`, and counts the strike: an armed fault goes after its last one."""
        fault = self.find(kind, place)
        if fault is None:
            return None
        self.struck[fault.name] += 1
        for entry in self._entries:
            if entry.fault is fault and entry.left is not None:
                entry.left -= 1
                if not entry.left:
                    self._entries.remove(entry)
                break
        return fault
