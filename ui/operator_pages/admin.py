"""Health: is metering well, what did the audit find, and what to do with dead letters."""

from datetime import datetime

import streamlit as st

from ui.address import ACCESS_LOG_PAGE, COMPLETENESS_PAGE
from ui.api.connection import REFRESH_S, api, now, today
from ui.api.me_answer import Permission
from ui.api.usage_answers import DeadLetters, Metering
from ui.export.buttons import show_files
from ui.figures.health import newest_event, open_letters, troubles
from ui.format import age, counted, escape, instant
from ui.page_parts.health.open_letters import show_letters
from ui.parts.failure import failures_shown
from ui.parts.tables import count_column, moment_column, plain_table, text_column
from ui.period import one_day
from ui.rows.row_order import keep_order

CARD_WIDTH_PX = 150


def show_verdict(metering: Metering, letters: DeadLetters, *, at: datetime) -> None:
    """One sentence if all is well; else what is not."""
    found = troubles(metering, letters, now=at)
    if not found:
        st.success(
            "**All is well.** The audit passed, nothing was lost, and no event waits for a person.",
            icon=":material/verified:",
        )
        return
    lines = [f"- {line}" for line in found]
    st.warning("\n".join(["**Somebody has to look:**", "", *lines]), icon=":material/report:")


def show_cards(metering: Metering, letters: DeadLetters, *, at: datetime) -> None:
    newest, audit = newest_event(metering), metering.audit
    with st.grid(4, min_column_width=CARD_WIDTH_PX):
        st.metric("Newest event metered", age(newest, at) if newest else "none yet", border=True)
        st.metric("Calls waiting for usage", f"{metering.waiting:,}", border=True)
        st.metric("Open dead letters", open_letters(metering, letters), border=True)
        st.metric("Last audit", age(audit.at, at) if audit else "not run yet", border=True)


def show_audit(metering: Metering) -> None:
    st.header("Audit", anchor=False)
    audit = metering.audit
    if audit is None:
        st.markdown("`chargeback ledger audit` adds every call up again with code of its own.")
        return
    sums = f"{audit.cells:,} daily totals against {counted(audit.calls, 'call')}"
    if audit.ok:
        st.caption(f"It compared {sums}: each is the exact sum of its calls.")
        return
    st.error(
        "\n".join([f"It compared {sums}:", "", *(f"- {escape(each)}" for each in audit.problems)]),
        icon=":material/gpp_bad:",
    )


def show_partitions(metering: Metering, *, zone: str, at: datetime) -> None:
    rows = metering.partitions
    with st.expander(f"Progress of {counted(len(rows), 'partition')}"):
        columns = {
            "Partition": text_column([row.partition for row in rows]),
            "Newest event": moment_column(
                [row.enqueued_time for row in rows], lambda then: instant(then, zone)
            ),
            "Recorded": moment_column(
                [row.recorded_at for row in rows], lambda then: age(then, at)
            ),
            "Number": count_column([row.sequence_number for row in rows]),
            "Received": count_column([row.counts.get("received", 0) for row in rows]),
            "Posted": count_column([row.counts.get("posted", 0) for row in rows]),
            "Duplicates": count_column([row.counts.get("duplicates", 0) for row in rows]),
            "Dead letters": count_column([row.counts.get("dead_lettered", 0) for row in rows]),
            "Lost": count_column([row.counts.get("lost", 0) for row in rows]),
        }
        shown = plain_table(
            "partitions",
            columns,
            alt="How far metering is in each partition of the event hub",
        )
        today_alone = one_day(today(api().health()))
        show_files("partitions", shown, period=today_alone, zone=zone, currency="no amounts")


@st.fragment(run_every=REFRESH_S)
def show_health(zone: str) -> None:
    """All of it, live."""
    keep_order("dead letters")
    keep_order("partitions")
    with failures_shown("health", is_live=True):
        metering, letters, at = api().metering(), api().dead_letters(), now()
        show_verdict(metering, letters, at=at)
        show_cards(metering, letters, at=at)
        show_letters(letters, metering, zone=zone)
        show_audit(metering)
        show_partitions(metering, zone=zone, at=at)


st.title("Health", anchor=False)
show_health(api().health().zone)
with st.container(horizontal=True):
    if api().me().may(Permission.BILLING):
        st.page_link(COMPLETENESS_PAGE, label="Is anything missing?", icon=":material/fact_check:")
    if api().me().may(Permission.ADMIN):
        st.page_link(ACCESS_LOG_PAGE, label="Who looked at whom", icon=":material/policy:")
