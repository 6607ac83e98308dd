"""Traces: from sessions over their calls to one call from the gateway to the ledger."""

import streamlit as st

from ui import address
from ui.address import TRACES_PAGE, USAGE_PAGE, Parameter, Parameters
from ui.api.connection import api, today
from ui.api.errors import ApiRefused
from ui.api.me_answer import Permission
from ui.api.telemetry_answers import NOT_CONFIGURED, sessions, top, trace, traced_calls
from ui.format import escape, instant
from ui.page_parts.trace.sessions import (
    NO_SESSION,
    session_name,
    show_session_calls,
    show_sessions,
    show_top_sessions,
)
from ui.page_parts.trace.waterfall import IN_PART, show_steps
from ui.parts.choosers import choose_period
from ui.parts.no_calls import show_nothing
from ui.parts.paging import page_cursor, show_paging
from ui.rows.row_order import keep_order


def link(label: str, page: str, parameters: Parameters) -> None:
    """One step of the way back."""
    st.page_link(
        page,
        label=escape(label),
        icon=":material/chevron_left:",
        query_params={str(name): value for name, value in parameters.items()},
    )


def draw_call(call: str) -> None:
    way, heading = st.container(horizontal=True, gap="small"), st.empty()
    heading.title("Trace of a call", anchor=False)
    found = trace(api(), call)
    of_person = {Parameter.SUBJECT: found.subject}
    with way:
        link("Traces", TRACES_PAGE, {})
        link(found.name or found.subject, TRACES_PAGE, of_person)
        of_session = {**of_person, Parameter.SESSION: found.session or NO_SESSION}
        link(session_name(found.session), TRACES_PAGE, of_session)
    zone = api().health().zone
    heading.title(f"Trace of {escape(instant(found.time, zone))}", anchor=False)
    st.caption(f"{escape(found.name or found.subject)} · {escape(found.model)}")
    show_steps(found, zone)
    st.page_link(
        USAGE_PAGE,
        label="What this call cost, and why",
        icon=":material/receipt_long:",
        query_params={Parameter.CALL.value: found.id},
    )
    for each in found.trace_ids:
        st.caption("Trace id: the operation id in Application Insights")
        st.code(each, language=None)


def draw_session(subject: str, session: str) -> None:
    named = "" if session == NO_SESSION else session
    with st.container(horizontal=True, gap="small"):
        link("Traces", TRACES_PAGE, address.kept_range())
        link("Sessions", TRACES_PAGE, {**address.kept_range(), Parameter.SUBJECT: subject})
    title = st.empty()
    period = choose_period(today(api().health()))
    keep_order("calls")
    found = traced_calls(api(), subject, period, session=named, after=page_cursor())
    title.title(f"Session {escape(session_name(named))}", anchor=False)
    st.caption(escape(found.name or found.subject))
    if found.partial:
        st.warning(IN_PART, icon=":material/hourglass_empty:")
    if found.data:
        show_session_calls(found)
    elif page_cursor():
        st.info("No more calls. Those found are on the pages before.", icon=":material/search_off:")
    else:
        show_nothing("No call of this session in these days.", place="session")
    show_paging(found.page.next_cursor)


def draw_person(subject: str, *, is_own: bool = False) -> None:
    """Their sessions; whoever sees only their own has no list above them."""
    if not is_own:
        link("Traces", TRACES_PAGE, address.kept_range())
    title = st.empty()
    period = choose_period(today(api().health()))
    keep_order("sessions")
    found = sessions(api(), subject, period)
    title.title(f"Sessions of {escape(found.name or found.subject)}", anchor=False)
    if found.data:
        show_sessions(found)
    else:
        show_nothing("No call in these days.", place="sessions")


def draw_traces() -> None:
    """Everybody's dearest sessions; for those who do not see everybody their own."""
    me = api().me()
    if not me.may(Permission.BILLING) and me.subject is not None:
        draw_person(me.subject, is_own=True)
        return
    st.title("Traces", anchor=False)
    period = choose_period(today(api().health()))
    keep_order("sessions of everybody")
    found = top(api(), period, "session")
    if found.published_until is not None:
        until = escape(instant(found.published_until, found.zone))
        st.caption(f"Application Insights has the ledger up to {until}.")
    show_top_sessions(found)


def draw() -> None:
    call, subject = address.read(Parameter.CALL), address.read(Parameter.SUBJECT)
    session = address.read(Parameter.SESSION)
    if call:
        draw_call(call)
    elif subject and session:
        draw_session(subject, session)
    elif subject:
        draw_person(subject)
    else:
        draw_traces()


def show_not_configured() -> None:
    """Who connects Application Insights, and what there is without it."""
    st.title("Traces", anchor=False)
    st.info(
        "**Traces come from Application Insights, which this API does not read.** Whoever runs "
        "the API sets `LOG_ANALYTICS_WORKSPACE_ID`: the page on telemetry says how. What a "
        "call cost is on its own page all the same.",
        icon=":material/timeline:",
    )


place = st.empty()
try:
    with place.container():
        draw()
except ApiRefused as error:
    if error.kind != NOT_CONFIGURED:
        raise
    with place.container():
        show_not_configured()
