"""Widgets whose value is a URL parameter: drawn from the URL, and writing to it when changed."""

from collections.abc import Callable, Mapping
from datetime import date
from typing import TypeVar

import streamlit as st

from ui import address, chosen_values
from ui.address import Parameter
from ui.api.errors import AddressUnreadable
from ui.parts.unknown_word import Why, say_unknown
from ui.period import (
    DAYS_UP_TO_TODAY,
    FIRST_DAY,
    LAST_DAY,
    Compared,
    Period,
    Range,
    before,
    cut_days,
    month_of,
    period_of,
    year_before,
)

DATE_WIDTH_PX = 150
NOTE_WIDTH_PX = 260
SEARCH_WIDTH_PX = 260
PICK_WIDTH_PX = 180
MODEL_WIDTH_PX = 320
LONG_NAMED = (Parameter.MODEL, Parameter.INSTEAD, Parameter.CALLS)
"""What can be chosen has long names."""
SEARCH_CHARS_MAX = 200

Value = TypeVar("Value")


def choose(
    label: str,
    parameter: Parameter,
    *,
    options: Mapping[str, Value],
    words: Callable[[str], str] = str,
    why: Why | None = None,
    default: str | None = None,
) -> Value:
    """One of `options`, by its name in the URL; the first one is the default where none is named
    here. `words` is what a button says for a name.

    A name that is no option is said to be none, and `why`, where there is more to say than that.
    """
    default = default or next(iter(options))
    shown = _shown(parameter, options, default)
    chosen_values.show(parameter, shown, default=default)
    st.segmented_control(
        label,
        list(options),
        format_func=words,
        key=parameter,
        required=True,
        wrap=True,
        on_change=_write,
        args=(parameter,),
    )
    say_unknown(label, _unknown(parameter, options), words(shown), why=why)
    return options[shown]


def pick(
    label: str,
    parameter: Parameter,
    *,
    options: Mapping[str, Value],
    words: Callable[[str], str] = str,
    why: Why | None = None,
    default: str | None = None,
) -> Value:
    """The same as a list that opens, for what is chosen rarely or has many names to choose from."""
    default = default or next(iter(options))
    shown = _shown(parameter, options, default)
    chosen_values.show(parameter, shown, default=default)
    st.selectbox(
        label,
        list(options),
        format_func=words,
        key=parameter,
        width=MODEL_WIDTH_PX if parameter in LONG_NAMED else PICK_WIDTH_PX,
        on_change=_write,
        args=(parameter,),
    )
    say_unknown(label, _unknown(parameter, options), words(shown), why=why)
    return options[shown]


def _shown(parameter: Parameter, options: Mapping[str, Value], default: str) -> str:
    return default if _unknown(parameter, options) else address.read(parameter) or default


def _unknown(parameter: Parameter, options: Mapping[str, Value]) -> str | None:
    """What the URL names and a chooser does not have."""
    named = address.read(parameter)
    return None if named is None or named in options else named


def search(label: str, *, placeholder: str) -> str:
    named = address.read(Parameter.SEARCH) or ""
    chosen_values.show(Parameter.SEARCH, named, default="")
    text = st.text_input(
        label,
        key=Parameter.SEARCH,
        placeholder=placeholder,
        max_chars=SEARCH_CHARS_MAX,
        width=SEARCH_WIDTH_PX,
        on_change=_write,
        args=(Parameter.SEARCH,),
    )
    return text.strip()


def choose_period(today: date) -> Period:
    """This month, last month, or from one day to another, both included.

    An address with a first or a last day and without a range means these days.
    """
    month = month_of(today)
    options = {choice.value: choice for choice in Range}
    default = Range.CUSTOM if _names(Parameter.FIRST, Parameter.LAST) else Range.THIS_MONTH
    with st.container(horizontal=True, vertical_alignment="bottom", width="content"):
        chosen = choose("Days", Parameter.RANGE, options=options, default=default.value)
        if chosen is not Range.CUSTOM:
            return period_of(chosen, today=today, first=month.first, last=month.last)
        first = _choose_day("From", Parameter.FIRST, default=month.first)
        last = _choose_day("To (included)", Parameter.LAST, default=month.last)
        _say_cut(first, last)
    return period_of(chosen, today=today, first=first, last=last)


def choose_days(today: date) -> tuple[Period, Period]:
    """The days shown and those that they are compared with, in one row."""
    with st.container(horizontal=True, vertical_alignment="bottom"):
        period = choose_period(today)
        return period, choose_compared(period, today)


def days_before(period: Period, today: date) -> Period:
    """What the chosen days are compared with where nothing else was chosen."""
    is_rolling = address.read(Parameter.RANGE) in DAYS_UP_TO_TODAY
    return before(period, today=today, is_rolling=is_rolling)


def choose_compared(period: Period, today: date) -> Period:
    """The days that a period is compared with: those before it, a year before, or any others."""
    usual = days_before(period, today)
    with st.container(horizontal=True, vertical_alignment="bottom", width="content"):
        options = {choice.value: choice for choice in Compared}
        others = _names(Parameter.COMPARE_FIRST, Parameter.COMPARE_LAST)
        default = Compared.CUSTOM if others else Compared.BEFORE
        chosen = pick("Compared with", Parameter.COMPARE, options=options, default=default.value)
        if chosen is Compared.YEAR:
            return year_before(period, today=today)
        if chosen is Compared.BEFORE:
            return usual
        first = _choose_day("Compared from", Parameter.COMPARE_FIRST, default=usual.first)
        last = _choose_day("Compared to (included)", Parameter.COMPARE_LAST, default=usual.last)
        _say_cut(first, last)
    return period_of(Range.CUSTOM, today=today, first=first, last=last)


def _names(*days: Parameter) -> bool:
    """Whether the URL has one of these; whoever uses it reads it."""
    return any(map(address.for_link, days))


def _say_cut(first: date, last: date) -> None:
    """The two fields show what was entered; so it is said where other days count."""
    if said := cut_days(first, last):
        st.caption(f":material/warning: {said}", width=NOTE_WIDTH_PX)


def _choose_day(label: str, parameter: Parameter, *, default: date) -> date:
    day = address.read_day(parameter) or default
    chosen_values.show(parameter, day, default=default)
    st.date_input(
        label,
        key=parameter,
        min_value=FIRST_DAY,
        max_value=LAST_DAY,
        format="YYYY-MM-DD",
        width=DATE_WIDTH_PX,
        on_change=_write,
        args=(parameter,),
    )
    return day


def choose_count(label: str, parameter: Parameter, *, default: int, most: int, step: int) -> int:
    """A number from 0 to `most`; a word of the address that is none is said to be none."""
    unreadable = None
    try:
        named = address.read_count(parameter, most=most)
    except AddressUnreadable as error:
        named, unreadable = None, error
    count = default if named is None else named
    chosen_values.show(parameter, count, default=default)
    st.number_input(
        label,
        key=parameter,
        min_value=0,
        max_value=most,
        step=step,
        width=DATE_WIDTH_PX,
        on_change=_write,
        args=(parameter,),
    )
    if unreadable is not None:
        why = str(unreadable)
        say_unknown(label, address.read(parameter), f"{default:,}", why=lambda _: why)
    return count


def _write(parameter: Parameter) -> None:
    """Put the changed value into the URL."""
    chosen_values.change({}, chosen=parameter)
