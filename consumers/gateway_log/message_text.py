"""Takes what people and models said, headers and keys of URLs out of a body that is kept. Pure.

The gateway writes them only where its diagnostic setting is told to log messages, headers or
payloads; a URL it writes as the caller sent it. No fact is read from any of them, so a body decodes
to the same without.
"""

import re

import msgspec

_NAMES = (
    r"(?:request|response)messages"
    r"|(?:backend)?(?:request|response)(?:headers|body)"
)
_NAME = re.compile(rf"(?:{_NAMES})(?:_[sdbgt])?", re.IGNORECASE).fullmatch
_ANYWHERE = re.compile(_NAMES, re.IGNORECASE)
_KEY = re.compile(
    r"((?:[?&]|\\u0026)(?:[\w.-]{0,64}(?:key|secret|token|password)|code|sig)=)"
    r'(?!removed(?:[&#"\\\s]|$))[^&#"\\\s]+',
    re.IGNORECASE,
)
"""A secret among the parameters of a URL, as clients of several vendors send theirs."""
_REMOVED = r"\1removed"
_decode_json = msgspec.json.Decoder().decode


def without_messages(body: bytes) -> bytes:
    """The same bytes where there is nothing to take out.

    What is no JSON (most such bodies were cut) ends where the first such name stands: nobody can
    tell where its value does.
    """
    text = body.decode("utf-8", "replace")
    if _ANYWHERE.search(text) is None and _KEY.search(text) is None:
        return body
    return _cleared_text(text).encode()


def _cleared_text(text: str) -> str:
    text = _KEY.sub(_REMOVED, text)
    found = _ANYWHERE.search(text)
    if found is None:
        return text
    try:
        return msgspec.json.encode(_cleared(_decode_json(text))).decode()
    except (msgspec.DecodeError, RecursionError):
        return text[: found.start()]


def _cleared(value: object) -> object:
    if isinstance(value, dict):
        return {name: _cleared(each) for name, each in value.items() if not _NAME(name)}
    if isinstance(value, list):
        return [_cleared(each) for each in value]
    if isinstance(value, str):  # `properties` may be JSON as text
        return _cleared_text(value)
    return value
