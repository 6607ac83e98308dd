"""UsageEvents that a replay brings of calls long decided: kept in few rows, looked up in few reads.

Of two that keep something about one call and then look for the other's, one at least sees both: so
this writes first and reads then, and so does whoever keeps or decides something about an old call.
"""

from collections.abc import Collection, Mapping, Sequence
from datetime import datetime, timedelta

from pricing_rules.types import REFUSED_STATUS
from table_api.open_calls.facts import EventReport
from table_api.open_calls.known_reports import known_reports
from table_api.open_calls.packed_facts import PACKED_AFTER
from table_api.open_calls.table import Arrival, OpenCalls

SWEPT_BEFORE = timedelta(hours=1)
"""The sweeper has looked at both halves of a call, whose times may differ, so long before."""


async def packed_before(calls: OpenCalls, now: datetime) -> datetime | None:
    """Facts of earlier calls may be packed: no sweeper and no reader that lags behind has to find
    them in the index. None while no sweeper has passed anything.
    """
    swept = await calls.swept()
    return None if swept is None else min(swept - SWEPT_BEFORE, now - PACKED_AFTER)


def report_to_pack(arrival: Arrival, before: datetime) -> EventReport | None:
    """What has arrived, if its call is metered by it whatever the gateway's log says of it."""
    fact = arrival.fact
    if not isinstance(fact, EventReport) or not fact.metered or fact.time >= before:
        return None
    if fact.identity.background:
        return None  # what it says goes to the rows of its answer too
    return None if fact.identity.status in REFUSED_STATUS else fact


async def keep_replayed(
    calls: OpenCalls, arrivals: Sequence[Arrival], posted: Collection[str], *, now: datetime
) -> list[Arrival]:
    """Keep in few rows what can be kept so; what is left to be kept and settled one by one.

    `posted` are the calls that metering has just posted: most of these are unknown here, and most
    of the others are known. A crash between two steps: the events come again, and end alike.
    """
    before = await packed_before(calls, now)
    if before is None:
        return list(arrivals)
    reports: dict[str, EventReport] = {}
    left, odd = [], set()
    for arrival in arrivals:
        report = report_to_pack(arrival, before)
        if report is None:
            left.append(arrival)
        elif reports.setdefault(arrival.call_id, report) != report:
            odd.add(arrival.call_id)
    odd |= await _keep_packed(calls, reports, posted)
    return left + [each for each in arrivals if each.call_id in odd]


async def _keep_packed(
    calls: OpenCalls, reports: Mapping[str, EventReport], posted: Collection[str]
) -> set[str]:
    """The ids of calls that something else may have counted."""
    # 1. Facts of calls that are new to the ledger. 2. A look at all of them.
    new = {call_id: report for call_id, report in reports.items() if call_id in posted}
    names = await calls.packed.add(new.items())
    found = await known_reports(calls, reports, but=names)
    # 3. Facts that are missing although the ledger has the call, and a look at these.
    missing = {
        call_id: report
        for call_id, report in reports.items()
        if call_id not in new and call_id not in found.known
    }
    if not missing:
        return found.odd
    names |= await calls.packed.add(missing.items())
    again = await known_reports(calls, missing, but=names)
    return found.odd | again.odd
