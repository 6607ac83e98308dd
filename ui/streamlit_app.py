"""Navigation and the check that the UI is configured. The pages stand in app_pages/."""

import streamlit as st

from ui.connection import api
from ui.failure import failures_shown

st.set_page_config(page_title="LLM chargeback", layout="wide")

page = st.navigation(
    [
        st.Page("app_pages/overview.py", title="Overview", default=True),
        st.Page("app_pages/subject.py", title="Subject", visibility="hidden"),
        st.Page("app_pages/day.py", title="Day", visibility="hidden"),
        st.Page("app_pages/call.py", title="Call", visibility="hidden"),
    ],
    position="top",
)
with failures_shown():
    api()
    page.run()
