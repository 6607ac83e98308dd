"""What is asked of `$cbs` and `$management`, and what they answer."""

from collections.abc import Mapping
from dataclasses import dataclass

from local_stack.broker.amqp.types import Int


@dataclass(frozen=True, slots=True, kw_only=True)
class Request:
    """A request message."""

    message_id: object
    """As the client typed it: ulong, uuid, binary or string."""
    reply_to: str | None
    properties: Mapping[object, object]
    """Its application properties."""
    body: object


@dataclass(frozen=True, slots=True, kw_only=True)
class Response:
    """An answer: a status as in HTTP, and a body where it is good."""

    status: int
    description: str
    body: object = None

    @property
    def properties(self) -> dict[object, object]:
        """Both spellings: Python's client reads the dashed one, the other is the older."""
        return {
            "status-code": Int(self.status),
            "status-description": self.description,
            "statusCode": Int(self.status),
            "statusDescription": self.description,
        }
