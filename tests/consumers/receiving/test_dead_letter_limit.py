"""The brake on dead letters: both sides of each limit, slow before stop, and whom it counts."""

from consumers.receiving.dead_letter_limit import (
    Brake,
    DeadLetterLimit,
    DeadLetterWindow,
    Verdict,
)
from consumers.receiving.handler import Sender

LIMIT = DeadLetterLimit(of_sender_max=3, percent_max=50, window_events=10, slowed_events_per_s=100)
ADA, BOB, EVE = Sender("ada"), Sender("bob"), Sender("eve")
ONE, OTHER, THIRD = (Sender(f"user-{number}", is_subject=True) for number in range(3))


def observed(*parts: tuple[int, list[Sender]]) -> Verdict:
    """What the last of the parts leads to."""
    window = DeadLetterWindow(LIMIT)
    return [window.observe(events, dead) for events, dead in parts][-1]


def test_as_many_of_a_sender_as_allowed_go_on_and_one_more_slows() -> None:
    assert observed((9, [ADA] * 3)).brake is Brake.OFF
    slowed = observed((9, [ADA] * 4))
    assert slowed.brake is Brake.SLOW
    assert "4 of the last 9 events are dead letters by ada" in slowed.why
    assert "DEAD_LETTERS_OF_A_SENDER_MAX" in slowed.why


def test_a_sender_with_few_dead_letters_is_not_slowed_for_the_others() -> None:
    assert observed((9, [ADA] * 3 + [BOB] * 3)).brake is Brake.OFF


def test_half_of_a_full_window_goes_on_and_more_slows_whoever_sent_it() -> None:
    assert observed((10, [ADA, ADA, BOB, BOB, EVE])).brake is Brake.OFF
    slowed = observed((10, [ADA, ADA, BOB, BOB, EVE, EVE]))
    assert slowed.brake is Brake.SLOW
    assert "6 of the last 10 events" in slowed.why
    assert "DEAD_LETTER_PERCENT_MAX" in slowed.why


def test_few_events_are_no_share() -> None:
    assert observed((9, [ADA, ADA, BOB, BOB, EVE, EVE])).brake is Brake.OFF


def test_it_stops_after_a_window_that_was_read_slowly_and_not_before() -> None:
    most = (5, [ADA] * 3)
    assert observed(most, most, most).brake is Brake.SLOW
    assert observed(most, most, most, most).brake is Brake.STOP


def test_a_sender_with_less_than_most_never_stops_anybody() -> None:
    assert observed(*[(10, [ADA] * 5)] * 50).brake is Brake.SLOW


def test_old_parts_leave_the_window_and_the_brake_with_them() -> None:
    window = DeadLetterWindow(LIMIT)
    assert window.observe(10, [ADA] * 10).brake is Brake.SLOW
    assert window.observe(5, []).brake is Brake.SLOW
    assert window.observe(5, []).brake is Brake.OFF
    # It begins again from the start: slow, for a window, before it stops.
    assert window.observe(10, [ADA] * 10).brake is Brake.SLOW


def test_what_fails_of_one_subject_slows_and_never_stops() -> None:
    assert observed(*[(10, [ONE] * 10)] * 50).brake is Brake.SLOW


def test_what_fails_of_many_subjects_stops() -> None:
    every = [ONE, ONE, ONE, ONE, OTHER, OTHER, OTHER, THIRD, THIRD, THIRD]
    assert observed((10, every), (10, every)).brake is Brake.STOP
