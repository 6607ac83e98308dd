"""Calls that no charge includes, and what to do about them; they are never shown as free."""

import streamlit as st

from ui.api.connection import api
from ui.api.me_answer import KEEPERS, Permission
from ui.api.usage_answers import Totals, Usage
from ui.figures.units import tokens
from ui.format import counted, escape

MODELS_SHOWN_MAX = 5


def _lacking(totals: Totals) -> list[tuple[int, str, str]]:
    """How many calls the charge lacks, for each reason: what it is, and why."""
    found = (
        (totals.unpriced_calls, "without a price", "The price book lacks their price."),
        (totals.no_usage_calls - totals.failed_calls, "without usage", "Nobody reported tokens."),
        (totals.pending_calls, "not finished", "Each is charged when somebody fetches its answer."),
        (totals.excluding_calls, "charged in part", "The page of each such call says what lacks."),
    )
    return [each for each in found if each[0]]


def show_uncharged_badges(totals: Totals) -> None:
    """What the charge lacks, next to it, in a few words. Nothing where it lacks nothing."""
    for count, what, why in _lacking(totals):
        st.badge(
            f"{counted(count, 'call')} {what}",
            icon=":material/error:",
            color="orange",
            help=f"Not in the charge, or not all of it. {why} More is said below the list.",
        )


def lacking_words(totals: Totals) -> str:
    """The same as a sentence after a charge, with a space before it; empty for a whole one."""
    found = [f"{counted(count, 'call')} {what}" for count, what, _ in _lacking(totals)]
    return f" In no charge, or not wholly: {', '.join(found)}." if found else ""


def show_no_usage(calls: int, failed: int) -> None:
    """Calls whose usage nobody reported; `failed` of them failed."""
    if served := calls - failed:
        st.warning(
            f"**{counted(served, 'call')} without usage, not in the charge.** Neither the model "
            "nor the gateway's log reported their tokens.",
            icon=":material/help:",
        )
    if failed:
        st.info(
            f"**{counted(failed, 'call')} failed, nothing is charged.** They were answered with an "
            "error (status 400 or above), and nobody reported tokens.",
            icon=":material/error:",
        )


def show_pending(calls: int) -> None:
    """Background answers that nobody has fetched."""
    st.info(
        f"**{counted(calls, 'call')} not finished yet, not in the charge.** Their answers are made "
        "in the background. Each is charged when somebody fetches it.",
        icon=":material/hourglass_top:",
    )


def show_excluding(calls: int) -> None:
    """Calls whose charge is known to be incomplete."""
    st.info(
        f"**The charge of {counted(calls, 'call')} leaves something out.** The page of each such "
        "call says what.",
        icon=":material/indeterminate_check_box:",
    )


def show_unpriced(by_model: Usage) -> None:
    """One line per model with unpriced calls, most calls first."""
    rows = sorted(
        (row for row in by_model.data if row.unpriced_calls), key=lambda row: -row.unpriced_calls
    )
    lines = [
        f"- {escape(row.model or 'no model')}: {row.unpriced_calls:,} "
        f"of {counted(row.calls, 'call')} ({tokens(row.units):,} tokens in all)"
        for row in rows[:MODELS_SHOWN_MAX]
    ]
    if len(rows) > MODELS_SHOWN_MAX:
        lines.append(f"- and {counted(len(rows) - MODELS_SHOWN_MAX, 'more model')}")
    st.warning(
        "\n".join(
            [
                f"**{counted(by_model.totals.unpriced_calls, 'call')} without a price, not in the "
                f"charge.** The price book lacks their price: {_remedy()}",
                "",
                *lines,
            ]
        ),
        icon=":material/sell:",
    )


def _remedy() -> str:
    """The lines are for whoever can add them; others know whom to ask."""
    if api().me().may(Permission.BILLING):
        return "each such call's page shows the lines to add."
    return f"ask {KEEPERS} to add it. Until then nothing is charged for them."
