"""Whether anything is missing: one sentence about all calls of a range, and the same per hour."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from decimal import Decimal
from enum import StrEnum
from zoneinfo import ZoneInfo

from ui.api.completeness_answers import Completeness, HourLine, Sums
from ui.format import amount, counted, escape, instant

HOUR = timedelta(hours=1)
LAG = HOUR
"""A call's record of the gateway's log usually arrives within it. Pairing waits as long."""


class Level(StrEnum):
    """What the verdict amounts to."""

    COMPLETE = "complete"
    OPEN = "open"
    UNKNOWN = "unknown"
    QUIET = "quiet"
    """No call came that could be missing."""
    SO_FAR = "so far"
    """Nothing is missing of what was compared, and the range's last hours are not compared yet."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Verdict:
    """The answer in one sentence, as Markdown."""

    level: Level
    sentence: str


@dataclass(frozen=True, slots=True, kw_only=True)
class HourOfDay:
    """All calls of one hour of the billing zone, and how many of them are not charged yet."""

    day: date
    hour: int
    calls: int
    uncharged: int
    unread: int = 0
    """Events that cannot be read, each perhaps a call."""
    of_nobody: int = 0
    """Calls without a caller; some may be uncharged too."""
    minute: int = 0
    """At which it begins: hours are those of UTC, and some zones are half an hour from these."""


def uncharged(sums: Sums) -> int:
    """Calls that no charge includes and that one could; no call is in two of these counts."""
    return sums.waiting + (sums.no_usage - sums.failed) + sums.pending + sums.unpriced


def verdict_of(answer: Completeness, *, now: datetime) -> Verdict:
    """The worst that can be said of the range. "No" needs calls that were all compared."""
    broken = _broken_log(answer)
    found = _open(answer, uncharged(answer.totals))
    doubts = _unchecked(answer)
    if broken:
        begin = [*found, "More may be missing."] if found else ["**Nobody can say.**"]
        return Verdict(level=Level.UNKNOWN, sentence=" ".join([*begin, broken, *doubts]))
    if found or doubts:
        return Verdict(level=Level.OPEN, sentence=" ".join([*found, *doubts]))
    if not answer.totals.gateway_calls:
        return Verdict(level=Level.QUIET, sentence="No call in these days by either path.")
    return _complete(answer, now)


def _complete(answer: Completeness, now: datetime) -> Verdict:
    said = (
        f"{_all(answer.totals.gateway_calls)} in the ledger: what was served has tokens and a "
        "price, what was refused or failed is not charged."
    )
    newest = _newest(answer)
    if newest is not None and newest + LAG < min(now, _end(answer)):
        quiet = f"Neither path has reported anything after {escape(instant(newest, answer.zone))}."
        return Verdict(level=Level.SO_FAR, sentence=f"**Not up to then.** {said} {quiet}")
    if fresh := _not_logged(answer):
        late = f"{counted(fresh, 'call')} of them may still arrive in the gateway's log."
        return Verdict(level=Level.SO_FAR, sentence=f"**Not so far.** {said} {late}")
    return Verdict(level=Level.COMPLETE, sentence=f"**No.** {said}")


def _newest(answer: Completeness) -> datetime | None:
    """How far the path was read that is further."""
    read = (answer.newest_usage_event, answer.newest_diagnostics)
    return max((time for time in read if time is not None), default=None)


def _log_read(answer: Completeness) -> datetime | None:
    """How far the log was read, at least; None where it never arrived."""
    logged = [line.hour + HOUR for line in answer.data if line.logged]
    return answer.newest_diagnostics or max(logged, default=None)


def _end(answer: Completeness) -> datetime:
    """The midnight at which the range ends."""
    return datetime.combine(answer.until, time.min, ZoneInfo(answer.zone))


def _broken_log(answer: Completeness) -> str:
    """Why no lost call of the range's end would be found; empty where the log has been read."""
    lost = "so a call whose event was lost is not found."
    log = _log_read(answer)
    if log is None:
        return f"The gateway's log has never arrived, {lost}"
    called = [line.hour for line in answer.data if line.gateway_calls]
    if answer.newest_usage_event is not None:
        called.append(min(answer.newest_usage_event, _end(answer)))
    if not called or max(called) <= log + LAG:
        return ""
    return (
        f"The gateway's log was read up to {escape(instant(log, answer.zone))} only, and calls "
        f"came later, {lost}"
    )


