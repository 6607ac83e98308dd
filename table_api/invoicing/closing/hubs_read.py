"""Whether both hubs were read past a month's end and their calls settled, by what their readers
left in storage.

Nothing here asks a hub. Where nothing shows that a partition was read, it counts as not read: a
month without evidence is not closed.
"""

from collections.abc import Awaitable, Callable, Sequence
from datetime import datetime, timedelta

from table_api.consumer_state.groups import ConsumerGroup, Groups
from table_api.consumer_state.progress import Progress, ProgressTable
from table_api.open_calls.settled import Settled, UnsettledCall
from table_api.open_calls.table import OpenCalls
from table_api.storage.table_storage import TableStorage

LATE_AFTER = timedelta(hours=1)
"""How long after its call an event may reach a hub, where pairing does not say its timeout."""
PARTITIONS_NAMED_MAX = 8
CALLS_NAMED_MAX = 8

UnreadOf = Callable[[datetime, datetime], Awaitable[list[str]]]
"""Why the calls of a month that begins and ends (exclusive) at these instants may not all be in the
ledger, a line per reader; empty when the evidence is complete."""


def late_by(settled: Settled | None) -> timedelta:
    """How long after a call its events may still reach a hub."""
    return LATE_AFTER if settled is None else settled.timeout


def unread_hubs(storage: TableStorage, groups: Groups, *, without_pairing: bool) -> UnreadOf:
    """Reads the evidence. `without_pairing` asks for none of pairing, where it never ran."""

    async def unread(start: datetime, stop: datetime) -> list[str]:
        table, settled = ProgressTable(storage), await OpenCalls(storage).settled()
        pairing = [
            (group, await table.of_group(group.hub, group.group))
            for group in (groups.pairing_usage, groups.pairing_diagnostics)
        ]
        metering = await table.of_group(groups.metering.hub, groups.metering.group)
        past = stop + late_by(settled)
        found: list[str] = []
        if settled is not None or any(rows for _, rows in pairing) or not without_pairing:
            for group, rows in pairing:
                found += not_past(group, rows, past, verb="pair")
            if settled is None or settled.before < stop:
                until = "none yet" if settled is None else f"those before {_text(settled.before)}"
                found.append(
                    f"pairing has to settle the calls up to {_text(stop)}, it settled {until}"
                )
        unsettled = await OpenCalls(storage).unsettled.between(start, stop)
        found += not_settled(unsettled)
        # What pairing published when it settled the month's last calls is metering's to read too.
        past = past if settled is None else max(past, settled.at)
        return not_past(groups.metering, metering, past, verb="run") + found

    return unread


def not_settled(calls: Sequence[UnsettledCall]) -> list[str]:
    """What names the calls that pairing could not settle. Pure."""
    if not calls:
        return []
    named = [f"{each.call_id} of about {_text(each.until)}" for each in calls[:CALLS_NAMED_MAX]]
    if len(calls) > len(named):
        named.append(f"and {len(calls) - len(named)} more")
    return [f"pairing could not settle {len(calls)} calls: {', '.join(named)}"]


def not_past(
    group: ConsumerGroup, rows: Sequence[Progress], past: datetime, *, verb: str
) -> list[str]:
    """What shows that a group has not read all partitions of its hub up to `past`. Pure."""
    name = f"group {group.group} of {group.hub}"
    if not rows:
        return [f"{name} was never read: no `consumers {verb}` has run"]
    created_at = max(row.hub_created_at for row in rows)
    known = [row for row in rows if row.hub_created_at == created_at]
    count = max((row.partitions or 0 for row in known), default=0)
    if not count:
        return [f"{name} has not said yet how many partitions there are"]
    if len(known) < count:
        return [f"{name}: {len(known)} of {count} partitions were ever read"]
    behind = [(row.partition, row.passed) for row in known if not _is_past(row.passed, past)]
    if not behind:
        return []
    named = [f"partition {each} {_read_to(time)}" for each, time in behind[:PARTITIONS_NAMED_MAX]]
    if len(behind) > len(named):
        named.append(f"and {len(behind) - len(named)} more")
    return [f"{name} must be read up to {_text(past)}: {', '.join(named)}"]


def _is_past(time: datetime | None, past: datetime) -> bool:
    return time is not None and time >= past


def _read_to(time: datetime | None) -> str:
    return "is not known to be read" if time is None else f"is read up to {_text(time)}"


def _text(time: datetime) -> str:
    return f"{time:%Y-%m-%d %H:%M} UTC"
