"""Navigation by what somebody may see, and who looks at the pages. The pages are in app_pages/."""

import streamlit as st
from streamlit.navigation.page import StreamlitPage

from ui import chosen_values
from ui.address import (
    ACCESS_LOG_PAGE,
    ADMIN_PAGE,
    CENTRES_PAGE,
    COMPLETENESS_PAGE,
    INVOICES_PAGE,
    LIVE_PAGE,
    MODELS_PAGE,
    MY_USAGE_PAGE,
    PEOPLE_PAGE,
    PLAYGROUND_PAGE,
    PRICES_PAGE,
    RERATINGS_PAGE,
    SEARCH_PAGE,
    TRACES_PAGE,
    USAGE_PAGE,
    reads_noted,
    unused,
)
from ui.api.client import Client
from ui.api.connection import api, asked_ahead, settings
from ui.api.errors import ApiRefused, ApiUnreachable, SignInNeeded
from ui.api.me_answer import Me, Permission
from ui.chart_style import draw_chart_style
from ui.filters.search_box import draw_search_box
from ui.parts.failure import begin_page, failures_shown, is_passing, wait_for_api
from ui.parts.home import CENTRES, MY_USAGE, OVERVIEW, home_title
from ui.parts.loading import loading_below, loading_first
from ui.parts.sign_in import draw_caller, draw_sign_in, must_sign_in
from ui.parts.unknown_word import say_unused
from ui.rows.row_order import unused_orders
from ui.view_top import keep_top

TITLES = {
    USAGE_PAGE: OVERVIEW,
    PEOPLE_PAGE: "People",
    CENTRES_PAGE: CENTRES,
    MY_USAGE_PAGE: MY_USAGE,
    PLAYGROUND_PAGE: "Playground",
    LIVE_PAGE: "Live",
    RERATINGS_PAGE: "Re-ratings",
    INVOICES_PAGE: "Invoices",
    COMPLETENESS_PAGE: "Is anything missing?",
    MODELS_PAGE: "Models",
    PRICES_PAGE: "Prices",
    TRACES_PAGE: "Traces",
    ADMIN_PAGE: "Health",
    ACCESS_LOG_PAGE: "Access log",
    SEARCH_PAGE: "Search",
}
"""The first one opens at the bare address."""
NEEDED = {
    RERATINGS_PAGE: Permission.BILLING,
    COMPLETENESS_PAGE: Permission.BILLING,
    ADMIN_PAGE: Permission.BILLING,
    ACCESS_LOG_PAGE: Permission.ADMIN,
}
"""Pages that not everybody may open. Others do not see them in the navigation; whoever opens the
address of one all the same reads that they may not see it."""


def pages(me: Me | None) -> list[StreamlitPage]:
    """All of them: an address leads to its page also while nobody has signed in."""
    return [
        st.Page(
            path,
            title=home_title(me) if path == USAGE_PAGE else title,
            default=path == USAGE_PAGE,
            visibility="visible" if me and is_open(path, me) else "hidden",
        )
        for path, title in TITLES.items()
    ]


def is_open(path: str, me: Me) -> bool:
    """Whoever sees only themselves has "My usage" at the bare address, and so not twice. Search has
    its box at the top of each page.
    """
    if path == SEARCH_PAGE:
        return False
    if path in (PEOPLE_PAGE, CENTRES_PAGE):
        return not me.sees_only_themselves
    if path == MY_USAGE_PAGE:
        return me.subject is not None and not me.sees_only_themselves
    if path == PLAYGROUND_PAGE:
        return me.subject is not None and bool(settings().gateway_url)
    return path not in NEEDED or me.may(NEEDED[path])


PRODUCT = "LLM chargeback"

st.set_page_config(page_title=PRODUCT, layout="wide")
draw_chart_style()

begin_page()
with failures_shown("page"):
    if must_sign_in():
        st.navigation(pages(None), position="hidden")
        draw_sign_in()
    else:
        try:
            with loading_first(), asked_ahead(Client.health):  # nearly every page asks it next
                me = api().me()
        except (ApiUnreachable, ApiRefused) as error:
            if isinstance(error, SignInNeeded):
                raise
            st.navigation(pages(None), position="hidden")  # the address stays as it is
            st.title(PRODUCT, anchor=False)
            wait_for_api(error)
            st.stop()
        page = st.navigation(pages(me), position="top")
        with st.container(horizontal=True, horizontal_alignment="distribute"):
            draw_search_box()
            keep_top(page.url_path)
            draw_caller(me)
        note = st.container()
        chosen_values.begin(page.url_path)
        try:
            with loading_below(), reads_noted() as read:
                page.run()
        except (ApiUnreachable, ApiRefused) as error:
            if not is_passing(error):
                raise
            wait_for_api(error)  # who reads what of the address is not known
        else:
            with note:
                say_unused([*unused(read), *unused_orders(read)])
