"""What a page says of a word in its address that it does not know: what it shows instead of it."""

from collections.abc import Callable, Sequence

import streamlit as st

from ui.format import escape

Why = Callable[[str], str]
"""Why a word is not known, as a sentence without its full stop."""


def say_unknown(label: str, named: str | None, shown: str, *, why: Why | None = None) -> None:
    """One sentence next to the chooser called `label`; nothing where `named` is None."""
    if named is None:
        return
    reason = why(named) if why else f"{label}: “{named}” is not known here"
    st.warning(
        f"**{escape(reason)}**: {escape(shown)} is shown instead.",
        icon=":material/question_mark:",
    )


def say_unused(names: Sequence[str]) -> None:
    """One sentence of parameters of the address that the page does not read."""
    if not names:
        return
    named = ", ".join(escape(name) for name in names)
    st.warning(
        f"**The address names what this page does not use**: {named}. What is shown does not "
        "depend on it.",
        icon=":material/question_mark:",
    )
