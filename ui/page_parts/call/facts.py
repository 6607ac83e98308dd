"""Names and values in a list that fits a telephone, and ids to copy."""

import re

import streamlit as st

from ui.format import END_ISOLATE, ISOLATE, JOINER, escape


def show_facts(facts: dict[str, str | None]) -> None:
    """Absent values are left out."""
    known = {name: value for name, value in facts.items() if value is not None}
    if known:
        st.markdown("\n".join(f"- {name}: {exact_text(value)}" for name, value in known.items()))


def exact_text(value: str) -> str:
    """A value as Markdown that is copied as it is: where escaping would put a joiner in, code."""
    escaped = escape(value).removeprefix(ISOLATE).removesuffix(END_ISOLATE)  # it ends the line
    if JOINER not in escaped or "`" in value:
        return escaped
    flat = re.sub(r"\s+", " ", value)
    return f"`{flat}`"


def show_id(name: str, value: str) -> None:
    """An id with a button that copies it."""
    st.caption(name)
    st.code(value, language=None)
