"""One call of the playground over HTTP: what is sent, and every way in which it can fail."""

import json
import re
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from threading import Thread

import pytest

from ui.page_parts.playground import gateway
from ui.page_parts.playground.gateway import GatewayError, Prompt, new_trace_id, streamed

ANSWER = (
    b'data: {"choices": []}\n\n'
    b'data: {"choices": [{"delta": {"role": "assistant"}}]}\n\n'
    b'data: {"choices": [{"delta": {"content": "Hel"}}]}\n\n'
    b": a comment\n\n"
    b'data: {"choices": [{"delta": {"content": "lo"}}]}\n\n'
    b'data: {"choices": [], "usage": {"prompt_tokens": 3}}\n\n'
    b"data: [DONE]\n\n"
)
PROMPT = Prompt(
    deployment="gpt-5-mini", text="hello", output_max=20, session="s1", trace_id="ab" * 16
)


class Edge(BaseHTTPRequestHandler):
    """Answers as its server is told to, and keeps what it was sent."""

    def do_POST(self) -> None:
        length = int(self.headers["Content-Length"])
        server = self.server
        assert isinstance(server, Answering)
        server.sent.append((self.path, dict(self.headers), json.loads(self.rfile.read(length))))
        self.send_response(server.status)
        self.end_headers()
        self.wfile.write(server.answer)

    def log_message(self, format: str, *args: object) -> None:
        """Tests are quiet."""


class Answering(ThreadingHTTPServer):
    def __init__(self, status: int, answer: bytes) -> None:
        super().__init__(("127.0.0.1", 0), Edge)
        self.status, self.answer = status, answer
        self.sent: list[tuple[str, dict[str, str], dict[str, object]]] = []

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.server_address[1]}"


@contextmanager
def answering(status: int, answer: bytes) -> Iterator[Answering]:
    server = Answering(status, answer)
    thread = Thread(target=server.serve_forever, daemon=True)
    thread.start()
    try:
        yield server
    finally:
        server.shutdown()
        server.server_close()
        thread.join()


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
    with answering(status, answer) as edge, pytest.raises(GatewayError, match=re.escape(said)):
        list(streamed(edge.url, "token", PROMPT))


def test_an_answer_without_end_is_cut(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(gateway, "ANSWER_CHARS_MAX", 3)
    with answering(200, ANSWER) as edge, pytest.raises(GatewayError, match="longer than 3"):
        list(streamed(edge.url, "token", PROMPT))


def test_a_gateway_that_is_down_is_named() -> None:
    with answering(200, ANSWER) as edge:
        url = edge.url
    with pytest.raises(GatewayError, match=f"{url} gave no answer"):
        list(streamed(url, "token", PROMPT))


def test_every_trace_is_another_one() -> None:
    assert len({new_trace_id() for _ in range(100)}) == 100
    assert re.fullmatch("[0-9a-f]{32}", new_trace_id())
