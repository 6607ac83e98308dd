"""Another view starts at its top, with the focus there, however it was opened.

Who opened it from the end of a long page, by a row, a bar or a button, would see its end; and what
had the focus is gone with the view before.
"""

import streamlit as st

from ui import address
from ui.address import Parameter

_SCRIPT = """
let shown = null;
export default function ({ data }) {
  if (shown !== null && shown !== data.view) {
    const main = document.querySelector('[data-testid="stMain"]');
    main?.scrollTo(0, 0);
    main?.focus({ preventScroll: true });
  }
  shown = data.view;
}
"""
_KEEP = st.components.v2.component("chargeback_view_top", js=_SCRIPT)
OF_A_VIEW = (
    Parameter.SUBJECT,
    Parameter.DAY,
    Parameter.CALL,
    Parameter.SESSION,
    Parameter.MODEL,
    Parameter.COST_CENTRE,
    Parameter.RUN,
    Parameter.INVOICE,
    Parameter.FIND,
)
"""Parameters that say what a page is about. The others choose within it, and it stays in place."""
CHOSEN_WITHIN = {"prices": (Parameter.MODEL,)}


def view_of(page: str) -> str:
    """The same for the same view. `page` is the one that is shown, by its path in the address.

    The next page of a list is another view, but for the overview: there the list is at its end.
    """
    names = [each for each in OF_A_VIEW if each not in CHOSEN_WITHIN.get(page, ())]
    about = {str(each): value for each in names if (value := address.for_link(each))}
    if page or Parameter.SUBJECT in about:
        about[Parameter.AFTER] = address.for_link(Parameter.AFTER) or ""
    return f"{page} {about}"


def keep_top(page: str) -> None:
    """Draws nothing. `page` as above."""
    _KEEP(key="view_top", data={"view": view_of(page)}, height=1)
