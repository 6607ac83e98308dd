"""How many dead letters are too many: both sides of both limits."""

from consumers.receiving.dead_letter_limit import DeadLetterLimit, DeadLetterWindow

LIMIT = DeadLetterLimit(consecutive_max=3, percent_max=50, window_events=10)
DEAD, GOOD = True, False


def test_as_many_in_a_row_as_allowed_go_on_and_one_more_stops() -> None:
    window = DeadLetterWindow(LIMIT)
    assert window.observe([DEAD, DEAD, DEAD]) is None
    breach = window.observe([DEAD])
    assert breach is not None
    assert "DEAD_LETTERS_IN_A_ROW_MAX" in breach


def test_a_good_event_starts_the_row_again() -> None:
    window = DeadLetterWindow(LIMIT)
    for _ in range(5):
        assert window.observe([DEAD, DEAD, GOOD, GOOD]) is None


def test_half_of_a_full_window_goes_on_and_more_stops() -> None:
    assert DeadLetterWindow(LIMIT).observe([DEAD, GOOD] * 5) is None
    breach = DeadLetterWindow(LIMIT).observe([DEAD, GOOD] * 4 + [DEAD, DEAD])
    assert breach is not None
    assert "6 of the last 10 events" in breach


def test_few_events_are_no_ratio() -> None:
    assert DeadLetterWindow(LIMIT).observe([DEAD, DEAD, GOOD]) is None


def test_old_batches_leave_the_window() -> None:
    window = DeadLetterWindow(LIMIT)
    assert window.observe([DEAD, GOOD] * 5) is None
    for _ in range(3):
        assert window.observe([GOOD] * 10) is None
    assert window.observe([DEAD, GOOD, DEAD, DEAD, GOOD]) is None
