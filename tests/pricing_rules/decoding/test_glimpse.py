"""What can be seen of any body: its sender and subject where it says them, and never an error."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pricing_rules.decoding.glimpse import NOBODY, Glimpse, glimpse
from tests.fixtures.builders import ABSENT, SUBJECT, call_id, make_body


def test_an_event_says_who_sent_it_and_whose_call_it_is() -> None:
    assert glimpse(make_body(type="llm.call.v9")) == Glimpse(
        event_id=call_id(1), sender="'apim/contoso', API 'llm'", subject=f"'{SUBJECT}'"
    )


@pytest.mark.parametrize(
    ("body", "sender"),
    [
        (b"", NOBODY),
        (b"{", NOBODY),
        (b"[1]", NOBODY),
        (b'"text"', NOBODY),
        (b"\xff\xfe", NOBODY),
        (b"[" * 100_000, NOBODY),
        (make_body(source=ABSENT), NOBODY),
        (make_body(source=7), NOBODY),
        (make_body(data=[1]), "'apim/contoso', API null"),
        (make_body(api=7), "'apim/contoso', API 7"),
    ],
)
def test_of_other_bytes_it_says_what_there_is(body: bytes, sender: str) -> None:
    assert glimpse(body).sender == sender


def test_a_sender_writes_no_line_of_the_log() -> None:
    assert glimpse(make_body(source="a\nb" + "x" * 1_000)).sender.isprintable()


@given(st.binary())
def test_no_bytes_make_it_fail(body: bytes) -> None:
    assert glimpse(body).sender
