"""Values of filters that somebody has. To who sees a share only, any other has no calls.

A value that nobody has is refused with the nearest one: an empty answer to a mistyped name would
look like no usage.
"""

from collections.abc import Iterable, Mapping
from datetime import timedelta
from difflib import get_close_matches

from table_api.errors import TooManyCells
from table_api.http_api.access.question import Asking, Question
from table_api.http_api.conventions.problems import refused_parameter
from table_api.ledger.day_range import DayRange
from table_api.monthly.reads import MonthlyReads
from table_api.owners.share import Everything
from table_api.people.cost_centres import cost_centres, nobody_has
from table_api.prices.price_list import PriceList
from table_api.usage.daily_usage import DailyUsage

DAYS_LOOKED_BACK = 400


def check_cost_centre(question: Question, cells: Iterable[DailyUsage], wanted: str | None) -> None:
    """Refused when nobody has it, by the people or by the cells."""
    if not wanted or not isinstance(question.sight, Everything):
        return
    known = cost_centres(question.people)
    if wanted in known or any(
        question.cost_centre(cell.subject, cell.day) == wanted for cell in cells
    ):
        return
    raise refused_parameter("cost_centre", wanted, nobody_has(wanted, known))


async def check_model(
    asking: Asking, question: Question, cells: Iterable[DailyUsage], wanted: str | None
) -> None:
    """Refused when no call and no price has this model; the cells are asked first."""
    if not wanted or not isinstance(question.sight, Everything):
        return
    if any(cell.model == wanted for cell in cells):
        return
    used = await _models_used(asking, question)
    prices = await PriceList(asking.api.storage).prices()
    priced = {name for price in prices for name in price.matches.get("model", ())}
    if used is None or wanted in used | priced:
        return
    _refuse("model", wanted, "no call has this model", {name: name for name in used | priced})


async def check_subject(asking: Asking, question: Question, wanted: str | None) -> None:
    """Refused when neither the people nor the ledger's last months know the subject."""
    if not wanted or not isinstance(question.sight, Everything):
        return
    if wanted in question.people or await asking.api.reads.knows(wanted, question.today):
        return
    shown = {person.subject: person.subject for person in question.people}
    for person in question.people:
        if person.display_name:
            shown.setdefault(person.display_name, f"{person.subject} ({person.display_name})")
    _refuse("subject", wanted, "nobody has this subject", shown)


async def _models_used(asking: Asking, question: Question) -> set[str] | None:
    """Those of the last months; None where that is too much to read."""
    stop = max(question.days.stop, question.today + timedelta(days=1))
    days = DayRange(stop - timedelta(days=DAYS_LOOKED_BACK), stop)
    try:
        if question.meta.has_monthly:
            monthly = MonthlyReads(asking.api.storage)
            cells = await monthly.usage(days, by_subject=False, by_model=True, by_day=False)
        else:
            cells = await asking.api.reads.usage(days)
    except TooManyCells:
        return None
    return {cell.model for cell in cells}


def _refuse(field: str, wanted: str, why: str, shown: Mapping[str, str]) -> None:
    spelt = {name.casefold(): name for name in sorted(shown)}
    near = [shown[spelt[name]] for name in get_close_matches(wanted.casefold(), spelt, n=1)]
    hint = f"; the nearest is {near[0]!r}" if near else ""
    raise refused_parameter(field, wanted, f"{why}{hint}")
