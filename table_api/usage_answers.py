"""Usage, subjects and amounts as the API spells them. Pure."""

from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime

from pricing_rules.money import format_pico
from table_api import responses
from table_api.ledger.day_range import DayRange
from table_api.ledger.meta import LedgerMeta
from table_api.people.people import PeopleDirectory
from table_api.problems import refused_parameter
from table_api.queries import SubjectUsageQuery, UsageQuery
from table_api.scope import Scope
from table_api.usage.daily_usage import DailyUsage, Totals, sum_totals
from table_api.usage.grouping import Dimension, group_usage
from table_api.usage.subject_list import SubjectUsage

GROUPS_MAX = 20_000
"""Lines of one usage report: about 6 MB."""

Fields = dict[str, object]
"""Fields of a response model by their names in JSON and in its order: lists are written as they
are, since to validate what was just made takes longer than to make it. A test does.
"""


def usage(
    scope: Scope, cells: Sequence[DailyUsage], query: UsageQuery, newest: datetime | None
) -> Fields:
    """The answer of /v1/usage: responses.Usage."""
    cells = _filtered(cells, query, scope.people)
    return head(scope) | {"newest_call": newest} | _report(scope, cells, query)


def subject_usage(
    scope: Scope, cells: Sequence[DailyUsage], query: SubjectUsageQuery, subject: str
) -> Fields:
    """The answer of /v1/subjects/{subject}/usage: responses.SubjectUsage."""
    return head(scope) | who(scope, subject) | _report(scope, cells, query)


def subjects(
    scope: Scope, total: Totals, page: Iterable[SubjectUsage], page_info: Fields
) -> Fields:
    """The answer of /v1/subjects: responses.Subjects. The total is that of all that were found."""
    billed = billing_currency(scope.meta) is not None
    return head(scope) | {
        "data": [_subject_line(each, billed=billed) for each in page],
        "totals": _totals(total, billed=billed),
        "page": page_info,
    }


def billing_currency(meta: LedgerMeta) -> str | None:
    """The billing currency of a ledger of two currencies, else None."""
    settings = meta.settings
    billing = settings.billing_currency
    return billing if billing != settings.pricing_currency else None


def head(scope: Scope) -> Fields:
    """The fields of responses.Head."""
    return head_of(scope.meta, scope.days)


def head_of(meta: LedgerMeta, days: DayRange) -> Fields:
    """The same where nobody's names are asked for."""
    fields: Fields = {
        "from": days.start,
        "to": days.stop,
        "zone": meta.settings.zone,
        "currency": meta.settings.pricing_currency,
    }
    if (billing := billing_currency(meta)) is not None:
        fields["billing_currency"] = billing
    return fields


def who(scope: Scope, subject: str) -> Fields:
    """A subject with its name and cost centre as of today."""
    return {
        "subject": subject,
        "name": scope.people.name(subject, scope.today),
        "cost_centre": scope.people.cost_centre(subject, scope.today),
    }


def cost(amounts: Mapping[str, int], *, billed: bool) -> responses.Cost:
    """A cost from pico-units per layer; an absent layer is 0. `billed`: of two currencies."""
    layers = ("list", "contracted", "charge", "billed")[: 4 if billed else 3]
    return responses.Cost(**{layer: format_pico(amounts.get(layer, 0)) for layer in layers})


def _totals(sums: Totals, *, billed: bool) -> Fields:
    return {
        "calls": sums.calls,
        "errors": sums.errors,
        "unpriced_calls": sums.unpriced_calls,
        "no_usage_calls": sums.no_usage_calls,
        "units": sums.units,
        "cost": _cost(sums, billed=billed) if sums.cost_known else None,
    }


def _cost(sums: Totals, *, billed: bool) -> dict[str, str]:
    layers = {
        "list": format_pico(sums.list),
        "contracted": format_pico(sums.contracted),
        "charge": format_pico(sums.charge),
    }
    if billed:
        layers["billed"] = format_pico(sums.billed)
    return layers


def _subject_line(found: SubjectUsage, *, billed: bool) -> Fields:
    return _totals(found.totals, billed=billed) | {
        "subject": found.subject,
        "name": found.name,
        "cost_centre": found.cost_centre,
        "last_day": found.last_day,
    }


def _filtered(
    cells: Sequence[DailyUsage], query: UsageQuery, people: PeopleDirectory
) -> Sequence[DailyUsage]:
    if query.model is not None:
        cells = [cell for cell in cells if cell.model == query.model]
    if query.cost_centre is not None:
        wanted = query.cost_centre or None
        cells = [cell for cell in cells if people.cost_centre(cell.subject, cell.day) == wanted]
    return cells


def _report(
    scope: Scope, cells: Iterable[DailyUsage], query: UsageQuery | SubjectUsageQuery
) -> Fields:
    groups = group_usage(cells, query.dimensions, scope.people.cost_centre)
    if len(groups) > GROUPS_MAX:
        raise refused_parameter(
            "group_by", query.group_by, f"gives {len(groups)} lines, {GROUPS_MAX} are the limit"
        )
    # Whatever order was asked for, a line has its fields in that of responses.UsageLine.
    asked = query.dimensions
    names = [(each.value, asked.index(each)) for each in Dimension if each in asked]
    billed = billing_currency(scope.meta) is not None
    total = sum_totals(group.totals for group in groups)
    return {
        "data": [
            _totals(group.totals, billed=billed)
            | {name: group.keys[place] for name, place in names}
            for group in groups
        ],
        "totals": _totals(total, billed=billed),
    }
