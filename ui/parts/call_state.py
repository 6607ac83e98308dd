"""A call's state in words: where its cost comes from, and what to do if it has none."""

import streamlit as st

from ui.api.connection import api
from ui.api.me_answer import KEEPERS, Permission
from ui.api.usage_answers import CallDetail, CallState
from ui.format import escape

WORDS = {
    CallState.PRICED: "priced",
    CallState.ZERO: "free of charge",
    CallState.UNPRICED: "no price yet",
    CallState.NO_USAGE: "usage unknown",
    CallState.PENDING: "not finished yet",
    CallState.MOVED: "moved",
}
FAILED = "failed"
FAILED_FROM = 400
"""HTTP status from which on a call has failed."""


def has_failed(state: CallState, status: int) -> bool:
    """Whether there is nothing to charge: a failed call without usage."""
    return state is CallState.NO_USAGE and status >= FAILED_FROM


def state_words(state: CallState, status: int) -> str:
    """The state in words."""
    return FAILED if has_failed(state, status) else WORDS[state]


def short_reason(reason: str | None) -> str | None:
    """The sentence of a reason, without the lines to add."""
    return reason.partition("\n")[0] if reason else None


def show_state(call: CallDetail) -> None:
    """Why a call has no charge of its own; of a priced call what is special about its price."""
    sentence = escape(short_reason(call.reason) or "")
    reason = f" {sentence[:1].upper()}{sentence[1:]}" if sentence else ""
    match call.state:
        case CallState.UNPRICED:
            st.warning(f"**This call has no price yet.**{reason}", icon=":material/sell:")
            show_missing_lines(call.reason or "")
        case CallState.NO_USAGE if call.status >= FAILED_FROM:
            st.info(f"**This call failed.**{reason}. Nothing is charged.", icon=":material/error:")
        case CallState.NO_USAGE:
            st.warning(
                f"**The usage of this call is unknown.**{reason}. It is not charged, and not "
                "counted as free.",
                icon=":material/help:",
            )
        case CallState.PENDING:
            st.info(
                f"**The answer of this call may still come.**{reason}. It is charged when somebody "
                "fetches the answer.",
                icon=":material/hourglass_top:",
            )
        case CallState.ZERO:
            st.info(f"**Free of charge.**{reason}.", icon=":material/money_off:")
        case CallState.MOVED:
            st.info(
                f"**Counted elsewhere now.**{reason}. The call was first recorded under a wrong "
                "subject or day; its chain below shows the move.",
                icon=":material/move_item:",
            )
        case CallState.PRICED:
            if reason:
                st.caption(f"{reason.strip()}.")


def show_missing_lines(reason: str) -> None:
    """The lines of the price book that would price the call, ready to copy. Some reasons have none:
    a rate of exchange is missing, or no rule can price what the usage says.
    """
    lines = reason.partition("\n")[2]
    if not lines:
        st.caption(
            "Its usage is stored: a re-rating prices the call as soon as the price book, or a "
            "later release, can."
        )
        return
    st.code(lines, language=None)
    is_keeper = api().me().may(Permission.BILLING)
    remedy = "Add these lines to" if is_keeper else f"Ask {KEEPERS} to add these lines to"
    st.caption(f"{remedy} the price book; then a re-rating prices the call from its stored usage.")