def _unchecked(answer: Completeness) -> list[str]:
    """What was not compared, each as a sentence."""
    said = []
    unread = answer.ledger_calls - answer.totals.posted
    if unread > 0:
        said.append(
            f"**{counted(unread, 'call')} of the ledger cannot be checked:** pairing has not read "
            "their events yet, or what was kept of them is deleted."
        )
    log = _log_read(answer)
    unlogged = 0 if log is None else _not_logged(answer, until=log - LAG)
    if unlogged:
        said.append(
            f"**{unlogged:,} of {counted(answer.totals.gateway_calls, 'call')} not in the "
            "gateway's log:** if the event of a call like these is lost, nothing finds it."
        )
    if not answer.dead_letters_complete:
        said.append("**Dead letters are counted in part:** there are too many.")
    return said


def _not_logged(answer: Completeness, *, until: datetime | None = None) -> int:
    """Calls that the log does not have, of all hours or of those that were over by `until`."""
    return sum(
        max(line.gateway_calls - line.logged, 0)
        for line in answer.data
        if until is None or line.hour + HOUR <= until
    )


def _all(calls: int) -> str:
    return "The only call is" if calls == 1 else f"All {calls:,} calls are"


def _open(answer: Completeness, open_calls: int) -> list[str]:
    """What is missing for certain, each as a sentence."""
    sums = answer.totals
    parts = [
        f"{count:,} {words}"
        for count, words in (
            (sums.waiting, "waiting"),
            (sums.no_usage - sums.failed, "without usage"),
            (sums.pending, "not finished"),
            (sums.unpriced, "without a price"),
        )
        if count
    ]
    said = []
    if open_calls:
        share = f"**Yes: {open_calls:,} of {counted(sums.gateway_calls, 'call')} not charged**"
        said.append(f"{share} ({', '.join(parts)}), {_worth(sums, answer.currency)}.")
    if sums.unattributed:
        value = amount(sums.unattributed_charge, answer.currency)
        said.append(f"{counted(sums.unattributed, 'call')} without a caller: {value} is nobody's.")
    if sums.dead_lettered:
        said.append(f"{counted(sums.dead_lettered, 'event')} that cannot be read.")
    return said


def _worth(sums: Sums, currency: str) -> str:
    """The estimates together; a kind that has calls and no estimate is said."""
    kinds = (
        (sums.waiting, sums.waiting_estimate),
        (sums.no_usage - sums.failed, sums.no_usage_estimate),
        (sums.pending, sums.pending_estimate),
        (sums.unpriced, sums.unpriced_estimate),
    )
    estimates = [estimate for calls, estimate in kinds if calls]
    known = [estimate for estimate in estimates if estimate is not None]
    if not known:
        return "and nobody knows what they are worth"
    more = " and more" if len(known) < len(estimates) else ""
    return f"worth about {amount(sum(known, Decimal(0)), currency)}{more}"


def hours_of(lines: Sequence[HourLine], zone: str) -> list[HourOfDay]:
    """The lines of all APIs and models added up by the hour as a clock of the zone shows it."""
    found: dict[tuple[date, int], HourOfDay] = {}
    for line in lines:
        local: datetime = line.hour.astimezone(ZoneInfo(zone))
        key = (local.date(), local.hour)
        so_far = found.get(key) or HourOfDay(day=key[0], hour=key[1], calls=0, uncharged=0)
        found[key] = HourOfDay(
            day=so_far.day,
            hour=so_far.hour,
            calls=so_far.calls + line.gateway_calls,
            uncharged=so_far.uncharged + uncharged(line),
            unread=so_far.unread + line.dead_lettered,
            of_nobody=so_far.of_nobody + line.unattributed,
            minute=local.minute,
        )
    return [found[key] for key in sorted(found)]
