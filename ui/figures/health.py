"""Whether metering is well: what is wrong now, in sentences, and how old its news is."""

from datetime import datetime, timedelta

from ui.api.usage_answers import DeadLetters, Metering
from ui.format import age, counted

AUDIT_OLD_AFTER = timedelta(days=2)
BEHIND_AFTER = timedelta(hours=1)
"""A hub without new events is looked at every 15 seconds too, so a consumer that works is never so
far behind.
"""


def open_letters(metering: Metering, letters: DeadLetters) -> str:
    """How many of both hubs are open: metering counts those of its own."""
    hubs = {row.hub for row in metering.partitions}
    others = sum(each.hub not in hubs for each in letters.data) if hubs else 0
    number = max(metering.dead_letters_open + others, len(letters.data))
    complete = metering.dead_letters_complete and letters.complete
    return f"{'' if complete else 'at least '}{number:,}"


def letters_words(number: str) -> str:
    """What `open_letters` says, with its noun."""
    return f"{number} {'dead letter' if number == '1' else 'dead letters'}"


def newest_event(metering: Metering) -> datetime | None:
    """When the newest event that was metered reached the event hub."""
    times = [row.enqueued_time for row in metering.partitions if row.enqueued_time is not None]
    return max(times, default=None)


def troubles(metering: Metering, letters: DeadLetters, *, now: datetime) -> list[str]:
    """What somebody has to look at; empty is well."""
    found = []
    if not metering.partitions:
        found.append("Metering has never run: start `chargeback consumer run`.")
    passed = metering.passed
    if passed is not None and now - passed > BEHIND_AFTER:
        found.append(
            "Metering is behind or has stopped: what reached the event hub up to "
            f"{age(passed, now)} is metered, and nothing later for certain. "
            "`chargeback consumer lag` shows where."
        )
    lost = sum(row.counts.get("lost", 0) for row in metering.partitions)
    if lost:
        found.append(f"{counted(lost, 'event')} lost before metering read them.")
    audit = metering.audit
    if audit is None:
        found.append("No audit has run yet.")
    elif not audit.ok:
        found.append(f"The last audit found {counted(len(audit.problems), 'problem')}.")
    elif now - audit.at > AUDIT_OLD_AFTER:
        found.append(f"The last audit was {age(audit.at, now)}.")
    number = open_letters(metering, letters)
    if number != "0":
        found.append(f"{letters_words(number)} to look at.".capitalize())
    return found
