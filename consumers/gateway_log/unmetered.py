"""Billed requests that nobody counts per call: videos, reranks, Gemini's own API, batches. Pure.

Most of them are in a data file, which the gateway's policy has its patterns from too. A batch and a
realtime session over a WebSocket are seen by the gateway's log alone.
"""

import json
import re
from pathlib import Path
from urllib.parse import urlsplit

_FILE = Path(__file__).parent / "unmetered_operations.json"
_POSTS: dict[str, str] = json.loads(_FILE.read_text(encoding="utf-8"))
_OF_LOG_ALONE = (("batches", "POST", r"/batches/?$"), ("realtime", "GET", r"/realtime/?$"))
_PATTERNS = [
    (name, method, re.compile(path, re.IGNORECASE))
    for name, method, path in (
        *((name, "POST", path) for name, path in _POSTS.items()),
        *_OF_LOG_ALONE,
    )
]
_METHODS = {method for _, method, _ in _PATTERNS}


def unmetered_operation(method: str, url: str) -> str | None:
    """The operation's name; None of every other request."""
    if method not in _METHODS:
        return None
    try:
        path = urlsplit(url).path
    except ValueError:
        return None
    found = (
        name for name, needed, pattern in _PATTERNS if method == needed and pattern.search(path)
    )
    return next(found, None)
