"""Is anything missing? One verdict, the gaps with their worth, the hours, and the tables."""

from datetime import date, timedelta

import streamlit as st

from ui.address import Parameter
from ui.api.completeness_answers import Completeness, HourLine, ModelLine, Sums
from ui.api.connection import api, now, today
from ui.export.buttons import Extent, show_exports
from ui.format import age, counted, days, escape, hour, instant, share
from ui.page_parts.missing.hours import heat_map
from ui.page_parts.missing.verdict import Level, hours_of, verdict_of
from ui.parts.choosers import choose
from ui.parts.gaps import dead_models, gaps_of
from ui.parts.tables import (
    Column,
    count_column,
    moment_column,
    plain_table,
    ratio_column,
    text_column,
)
from ui.period import Period
from ui.rows.row_order import keep_order

SPANS = {"Yesterday and today": 2, "Today": 1, "7 days": 7, "14 days": 14}
"""Number of days, today included."""
LINES_SHOWN_MAX = 300
CARD_WIDTH_PX = 160


VERDICTS = {
    Level.COMPLETE: (st.success, ":material/verified:"),
    Level.OPEN: (st.warning, ":material/report:"),
    Level.UNKNOWN: (st.error, ":material/sensors_off:"),
    Level.QUIET: (st.info, ":material/event_busy:"),
    Level.SO_FAR: (st.info, ":material/hourglass_empty:"),
}


def show_verdict(answer: Completeness) -> None:
    """The answer to the page's question, and what it cannot speak of."""
    found = verdict_of(answer, now=now())
    show, icon = VERDICTS[found.level]
    show(found.sentence, icon=icon)
    if found.level is Level.UNKNOWN:
        st.caption(
            "Check the gateway's diagnostic setting and pairing: the operations guide says how."
        )
    elif found.level is Level.QUIET:
        st.caption("Choose more days above.")


def show_cards(totals: Sums) -> None:
    """Each call is posted, waiting or refused."""
    posted = (
        f"{share(totals.posted, totals.gateway_calls)} of the gateway's calls are in the ledger, "
        "recovered ones and those without usage or caller included"
    )
    recovered = "Among posted: their usage event never arrived, and the gateway's log replaced it"
    with st.grid(5, min_column_width=CARD_WIDTH_PX):
        st.metric("Gateway calls", f"{totals.gateway_calls:,}", border=True)
        st.metric("Posted", f"{totals.posted:,}", help=posted, border=True)
        st.metric("Waiting", f"{totals.waiting:,}", border=True)
        st.metric("Refused", f"{totals.refused:,}", border=True)
        st.metric("Recovered", f"{totals.recovered:,}", help=recovered, border=True)


def show_paths(answer: Completeness) -> None:
    """How far each path was read."""
    seen = [
        f"{name} read up to {escape(instant(time, answer.zone))}"
        for name, time in (
            ("usage events", answer.newest_usage_event),
            ("gateway's log", answer.newest_diagnostics),
        )
        if time is not None
    ]
    if answer.totals.oldest_waiting is not None:
        seen.append(f"oldest open call {age(answer.totals.oldest_waiting, now())}")
    if answer.facts_from is not None:
        seen.append(f"facts are kept from {escape(instant(answer.facts_from, answer.zone))}")
    if not answer.dead_letters_complete:
        seen.append("dead letters counted in part: there are too many")
    st.caption(" · ".join([f"Days of {escape(answer.zone)}", *seen]))


def show_gaps(answer: Completeness) -> None:
    gaps = gaps_of(answer.totals, answer.currency)
    if not gaps:
        st.caption("No gap among the calls that were compared.")
        return
    st.header("Gaps", anchor=False)
    columns = {
        "Gap": text_column([gap.name for gap in gaps]),
        "Calls": count_column([gap.calls for gap in gaps]),
        "Value": text_column([gap.value for gap in gaps]),
        "What it means": text_column([gap.meaning for gap in gaps]),
    }
    shown = plain_table(
        "gaps",
        columns,
        alt="Kinds of gaps with their calls and value",
    )
    show_exports("gaps", shown, answer)
    st.caption(
        "An estimate is calls × the mean charge of their model in this range, without calls that "
        "failed. No total includes it, and a call may be in more than one row."
    )


def show_unmetered(answer: Completeness) -> None:
    """Operations of which only the requests can be counted."""
    if not answer.unmetered:
        return
    st.header("Billed and not metered", anchor=False)
    plain_table(
        "other requests",
        {
            "Operation": text_column(list(answer.unmetered)),
            "Requests": count_column(list(answer.unmetered.values())),
        },
        alt="Requests of operations that nobody counts per call",
    )
    st.caption(
        "Azure bills these requests. Nobody reports what each one used, so no cost has them."
    )


