"""Messages cut and put together: what the broker adds, keeps and drops."""

import pytest

from local_stack.broker.amqp.encode import described, encode
from local_stack.broker.amqp.messages import (
    DATA,
    DELIVERY_ANNOTATIONS,
    HEADER,
    MESSAGE_ANNOTATIONS,
    decoded_sections,
    sections,
    split_batch,
    split_event,
    stored_message,
    with_delivery_annotations,
)
from local_stack.broker.amqp.types import Symbol, Timestamp, UInt
from local_stack.broker.errors import DecodeError

HEAD = described(HEADER, encode([True]))
BODY = described(DATA, encode(b"body"))


def annotations(values: dict[object, object]) -> bytes:
    return described(MESSAGE_ANNOTATIONS, encode(values))


def stored(message: bytes, key: str | None = None) -> bytes:
    return stored_message(
        split_event(message), sequence_number=7, offset=1234, enqueued_ms=99, key=key
    )


def test_an_event_gets_its_place_and_keeps_the_senders_annotations() -> None:
    message = annotations({Symbol("x-own"): UInt(3)}) + BODY
    assert decoded_sections(stored(message, "k")) == {
        MESSAGE_ANNOTATIONS: {
            "x-opt-sequence-number": 7,
            "x-opt-offset": "1234",
            "x-opt-enqueued-time": Timestamp(99),
            "x-opt-partition-key": "k",
            "x-own": 3,
        },
        DATA: b"body",
    }


def test_a_sender_cannot_set_the_brokers_annotations() -> None:
    message = annotations({Symbol("x-opt-sequence-number"): 1, Symbol("x-opt-offset"): "1"}) + BODY
    found = decoded_sections(stored(message))[MESSAGE_ANNOTATIONS]
    assert isinstance(found, dict)
    assert (found["x-opt-sequence-number"], found["x-opt-offset"]) == (7, "1234")
    assert len(found) == 3


def test_delivery_annotations_of_the_sender_end_here_and_the_header_goes_on() -> None:
    message = HEAD + described(DELIVERY_ANNOTATIONS, encode({Symbol("hop"): 1})) + BODY
    found = stored(message)
    assert [code for code, *_ in sections(found)] == [HEADER, MESSAGE_ANNOTATIONS, DATA]


@pytest.mark.parametrize("head", [b"", HEAD], ids=["without header", "with header"])
def test_annotations_for_this_hop_stand_after_the_header(head: bytes) -> None:
    found = with_delivery_annotations(stored(head + BODY), {Symbol("hop"): 1})
    codes = [code for code, *_ in sections(found)]
    assert codes[-3:] == [DELIVERY_ANNOTATIONS, MESSAGE_ANNOTATIONS, DATA]
    assert codes[:-3] == ([HEADER] if head else [])


def test_a_batch_is_its_events_and_their_common_key() -> None:
    inner = [annotations({Symbol("x-opt-partition-key"): "k"}) + BODY, BODY]
    batch = b"".join(described(DATA, encode(each)) for each in inner)
    key, events = split_batch(annotations({Symbol("x-opt-partition-key"): "k"}) + batch)
    assert key == "k"
    assert [event.bare for event in events] == [BODY, BODY]
    assert [event.annotations.partition_key for event in events] == ["k", None]


def test_descriptors_in_their_long_form_are_read() -> None:
    long_form = b"\x00\x80" + DATA.to_bytes(8, "big") + encode(b"body")
    assert split_event(long_form).bare == long_form
    assert decoded_sections(long_form) == {DATA: b"body"}


@pytest.mark.parametrize(
    "message",
    [b"\x53\x75\xa0\x00", BODY + b"\x00", described(MESSAGE_ANNOTATIONS, encode([1]))],
    ids=["no descriptor", "cut", "annotations that are no map"],
)
def test_what_is_no_message_is_refused(message: bytes) -> None:
    with pytest.raises(DecodeError):
        split_event(message)


def test_a_batch_of_something_else_is_refused() -> None:
    with pytest.raises(DecodeError, match="for an encoded event"):
        split_batch(described(DATA, encode("text")))
