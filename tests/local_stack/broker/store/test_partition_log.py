"""A partition's places: where a start lands, and what goes when there is too much."""

import pytest

from local_stack.broker import Broker
from local_stack.broker.amqp.messages import event_of
from local_stack.broker.errors import AmqpError
from local_stack.broker.store.partition_log import PartitionLog
from local_stack.broker.store.selector import Start, StartField


def filled(*enqueued_ms: int) -> PartitionLog:
    """One event a time, in memory, after two that have gone."""
    log = PartitionLog(None)
    for each in (0, 0, *enqueued_ms):
        log.append([event_of(b"x" * 100)], enqueued_ms=each, key=None)
    log.trim(2)
    return log


def first_after(log: PartitionLog, field: StartField, value: int, *, inclusive: bool) -> int:
    """The sequence number of the first event a receiver gets; the next one's at the end."""
    position = log.position(Start(field=field, value=value, inclusive=inclusive))
    records = log.records(position, 1)
    return records[0].sequence_number if records else log.next_sequence_number


@pytest.mark.parametrize(
    ("value", "inclusive", "first"),
    [(-1, False, 2), (0, True, 2), (2, False, 3), (2, True, 2), (4, False, 5), (4, True, 4)],
)
def test_a_sequence_number_is_a_start(value: int, inclusive: bool, first: int) -> None:
    log = filled(10, 20, 30)
    assert first_after(log, StartField.SEQUENCE_NUMBER, value, inclusive=inclusive) == first


def test_an_offset_is_a_start_whether_it_is_an_events_own_or_between_two() -> None:
    log = filled(10, 20, 30)
    second = log.read()[1]
    for value, inclusive, first in (
        (second.offset, True, 3),
        (second.offset, False, 4),
        (second.offset - 1, False, 3),
        (second.offset + 1, True, 4),
    ):
        assert first_after(log, StartField.OFFSET, value, inclusive=inclusive) == first


@pytest.mark.parametrize(
    ("value", "inclusive", "first"),
    [(19, False, 3), (20, True, 3), (20, False, 4), (29, True, 4), (30, False, 5), (99, True, 5)],
)
def test_an_enqueued_time_is_a_start(value: int, inclusive: bool, first: int) -> None:
    log = filled(10, 20, 30)
    assert first_after(log, StartField.ENQUEUED_TIME, value, inclusive=inclusive) == first


def test_a_clock_that_went_back_hides_no_event_after_the_first_match() -> None:
    assert first_after(filled(50, 10, 60), StartField.ENQUEUED_TIME, 40, inclusive=True) == 2


@pytest.mark.parametrize("field", [StartField.OFFSET, StartField.SEQUENCE_NUMBER])
def test_a_start_past_the_last_event_is_refused(field: StartField) -> None:
    log = filled(10)
    with pytest.raises(AmqpError, match="is invalid"):
        first_after(log, field, log.next_offset, inclusive=True)


def test_too_many_bytes_drop_the_oldest_events(monkeypatch: pytest.MonkeyPatch) -> None:
    log = filled(10, 10, 10, 10)
    each = log.size_bytes // 4
    monkeypatch.setattr("local_stack.broker.store.partition_log.PARTITION_BYTES_MAX", 2 * each + 1)
    log.expire(before_ms=0)
    assert [event.sequence_number for event in log.read()] == [4, 5]
    assert log.size_bytes == 2 * each


async def test_events_without_a_key_go_round(broker: Broker) -> None:
    assert [broker.append("h", [b"x"]) for _ in range(4)] == ["1", "0", "1", "0"]
