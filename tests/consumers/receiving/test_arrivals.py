"""What is new of what the SDK delivers."""

from datetime import timedelta

import pytest

from consumers.errors import HubRecreated
from consumers.receiving.arrivals import Arrivals
from tests.consumers.receiving.deliveries import delivered
from tests.fixtures.builders import ENQUEUED_TIME

FIVE = [delivered(number) for number in range(5)]


def test_events_in_order_are_all_new() -> None:
    arrivals = Arrivals()
    assert arrivals.new(FIVE) == FIVE
    assert arrivals.last == 4


def test_events_that_come_again_are_dropped_wherever_the_delivery_goes_back() -> None:
    arrivals = Arrivals()
    arrivals.new(FIVE[:4])
    assert arrivals.new([*FIVE[1:], *FIVE]) == [FIVE[4]]


def test_a_gap_is_taken_as_it_is() -> None:
    arrivals = Arrivals()
    assert [event.sequence_number for event in arrivals.new([FIVE[0], FIVE[3]])] == [0, 3]


def test_numbers_that_restart_at_a_later_time_are_another_hub() -> None:
    arrivals = Arrivals()
    arrivals.new(FIVE)
    reborn = delivered(0, enqueued_time=ENQUEUED_TIME + timedelta(hours=1))
    with pytest.raises(HubRecreated, match="made anew"):
        arrivals.new([reborn])
