"""Billed requests that nobody counts per call: videos, reranks, Gemini's own API, batches. Pure.

Most of them are in a data file, which the gateway's policy has its patterns from too. A batch and
sessions over a WebSocket are seen by the gateway's log alone.
"""

import json
import re
from pathlib import Path
from urllib.parse import unquote, urlsplit

_FILE = Path(__file__).parent / "unmetered_operations.json"
_POSTS: dict[str, str] = json.loads(_FILE.read_text(encoding="utf-8"))
_OF_LOG_ALONE = (
    ("batches", "POST", r"/batches/?$"),
    ("realtime", "GET", r"/realtime(?:/translations)?/?$"),
    ("live", "GET", r"/live/sessions(?:/[^/]+/fork)?/?$"),
)
_PATTERNS = [
    (name, method, re.compile(path, re.IGNORECASE))
    for name, method, path in (
        *((name, "POST", path) for name, path in _POSTS.items()),
        *_OF_LOG_ALONE,
    )
]
_SOCKET = re.compile(r"/responses/?$", re.IGNORECASE)
RESPONSES_SOCKET = "responses-socket"
_METHODS = {method for _, method, _ in _PATTERNS}


def unmetered_operation(method: str, url: str) -> str | None:
    """The operation's name; None of every other request."""
    if method not in _METHODS:
        return None
    path, _ = path_and_query(url)
    found = (
        name for name, needed, pattern in _PATTERNS if method == needed and pattern.search(path)
    )
    return next(found, None)


def may_be_socket(method: str, path: str) -> bool:
    """Whether a request of the Responses API opens a WebSocket, where it was answered with 101:
    then many responses are made in it. Without one the same request lists responses.
    """
    return method == "GET" and _SOCKET.search(path) is not None


def path_and_query(url: str) -> tuple[str, str]:
    """The path as the model's server reads it, and the query; two empty texts of what is no URL."""
    try:
        parts = urlsplit(url)
    except ValueError:
        return "", ""
    return unquote(parts.path), parts.query