def show_dead_models(answer: Completeness) -> None:
    for model in dead_models(answer.models):
        st.error(
            f"**Dead telemetry: {escape(model.model or 'no model')}.** The gateway's log counted "
            f"no completion token in {share(model.zero_completions, model.counted)} of its "
            f"{counted(model.counted, 'call')}: calls recovered from it are too cheap.",
            icon=":material/heart_broken:",
        )


def show_heat_map(answer: Completeness) -> None:
    st.header("Hours", anchor=False)
    hours = hours_of(answer.data, answer.zone)
    missing = sum(each.uncharged > 0 for each in hours)
    other = sum(each.unread + each.of_nobody > 0 for each in hours)
    st.altair_chart(
        heat_map(hours, about=f"{days(answer.first, answer.period.last)}, days of {answer.zone}"),
        alt=f"Hours of each day with calls: {counted(len(hours), 'hour')}, of which "
        f"{missing:,} have calls that are not charged, and {other:,} have events that cannot be "
        "read or calls of nobody",
    )


def show_models(answer: Completeness) -> None:
    rows = answer.models
    names = [row.model or "no model" for row in rows]
    columns = {
        "Model": text_column(names),
        **_columns(rows),
        "Without completion": ratio_column([(row.zero_completions, row.counted) for row in rows]),
    }
    shown = plain_table(
        "models",
        columns,
        alt="Gaps by model",
    )
    show_exports("gaps by model", shown, answer)


def show_hours(answer: Completeness) -> None:
    """Newest first."""
    rows: list[HourLine] = sorted(answer.data, key=lambda row: row.hour, reverse=True)
    shown = rows[:LINES_SHOWN_MAX]
    cut = None
    if len(rows) > len(shown):
        cut = f"the newest {len(shown):,} of {len(rows):,} lines"
        st.caption(f"{cut.capitalize()}.")
    columns = {
        "Hour": moment_column([row.hour for row in shown], lambda at: hour(at, answer.zone)),
        "API": text_column([row.api for row in shown]),
        "Model": text_column([row.model or "no model" for row in shown]),
        **_columns(shown),
    }
    drawn = plain_table(
        "hours",
        columns,
        alt="Gaps by hour, API and model",
        sortable=0 if cut else None,
    )
    show_exports("gaps by hour", drawn, answer, extent=Extent(rows=cut))


def _columns(rows: list[HourLine] | list[ModelLine]) -> dict[str, Column]:
    return {
        "Gateway calls": count_column([row.gateway_calls for row in rows]),
        "In its log": count_column([row.logged for row in rows]),
        "Usage events": count_column([row.usage_events for row in rows]),
        "Posted": count_column([row.posted for row in rows]),
        "Recovered": count_column([row.recovered for row in rows]),
        "Waiting": count_column([row.waiting for row in rows]),
        "Refused": count_column([row.refused for row in rows]),
        "Not finished": count_column([row.pending for row in rows]),
        "No usage": count_column([row.no_usage - row.failed for row in rows]),
        "Failed": count_column([row.failed for row in rows]),
        "Unattributed": count_column([row.unattributed for row in rows]),
        "Unpriced": count_column([row.unpriced for row in rows]),
        "Dead letters": count_column([row.dead_lettered for row in rows]),
        "Token difference": count_column([row.reported_tokens - row.logged_tokens for row in rows]),
    }


def span_of(length: int, *, current: date) -> Period:
    """The days up to today, this many."""
    until = current + timedelta(days=1)
    return Period(first=until - timedelta(days=length), until=until)


def draw_completeness() -> None:
    st.title("Is anything missing?", anchor=False)
    current = today(api().health())
    period = span_of(choose("Days", Parameter.SPAN, options=SPANS), current=current)
    for name in ("gaps", "other requests", "models", "hours"):
        keep_order(name)
    answer = api().completeness(period)
    if answer.data or answer.ledger_calls or answer.newest_diagnostics is not None:
        show_verdict(answer)
    else:
        st.info(
            "**No call in these days by either path**, and the gateway's log has never arrived. "
            "Send a call through the gateway; if nothing appears here, see the operations guide.",
            icon=":material/event_busy:",
        )
    show_paths(answer)
    if answer.data:
        show_dead_models(answer)
        show_gaps(answer)
    show_unmetered(answer)
    if answer.data:
        show_heat_map(answer)
        show_cards(answer.totals)
        with st.expander("By model"):
            show_models(answer)
        with st.expander("By hour, API and model"):
            show_hours(answer)


draw_completeness()
