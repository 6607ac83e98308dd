"""A stall: events wait, there is room, and none arrives for the whole time."""

from consumers.receiving.watchdog import Sighting, Watchdog


def look(*, received: int = 5, last_enqueued: int = 9, has_room: bool = True) -> Sighting:
    return Sighting(received=received, last_enqueued=last_enqueued, has_room=has_room)


def test_waiting_events_are_a_stall_after_the_time_and_not_before() -> None:
    watchdog = Watchdog(stall_s=60)
    assert not watchdog.stalled("0", look(), now=0)
    assert not watchdog.stalled("0", look(), now=59.9)
    assert watchdog.stalled("0", look(), now=60)


def test_an_arrival_starts_the_time_again() -> None:
    watchdog = Watchdog(stall_s=60)
    watchdog.stalled("0", look(received=5), now=0)
    assert not watchdog.stalled("0", look(received=6), now=60)
    assert watchdog.stalled("0", look(received=6), now=120)


def test_a_partition_that_is_caught_up_never_stalls() -> None:
    watchdog = Watchdog(stall_s=60)
    for now in (0, 100, 200):
        assert not watchdog.stalled("0", look(received=9), now=now)


def test_a_full_buffer_waits_for_storage_and_is_no_stall() -> None:
    watchdog = Watchdog(stall_s=60)
    for now in (0, 100, 200):
        assert not watchdog.stalled("0", look(has_room=False), now=now)


def test_partitions_are_judged_apart() -> None:
    watchdog = Watchdog(stall_s=60)
    watchdog.stalled("0", look(), now=0)
    assert not watchdog.stalled("1", look(), now=60)
    assert watchdog.stalled("0", look(), now=60)
