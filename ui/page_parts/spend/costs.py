"""What the API says of the costs of groups in two periods."""

from dataclasses import dataclass, replace
from datetime import datetime

import streamlit as st

from ui.api.client import Group, Only
from ui.api.connection import api, now
from ui.api.errors import UiError
from ui.api.usage_answers import Usage
from ui.period import Period

SPLIT_BY_MODEL: Group = "cost_centre"
"""Groups whose reasons of change need their models; one more question for each of two periods."""
SPLIT_GROUPS_MAX = 400
"""Of both periods together. An answer with the models of more groups may be refused as too long."""

_READ = "costs that were read once"


@dataclass(frozen=True, slots=True, kw_only=True)
class Costs:
    """The groups of the days shown and of those that they are compared with."""

    by: Group
    only: Only
    now: Usage
    then: Usage
    by_day: Usage
    """Those of the days shown, by day."""
    by_model: tuple[Usage, Usage] | None
    """Now and then by group and model, where that says more about the reasons of changes."""
    read_at: datetime | None = None
    """When they were read, where they are not read again by themselves."""


def costs_of(period: Period, compared: Period, only: Only, *, by: Group) -> Costs | None:
    """None where there are no calls in either period."""
    usage = api().usage(period, by, only=only)
    then = api().usage(compared, by, only=only)
    if not usage.data and not then.data:
        return None
    by_model = None
    if by == SPLIT_BY_MODEL and len(usage.data) + len(then.data) <= SPLIT_GROUPS_MAX:
        by_model = (
            api().usage(period, by, "model", only=only),
            api().usage(compared, by, "model", only=only),
        )
    by_day = api().usage(period, "day", by, only=only)
    return Costs(by=by, only=only, now=usage, then=then, by_day=by_day, by_model=by_model)


def costs_read_once(period: Period, compared: Period, only: Only, *, by: Group) -> Costs | None:
    """The same, asked for once until the whole page is drawn again; so is why it has no answer."""
    question = (period, compared, only, by)
    kept = st.session_state.get(_READ)
    if kept is None or kept[0] != question:
        answer: Costs | UiError | None
        try:
            answer = costs_of(period, compared, only, by=by)
            answer = answer and replace(answer, read_at=now())
        except UiError as error:
            answer = error
        kept = st.session_state[_READ] = (question, answer)
    if isinstance(kept[1], UiError):
        raise kept[1]
    found: Costs | None = kept[1]
    return found


def forget_costs() -> None:
    """The whole page is drawn again: the next question is asked."""
    st.session_state.pop(_READ, None)
