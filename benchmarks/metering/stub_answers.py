"""Answers of the stand-in of Table Storage, as bytes of HTTP."""

from typing import Any

import msgspec

Row = dict[str, Any]
_encode = msgspec.json.encode


def shown(row: Row, etag: str | None) -> Row:
    """Without types where no metadata is wanted, else with the ETag too."""
    if etag is not None:
        return {"odata.etag": etag, **row}
    return {name: value for name, value in row.items() if not name.endswith("@odata.type")}


def error(code: str, number: int = 0) -> bytes:
    message = {"lang": "en-US", "value": f"{number}:refused"}
    return _encode({"odata.error": {"code": code, "message": message}})


def batch(inner: bytes) -> bytes:
    body = b"--b\r\nContent-Type: multipart/mixed; boundary=c\r\n\r\n--c\r\n" + inner + b"--b--\r\n"
    return http(202, body, {"Content-Type": "multipart/mixed; boundary=b"})


def http(status: int, body: bytes = b"", headers: dict[str, str] | None = None) -> bytes:
    named = {"Content-Type": "application/json", **(headers or {})}
    if status != 204:
        named["Content-Length"] = str(len(body))
    lines = "".join(f"{name}: {value}\r\n" for name, value in named.items())
    return f"HTTP/1.1 {status} -\r\n{lines}\r\n".encode() + body
