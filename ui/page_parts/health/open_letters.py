"""The open dead letters: the reason and the record of each, and the commands that redrive them."""

from zoneinfo import ZoneInfo

import streamlit as st

from ui.api.connection import now
from ui.api.usage_answers import DeadLetter, DeadLetters, Metering
from ui.export.buttons import WHOLE, Extent, show_files
from ui.format import counted, instant
from ui.parts.tables import Column, count_column, moment_column, plain_table, text_column
from ui.period import one_day

USAGE_COMMANDS = """chargeback dead-letters list
chargeback dead-letters show ID
chargeback dead-letters redrive --reason CODE"""
"""Without a letter nobody knows a reason yet."""


def show_letters(letters: DeadLetters, metering: Metering, *, zone: str) -> None:
    """`metering` knows which hub is read by metering, so its letters need no option."""
    st.header("Dead letters", anchor=False)
    if not letters.data:
        st.caption("None is open. If an event cannot be read, these commands show and redrive it:")
        st.code(USAGE_COMMANDS, language=None)
        return
    at_least = "" if letters.complete else "At least "
    found = counted(len(letters.data), "event")
    st.markdown(
        f"**{at_least}{found} that could not be read or rated.** Each is kept whole, and no total "
        "includes it."
    )
    shown = plain_table(
        "dead letters",
        letter_columns(letters.data, zone),
        alt="Open dead letters, with what is wrong in each",
        sortable=None if letters.complete else 0,
    )
    show_files(
        "dead letters",
        shown,
        period=one_day(now().astimezone(ZoneInfo(zone)).date()),
        zone=zone,
        currency="no amounts",
        extent=WHOLE if letters.complete else Extent(rows=f"{len(letters.data):,} of more"),
    )
    st.markdown("Look at one, mend the cause, then redrive all of that reason:")
    usage_hubs = {row.hub for row in metering.partitions}
    st.code(redrive_commands(letters.data, usage_hubs), language=None)


def letter_columns(letters: list[DeadLetter], zone: str) -> dict[str, Column]:
    return {
        "Reason": text_column([each.reason for each in letters]),
        "Field": text_column([each.field or None for each in letters]),
        "What is wrong": text_column([each.message for each in letters]),
        "Reached the hub": moment_column(
            [each.enqueued_time for each in letters], lambda at: instant(at, zone)
        ),
        "Event": text_column([each.event_id for each in letters]),
        "Hub": text_column([each.hub for each in letters]),
        "Partition": text_column([each.partition for each in letters]),
        "Number": count_column([each.sequence_number for each in letters]),
        "ID": text_column([each.id for each in letters]),
    }


def redrive_commands(letters: list[DeadLetter], usage_hubs: set[str]) -> str:
    """How to look at the first letter of each reason, and to redrive all of that reason."""
    lines: dict[tuple[str, str], list[str]] = {}
    for each in letters:
        option = "" if each.hub in usage_hubs else " --diagnostics"
        commands = [
            f"chargeback dead-letters show {each.id}{option}",
            f"chargeback dead-letters redrive --reason {each.reason}{option}",
        ]
        lines.setdefault((each.hub, each.reason), commands)
    return "\n".join(line for commands in lines.values() for line in commands)
