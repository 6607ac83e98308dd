"""The verb `watch`: what a job looks at once a day, as log lines that alerts can find.

It asks the same questions as `audit`, `completeness` and `check`, and judges what they answer.
"""

from collections.abc import AsyncIterator, Callable
from dataclasses import dataclass
from datetime import datetime

from consumers.log_actions import Action
from consumers.running.clients import Clients, open_clients
from consumers.settings import Settings
from consumers.verbs.check import price_ages
from consumers.verbs.completeness import CALLS_READ_MAX
from table_api.audit.last_audit import save_audit
from table_api.audit.ledger_audit import audit
from table_api.completeness.days import asked_days
from table_api.completeness.reads import CompletenessReads
from table_api.completeness.tallies import CallTally
from table_api.storage.timestamp import now_utc
from table_api.usage.cell_reads import LedgerReads
from telemetry.log import Log

GAPS = (
    CallTally.NO_USAGE,
    CallTally.UNATTRIBUTED,
    CallTally.UNPRICED,
    CallTally.DEAD_LETTERED,
)
"""Calls that somebody has to look at; those that failed have no usage rightly."""
PROBLEMS_SHOWN = 5

_log = Log("consumers")


@dataclass(frozen=True, slots=True)
class Seen:
    """What one of the questions found."""

    check: str
    """audit, completeness or prices."""
    ok: bool
    said: str


async def watch(
    settings: Settings, *, gap_percent_max: int, now: Callable[[], datetime] = now_utc
) -> int:
    """Log what is found. 1 when the ledger or the calls need somebody; old prices only warn."""
    failed = 0
    async with open_clients(settings) as clients:
        async for seen in _seen(settings, clients, gap_percent_max, now):
            if seen.ok:
                continue
            if seen.check == "prices":
                _log.warning(Action.WATCH_FOUND, seen.said, check=seen.check)
            else:
                failed += 1
                _log.error(Action.WATCH_FOUND, seen.said, check=seen.check)
    _log.info(Action.WATCH_DONE, "ledger, calls and prices were looked at", failed=failed)
    return 1 if failed else 0


async def _seen(
    settings: Settings, clients: Clients, gap_percent_max: int, now: Callable[[], datetime]
) -> AsyncIterator[Seen]:
    report = await audit(clients.tables, now=now())
    await save_audit(clients.tables, report)
    shown = report.render().splitlines()[: 1 + PROBLEMS_SHOWN]
    yield Seen("audit", report.ok, "; ".join(line.strip() for line in shown))
    reads = LedgerReads(clients.tables, now=now)
    yield await _completeness(settings, clients, reads, gap_percent_max, now())
    prices = price_ages(settings)
    if prices is not None:
        yield Seen("prices", not prices.warns, prices.said)


async def _completeness(
    settings: Settings, clients: Clients, reads: LedgerReads, gap_percent_max: int, now: datetime
) -> Seen:
    """Yesterday and today: calls without usage, caller or price, of all that were served."""
    meta = await reads.meta()
    days = asked_days(None, None, today=meta.calendar.day(now))
    reader = CompletenessReads(clients.tables, reads, settings.groups)
    totals = (await reader.read(days, calls_max=CALLS_READ_MAX)).report.totals.calls
    gaps = {tally: totals.get(tally, 0) for tally in GAPS}
    gaps[CallTally.NO_USAGE] -= totals.get(CallTally.FAILED, 0)
    served = totals.get(CallTally.GATEWAY_CALLS, 0) - totals.get(CallTally.REFUSED, 0)
    counts = ", ".join(f"{count} {tally.value}" for tally, count in gaps.items())
    ok = sum(gaps.values()) * 100 <= gap_percent_max * max(served, 1)
    return Seen("completeness", ok, f"of {served} calls since {days.start}: {counts}")
