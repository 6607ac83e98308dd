"""Navigation, and the check that the UI is configured. The pages are in app_pages/."""

import streamlit as st

from ui.address import COMPLETENESS_PAGE, INVOICES_PAGE, RERATINGS_PAGE, USAGE_PAGE
from ui.api.connection import api
from ui.parts.failure import failures_shown

st.set_page_config(page_title="LLM chargeback", layout="wide")

page = st.navigation(
    [
        st.Page(USAGE_PAGE, title="Overview", default=True),
        st.Page(RERATINGS_PAGE, title="Re-ratings"),
        st.Page(INVOICES_PAGE, title="Invoices"),
        st.Page(COMPLETENESS_PAGE, title="Completeness"),
    ],
    position="top",
)
with failures_shown("page"):
    api()
    page.run()
