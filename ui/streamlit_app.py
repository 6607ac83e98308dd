"""Navigation, and who looks at the pages. The pages are in app_pages/."""

import streamlit as st

from ui.address import COMPLETENESS_PAGE, INVOICES_PAGE, PRICES_PAGE, RERATINGS_PAGE, USAGE_PAGE
from ui.parts.failure import failures_shown
from ui.parts.sign_in import draw_caller, draw_sign_in, must_sign_in

st.set_page_config(page_title="LLM chargeback", layout="wide")

with failures_shown("page"):
    signing_in = must_sign_in()
    page = st.navigation(
        [
            st.Page(USAGE_PAGE, title="Overview", default=True),
            st.Page(RERATINGS_PAGE, title="Re-ratings"),
            st.Page(INVOICES_PAGE, title="Invoices"),
            st.Page(COMPLETENESS_PAGE, title="Completeness"),
            st.Page(PRICES_PAGE, title="Prices"),
        ],
        position="hidden" if signing_in else "top",
    )
    if signing_in:
        draw_sign_in()
    else:
        draw_caller()
        page.run()
