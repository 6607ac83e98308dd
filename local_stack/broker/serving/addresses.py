"""Addresses of entities, as the clients write them: whole URLs from Python, paths from JS."""

import re
from urllib.parse import unquote

_AUTHORITY = re.compile(r"[a-z]+://[^/]*/")


def path_of(address: str) -> str:
    """The path of an address, unquoted, without the slashes around it."""
    return unquote(_AUTHORITY.sub("", address, count=1)).strip("/")
