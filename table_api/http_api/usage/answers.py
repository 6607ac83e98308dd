"""Usage, subjects and amounts as the API spells them. Pure."""

from collections.abc import Iterable, Sequence
from datetime import datetime

from pricing_rules.money import format_pico
from table_api.http_api.access.question import Question, billing_currency, head, who
from table_api.http_api.conventions.models import Fields
from table_api.http_api.conventions.problems import refused_parameter
from table_api.http_api.usage.queries import SubjectUsageQuery, UsageQuery
from table_api.usage.daily_usage import DailyUsage, Totals, sum_totals
from table_api.usage.grouping import Dimension, UsageGroup, group_usage
from table_api.usage.subject_list import Gone, SubjectList, SubjectUsage

GROUPS_MAX = 20_000
"""Lines of one usage report: about 6 MB."""


def usage(
    question: Question, cells: Sequence[DailyUsage], query: UsageQuery, newest: datetime | None
) -> Fields:
    """The answer of /v1/usage: models.Usage."""
    cells = _filtered(cells, query, question)
    return head(question) | {"newest_call": newest} | _report(question, cells, query)


def subject_usage(
    question: Question, cells: Sequence[DailyUsage], query: SubjectUsageQuery, subject: str
) -> Fields:
    """The answer of /v1/subjects/{subject}/usage: models.SubjectUsage."""
    return head(question) | who(question, subject) | _report(question, cells, query)


def subjects(
    question: Question, found: SubjectList, page: Iterable[SubjectUsage], page_info: Fields
) -> Fields:
    """The answer of /v1/subjects: models.Subjects. The totals are those of all that were found."""
    billed = billing_currency(question.meta) is not None
    return head(question) | {
        "subjects": len(found),
        "data": [_subject_line(each, billed=billed) for each in page],
        "totals": _totals(found.totals(), billed=billed),
        **_gone(found.gone()),
        "page": page_info,
    }


def _gone(gone: Gone | None) -> Fields:
    if gone is None:
        return {}
    charge = None if gone.charge is None else format_pico(gone.charge)
    return {"gone": {"subjects": gone.subjects, "earlier_charge": charge}}


def _totals(sums: Totals, *, billed: bool) -> Fields:
    return {
        "calls": sums.calls,
        "errors": sums.errors,
        "unpriced_calls": sums.unpriced_calls,
        "no_usage_calls": sums.no_usage_calls,
        "excluding_calls": sums.excluding_calls,
        "pending_calls": sums.pending_calls,
        "failed_calls": sums.failed_calls,
        "units": sums.units,
        "cost": _cost(sums, billed=billed) if sums.cost_known else None,
    }


def _cost(sums: Totals, *, billed: bool) -> dict[str, str]:
    charge = format_pico(sums.charge)
    layers = {
        "list": charge if sums.list == sums.charge else format_pico(sums.list),
        "contracted": charge if sums.contracted == sums.charge else format_pico(sums.contracted),
        "charge": charge,
    }
    if billed:
        layers["billed"] = format_pico(sums.billed)
    return layers


def _subject_line(found: SubjectUsage, *, billed: bool) -> Fields:
    return (
        _totals(found.totals, billed=billed)
        | {
            "subject": found.subject,
            "name": found.name,
            "cost_centre": found.cost_centre,
            "first_day": found.first_day,
            "last_day": found.last_day,
            "active_days": found.active_days,
        }
        | _compared(found.earlier)
    )


def _compared(earlier: Totals | None) -> Fields:
    if earlier is None:
        return {}
    return {"earlier_charge": format_pico(earlier.charge) if earlier.cost_known else None}


def _filtered(
    cells: Sequence[DailyUsage], query: UsageQuery, question: Question
) -> Sequence[DailyUsage]:
    if query.model is not None:
        cells = [cell for cell in cells if cell.model == query.model]
    if query.cost_centre is not None:
        wanted = query.cost_centre or None
        cells = [cell for cell in cells if question.cost_centre(cell.subject, cell.day) == wanted]
    return cells


def _report(
    question: Question, cells: Iterable[DailyUsage], query: UsageQuery | SubjectUsageQuery
) -> Fields:
    groups = group_usage(cells, query.dimensions, question.cost_centre)
    if len(groups) > GROUPS_MAX:
        raise refused_parameter(
            "group_by", query.group_by, f"gives {len(groups)} lines, {GROUPS_MAX} are the limit"
        )
    # Whatever order was asked for, a line has its fields in that of models.UsageLine.
    asked = query.dimensions
    names = [(each.value, asked.index(each)) for each in Dimension if each in asked]
    named = asked.index(Dimension.SUBJECT) if Dimension.SUBJECT in asked else None
    billed = billing_currency(question.meta) is not None
    total = sum_totals(group.totals for group in groups)
    return {
        "data": [
            _totals(group.totals, billed=billed) | _keys(question, group, names, named)
            for group in groups
        ],
        "totals": _totals(total, billed=billed),
    }


def _keys(
    question: Question, group: UsageGroup, places: Sequence[tuple[str, int]], named: int | None
) -> Fields:
    """What a line is about; a subject with its name as of today."""
    keys: Fields = {}
    for name, place in places:
        keys[name] = group.keys[place]
        if place == named:
            keys["name"] = question.people.name(str(group.keys[place]), question.today)
    return keys
