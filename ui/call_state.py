"""A call's state in words: what its cost stands on, and what to do where there is none."""

import streamlit as st

from ui.answers import CallDetail, CallState
from ui.format import escape

WORDS = {
    CallState.PRICED: "priced",
    CallState.ZERO: "free of charge",
    CallState.UNPRICED: "no price yet",
    CallState.NO_USAGE: "usage unknown",
    CallState.MOVED: "moved",
}


def show_state(call: CallDetail) -> None:
    """Nothing for a priced call; for every other state why it has no charge of its own."""
    reason = f" Reason: {escape(call.reason)}." if call.reason else ""
    match call.state:
        case CallState.UNPRICED:
            st.warning(
                f"**This call has no price yet.**{reason} Add what is missing to the price book, "
                "then re-rate: the call keeps its usage.",
                icon=":material/sell:",
            )
        case CallState.NO_USAGE:
            st.warning(
                f"**Nobody reported the usage of this call.**{reason} It is not charged, and not "
                "counted as free.",
                icon=":material/help:",
            )
        case CallState.ZERO:
            st.info(f"**Free of charge.**{reason}", icon=":material/money_off:")
        case CallState.MOVED:
            st.info(
                f"**Counted elsewhere now.**{reason} The call was first recorded under a wrong "
                "subject or day; its chain below shows the move.",
                icon=":material/move_item:",
            )
        case CallState.PRICED:
            pass
