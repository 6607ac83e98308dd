"""The event of a call: its trace, its time, its person."""

import hashlib
import hmac
import json
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from telemetry.exporting.call_event import CallFacts, call_record, item_time
from telemetry.exporting.providers import resource_of
from telemetry.exporting.pseudonym import Pseudonyms

NOW = datetime(2026, 11, 20, 12, tzinfo=UTC)
ID = "00000000-0000-4000-8000-0000000000ab"


def record_of(**changes: Any) -> Any:
    facts: dict[str, Any] = {
        "call_id": ID,
        "time": NOW - timedelta(hours=1),
        "user": "u",
        "session": None,
        "traceparent": None,
        "charge": "0.0011952",
        "facts": {"chargeback.entry": "e"},
    }
    return call_record(CallFacts(**(facts | changes)), resource_of("publisher"), now=NOW).log_record


def test_the_call_is_in_the_trace_of_the_gateway() -> None:
    record = record_of(traceparent=f"00-{'ab' * 16}-{'cd' * 8}-01")
    assert f"{record.trace_id:032x}" == "ab" * 16
    assert f"{record.span_id:016x}" == "cd" * 8


@pytest.mark.parametrize("traceparent", [None, "", "00-xyz", f"00-{'00' * 16}-{'cd' * 8}-01"])
def test_without_a_trace_its_id_names_one(traceparent: str | None) -> None:
    record = record_of(traceparent=traceparent)
    assert f"{record.trace_id:032x}" == ID.replace("-", "")
    assert record.span_id == 0


def test_an_id_that_is_no_uuid_names_always_the_same_trace() -> None:
    one, same, other = (record_of(call_id=name).trace_id for name in ("a", "a", "b"))
    assert one == same != other
    assert one


@pytest.mark.parametrize(
    ("age", "dated"),
    [
        (timedelta(hours=46, minutes=59), "call"),
        (timedelta(hours=47), "now"),
        (timedelta(days=400), "now"),
        (timedelta(minutes=-5), "now"),
    ],
)
def test_an_item_is_dated_by_its_call_while_ingestion_takes_that(
    age: timedelta, dated: str
) -> None:
    assert item_time(NOW - age, NOW) == (NOW - age if dated == "call" else NOW)


def test_the_number_for_charts_is_written_from_the_exact_text() -> None:
    said = record_of().attributes["microsoft.custom_measurements"]
    assert said == '{"chargeback.charge": 0.0011952}'
    assert json.loads(said)
    assert "microsoft.custom_measurements" not in record_of(charge=None).attributes


def test_long_values_are_cut_everywhere_alike() -> None:
    record = record_of(facts={"chargeback.reason": "x" * 9_000})
    assert len(record.attributes["chargeback.reason"]) == 8_192


def test_a_session_and_a_subject_that_are_too_long_stay_their_own() -> None:
    sessions = ["s" * 64, "s" * 65, "s" * 128, "s" * 127 + "t"]
    sent = [record_of(session=each).attributes["session.id"] for each in sessions]
    assert sent[0] == sessions[0]
    assert {len(each) for each in sent} == {64}
    assert len(set(sent)) == 4
    subjects = [Pseudonyms(None).subject("u" * chars) for chars in (128, 129, 256)]
    assert [len(each) for each in subjects] == [128, 128, 128]
    assert len(set(subjects)) == 3


def test_a_pseudonym_is_a_keyed_digest() -> None:
    key = "0123456789abcdef0123456789abcdef"
    digest = hmac.new(key.encode(), b"subject", hashlib.sha256).hexdigest()[:32]
    assert Pseudonyms(key).subject("subject") == digest
    assert Pseudonyms(key).entry("subject") == digest
    assert Pseudonyms(key + "0").subject("subject") != digest
    assert Pseudonyms(None).subject("subject") == "subject"
