"""Request and response links of `$cbs` and `$management`: finding where an answer goes."""

from collections import deque

from local_stack.broker.amqp.encode import described, encode
from local_stack.broker.amqp.messages import (
    APPLICATION_PROPERTIES,
    PROPERTIES,
    VALUE,
    decoded_sections,
)
from local_stack.broker.amqp.performatives import Attach, Transfer
from local_stack.broker.errors import DecodeError
from local_stack.broker.serving.cbs import CBS, put_token
from local_stack.broker.serving.links import MESSAGE_BYTES_MAX, IncomingLink, OutgoingLink
from local_stack.broker.serving.management import manage
from local_stack.broker.serving.peer import OwningSession
from local_stack.broker.serving.responses import Request, Response

REQUEST_CREDIT = 100
RESPONSES_WAITING_MAX = 100
"""Answers kept for a client that grants no credit; the oldest go first."""


class ResponseLink(OutgoingLink):
    """A client's receiver of answers."""

    def __init__(self, session: OwningSession, attach: Attach, *, address: str) -> None:
        super().__init__(session, attach, address=address)
        self.reply_to = _target_address(attach)
        self._waiting: deque[bytes] = deque(maxlen=RESPONSES_WAITING_MAX)

    def answer(self, message: bytes) -> None:
        self._waiting.append(message)
        self.pump()

    def pump(self) -> None:
        while self._waiting and self.credit and not self.session.blocked:
            self.send_message(self._waiting.popleft(), self.session.connection.peer_frame_bytes_max)


class RequestLink(IncomingLink):
    """A client's sender of requests."""

    def __init__(self, session: OwningSession, attach: Attach, *, address: str) -> None:
        super().__init__(session, attach, address=address)
        self._parts: list[bytes] = []

    def accept(self) -> None:
        super().accept()
        self.grant(REQUEST_CREDIT)

    def on_transfer(self, transfer: Transfer, payload: bytes) -> None:
        self._parts.append(payload)
        if sum(map(len, self._parts)) > MESSAGE_BYTES_MAX:
            self.refuse("amqp:link:message-size-exceeded", "a request of more than 1 MiB")
            return
        if transfer.more:
            return
        message, self._parts = b"".join(self._parts), []
        self.count_delivery()
        self.grant(REQUEST_CREDIT)
        self._serve(transfer, message)

    def _serve(self, transfer: Transfer, message: bytes) -> None:
        try:
            request = _request(message)
        except DecodeError as error:
            self.settle(transfer, error)
            return
        self.settle(transfer, None)
        serve = put_token if self.address == CBS else manage
        response = serve(request, self.session.connection)
        link = self._response_link(request.reply_to)
        if response is not None and link is not None:
            link.answer(_encoded(request, response))

    def _response_link(self, reply_to: str | None) -> ResponseLink | None:
        """The one the request names, else that of its session: Python's client names none."""
        links = [
            link
            for link in self.session.connection.links()
            if isinstance(link, ResponseLink) and link.address == self.address
        ]
        named = [link for link in links if reply_to is not None and link.reply_to == reply_to]
        own = [link for link in links if link.session is self.session]
        return next(iter(named + own), None)


def _target_address(attach: Attach) -> str | None:
    fields = attach.target.value if attach.target is not None else None
    address = fields[0] if isinstance(fields, list) and fields else None
    return address if isinstance(address, str) else None


def _request(message: bytes) -> Request:
    found = decoded_sections(message)
    properties = found.get(PROPERTIES)
    application = found.get(APPLICATION_PROPERTIES)
    fields = properties if isinstance(properties, list) else []
    reply_to = fields[4] if len(fields) > 4 else None
    return Request(
        message_id=fields[0] if fields else None,
        reply_to=reply_to if isinstance(reply_to, str) else None,
        properties=application if isinstance(application, dict) else {},
        body=found.get(VALUE),
    )


def _encoded(request: Request, response: Response) -> bytes:
    """The correlation id goes back with the very type the message id had."""
    fields: list[object] = [None] * 13
    fields[5] = request.message_id
    return (
        described(PROPERTIES, encode(fields))
        + described(APPLICATION_PROPERTIES, encode(response.properties))
        + described(VALUE, encode(response.body))
    )
