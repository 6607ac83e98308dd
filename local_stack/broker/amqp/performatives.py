"""The frames' bodies: AMQP's performatives and SASL's. Every one is written with its full field
list, since pyamqp indexes fields without looking at their number."""

from dataclasses import MISSING, dataclass, fields
from typing import Annotated, Any, ClassVar, Self, get_type_hints

from local_stack.broker.amqp.decode import decode
from local_stack.broker.amqp.encode import described, encode
from local_stack.broker.amqp.types import Described, Symbol, UByte, UInt, ULong, UShort
from local_stack.broker.errors import DecodeError


@dataclass(frozen=True, slots=True, kw_only=True)
class Performative:
    """A described list. Each field is annotated with its AMQP type; None is null."""

    DESCRIPTOR: ClassVar[int]

    @classmethod
    def of(cls, values: list[object]) -> Self:
        """From a decoded list, whose trailing fields may be missing, as AMQP allows."""
        own = _WIRE_FIELDS[cls.DESCRIPTOR]
        if len(values) > len(own):
            raise DecodeError(f"{cls.__name__} has {len(values)} fields, at most {len(own)}")
        found = dict(zip((each.name for each in own), values + [None] * len(own), strict=False))
        for each in own:
            value = found[each.name]
            if (value is not None or each.required) and not each.takes(value):
                raise DecodeError(
                    f"{cls.__name__}.{each.name} is {value!r}, expected {each.kind.__name__}"
                )
        return cls(**found)

    def encoded(self) -> bytes:
        """The described list with every field in its place."""
        values: list[object] = []
        for each in _WIRE_FIELDS[self.DESCRIPTOR]:
            value = getattr(self, each.name)
            typed = value is None or isinstance(value, each.kind) or each.kind is Symbol
            values.append(value if typed else each.kind(value))
        return described(self.DESCRIPTOR, encode(values))


@dataclass(frozen=True, slots=True, kw_only=True)
class WireField:
    """How one field of a performative stands on the wire."""

    name: str
    kind: type[Any]
    """The type it is written with."""
    accepted: type | tuple[type, ...]
    """What it may be read as: any width of integer; several symbols where one may stand."""
    required: bool

    def takes(self, value: object) -> bool:
        """Whether a value that is there may stand in the field."""
        if not isinstance(value, self.accepted):
            return False
        limit = _LIMITS.get(self.kind)
        return limit is None or (isinstance(value, int) and 0 <= value < limit)


_LIMITS: dict[type, int] = {UByte: 2**8, UShort: 2**16, UInt: 2**32, ULong: 2**64}
"""Unsigned types by the first integer they cannot hold."""


def _wire_fields(cls: type[Performative]) -> tuple[WireField, ...]:
    hints = get_type_hints(cls, include_extras=True)
    found = []
    for each in fields(cls):
        kind = hints[each.name].__metadata__[0]
        accepted: type | tuple[type, ...] = kind
        if kind is Symbol:
            accepted = (Symbol, list)
        elif issubclass(kind, int) and kind is not bool:
            accepted = int
        found.append(
            WireField(
                name=each.name, kind=kind, accepted=accepted, required=each.default is MISSING
            )
        )
    return tuple(found)


