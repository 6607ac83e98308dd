"""The faults a broker can be told to make: what each is called, takes and does.

A strike happens at once; an armed fault waits for what it spoils, `times` times or until cleared.
"""

from dataclasses import dataclass
from typing import Annotated, ClassVar, Literal

import msgspec

SERVER_BUSY = "com.microsoft:server-busy"
Count = Annotated[int, msgspec.Meta(ge=1)]
Whole = Annotated[int, msgspec.Meta(ge=0)]


Role = Literal["sender", "receiver"]
"""What the client is on a link."""


@dataclass(frozen=True, slots=True, kw_only=True)
class FaultTarget:
    """Where something happens; None where it has no such thing."""

    hub: str | None = None
    partition: str | None = None
    group: str | None = None
    role: Role | None = None


NOWHERE = FaultTarget()


class Scope(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Where a fault applies. None is everywhere; a place without the field matches None only."""

    name: ClassVar[str]
    hub: str | None = None
    partition: str | None = None
    group: str | None = None

    def covers(self, place: FaultTarget) -> bool:
        """Whether the fault applies there."""
        pairs = (
            (self.hub, place.hub),
            (self.partition, place.partition),
            (self.group, place.group),
        )
        return all(wanted is None or wanted == found for wanted, found in pairs)


class Armed(Scope, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A fault that waits."""

    times: Count | None = 1
    """How often it strikes; None is until cleared."""


class Detach(Scope, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Detach links with an error."""

    name: ClassVar[str] = "detach"
    role: Role | None = None
    condition: str = "amqp:link:detach-forced"
    description: str = "the link was force detached by the broker"

    def covers(self, place: FaultTarget) -> bool:
        return Scope.covers(self, place) and self.role in (None, place.role)


class Close(Scope, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Close connections politely, with an error."""

    name: ClassVar[str] = "close"
    condition: str = "amqp:connection:forced"
    description: str = "the connection was closed by the broker"


class Drop(Scope, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Reset TCP connections without a word."""

    name: ClassVar[str] = "drop"
    count: Count | None = None
    """How many; None is all."""


class BlackHole(Scope, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Connections stay open but nothing is read, answered or sent, until cleared."""

    name: ClassVar[str] = "black-hole"
    new: bool = False
    """Swallow all connections made later as well: they have no hub yet that a scope could cover."""


class Steal(Scope, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Take a partition with a higher epoch and hold it until cleared."""

    name: ClassVar[str] = "steal"
    epoch: Whole | None = None
    """The thief's epoch; None is one more than the present owner's."""


class Recreate(Scope, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Make the hub anew: links detached, events gone, sequence numbers and offsets from 0."""

    name: ClassVar[str] = "recreate"


class Trim(Scope, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Drop the oldest events, as retention would."""

    name: ClassVar[str] = "trim"
    before: Whole | None = None
    """The first sequence number that stays; None drops all."""


class Gap(Scope, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Leave out sequence numbers before the next event."""

    name: ClassVar[str] = "gap"
    count: Count = 1


class Clock(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Shift the enqueued time of events stored from now on, until cleared."""

    name: ClassVar[str] = "clock"
    shift_s: int


class BusySend(Armed, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Reject what is sent."""

    name: ClassVar[str] = "busy-send"
    condition: str = SERVER_BUSY
    description: str = "the broker is overloaded"


class BusyAttach(Armed, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Refuse links."""

    name: ClassVar[str] = "busy-attach"
    role: Role | None = None
    condition: str = SERVER_BUSY
    description: str = "the broker is overloaded"

    def covers(self, place: FaultTarget) -> bool:
        return Scope.covers(self, place) and self.role in (None, place.role)


class LoseAck(Armed, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Store what is sent, then reset the connection in place of the acknowledgement."""

    name: ClassVar[str] = "lose-ack"


class MuteAck(Armed, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Store what is sent and never acknowledge it."""

    name: ClassVar[str] = "mute-ack"


class RefuseToken(Armed, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Answer `put-token` with an error; the hub is the one the token is for."""

    name: ClassVar[str] = "refuse-token"
    status: int = 401


class MuteToken(Armed, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Never answer `put-token`; the hub is the one the token is for."""

    name: ClassVar[str] = "mute-token"


class FailManagement(Armed, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Answer a `$management` request with an error."""

    name: ClassVar[str] = "fail-management"
    status: int = 500


class Freeze(Scope, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Deliver nothing, until cleared."""

    name: ClassVar[str] = "freeze"


class Throttle(Scope, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Limit each receiver's egress, until cleared."""

    name: ClassVar[str] = "throttle"
    events_per_s: Count


class Replay(Armed, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Start a receiver this many events before where it asked to."""

    name: ClassVar[str] = "replay"
    events: Count = 100


class Corrupt(Armed, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Flip the bits of a byte of a delivered event; what is stored stays whole."""

    name: ClassVar[str] = "corrupt"
    from_end: Count = 1
    """Which byte, counted from the message's end; the last ones are the body's."""


class SplitFrames(Scope, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Deliver events in transfer frames of this size at most, until cleared."""

    name: ClassVar[str] = "split-frames"
    bytes: Annotated[int, msgspec.Meta(ge=64)] = 128


Strike = Detach | Close | Drop | Steal | Recreate | Trim | Gap
Waiting = (
    BlackHole
    | Clock
    | BusySend
    | BusyAttach
    | LoseAck
    | MuteAck
    | RefuseToken
    | MuteToken
    | FailManagement
    | Freeze
    | Throttle
    | Replay
    | Corrupt
    | SplitFrames
)
Fault = Strike | Waiting

FAULTS: dict[str, type[Fault]] = {
    kind.name: kind
    for kind in (
        Detach,
        Close,
        Drop,
        BlackHole,
        Steal,
        Recreate,
        Trim,
        Gap,
        Clock,
        BusySend,
        BusyAttach,
        LoseAck,
        MuteAck,
        RefuseToken,
        MuteToken,
        FailManagement,
        Freeze,
        Throttle,
        Replay,
        Corrupt,
        SplitFrames,
    )
}
