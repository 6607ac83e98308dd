"""Responses that are made in the background: queued at once, finished after some polls, and kept so
that anybody can fetch them again."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from local_stack.model import responses
from local_stack.model.call import ModelCall

KEPT_MAX = 10_000
_WITHOUT_USAGE = frozenset({"failed", "cancelled"})


@dataclass(slots=True, kw_only=True)
class _Kept:
    call: ModelCall
    polls: int
    """Fetches that are still answered with `in_progress`."""
    ends: str
    done: bool = False


class BackgroundResponses:
    """`finished` gets each answer once, when it is made."""

    def __init__(self, finished: Callable[[ModelCall, dict[str, Any]], None]) -> None:
        self._finished = finished
        self._kept: dict[str, _Kept] = {}

    def queue(self, call: ModelCall) -> dict[str, Any]:
        """The answer to the request: no output and no usage yet."""
        if len(self._kept) >= KEPT_MAX:
            del self._kept[next(iter(self._kept))]
        answer = {**responses.response(call, "queued"), "output": [], "usage": None}
        order = call.behaviour
        self._kept[answer["id"]] = _Kept(call=call, polls=order.polls, ends=order.ends)
        return answer

    def fetch(self, response_id: str) -> dict[str, Any] | None:
        """The answer as it is now; None where there is none of this id."""
        kept = self._kept.get(response_id)
        if kept is None:
            return None
        if kept.polls > 0:
            kept.polls -= 1
            running = responses.response(kept.call, "in_progress")
            return {**running, "output": [], "usage": None}
        return self._ended(kept)

    def cancel(self, response_id: str) -> dict[str, Any] | None:
        kept = self._kept.get(response_id)
        if kept is None:
            return None
        if not kept.done:
            kept.polls, kept.ends = 0, "cancelled"
        return self._ended(kept)

    def delete(self, response_id: str) -> bool:
        return self._kept.pop(response_id, None) is not None

    def call_of(self, response_id: str) -> ModelCall | None:
        """For a fetch that streams."""
        kept = self._kept.get(response_id)
        return None if kept is None else kept.call

    def _ended(self, kept: _Kept) -> dict[str, Any]:
        answer = {**responses.answer(kept.call), "status": kept.ends}
        if kept.ends in _WITHOUT_USAGE:
            answer |= {"output": [], "usage": None}
        if not kept.done:
            kept.done = True
            self._finished(kept.call, answer)
        return answer
