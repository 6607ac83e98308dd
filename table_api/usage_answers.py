"""Usage, subjects and amounts as the API spells them. Pure."""

from collections.abc import Iterable, Mapping, Sequence

from pricing_rules.money import format_pico
from table_api import responses
from table_api.daily_usage import Totals
from table_api.meta import LedgerMeta
from table_api.periods import DayRange
from table_api.subjects import SubjectUsage
from table_api.usage_report import Dimension, UsageGroup


def billing_currency(meta: LedgerMeta) -> str | None:
    """The billing currency of a ledger of two currencies, else None."""
    settings = meta.settings
    return (
        settings.billing_currency
        if settings.billing_currency != settings.pricing_currency
        else None
    )


def head(meta: LedgerMeta, days: DayRange) -> dict[str, object]:
    """The fields of responses.Head."""
    fields: dict[str, object] = {
        "from": days.start,
        "to": days.stop,
        "zone": meta.settings.zone,
        "currency": meta.settings.pricing_currency,
    }
    if (billing := billing_currency(meta)) is not None:
        fields["billing_currency"] = billing
    return fields


def cost(amounts: Mapping[str, int], *, billed: bool) -> responses.Cost:
    """A cost from pico-units per layer; an absent layer is 0. `billed`: of two currencies."""
    layers = ("list", "contracted", "charge", "billed")[: 4 if billed else 3]
    return responses.Cost(**{layer: format_pico(amounts.get(layer, 0)) for layer in layers})


def totals(sums: Totals, *, billed: bool) -> dict[str, object]:
    """The fields of responses.Totals."""
    amounts = {
        "list": sums.list,
        "contracted": sums.contracted,
        "charge": sums.charge,
        "billed": sums.billed,
    }
    return {
        "calls": sums.calls,
        "errors": sums.errors,
        "unpriced_calls": sums.unpriced_calls,
        "no_usage_calls": sums.no_usage_calls,
        "units": sums.units,
        "cost": cost(amounts, billed=billed) if sums.cost_known else None,
    }


def usage_lines(
    groups: Iterable[UsageGroup], dimensions: Sequence[Dimension], *, billed: bool
) -> list[responses.UsageLine]:
    """The report's lines."""
    names = [dimension.value for dimension in dimensions]
    return [
        responses.UsageLine.model_validate(
            dict(zip(names, group.keys, strict=True)) | totals(group.totals, billed=billed)
        )
        for group in groups
    ]


def subject_line(usage: SubjectUsage, *, billed: bool) -> responses.SubjectLine:
    """One line of the list of subjects."""
    return responses.SubjectLine.model_validate(
        {
            "subject": usage.subject,
            "name": usage.name,
            "cost_centre": usage.cost_centre,
            "last_day": usage.last_day,
            **totals(usage.totals, billed=billed),
        }
    )
