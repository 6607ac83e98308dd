"""Where the pages are and what their URLs carry: always ids, never positions or names."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import date
from typing import NoReturn

import streamlit as st

from ui.errors import AddressIncomplete
from ui.format import escape
from ui.period import Period, address_of

OVERVIEW = "app_pages/overview.py"
SUBJECT = "app_pages/subject.py"
DAY = "app_pages/day.py"
CALL = "app_pages/call.py"


@dataclass(frozen=True, slots=True, kw_only=True)
class Step:
    """One link on the way back from a detail page."""

    page: str
    label: str
    parameters: dict[str, str] = field(default_factory=dict)


def overview(period: Period, today: date) -> Step:
    return Step(page=OVERVIEW, label="Overview", parameters=address_of(period, today=today))


def subject(subject: str, name: str | None, period: Period, today: date) -> Step:
    return Step(
        page=SUBJECT,
        label=name or subject,
        parameters={"subject": subject, **address_of(period, today=today)},
    )


def day(subject: str, day: date, label: str) -> Step:
    return Step(page=DAY, label=label, parameters={"subject": subject, "day": day.isoformat()})


def call(call: str) -> Step:
    return Step(page=CALL, label="Call", parameters={"call": call})


def open_step(step: Step) -> NoReturn:
    st.switch_page(step.page, query_params=step.parameters)


def breadcrumbs(steps: Sequence[Step]) -> None:
    """The way back, each step a link of its own."""
    with st.container(horizontal=True, gap="small"):
        for step in steps:
            st.page_link(
                step.page,
                label=escape(step.label),
                icon=":material/chevron_left:",
                query_params=step.parameters,
            )


def id_in_url(parameter: str) -> str:
    """The id that this page is about."""
    value = st.query_params.get(parameter, "")
    if not value:
        raise AddressIncomplete(
            f"The address of this page has no {parameter!r}: open it from the overview"
        )
    return value


def day_in_url() -> date:
    text = id_in_url("day")
    try:
        return date.fromisoformat(text)
    except ValueError:
        raise AddressIncomplete(f"day={text!r} in the address: expected YYYY-MM-DD") from None