@dataclass(frozen=True, slots=True, kw_only=True)
class Open(Performative):
    """Begins a connection."""

    DESCRIPTOR: ClassVar[int] = 0x10
    container_id: Annotated[str, str]
    hostname: Annotated[str | None, str] = None
    max_frame_size: Annotated[int | None, UInt] = None
    channel_max: Annotated[int | None, UShort] = None
    idle_timeout: Annotated[int | None, UInt] = None
    outgoing_locales: Annotated[object, Symbol] = None
    incoming_locales: Annotated[object, Symbol] = None
    offered_capabilities: Annotated[object, Symbol] = None
    desired_capabilities: Annotated[object, Symbol] = None
    properties: Annotated[dict[object, object] | None, dict] = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Begin(Performative):
    """Begins a session on a channel."""

    DESCRIPTOR: ClassVar[int] = 0x11
    remote_channel: Annotated[int | None, UShort] = None
    next_outgoing_id: Annotated[int, UInt]
    incoming_window: Annotated[int, UInt]
    outgoing_window: Annotated[int, UInt]
    handle_max: Annotated[int | None, UInt] = None
    offered_capabilities: Annotated[object, Symbol] = None
    desired_capabilities: Annotated[object, Symbol] = None
    properties: Annotated[dict[object, object] | None, dict] = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Attach(Performative):
    """Attaches a link to a session. `role` is True where the sender of the frame receives."""

    DESCRIPTOR: ClassVar[int] = 0x12
    name: Annotated[str, str]
    handle: Annotated[int, UInt]
    role: Annotated[bool, bool]
    snd_settle_mode: Annotated[int | None, UByte] = None
    rcv_settle_mode: Annotated[int | None, UByte] = None
    source: Annotated[Described | None, Described] = None
    target: Annotated[Described | None, Described] = None
    unsettled: Annotated[dict[object, object] | None, dict] = None
    incomplete_unsettled: Annotated[bool | None, bool] = None
    initial_delivery_count: Annotated[int | None, UInt] = None
    max_message_size: Annotated[int | None, ULong] = None
    offered_capabilities: Annotated[object, Symbol] = None
    desired_capabilities: Annotated[object, Symbol] = None
    properties: Annotated[dict[object, object] | None, dict] = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Flow(Performative):
    """Session windows and, where a handle is given, the credit of a link."""

    DESCRIPTOR: ClassVar[int] = 0x13
    next_incoming_id: Annotated[int | None, UInt] = None
    incoming_window: Annotated[int, UInt]
    next_outgoing_id: Annotated[int, UInt]
    outgoing_window: Annotated[int, UInt]
    handle: Annotated[int | None, UInt] = None
    delivery_count: Annotated[int | None, UInt] = None
    link_credit: Annotated[int | None, UInt] = None
    available: Annotated[int | None, UInt] = None
    drain: Annotated[bool | None, bool] = None
    echo: Annotated[bool | None, bool] = None
    properties: Annotated[dict[object, object] | None, dict] = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Transfer(Performative):
    """A delivery or a part of one; the message's bytes follow it in the frame."""

    DESCRIPTOR: ClassVar[int] = 0x14
    handle: Annotated[int, UInt]
    delivery_id: Annotated[int | None, UInt] = None
    delivery_tag: Annotated[bytes | None, bytes] = None
    message_format: Annotated[int | None, UInt] = None
    settled: Annotated[bool | None, bool] = None
    more: Annotated[bool | None, bool] = None
    rcv_settle_mode: Annotated[int | None, UByte] = None
    state: Annotated[Described | None, Described] = None
    resume: Annotated[bool | None, bool] = None
    aborted: Annotated[bool | None, bool] = None
    batchable: Annotated[bool | None, bool] = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Disposition(Performative):
    """The outcome of deliveries `first` to `last`."""

    DESCRIPTOR: ClassVar[int] = 0x15
    role: Annotated[bool, bool]
    first: Annotated[int, UInt]
    last: Annotated[int | None, UInt] = None
    settled: Annotated[bool | None, bool] = None
    state: Annotated[Described | None, Described] = None
    batchable: Annotated[bool | None, bool] = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Detach(Performative):
    """Detaches a link, for ever where `closed`."""

    DESCRIPTOR: ClassVar[int] = 0x16
    handle: Annotated[int, UInt]
    closed: Annotated[bool | None, bool] = None
    error: Annotated[Described | None, Described] = None


@dataclass(frozen=True, slots=True, kw_only=True)
class End(Performative):
    """Ends a session."""

    DESCRIPTOR: ClassVar[int] = 0x17
    error: Annotated[Described | None, Described] = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Close(Performative):
    """Ends a connection."""

    DESCRIPTOR: ClassVar[int] = 0x18
    error: Annotated[Described | None, Described] = None


@dataclass(frozen=True, slots=True, kw_only=True)
class SaslMechanisms(Performative):
    """What the broker lets a client choose from."""

    DESCRIPTOR: ClassVar[int] = 0x40
    sasl_server_mechanisms: Annotated[object, Symbol]


@dataclass(frozen=True, slots=True, kw_only=True)
class SaslInit(Performative):
    """What the client chose."""

    DESCRIPTOR: ClassVar[int] = 0x41
    mechanism: Annotated[str, Symbol]
    initial_response: Annotated[bytes | None, bytes] = None
    hostname: Annotated[str | None, str] = None


@dataclass(frozen=True, slots=True, kw_only=True)
class SaslOutcome(Performative):
    """Zero is success."""

    DESCRIPTOR: ClassVar[int] = 0x44
    code: Annotated[int, UByte]
    additional_data: Annotated[bytes | None, bytes] = None


_BY_DESCRIPTOR: dict[int, type[Performative]] = {
    each.DESCRIPTOR: each
    for each in (
        Open,
        Begin,
        Attach,
        Flow,
        Transfer,
        Disposition,
        Detach,
        End,
        Close,
        SaslMechanisms,
        SaslInit,
        SaslOutcome,
    )
}


_WIRE_FIELDS = {descriptor: _wire_fields(kind) for descriptor, kind in _BY_DESCRIPTOR.items()}


def decode_performative(body: bytes) -> tuple[Performative, int]:
    """The performative a frame's body starts with, and where its payload starts."""
    value, end = decode(body)
    if not isinstance(value, Described) or not isinstance(value.value, list):
        raise DecodeError(f"a frame starts with {value!r}, expected a described list")
    descriptor = value.descriptor
    kind = _BY_DESCRIPTOR.get(descriptor) if isinstance(descriptor, int) else None
    if kind is None:
        raise DecodeError(f"{descriptor!r} is the descriptor of no performative")
    return kind.of(value.value), end


def error_of(condition: str, description: str) -> Described:
    """An AMQP error with its three fields."""
    return Described(ULong(0x1D), [Symbol(condition), description, None])


def accepted() -> Described:
    """The outcome of a delivery that is stored."""
    return Described(ULong(0x24), [])


def rejected(condition: str, description: str) -> Described:
    """The outcome of a delivery that is refused, and why."""
    return Described(ULong(0x25), [error_of(condition, description)])
