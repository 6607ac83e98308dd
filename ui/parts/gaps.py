"""The gaps that completeness shows: how many calls, what they are worth, what to look at. Pure."""

from dataclasses import dataclass
from decimal import Decimal

from ui.api.completeness_answers import ModelLine, Sums
from ui.format import amount, minus

DEAD_CALLS_MIN = 10
"""If the log never counted a completion in this many calls, the model's telemetry does not work.
With fewer calls an answer may just have been empty."""
DEAD_PERCENT_MIN = 90
NO_VALUE = "—"


@dataclass(frozen=True, slots=True, kw_only=True)
class Gap:
    """One kind of gap over the whole range; docs/operations.md says more."""

    name: str
    calls: int
    value: str
    meaning: str


def gaps_of(sums: Sums, currency: str) -> list[Gap]:
    """The kinds of gaps that occur in the range."""
    every = (
        Gap(
            name="Usage event missing",
            calls=sums.gateway_calls - sums.usage_events - sums.refused_unreported,
            value=f"{amount(sums.recovered_charge, currency)} recovered",
            meaning="The gateway dropped them. Its log replaces them if it has caller and tokens.",
        ),
        Gap(
            name="Not in the gateway's log",
            calls=sums.gateway_calls - sums.logged,
            value=NO_VALUE,
            meaning="The diagnostic setting or its sampling omits them, so nothing checks them.",
        ),
        Gap(
            name="Waiting",
            calls=sums.waiting,
            value=_estimate(sums.waiting_estimate, currency),
            meaning="Half of the call may still arrive, or metering is behind.",
        ),
        Gap(
            name="No usage",
            calls=sums.no_usage - sums.failed,
            value=_estimate(sums.no_usage_estimate, currency),
            meaning="They were answered, and neither path reported their tokens.",
        ),
        Gap(
            name="Failed",
            calls=sums.failed,
            value="nothing is charged",
            meaning="They were answered with an error, and neither path reported tokens.",
        ),
        Gap(
            name="Not finished",
            calls=sums.pending,
            value=_estimate(sums.pending_estimate, currency),
            meaning="Made in the background; charged when somebody fetches the answer.",
        ),
        Gap(
            name="Unattributed",
            calls=sums.unattributed,
            value=f"{amount(sums.unattributed_charge, currency)} charged to nobody",
            meaning="Nobody named the caller: event and trace are both missing.",
        ),
        Gap(
            name="Unpriced",
            calls=sums.unpriced,
            value=_estimate(sums.unpriced_estimate, currency),
            meaning="The price book lacks a rule; the call's page shows the lines to add.",
        ),
        *_doubts(sums),
    )
    return [gap for gap in every if gap.calls]


def _doubts(sums: Sums) -> tuple[Gap, ...]:
    difference = sums.reported_tokens - sums.logged_tokens
    return (
        Gap(
            name="Dead-lettered",
            calls=sums.dead_lettered,
            value=NO_VALUE,
            meaning="Events that cannot be read, kept whole.",
        ),
        Gap(
            name="Tokens differ",
            calls=sums.mismatched,
            value=f"{minus(f'{difference:+,}')} tokens by the model's usage",
            meaning="The two paths counted differently; the model's own usage is charged.",
        ),
        Gap(
            name="Callers differ",
            calls=sums.two_callers,
            value=NO_VALUE,
            meaning="Usage event and trace name different callers; the usage event's is charged.",
        ),
        Gap(
            name="Without cache writes",
            calls=sums.without_cache_writes,
            value=NO_VALUE,
            meaning="Streamed calls of Anthropic's models: their charge is too low by these.",
        ),
    )


def _estimate(value: Decimal | None, currency: str) -> str:
    return "not known" if value is None else f"estimate {amount(value, currency)}"


def dead_models(models: list[ModelLine]) -> list[ModelLine]:
    """Models of which nearly no logged call has a completion token."""
    return [
        each
        for each in models
        if each.counted >= DEAD_CALLS_MIN
        and each.zero_completions * 100 >= each.counted * DEAD_PERCENT_MIN
    ]
