"""The list of saved views, and the name of the view that an address has."""

from pathlib import Path

import streamlit as st

from ui.address import Parameter, read
from ui.format import escape

HERE = Path(__file__).parent

_mount = st.components.v2.component(
    "chargeback_views",
    html=(HERE / "views.html").read_text(encoding="utf-8"),
    css=(HERE / "views.css").read_text(encoding="utf-8"),
    js=(HERE / "views.js").read_text(encoding="utf-8"),
)


def show_saved_views() -> None:
    """A button that opens the list; it has the name of the view that is open."""
    name = read(Parameter.VIEW)
    label = f"View: {escape(name)}" if name else "Saved views"
    with st.popover(label, icon=":material/bookmark:"):
        _mount(key="saved_views")
