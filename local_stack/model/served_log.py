"""What the stand-in has served, call by call: the truth that a ledger can be held against. It knows
nothing of gateways, events and prices."""

from collections import deque
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import msgspec

from local_stack.model.call import ModelCall

KEPT_MAX = 1_000_000


class ServedCall(msgspec.Struct, frozen=True, kw_only=True):
    """One answer that a provider would bill, or a failure that it may bill."""

    operation: str
    deployment: str
    """The one that answered."""
    asked_deployment: str
    model: str
    status: int
    stream: bool
    tier: str
    usage: Mapping[str, Any] | None
    tools: Mapping[str, int]
    session: str | None
    """The caller's x-session-id, as the gateway passed it on."""
    background: bool


class ServedLog:
    """Of one process. With a file, each call is a line of JSON in it."""

    def __init__(self, path: Path | None = None) -> None:
        self.calls: deque[ServedCall] = deque(maxlen=KEPT_MAX)
        self._file = None if path is None else path.open("ab", buffering=0)

    def add(self, call: ModelCall, status: int, usage: Mapping[str, Any] | None) -> None:
        served = ServedCall(
            operation=call.operation.value,
            deployment=call.behaviour.spillover or call.model,
            asked_deployment=call.model,
            model=call.answered_model,
            status=status,
            stream=call.stream,
            tier=call.tier,
            usage=usage,
            tools=call.behaviour.tools,
            session=call.session,
            background=call.request.get("background") is True,
        )
        self.calls.append(served)
        if self._file is not None:
            self._file.write(msgspec.json.encode(served) + b"\n")

    def close(self) -> None:
        if self._file is not None:
            self._file.close()
