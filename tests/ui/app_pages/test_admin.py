"""The page Health over the real API: what somebody has to look at."""

from datetime import UTC, datetime, timedelta

import pytest
import streamlit as st

from tests.ui.lists import lists
from tests.ui.opening import cards, opened, said
from tests.ui.stand import Stand
from ui.api.usage_answers import Audit, DeadLetter, DeadLetters, Metering, PartitionProgress
from ui.figures.health import AUDIT_OLD_AFTER, BEHIND_AFTER, open_letters, troubles
from ui.page_parts.health.open_letters import redrive_commands

NOW = datetime(2026, 11, 30, tzinfo=UTC)
NONE_OPEN = DeadLetters(complete=True, data=[])


def test_a_sound_ledger_is_said_to_be_well(stand: Stand) -> None:
    stand.save_audit([])
    stand.catch_up()
    app = opened("admin")
    assert not app.exception
    assert "All is well" in said(app)
    assert cards(app)["Open dead letters"] == "0"


def test_what_is_wrong_is_named_with_the_command_for_it(stand: Stand) -> None:
    stand.save_audit(["day 2026-11-03: 5 is not 4"])
    stand.add_dead_letter()
    st.cache_data.clear()
    app = opened("admin")
    assert not app.exception
    text = said(app)
    assert "The last audit found 1 problem" in text
    assert "day 2026-11-03: 5 is not 4" in text
    assert "1 dead letter to look at" in text
    letters = next(table for table in lists(app) if "Reason" in table)
    assert letters["What is wrong"] == ["the body is cut"]
    assert letters["Number"] == [7]
    assert "dead-letters show 3-00000000000000000007-000000000000" in text
    assert "dead-letters redrive --reason json" in text


def test_letters_of_the_gateways_log_have_their_own_commands() -> None:
    letter = DeadLetter(
        id="0-1-a",
        hub="apim-diagnostics",
        partition="0",
        sequence_number=1,
        enqueued_time=NOW,
        reason="far_past",
        field="time",
        message="too old",
        event_id=None,
    )
    assert redrive_commands([letter, letter], {"llm-usage"}).splitlines() == [
        "chargeback dead-letters show 0-1-a --diagnostics",
        "chargeback dead-letters redrive --reason far_past --diagnostics",
    ]


def test_before_the_first_event_the_page_says_what_to_start(empty_stand: Stand) -> None:
    app = opened("admin")
    assert not app.exception
    assert "Metering has never run" in said(app)
    assert "dead-letters redrive --reason CODE" in said(app)
    assert "No audit has run yet" in said(app)


def test_an_old_audit_is_no_proof() -> None:
    old = Audit(
        at=NOW - AUDIT_OLD_AFTER - timedelta(hours=1), ok=True, calls=1, cells=1, problems=[]
    )
    metering = Metering(waiting=0, dead_letters_open=0, dead_letters_complete=True, audit=old)
    assert "The last audit was 2 days ago." in troubles(metering, NONE_OPEN, now=NOW)


def test_letters_that_were_not_all_looked_at_are_at_least_so_many() -> None:
    audit = Audit(at=NOW, ok=True, calls=1, cells=1, problems=[])
    metering = Metering(waiting=0, dead_letters_open=3, dead_letters_complete=False, audit=audit)
    assert "At least 3 dead letters to look at." in troubles(metering, NONE_OPEN, now=NOW)


def test_letters_of_the_gateway_log_are_to_be_looked_at_too() -> None:
    """The page lists them below, and they may be the only reports of calls."""
    audit = Audit(at=NOW, ok=True, calls=1, cells=1, problems=[])
    progress = PartitionProgress(
        hub="llm-usage", partition="0", sequence_number=1, enqueued_time=NOW, recorded_at=NOW,
        counts={},
    )  # fmt: skip
    metering = Metering(
        waiting=0, dead_letters_open=1, dead_letters_complete=True, audit=audit,
        partitions=[progress],
    )  # fmt: skip
    letters = DeadLetters(
        complete=True,
        data=[
            DeadLetter(
                id="0-1-a", hub=hub, partition="0", sequence_number=1, enqueued_time=NOW,
                reason="json", field="", message="cut", event_id=None,
            )
            for hub in ("llm-usage", "apim-diagnostics", "apim-diagnostics")
        ],
    )  # fmt: skip
    assert troubles(metering, letters, now=NOW) == ["3 dead letters to look at."]
    assert open_letters(metering, letters) == "3"
    never = Metering(waiting=0, dead_letters_open=0, dead_letters_complete=True, audit=audit)
    assert open_letters(never, letters) == "3"


@pytest.mark.parametrize(("behind", "is_said"), [(BEHIND_AFTER, False), (3 * BEHIND_AFTER, True)])
def test_metering_that_has_stopped_is_not_well(behind: timedelta, is_said: bool) -> None:
    """The audit of what is in the ledger passes also while nothing is metered any more."""
    metering = Metering(
        waiting=0,
        dead_letters_open=0,
        dead_letters_complete=True,
        audit=Audit(at=NOW, ok=True, calls=1, cells=1, problems=[]),
        partitions=[
            PartitionProgress(
                hub="llm-usage",
                partition="0",
                sequence_number=1,
                enqueued_time=NOW - behind,
                recorded_at=NOW - behind,
                counts={},
            )
        ],
        passed=NOW - behind,
    )
    said = [
        each
        for each in troubles(metering, NONE_OPEN, now=NOW)
        if "up to 3 h ago is metered" in each
    ]
    assert bool(said) is is_said
    assert bool(troubles(metering, NONE_OPEN, now=NOW)) is is_said
