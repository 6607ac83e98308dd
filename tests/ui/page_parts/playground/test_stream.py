"""What an answer's events say besides plain text: marks that are no line ends, filters, errors."""

import json
from collections.abc import Iterator

import pytest

from ui.page_parts.playground import stream
from ui.page_parts.playground.stream import GatewayError, parts_of

DONE = "data: [DONE]\n\n"


def event(**fields: object) -> str:
    return f"data: {json.dumps(fields, ensure_ascii=False)}\n\n"


def part(text: object, **more: object) -> str:
    return event(choices=[{"index": 0, "delta": {"content": text}, **more}])


def parts(*events: str) -> list[str]:
    """The parts of an answer that comes letter by letter."""
    return list(parts_of(letter for each in events for letter in each))


@pytest.mark.parametrize("mark", ["\u2028", "\u2029", "\x85", "\x0b", "\x0c", "\x1c"])
def test_a_mark_that_python_takes_for_a_line_end_is_text(mark: str) -> None:
    assert parts(part(f"one{mark}two"), DONE) == [f"one{mark}two"]


def test_line_ends_of_every_kind_part_events() -> None:
    told = (part("a") + part("b") + DONE).replace("\n", "\r\n")
    assert parts(told) == ["a", "b"]


def test_what_a_filter_says_afterwards_is_no_text_and_no_failure() -> None:
    """Azure's asynchronous filter sends choices without a delta."""
    offsets = {"check_offset": 3, "start_offset": 0, "end_offset": 3}
    judged = {"content_filter_results": {}, "content_filter_offsets": offsets}
    filtered = event(id="", choices=[{"index": 0, "finish_reason": None, **judged}], usage=None)
    assert parts(part("Hel"), filtered, part("lo"), DONE) == ["Hel", "lo"]


def test_thoughts_between_parts_of_a_text_are_left_out() -> None:
    thought = {"type": "thinking", "thinking": [{"type": "text", "text": "hm"}]}
    assert parts(part([thought, {"type": "text", "text": "hi"}]), DONE) == ["hi"]


def test_why_a_model_refuses_is_its_answer() -> None:
    assert parts(event(choices=[{"index": 0, "delta": {"refusal": "No."}}]), DONE) == ["No."]


def until_it_fails(pieces: Iterator[str]) -> tuple[list[str], str]:
    """What came before, and why no more did."""
    shown: list[str] = []
    with pytest.raises(GatewayError) as raised:
        shown.extend(parts_of(pieces))
    return shown, str(raised.value)


@pytest.mark.parametrize(
    ("end", "said"),
    [
        (event(error={"message": "The server had an error"}) + DONE, "The server had an error"),
        (event(error="overloaded"), "overloaded"),
        (part("", finish_reason="length") + DONE, "as many tokens as were allowed"),
        (part("", finish_reason="content_filter") + DONE, "the content filter has stopped it"),
        ("", "broke off"),
    ],
)
def test_an_answer_that_is_not_whole_says_so_below_what_came(end: str, said: str) -> None:
    shown, why = until_it_fails(iter([part("Hel"), end]))
    assert shown == ["Hel"]
    assert said in why


def test_an_end_that_the_model_names_needs_no_other() -> None:
    assert parts(part("Hel"), part("lo", finish_reason="stop")) == ["Hel", "lo"]


def test_a_line_without_end_is_cut(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(stream, "LINE_CHARS_MAX", 10)
    assert until_it_fails(iter(["data: ", "x" * 20]))[1].endswith("a line of over 10 characters.")


def test_an_end_that_is_no_word_is_an_end_all_the_same() -> None:
    assert parts(part("Hel", finish_reason={"type": "stop"})) == ["Hel"]
