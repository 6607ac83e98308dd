"""Reads the answer to one HTTP/1.1 request from the bytes of a connection. Pure.

It knows what a server may send to a request that asks for no compression: a head, then a body of a
stated length or in chunks. Anything else is BadAnswer, and its connection is closed.
"""

from collections.abc import Mapping

import msgspec

HEAD_BYTES_MAX = 64 * 1024
BODY_BYTES_MAX = 32 * 1024 * 1024
"""The service answers with at most 4 MiB."""
CHUNK_LINE_BYTES_MAX = 4 * 1024
_WITHOUT_BODY = {204, 304}
_HEXADECIMAL = frozenset(b"0123456789abcdefABCDEF")


class BadAnswer(ConnectionError):
    """The bytes are no answer that this client understands; the message says why."""


class Answer(msgspec.Struct, frozen=True, gc=False):
    """A whole answer."""

    status: int
    headers: Mapping[str, str]
    """By their names in lower case; values of one name are joined by a comma."""
    body: bytes
    closes: bool
    """Whether the server closes the connection after it."""


class AnswerReader:
    """Takes the bytes of one answer as they come."""

    __slots__ = ("_body_at", "_bytes", "_chunks", "_head", "_length", "_tunnel")

    def __init__(self, *, tunnel: bool = False) -> None:
        """`tunnel`: the request was a CONNECT, whose good answer has no body."""
        self._tunnel = tunnel
        self._bytes = bytearray()
        self._head: tuple[int, dict[str, str], bool] | None = None
        self._body_at = 0
        """Where the body starts, or its next chunk."""
        self._length: int | None = 0
        """Of the body; None when it comes in chunks."""
        self._chunks: list[bytes] = []

    def feed(self, data: bytes) -> Answer | None:
        """The answer when these bytes complete it. BadAnswer for anything else than an answer, also
        for bytes that follow it.
        """
        self._bytes += data
        while self._head is None:
            if not self._read_head():
                return None
        status, headers, closes = self._head
        body = self._read_chunks() if self._length is None else self._read_body(self._length)
        return None if body is None else Answer(status, headers, body, closes)

    def _read_head(self) -> bool:
        """Whether a head was there; an interim one (1xx) is dropped."""
        end = self._bytes.find(b"\r\n\r\n")
        if end > HEAD_BYTES_MAX or (end < 0 and len(self._bytes) > HEAD_BYTES_MAX):
            raise BadAnswer(f"its head has over {HEAD_BYTES_MAX} bytes")
        if end < 0:
            return False
        first, *lines = self._bytes[:end].decode("latin-1").split("\r\n")
        status, version = _status_of(first)
        if 100 <= status < 200 and status != 101:
            del self._bytes[: end + 4]
            return True
        headers = _headers_of(lines)
        options = headers.get("connection", "").lower()
        closes = "close" in options or (version == "1.0" and "keep-alive" not in options)
        self._body_at = end + 4
        self._length = self._length_of(status, headers)
        self._head = (status, headers, closes)
        return True

    def _length_of(self, status: int, headers: Mapping[str, str]) -> int | None:
        if status in _WITHOUT_BODY or (self._tunnel and 200 <= status < 300):
            return 0
        coding, length = headers.get("transfer-encoding"), headers.get("content-length")
        if coding is not None:
            if coding.lower() != "chunked" or length is not None:
                raise BadAnswer(f"its body is coded as {coding!r}, with the length {length!r}")
            return None
        if length is None or not (length.isascii() and length.isdigit()):
            raise BadAnswer(f"its body has the length {length!r}")
        if int(length) > BODY_BYTES_MAX:
            raise BadAnswer(f"its body of {length} bytes is over {BODY_BYTES_MAX}")
        return int(length)

    def _read_body(self, length: int) -> bytes | None:
        missing = self._body_at + length - len(self._bytes)
        if missing < 0:
            raise BadAnswer(f"{-missing} bytes follow it")
        return bytes(self._bytes[self._body_at :]) if missing == 0 else None

    def _read_chunks(self) -> bytes | None:
        """The body once its last chunk is there."""
        while (line_end := self._bytes.find(b"\r\n", self._body_at)) >= 0:
            size = _size_of(self._bytes[self._body_at : line_end])
            if size == 0:
                return self._after_last_chunk(line_end)
            start, end = line_end + 2, line_end + 2 + size
            if end > BODY_BYTES_MAX:
                raise BadAnswer(f"its body is over {BODY_BYTES_MAX} bytes")
            if len(self._bytes) < end + 2:
                return None
            if self._bytes[end : end + 2] != b"\r\n":
                raise BadAnswer("a chunk of its body does not end where it says")
            self._chunks.append(bytes(self._bytes[start:end]))
            self._body_at = end + 2
        if len(self._bytes) - self._body_at > CHUNK_LINE_BYTES_MAX:
            raise BadAnswer("a chunk of its body has no size")
        return None

    def _after_last_chunk(self, line_end: int) -> bytes | None:
        """What follows it are trailers, which say nothing to us, and an empty line."""
        end = self._bytes.find(b"\r\n\r\n", line_end)
        if end < 0:
            if len(self._bytes) - line_end > HEAD_BYTES_MAX:
                raise BadAnswer("its trailers do not end")
            return None
        if len(self._bytes) > end + 4:
            raise BadAnswer(f"{len(self._bytes) - end - 4} bytes follow it")
        return b"".join(self._chunks)


def _status_of(line: str) -> tuple[int, str]:
    """Status and HTTP version of a first line."""
    name, _, rest = line.partition("/")
    version, _, rest = rest.partition(" ")
    status = rest[:3]
    is_status = status.isascii() and status.isdigit() and len(status) == 3
    is_http = name == "HTTP" and version in {"1.0", "1.1"}
    if not is_http or not is_status or rest[3:4] not in {"", " "}:
        raise BadAnswer(f"it begins with {line[:80]!r}")
    return int(status), version


def _headers_of(lines: list[str]) -> dict[str, str]:
    headers: dict[str, str] = {}
    for line in lines:
        name, colon, value = line.partition(":")
        if not colon or not name or name[-1] in " \t" or name[0] in " \t":
            raise BadAnswer(f"its header {line[:80]!r} has no name")
        name, value = name.lower(), value.strip(" \t")
        headers[name] = f"{headers[name]}, {value}" if name in headers else value
    return headers


def _size_of(line: bytearray) -> int:
    """Of a chunk; an extension behind `;` says nothing to us."""
    digits = line.partition(b";")[0].strip(b" \t")
    if not 0 < len(digits) <= 8 or not _HEXADECIMAL.issuperset(digits):
        raise BadAnswer(f"a chunk of its body has the size {bytes(line[:80])!r}")
    return int(digits, 16)
