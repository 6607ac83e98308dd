"""Values of filters that somebody has, as far as the caller may see.

A value that nobody has is refused with the nearest one: an empty answer to a mistyped name would
look like no usage. What the caller may not see is refused by the same words as what does not exist.
"""

from collections.abc import Iterable, Mapping
from dataclasses import replace
from datetime import timedelta
from difflib import get_close_matches

from pricing_rules.price_book.rate_card import CONTRACT
from table_api.errors import TooManyCells
from table_api.http_api.access.question import Asking, Question
from table_api.http_api.conventions.problems import refused_parameter
from table_api.http_api.visible.usage import everybodys_usage
from table_api.ledger.day_range import DayRange
from table_api.owners.share import Share
from table_api.people.cost_centres import cost_centres
from table_api.prices.price_list import PriceList
from table_api.usage.daily_usage import DailyUsage
from table_api.usage.grouping import Dimension

DAYS_LOOKED_BACK = 400


def check_cost_centre(question: Question, cells: Iterable[DailyUsage], wanted: str | None) -> None:
    """Refused when nobody has it, by the people or by the cells."""
    if not wanted:
        return
    known = cost_centres(question.people)
    if isinstance(question.sight, Share):
        known |= {each.name for each in question.sight.owned if each.subject is None}
    if wanted in known or any(
        question.cost_centre(cell.subject, cell.day) == wanted for cell in cells
    ):
        return
    who = _who(question, "nobody", "nobody whom you see")
    _refuse("cost_centre", wanted, f"{who} has this cost centre", {name: name for name in known})


async def check_model(
    asking: Asking, question: Question, cells: Iterable[DailyUsage], wanted: str | None
) -> None:
    """Refused when no call and no price has this model; the cells are asked first."""
    if not wanted or any(cell.model == wanted for cell in cells):
        return
    known = await priced_models(asking)
    if wanted in known:
        return
    used = await _models_used(asking, question)
    if used is None or wanted in used:
        return
    which = _who(question, "no call", "no call that you see")
    _refuse("model", wanted, f"{which} has this model", {name: name for name in used | known})


async def check_subject(asking: Asking, question: Question, wanted: str | None) -> None:
    """Refused when neither the people nor the ledger's last months know the subject."""
    if not wanted or wanted in question.people or wanted == asking.caller.subject:
        return
    sight = question.sight
    may_be_seen = not isinstance(sight, Share) or wanted in sight.subjects()
    if may_be_seen and await asking.api.reads.knows(wanted, question.today):
        return
    shown = {person.subject: person.subject for person in question.people}
    for person in question.people:
        if person.display_name:
            shown.setdefault(person.display_name, f"{person.subject} ({person.display_name})")
    who = _who(question, "nobody", "nobody whom you see")
    _refuse("subject", wanted, f"{who} has this subject", shown)


async def priced_models(asking: Asking) -> set[str]:
    """Those of the prices that the caller may see."""
    prices = await PriceList(asking.api.storage).prices()
    return {
        name
        for price in prices
        if asking.caller.sees_everybody or price.source != CONTRACT
        for name in price.matches.get("model", ())
    }


async def _models_used(asking: Asking, question: Question) -> set[str] | None:
    """Those of the last months that the caller sees; None where that is too much to read."""
    stop = max(question.days.stop, question.today + timedelta(days=1))
    days = DayRange(stop - timedelta(days=DAYS_LOOKED_BACK), stop)
    apart = Asking(api=asking.api, caller=asking.caller)  # the answer shows nothing of it
    then = replace(question, days=days, sight=await apart.sight(days))
    try:
        cells = await everybodys_usage(apart, then, {Dimension.MODEL})
    except TooManyCells:
        return None
    return {cell.model for cell in cells}


def _who(question: Question, everybody: str, share: str) -> str:
    return share if isinstance(question.sight, Share) else everybody


def _refuse(field: str, wanted: str, why: str, shown: Mapping[str, str]) -> None:
    spelt = {name.casefold(): name for name in sorted(shown)}
    near = [shown[spelt[name]] for name in get_close_matches(wanted.casefold(), spelt, n=1)]
    hint = f"; the nearest is {near[0]!r}" if near else ""
    raise refused_parameter(field, wanted, f"{why}{hint}")
