"""What this process wrote of calls itself: enough to decide most of them without a read.

Each fact in it is stored already. Other processes may have stored more, so that a decision made
from it is refused where there is one already, and a call that stays open by it is looked up later.
Forgetting a call costs that look-up.
"""

from collections.abc import Iterable, Mapping
from datetime import datetime

import msgspec

from table_api.open_calls.decision import Decision
from table_api.open_calls.open_call import OpenCall
from table_api.open_calls.table import Arrival

CALLS_MAX = 20_000
"""The newest calls: about 60 MB."""


class HeardCalls:
    """Facts and published decisions of the newest calls, and which of them stayed open."""

    def __init__(self) -> None:
        self._calls: dict[str, OpenCall] = {}
        self._open: dict[str, datetime] = {}
        self._open_for_long: dict[str, datetime] = {}
        """Those that were open at the last look-up already."""

    def new(self, arrivals: Iterable[Arrival]) -> list[Arrival]:
        """Those that are not stored as they would be stored now."""
        return [each for each in arrivals if each.is_late or not self._has(each)]

    def _has(self, arrival: Arrival) -> bool:
        known = self._calls.get(arrival.call_id)
        return known is not None and arrival.fact in known.facts

    def keep(self, arrivals: Iterable[Arrival]) -> None:
        """Facts that are stored."""
        for arrival in arrivals:
            call_id, fact = arrival.call_id, arrival.fact
            known = self._calls.get(call_id)
            if known is None:
                self._calls[call_id] = OpenCall(call_id=call_id, facts=(fact,))
            elif fact not in known.facts:
                self._calls[call_id] = msgspec.structs.replace(known, facts=(*known.facts, fact))
        while len(self._calls) > CALLS_MAX:
            del self._calls[next(iter(self._calls))]

    def find(self, call_id: str) -> OpenCall | None:
        """None of a call that was forgotten, or that others alone have heard of."""
        return self._calls.get(call_id)

    def said(self, call: OpenCall, new: Decision | None) -> None:
        """All that is stored of a call, or all that was heard, and what was published of it now."""
        if call.call_id not in self._calls:
            return
        every = call.decisions if new is None else (*call.decisions, new)
        # Published once, the event is not needed any more: it is most of the memory.
        short = tuple(msgspec.structs.replace(each, event="") for each in every)
        done = frozenset(each.number for each in every)
        self._calls[call.call_id] = msgspec.structs.replace(call, decisions=short, done=done)

    def leave_open(self, calls: Mapping[str, datetime]) -> None:
        """Calls whose other half may have come to another process, with a time of each."""
        self._open.update(calls)
        while len(self._open) > CALLS_MAX:
            del self._open[next(iter(self._open))]

    def close(self, call_id: str) -> None:
        """A call of which all is said for now."""
        self._open.pop(call_id, None)
        self._open_for_long.pop(call_id, None)

    def open_for_long(self) -> dict[str, datetime]:
        """The calls that were left open before the last look-up, and are still open."""
        return dict(self._open_for_long)

    def looked_up(self, calls: Iterable[str]) -> None:
        """These were; the next look-up is of those that are open by now."""
        for call_id in calls:
            self._open_for_long.pop(call_id, None)
        self._open_for_long.update(self._open)
        self._open = {}
