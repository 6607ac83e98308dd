"""A dead letter as text: whole, and harmless to whoever reads it."""

from consumers.dead_letters.letter_store import make_letter
from consumers.dead_letters.letter_text import as_line, as_text
from consumers.receiving.handler import Received
from pricing_rules.decoding.invalid_event import InvalidCode, InvalidEvent
from tests.fixtures.builders import ENQUEUED_TIME

BODY = b"\x1b]0;owned\x07\x1b[2Jprompt\r\x9b1m\xff \xe2\x80\xae \xc2\x9b tab\tline\nend"
MEAN = ("\x1b", "\x07", "\r", "\x9b", "\u202e")


def test_a_body_cannot_steer_the_terminal() -> None:
    invalid = InvalidEvent(
        code=InvalidCode.NOT_JSON, field="body", value="v", message="m", event_id=None
    )
    received = Received(1, "", ENQUEUED_TIME, BODY)
    letter = make_letter("hub", "0", received, invalid=invalid, recorded_at=ENQUEUED_TIME)
    for text in (as_text(letter.entry, BODY), as_line(letter.entry)):
        assert [each for each in MEAN if each in text] == []
    shown = as_text(letter.entry, BODY)
    assert "\\x1b[2Jprompt\\r" in shown
    assert "tab\tline\nend" in shown
