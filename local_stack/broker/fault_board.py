"""Which faults wait, and how often each has struck."""

from collections import Counter
from dataclasses import dataclass
from typing import TypeVar

from local_stack.broker.faults import Armed, Scope, Waiting

FAULTS_WAITING_MAX = 100


@dataclass(frozen=True, slots=True, kw_only=True)
class Place:
    """Where something happens, for matching with a fault's scope."""

    hub: str | None = None
    partition: str | None = None
    group: str | None = None


NOWHERE = Place()

Kind = TypeVar("Kind", bound=Scope)


class FaultBoard:
    """The faults that wait, oldest first."""

    def __init__(self) -> None:
        self._waiting: list[Waiting] = []
        self._left: dict[int, int] = {}
        self.struck: Counter[str] = Counter()

    @property
    def waiting(self) -> tuple[Waiting, ...]:
        return tuple(self._waiting)

    def add(self, fault: Waiting) -> None:
        self._waiting.append(fault)
        del self._waiting[:-FAULTS_WAITING_MAX]

    def clear(self) -> None:
        self._waiting.clear()
        self._left.clear()

    def find(self, kind: type[Kind], place: Place = NOWHERE) -> Kind | None:
        """The first waiting fault of a kind that covers the place."""
        for fault in self._waiting:
            if isinstance(fault, kind) and fault.covers(
                hub=place.hub, partition=place.partition, group=place.group
            ):
                return fault
        return None

    def take(self, kind: type[Kind], place: Place = NOWHERE) -> Kind | None:
        """As `find`, and counts the strike: an armed fault goes after its last one."""
        fault = self.find(kind, place)
        if fault is None:
            return None
        self.struck[fault.name] += 1
        if isinstance(fault, Armed) and fault.times is not None:
            left = self._left.get(id(fault), fault.times) - 1
            self._left[id(fault)] = left
            if not left:
                self._waiting = [each for each in self._waiting if each is not fault]
                del self._left[id(fault)]
        return fault
