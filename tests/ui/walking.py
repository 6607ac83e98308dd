"""The UI as an operator starts it, and browser pages that are watched."""

import contextlib
import os
import socket
import subprocess
import sys
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from urllib.parse import parse_qs, urlsplit

import httpx
from playwright.sync_api import ConsoleMessage, Error, Page, Request, WebSocket, expect

from tests.paths import ROOT
from ui.format import escape

START_RETRIES = 7  # with httpx's doubling pause: about 30 s
STEP_TIMEOUT_MS = 30_000
# Streamlit's client looks for its base path on a deep link and finds it after two 404s; Vega says
# that an empty chart has no extent.
ALLOWED_CONSOLE = ("status of 404", "Infinite extent")
EMOJI = "remark-emoji"
"""What Streamlit's client loads for a text such as 12:34:56, next to 260 KB of emoji's names."""


_made: "list[Watched]" = []


def what_pages_show() -> str:
    """Address and text of each page that is open, for the report of a test that failed."""
    shown = []
    for each in _made:
        with contextlib.suppress(Error):  # a browser that is gone hides no failure
            if not each.page.is_closed():
                shown.append(f"{each.page.url}\n{each.page.inner_text('body')}")
    return "\n".join(shown)


@dataclass
class Watched:
    """A browser page and everything it should not have done."""

    page: Page
    base: str
    provider: str = ""
    """Whose pages it may open to sign in."""
    foreign: list[str] = field(default_factory=list)
    complaints: list[str] = field(default_factory=list)
    received: list[bytes] = field(default_factory=list)
    """What the server sent over WebSockets: all that the pages show, and more."""

    def __post_init__(self) -> None:
        _made.append(self)

    def watch(self) -> None:
        """Note from now on what it should not do."""
        self.page.on("request", self.on_request)
        self.page.on("websocket", self.on_websocket)
        self.page.on("console", self.on_console)

    def on_request(self, request: Request | WebSocket) -> None:
        address = urlsplit(request.url)
        inline = address.scheme in ("data", "blob")
        own = {urlsplit(self.base).netloc, urlsplit(self.provider).netloc}
        if not inline and address.netloc not in own:
            self.foreign.append(request.url)
        if EMOJI in request.url:
            self.complaints.append(f"a text has what Streamlit takes for an emoji: {request.url}")

    def on_websocket(self, socket: WebSocket) -> None:
        self.on_request(socket)
        socket.on("framereceived", self.on_frame)

    def on_frame(self, payload: bytes | str) -> None:
        self.received.append(payload if isinstance(payload, bytes) else payload.encode())

    def was_sent(self, text: str) -> bool:
        """Whether the server sent this text since the page was opened first, in a table or in
        prose."""
        spelled = (text.encode(), escape(text).encode())
        return any(each in frame for frame in self.received for each in spelled)

    def on_console(self, message: ConsoleMessage) -> None:
        allowed = any(text in message.text for text in ALLOWED_CONSOLE)
        if message.type in ("error", "warning") and not allowed:
            self.complaints.append(message.text)

    def open(self, path: str) -> None:
        self.page.goto(self.base + path)
        self.settle()

    def settle(self) -> None:
        self.page.wait_for_selector("[data-testid=stApp][data-test-script-state=notRunning]")

    def heading(self, text: str) -> None:
        # While a page takes the place of another one, both have a heading.
        self.page.get_by_role("heading", level=1, name=text, exact=True).wait_for()
        self.settle()
        heading = self.page.get_by_role("heading", level=1)
        expect(heading).to_have_count(1)
        expect(heading).to_have_text(text)

    def open_row(self, text: str) -> None:
        """Open the row whose link has this text, by keyboard alone."""
        self.page.get_by_role("rowheader").get_by_role("link", name=text).first.press("Enter")

    def parameters(self) -> dict[str, str]:
        return {k: v[0] for k, v in parse_qs(urlsplit(self.page.url).query).items()}


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


@dataclass(frozen=True)
class Running:
    """A Streamlit server, and its process."""

    url: str
    pid: int


@contextmanager
def running_ui(settings: Mapping[str, str], *, port: int) -> Iterator[str]:
    """The UI with these variables, as an operator starts it; gives its address."""
    with running_streamlit("ui/server.py", settings, port=port) as running:
        yield running.url


@contextmanager
def running_streamlit(
    script: str, settings: Mapping[str, str], *, port: int, options: Sequence[str] = ()
) -> Iterator[Running]:
    """A script of Streamlit, served by a process of its own."""
    command = [sys.executable, "-m", "streamlit", "run", script, *options]
    command += ["--server.port", str(port), "--server.fileWatcherType", "none"]
    environment = {**os.environ, **settings}
    with subprocess.Popen(command, cwd=ROOT, env=environment) as server:
        try:
            url = f"http://127.0.0.1:{port}"
            retrying = httpx.HTTPTransport(retries=START_RETRIES)
            with httpx.Client(transport=retrying) as probe:
                probe.get(f"{url}/_stcore/health").raise_for_status()
            yield Running(url, server.pid)
        finally:
            server.terminate()
