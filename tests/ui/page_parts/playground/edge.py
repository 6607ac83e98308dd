"""A gateway on a free port that answers each prompt alike."""

import json
import time
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from threading import Thread

ANSWER = (
    b'data: {"choices": []}\n\n'
    b'data: {"choices": [{"delta": {"role": "assistant"}}]}\n\n'
    b'data: {"choices": [{"delta": {"content": "Hel"}}]}\n\n'
    b": a comment\n\n"
    b'data: {"choices": [{"delta": {"content": "lo"}}]}\n\n'
    b'data: {"choices": [], "usage": {"prompt_tokens": 3}}\n\n'
    b"data: [DONE]\n\n"
)


class Edge(BaseHTTPRequestHandler):
    """Answers as its server is told to, and keeps what it was sent."""

    def do_POST(self) -> None:
        length = int(self.headers["Content-Length"])
        server = self.server
        assert isinstance(server, Answering)
        server.sent.append((self.path, dict(self.headers), json.loads(self.rfile.read(length))))
        self.send_response(server.status)
        if server.promised is not None:
            self.send_header("Content-Length", str(server.promised))
        self.end_headers()
        self.wfile.write(server.answer)
        if server.rest:
            self.wfile.flush()
            time.sleep(server.pause_s)
            self.wfile.write(server.rest)

    def log_message(self, format: str, *args: object) -> None:
        """Tests are quiet."""


class Answering(ThreadingHTTPServer):
    def __init__(self, status: int, answer: bytes, promised: int | None) -> None:
        super().__init__(("127.0.0.1", 0), Edge)
        self.status, self.answer, self.promised = status, answer, promised
        self.rest, self.pause_s = b"", 0.0
        """What comes so much later."""
        self.sent: list[tuple[str, dict[str, str], dict[str, object]]] = []

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.server_address[1]}"


@contextmanager
def answering(status: int, answer: bytes, *, promised: int | None = None) -> Iterator[Answering]:
    """`promised` bytes are announced: with fewer in `answer`, it breaks off."""
    server = Answering(status, answer, promised)
    thread = Thread(target=server.serve_forever, daemon=True)
    thread.start()
    try:
        yield server
    finally:
        server.shutdown()
        server.server_close()
        thread.join()
