"""Whether anything is missing: one sentence about all calls of a range, and the same per hour."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime
from decimal import Decimal
from enum import StrEnum
from zoneinfo import ZoneInfo

from ui.api.completeness_answers import Completeness, HourLine, Sums
from ui.format import amount, counted


class Level(StrEnum):
    """What the verdict amounts to."""

    COMPLETE = "complete"
    OPEN = "open"
    UNKNOWN = "unknown"


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


def uncharged(sums: Sums) -> int:
    """Calls that no charge includes and that one could; no call is in two of these counts."""
    return sums.waiting + (sums.no_usage - sums.failed) + sums.pending + sums.unpriced


def verdict_of(answer: Completeness) -> Verdict:
    """The worst that can be said of the range."""
    sums = answer.totals
    open_calls = uncharged(sums)
    if answer.newest_diagnostics is None and not sums.logged:
        return Verdict(
            level=Level.UNKNOWN,
            sentence="**Nobody can say.** The gateway's log has never arrived, so a call whose "
            "event was lost is not found.",
        )
    if not open_calls and not sums.unattributed and not sums.dead_lettered:
        return Verdict(
            level=Level.COMPLETE,
            sentence=f"**No.** {_all(sums.gateway_calls)} in the ledger: what was served has "
            "tokens and a price, what was refused or failed is not charged.",
        )
    return Verdict(level=Level.OPEN, sentence=_open(answer, open_calls))


def _all(calls: int) -> str:
    return "The only call is" if calls == 1 else f"All {calls:,} calls are"


def _open(answer: Completeness, open_calls: int) -> str:
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
    return " ".join(said)


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
    found: dict[tuple[date, int], tuple[int, int]] = {}
    for line in lines:
        local: datetime = line.hour.astimezone(ZoneInfo(zone))
        calls, missing = found.get((local.date(), local.hour), (0, 0))
        key = (local.date(), local.hour)
        found[key] = (calls + line.gateway_calls, missing + uncharged(line))
    return [
        HourOfDay(day=day, hour=hour, calls=calls, uncharged=missing)
        for (day, hour), (calls, missing) in sorted(found.items())
    ]
