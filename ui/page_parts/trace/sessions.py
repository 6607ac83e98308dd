"""Sessions and their calls as lists that lead on."""

from collections.abc import Sequence
from decimal import Decimal

import streamlit as st

from ui import address
from ui.address import TRACES_PAGE, Parameter, Parameters
from ui.api.telemetry_answers import Session, Sessions, Top, TopLine, TracedCall, TracedCalls
from ui.export.buttons import Extent, show_exports
from ui.format import amount, clock, counted, escape, instant, local_day
from ui.parts.no_calls import show_nothing
from ui.parts.paging import page_cursor
from ui.parts.tables import (
    Column,
    charge_column,
    count_column,
    linked_rows,
    moment_column,
    text_column,
)

NO_SESSION = "without a session"
OF_SESSION = Extent(narrowed_by=(Parameter.SUBJECT, Parameter.SESSION))
KEY_LETTERS = 12
"""A session's id is what the client sent, often 32 letters; the address has all of it."""


def session_name(session: str | None) -> str:
    """The id, shortened where it is long."""
    if not session:
        return NO_SESSION
    return session if len(session) <= 2 * KEY_LETTERS else f"{session[:KEY_LETTERS]}…"


def session_column(sessions: Sequence[str | None]) -> Column:
    """Short on the page, and whole in files: two sessions may begin alike."""
    return Column(
        cells=[session or NO_SESSION for session in sessions],
        format=lambda cell: session_name(str(cell)),
        is_number=False,
    )


def show_top_sessions(found: Top) -> None:
    """Everybody's dearest sessions, then calls that name none; a row opens it."""
    known = [row for row in found.data if row.subject is not None]
    if not found.data:
        show_nothing("No call in these days.", place="top_sessions")
        return
    if known:
        _show_known(sorted(known, key=lambda row: row.group is None), found)
    if len(known) < len(found.data):
        nobodys = [row for row in found.data if row.subject is None]
        st.caption(nobodys_words(nobodys, currency=found.currency))


def nobodys_words(rows: Sequence[TopLine], *, currency: str) -> str:
    """What the list leaves out: Application Insights has pseudonyms, and these undo to nobody."""
    calls = counted(sum(row.calls for row in rows), "call")
    known = [row.charge for row in rows if row.charge is not None]
    worth = amount(sum(known, Decimal(0)), currency) if known else "at a cost that nobody knows"
    return (
        f"Not in the list: {calls}, {worth}, of people whom the ledger does not know in these "
        "days. They were sent under another key, or by another system."
    )


def _show_known(rows: Sequence[TopLine], found: Top) -> None:
    named = sum(row.group is not None for row in rows)
    st.markdown(dearest(rows[0], currency=found.currency))
    columns = {
        "Person": text_column([row.name or row.subject for row in rows]),
        f"Charge ({found.currency})": charge_column([row.charge for row in rows]),
        "Calls": count_column([row.calls for row in rows]),
        "Session": session_column([row.group for row in rows]),
        "Input tokens": count_column([row.input_tokens for row in rows]),
        "Output tokens": count_column([row.output_tokens for row in rows]),
    }
    shown = linked_rows(
        "sessions of everybody",
        [f"{row.subject}\n{row.group or ''}" for row in rows],
        links=[_link(_way(row.subject or "", row.group)) for row in rows],
        columns=columns,
        alt="The dearest sessions of everybody",
        sortable=0 if found.rest.calls else named or None,
    )
    cut = None
    if found.rest.calls:
        cut = f"the dearest {len(rows):,}, more are not shown"
    elif len(rows) < len(found.data):
        cut = (
            f"{len(rows):,} of {len(found.data):,}, the others are of nobody whom the ledger knows"
        )
    show_exports("dearest sessions", shown, found, extent=Extent(rows=cut))


def dearest(row: TopLine, *, currency: str) -> str:
    """The first line of the list as a sentence, as Markdown."""
    if row.group is None:
        return (
            "**No call of these days names a session.** A client names one in the header "
            "`x-session-id`, and then all calls of one task are together here."
        )
    calls = counted(row.calls, "call")
    if row.charge is None:
        return f"**No session has a call whose cost is known**; the first has {calls}."
    cost = amount(row.charge, currency)
    return f"**The dearest session cost {cost}** in {calls}: {escape(row.name or 'a person')}."


def show_sessions(found: Sessions) -> None:
    """One person's sessions, the last first."""
    rows: list[Session] = found.data
    columns = {
        "Session": session_column([row.session for row in rows]),
        "Last call": moment_column([row.last for row in rows], lambda at: instant(at, found.zone)),
        "Calls": count_column([row.calls for row in rows]),
        f"Charge ({found.currency})": charge_column([row.charge for row in rows]),
        "Calls with errors": count_column([row.errors for row in rows]),
        "Input tokens": count_column([row.input_tokens for row in rows]),
        "Output tokens": count_column([row.output_tokens for row in rows]),
    }
    shown = linked_rows(
        "sessions",
        [row.session or NO_SESSION for row in rows],
        links=[_link(_way(found.subject, row.session)) for row in rows],
        columns=columns,
        alt="Sessions with their calls and charge, the last first",
        sortable=0 if found.more else None,
    )
    cut = f"the last {len(rows):,}, more are not shown" if found.more else None
    show_exports("sessions", shown, found, extent=Extent(rows=cut))
    if found.more:
        st.caption("There are more sessions: choose fewer days.")


def _way(subject: str, session: str | None) -> Parameters:
    """The address of a session's calls."""
    return {
        **address.kept_range(),
        Parameter.SUBJECT: subject,
        Parameter.SESSION: session or NO_SESSION,
    }


def _link(parameters: Parameters) -> str:
    return address.href(parameters, page=TRACES_PAGE)


def session_call_columns(
    rows: Sequence[TracedCall], *, zone: str, currency: str
) -> dict[str, Column]:
    """A session's calls, by the clock and the days of the billing zone."""
    return {
        "Time": moment_column([row.time for row in rows], lambda at: clock(at, zone)),
        "Day": moment_column([row.time for row in rows], lambda at: local_day(at, zone)),
        "Model": text_column([row.model for row in rows]),
        f"Charge ({currency})": charge_column([row.charge for row in rows]),
        "Whole (ms)": count_column([row.gateway_ms for row in rows]),
        "Model (ms)": count_column([row.backend_ms for row in rows]),
        "Tries": count_column([row.backend_tries for row in rows]),
        "Status": count_column([row.status for row in rows]),
        "Input": count_column([row.input_tokens for row in rows]),
        "Of it cached": count_column([row.cached_tokens for row in rows]),
        "Output": count_column([row.output_tokens for row in rows]),
    }


def show_session_calls(found: TracedCalls) -> None:
    """A session's calls with the times of gateway and model; a row opens the waterfall."""
    rows = [row for row in found.data if row.id is not None]
    columns = session_call_columns(rows, zone=found.zone, currency=found.currency)
    shown = linked_rows(
        "calls",
        [row.id or "" for row in rows],
        links=[_link({Parameter.CALL: row.id or ""}) for row in rows],
        sortable=0 if found.page.next_cursor or page_cursor() else None,
        columns=columns,
        alt="Calls with the times of gateway and model, the newest first",
    )
    show_exports("calls of a session", shown, found, extent=OF_SESSION)
