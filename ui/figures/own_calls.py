"""The dearest of somebody's calls."""

from collections.abc import Sequence

from ui.api.usage_answers import Call, Calls
from ui.format import counted, day

SHOWN_MAX = 10


def dearest(calls: Sequence[Call]) -> list[Call]:
    """The dearest first; calls without a cost are left out, as nobody knows how dear they are."""
    priced = [(call.cost.charge, call) for call in calls if call.cost]
    return [call for _, call in sorted(priced, key=lambda pair: -pair[0])[:SHOWN_MAX]]


def title(calls: Calls) -> str:
    """Of all calls only where all of them were looked at."""
    if calls.page.next_cursor:
        return f"The dearest of my newest {len(calls.data):,} calls"
    return "My dearest calls"


def searched(calls: Calls) -> str:
    """Among which calls the dearest were looked for: never more than the API gave."""
    if calls.page.next_cursor:
        first = min(call.day for call in calls.data)
        return (
            f"The dearest of your newest {len(calls.data):,} calls of these days, back to "
            f"{day(first)}: those before are not looked at."
        )
    return f"The dearest of your {counted(len(calls.data), 'call')} of these days."
