"""A client that speaks AMQP frame by frame, for what the Azure clients never say or hide."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Self, TypeVar

from local_stack.broker.amqp.decode import decode
from local_stack.broker.amqp.encode import described, encode
from local_stack.broker.amqp.frames import EMPTY_FRAME, SASL_FRAME, frame
from local_stack.broker.amqp.messages import (
    APPLICATION_PROPERTIES,
    BATCH_FORMAT,
    DATA,
    PROPERTIES,
    VALUE,
    decoded_sections,
)
from local_stack.broker.amqp.performatives import (
    Attach,
    Begin,
    Disposition,
    Flow,
    Open,
    Performative,
    SaslInit,
    SaslOutcome,
    Transfer,
    decode_performative,
)
from local_stack.broker.amqp.types import Described, Symbol, UInt, ULong
from local_stack.broker.serving.connection import AMQP_HEADER, SASL_HEADER

REPLY_TIMEOUT_S = 5.0
CHANNEL = 1
Kind = TypeVar("Kind", bound=Performative)

GROUP = "h/ConsumerGroups/$Default/Partitions/0"
"""The address of the partition most tests read."""


def source(address: str, selector: str | None = None) -> Described:
    """A receiver's source with Event Hubs' selector filter."""
    fields: list[object] = [address] + [None] * 10
    if selector is not None:
        name = Symbol("apache.org:selector-filter:string")
        fields[7] = {name: Described(name, f"amqp.annotation.x-opt-{selector}")}
    return Described(ULong(0x28), fields)


def target(address: str) -> Described:
    return Described(ULong(0x29), [address] + [None] * 6)


def event(body: bytes) -> bytes:
    """An encoded message with one data section."""
    return described(DATA, encode(body))


def batch(*bodies: bytes) -> bytes:
    """The payload of a batch transfer."""
    return b"".join(described(DATA, encode(event(body))) for body in bodies)


def request(
    message_id: object,
    properties: dict[object, object],
    body: object,
    *,
    reply_to: str | None = None,
) -> bytes:
    """A request to `$cbs` or `$management`."""
    return (
        described(PROPERTIES, encode([message_id, None, None, None, reply_to]))
        + described(APPLICATION_PROPERTIES, encode(properties))
        + described(VALUE, encode(body))
    )


class WireClient:
    """One connection with one session on channel 1."""

    def __init__(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.reader = reader
        self.writer = writer
        self.raw: list[bytes] = []
        """The body of every frame that came."""
        self._next_delivery_id = 0

    @classmethod
    @asynccontextmanager
    async def connected(
        cls, port: int, *, window: int = 1000, max_frame_size: int = 65_536, idle_ms: int = 0
    ) -> AsyncIterator[Self]:
        """Through SASL, open and begin."""
        client = cls(*await asyncio.open_connection("127.0.0.1", port))
        try:
            await client.shake_hands()
            client.send(
                Open(container_id="t", max_frame_size=max_frame_size, idle_timeout=idle_ms), on=0
            )
            client.send(Begin(next_outgoing_id=0, incoming_window=window, outgoing_window=1000))
            await client.expect(Open)
            await client.expect(Begin)
            yield client
        finally:
            client.writer.transport.abort()

    @classmethod
    @asynccontextmanager
    async def authorized(cls, port: int, *, window: int = 1000) -> AsyncIterator[Self]:
        """Connected, with a token put."""
        async with cls.connected(port, window=window) as client:
            await client.open_requests("$cbs")
            await client.ask(request("put", {"operation": "put-token"}, "SharedAccessSignature x"))
            yield client

    async def shake_hands(self) -> None:
        self.writer.write(SASL_HEADER)
        assert await self.reader.readexactly(8) == SASL_HEADER
        await self.receive()
        self.writer.write(frame(0, SaslInit(mechanism=Symbol("ANONYMOUS")), kind=SASL_FRAME))
        outcome = await self.expect(SaslOutcome)
        assert outcome.code == 0
        self.writer.write(AMQP_HEADER)
        assert await self.reader.readexactly(8) == AMQP_HEADER

    def send(self, performative: Performative, payload: bytes = b"", on: int = CHANNEL) -> None:
        self.writer.write(frame(on, performative, payload=payload))

    async def receive(self) -> tuple[Performative, bytes]:
        """The next frame that is not empty; ConnectionError at the end of the stream."""
        while True:
            body = await asyncio.wait_for(self._receive_raw(), REPLY_TIMEOUT_S)
            if body:
                performative, payload_at = decode_performative(body)
                return performative, body[payload_at:]

    async def expect(self, kind: type[Kind]) -> Kind:
        """The next frame of a kind; flows and dispositions before it are passed over."""
        while True:
            performative, _ = await self.receive()
            if isinstance(performative, kind):
                return performative
            assert isinstance(performative, Flow | Disposition), performative

    async def message(self) -> tuple[Transfer, bytes]:
        """The next delivery, put together from its frames: the first frame and the message."""
        first, message = None, b""
        while True:
            performative, payload = await self.receive()
            if not isinstance(performative, Transfer):
                assert isinstance(performative, Flow | Disposition), performative
                continue
            first = first or performative
            message += payload
            if not performative.more:
                return first, message

    async def bodies(self, count: int) -> list[bytes]:
        """The bodies of the next deliveries."""
        found = []
        for _ in range(count):
            _, message = await self.message()
            body = decoded_sections(message)[DATA]
            assert isinstance(body, bytes)
            found.append(body)
        return found

    async def open_requests(self, address: str, *, handle: int = 10) -> None:
        """A sender of requests on a handle, and a receiver of answers on the next one."""
        self.send(Attach(name="out", handle=handle, role=False, target=target(address)))
        self.send(Attach(name="in", handle=handle + 1, role=True, source=source(address)))
        await self.expect(Attach)
        await self.expect(Attach)
        self.credit(handle + 1, 100)

    async def ask(self, message: bytes, *, handle: int = 10) -> dict[int, object]:
        """The sections of an answer."""
        self.transfer(handle, message)
        _, answer = await self.message()
        return decoded_sections(answer)

    def transfer(self, handle: int, message: bytes, *, message_format: int = 0) -> int:
        """Send a delivery in one frame; its id."""
        delivery_id = self._next_delivery_id
        self._next_delivery_id += 1
        self.send(
            Transfer(
                handle=handle,
                delivery_id=delivery_id,
                delivery_tag=delivery_id.to_bytes(4, "big"),
                message_format=message_format,
                settled=False,
                more=False,
            ),
            message,
        )
        return delivery_id

    async def attach_sender(self, address: str = "h", *, handle: int = 0) -> Attach:
        self.send(Attach(name=f"s{handle}", handle=handle, role=False, target=target(address)))
        return await self.expect(Attach)

    async def attach_receiver(
        self,
        address: str = GROUP,
        *,
        handle: int = 1,
        selector: str | None = "offset > '-1'",
        epoch: int | None = None,
        credit: int = 100,
    ) -> Attach:
        """Attach and, where accepted, grant credit."""
        properties: dict[object, object] | None = None
        if epoch is not None:
            properties = {Symbol("com.microsoft:epoch"): epoch}
        self.send(
            Attach(
                name=f"r{handle}",
                handle=handle,
                role=True,
                source=source(address, selector),
                properties=properties,
            )
        )
        answer = await self.expect(Attach)
        if answer.source is not None:
            self.credit(handle, credit)
        return answer

    def credit(self, handle: int, credit: int, *, seen: int = 0, window: int = 1000) -> None:
        """Grant credit, as of `seen` deliveries; the window counts from the first transfer."""
        self.send(
            Flow(
                next_incoming_id=0,
                incoming_window=window,
                next_outgoing_id=0,
                outgoing_window=1000,
                handle=handle,
                delivery_count=UInt(seen),
                link_credit=credit,
            )
        )

    async def publish(self, *bodies: bytes, handle: int = 0) -> Disposition:
        """Send a batch and wait for its outcome."""
        self.transfer(handle, batch(*bodies), message_format=BATCH_FORMAT)
        return await self.expect(Disposition)

    async def ended(self) -> type[ConnectionError] | None:
        """Read to the end of the stream: the error it ends with, None where it ends in order."""
        try:
            while await asyncio.wait_for(self.reader.read(65_536), REPLY_TIMEOUT_S):
                pass
        except ConnectionResetError as error:
            return type(error)
        return None

    async def silent_for(self, seconds: float) -> bool:
        """Whether nothing comes; what came is lost."""
        try:
            await asyncio.wait_for(self.reader.read(1), seconds)
        except TimeoutError:
            return True
        return False

    async def _receive_raw(self) -> bytes:
        head = await self.reader.readexactly(8)
        size = int.from_bytes(head[:4], "big")
        body = await self.reader.readexactly(size - 8)
        if head + body != EMPTY_FRAME:
            self.raw.append(body)
        return body


def conditions(error: Described | None) -> str:
    """An error's condition."""
    assert error is not None
    assert isinstance(error.value, list)
    return str(error.value[0])


def field_count(body: bytes) -> int:
    """How many fields a performative has on the wire, trailing nulls included."""
    value, _ = decode(body)
    assert isinstance(value, Described)
    assert isinstance(value.value, list)
    return len(value.value)
