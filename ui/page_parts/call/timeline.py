"""The life of a call as a list of moments."""

from zoneinfo import ZoneInfo

import streamlit as st

from ui.api.usage_answers import CallDetail, ChainEntry
from ui.figures.call_life import life
from ui.format import clock, day, escape, exact_amount
from ui.parts.call_state import WORDS, short_reason


def show_timeline(call: CallDetail) -> None:
    """One line a moment, with the day where it changes."""
    st.header("Timeline")
    lines, shown = [], None
    for moment in life(call):
        local = clock(moment.at, call.zone)
        on = day(moment.at.astimezone(ZoneInfo(call.zone)).date())
        prefix = "" if on == shown else f"{on}, "
        shown = on
        more = f": {entry_words(moment.entry, call.currency)}" if moment.entry else ""
        lines.append(f"1. {prefix}**{escape(local)}** {moment.what}{more}")
    st.markdown("\n".join(lines))
    st.caption(f"Times of {escape(call.zone)}.")


def entry_words(entry: ChainEntry, currency: str) -> str:
    """What a row of the chain says: the charge or why there is none, and who corrected it."""
    said = exact_amount(entry.cost.charge, currency) if entry.cost else WORDS[entry.state]
    if entry.before:
        said = f"{exact_amount(entry.before.charge, currency)} → {said}"
    reason = short_reason(entry.reason)
    parts = [said, *([escape(reason)] if reason else [])]
    if entry.run_by:
        parts.append(f"by {escape(entry.run_by)}")
    return ", ".join(parts)
