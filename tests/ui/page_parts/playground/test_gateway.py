"""One call of the playground over HTTP: what is sent, and every way in which it can fail."""

import re

import pytest

from tests.ui.page_parts.playground.edge import ANSWER, answering
from ui.page_parts.playground import stream
from ui.page_parts.playground.gateway import Prompt, new_trace_id, streamed
from ui.page_parts.playground.stream import GatewayError, GatewayRefused

PROMPT = Prompt(
    deployment="gpt-5-mini", text="hello", output_max=20, session="s1", trace_id="ab" * 16
)


def test_the_answer_comes_in_parts_and_the_call_can_be_found_again() -> None:
    with answering(200, ANSWER) as edge:
        assert list(streamed(edge.url, "token", PROMPT)) == ["Hel", "lo"]
    ((path, headers, body),) = edge.sent
    assert path == "/chat/completions"
    assert headers["Authorization"] == "Bearer token"
    assert re.fullmatch(rf"00-{PROMPT.trace_id}-[0-9a-f]{{16}}-01", headers["traceparent"])
    assert headers["x-session-id"] == "s1"
    assert body["stream_options"] == {"include_usage": True}
    assert body["max_completion_tokens"] == 20


@pytest.mark.parametrize(
    ("status", "answer", "said"),
    [
        (401, b'{"statusCode": 401, "message": "no such key"}', "answered 401: no such key"),
        (429, b'{"error": {"message": "too fast"}}', "answered 429: too fast"),
        (502, b"<html>bad gateway</html>", "answered 502: <html>bad gateway</html>"),
        (500, b'["odd"]', "answered 500"),
        (200, b"data: {not json}\n\n", "an event that cannot be read"),
        (200, b'data: {"choices": [{}]}\n\n', "an event that cannot be read"),
        (200, b"data: 7\n\n", "an event that cannot be read"),
    ],
)
def test_a_refusal_and_a_broken_stream_say_what_they_are(
    status: int, answer: bytes, said: str
) -> None:
    with answering(status, answer) as edge, pytest.raises(GatewayError) as raised:
        list(streamed(edge.url, "token", PROMPT))
    assert said in str(raised.value)
    assert isinstance(raised.value, GatewayRefused) is (status != 200)


def test_an_answer_that_breaks_off_may_have_a_cost() -> None:
    with (
        answering(200, ANSWER[:120], promised=len(ANSWER)) as edge,
        pytest.raises(GatewayError, match="broke off") as raised,
    ):
        list(streamed(edge.url, "token", PROMPT))
    assert not isinstance(raised.value, GatewayRefused)


def test_an_answer_without_end_is_cut(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(stream, "ANSWER_CHARS_MAX", 3)
    with answering(200, ANSWER) as edge, pytest.raises(GatewayError, match="longer than 3"):
        list(streamed(edge.url, "token", PROMPT))


def test_a_gateway_that_is_down_is_named() -> None:
    with answering(200, ANSWER) as edge:
        url = edge.url
    with pytest.raises(GatewayRefused, match=f"{url} gave no answer"):
        list(streamed(url, "token", PROMPT))


def test_every_trace_is_another_one() -> None:
    assert len({new_trace_id() for _ in range(100)}) == 100
    assert re.fullmatch("[0-9a-f]{32}", new_trace_id())
