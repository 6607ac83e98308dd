"""Completeness as the API spells it, which `python -m consumers completeness` prints too. Pure."""

from datetime import date, datetime

from pydantic import BaseModel, ConfigDict

from pricing_rules.money import format_pico
from table_api.completeness.days import asked_days
from table_api.completeness.meter import Sums
from table_api.completeness.reads import CompletenessReading
from table_api.completeness.tallies import CallTally, ChargeTally, TokenTally
from table_api.http_api.access.question import head_of
from table_api.http_api.conventions.models import Fields, Head, Money
from table_api.http_api.conventions.queries import RangeQuery, refused_days
from table_api.ledger.day_range import DayRange, UnusableDays
from table_api.ledger.meta import LedgerMeta


class CompletenessQuery(RangeQuery):
    """What each path missed in a few days: yesterday and today by default."""

    def days(self, today: date) -> DayRange:
        """The range meant; Refused when it is empty or too long."""
        try:
            named = self.named_days(today)
            start, stop = (named.start, named.stop) if named else (self.from_, self.to)
            return asked_days(start, stop, today=today)
        except UnusableDays as error:
            raise refused_days(error) from error


CHARGES_SHOWN = (ChargeTally.RECOVERED_CHARGE, ChargeTally.UNATTRIBUTED_CHARGE)
"""The other one, and the calls with a price, are only what the mean is made of."""


class CompletenessSums(BaseModel):
    """Counts of calls; docs/api.md says what each means."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    gateway_calls: int
    logged: int
    usage_events: int
    posted: int
    completed: int
    recovered: int
    pending: int
    cached: int
    no_usage: int
    failed: int
    unattributed: int
    unpriced: int
    without_cache_writes: int
    without_details: int
    without_modality: int
    without_tool_fees: int
    without_tier: int
    estimated_tokens: int
    alias_unconfirmed: int
    waiting: int
    waiting_failed: int
    refused: int
    refused_unreported: int
    dead_lettered: int
    compared: int
    mismatched: int
    two_callers: int
    reported_tokens: int
    logged_tokens: int
    counted: int
    zero_completions: int
    oldest_waiting: datetime | None
    recovered_charge: Money
    unattributed_charge: Money
    waiting_estimate: Money | None
    no_usage_estimate: Money | None
    pending_estimate: Money | None
    unpriced_estimate: Money | None
    unestimated: int


class CompletenessLine(CompletenessSums):
    """One hour of one model behind one API."""

    hour: datetime
    api: str | None
    model: str | None


class CompletenessModel(CompletenessSums):
    """One model over the whole range."""

    model: str | None


class Completeness(Head):
    """What each path missed."""

    ledger_calls: int
    facts_from: datetime | None
    newest_usage_event: datetime | None
    newest_diagnostics: datetime | None
    dead_letters_complete: bool
    data: list[CompletenessLine]
    models: list[CompletenessModel]
    totals: CompletenessSums
    unmetered: dict[str, int]


def completeness_answer(
    reading: CompletenessReading, meta: LedgerMeta, days: DayRange
) -> Completeness:
    """The answer of /v1/completeness."""
    report = reading.report
    return Completeness.model_validate(
        head_of(meta, days)
        | {
            "ledger_calls": reading.ledger_calls,
            "facts_from": reading.facts_from,
            "newest_usage_event": reading.newest_usage_event,
            "newest_diagnostics": reading.newest_diagnostics,
            "dead_letters_complete": reading.dead_letters_complete,
            "data": [
                {"hour": line.hour, "api": line.api, "model": line.model, **_sums(line.sums)}
                for line in report.lines
            ],
            "models": [{"model": model, **_sums(sums)} for model, sums in report.models.items()],
            "totals": _sums(report.totals),
            "unmetered": dict(report.unmetered),
        }
    )


def _sums(sums: Sums) -> Fields:
    fields: Fields = {
        tally.value: sums.calls.get(tally, 0)
        for tally in CallTally
        if tally is not CallTally.PRICED
    }
    fields |= {tally.value: sums.tokens.get(tally, 0) for tally in TokenTally}
    fields |= {tally.value: format_pico(sums.charges.get(tally, 0)) for tally in CHARGES_SHOWN}
    fields |= {
        f"{gap.value}_estimate": None if amount is None else format_pico(amount)
        for gap, amount in sums.estimates.items()
    }
    return fields | {"unestimated": sums.unestimated, "oldest_waiting": sums.oldest_waiting}
