"""Answers with a weak ETag: the same data and the same question give the same tag."""

import hashlib
from collections.abc import Mapping

import msgspec
from pydantic import BaseModel
from starlette.requests import Request
from starlette.responses import Response

from table_api.http_api.conventions.forms import Form, check_takes

IMMUTABLE = "private, max-age=31536000, immutable"
CACHE_CONTROL = "private, no-cache"
"""A browser may keep an answer, and asks each time whether it still holds."""


def json_answer(
    request: Request,
    body: BaseModel | Mapping[str, object],
    binding: tuple[str, ...],
    *,
    link: str | None = None,
) -> Response:
    """The body, or 304 when the caller has it already. `binding` is whose tag it is: the tag of
    another caller says nothing of this one's answer.
    """
    check_takes(request, Form.JSON)
    if isinstance(body, BaseModel):
        content = body.model_dump_json(by_alias=True, exclude_unset=True).encode()
    else:
        content = msgspec.json.encode(body)
    headers = {} if link is None else {"Link": link}
    return tagged_answer(request, content, Form.JSON, binding, headers=headers)


def tagged_answer(
    request: Request,
    content: bytes,
    content_type: str,
    binding: tuple[str, ...],
    *,
    headers: Mapping[str, str],
) -> Response:
    """Content that was made for this question, or 304."""
    asked = (request.scope["path"], request.scope["query_string"], content_type, *binding)
    digest = hashlib.sha256(repr(asked).encode() + b"\n" + content).hexdigest()[:24]
    sent = {"ETag": f'W/"{digest}"', "Cache-Control": CACHE_CONTROL, **headers}
    if _holds(request.headers.get("if-none-match", ""), digest):
        return Response(status_code=304, headers=sent)
    return Response(content, media_type=content_type, headers=sent)


def content_answer(
    request: Request, content: bytes, content_type: str, *, digest: str, immutable: bool
) -> Response:
    """A file with a strong ETag, or 304. What is immutable need never be asked for again."""
    check_takes(request, content_type)
    cache_control = IMMUTABLE if immutable else CACHE_CONTROL
    headers = {"ETag": f'"{digest}"', "Cache-Control": cache_control}
    if _holds(request.headers.get("if-none-match", ""), digest):
        return Response(status_code=304, headers=headers)
    return Response(content, media_type=content_type, headers=headers)


def _holds(if_none_match: str, digest: str) -> bool:
    """Weak comparison, by RFC 9110."""
    tags = {tag.strip().removeprefix("W/") for tag in if_none_match.split(",")}
    return "*" in tags or f'"{digest}"' in tags
