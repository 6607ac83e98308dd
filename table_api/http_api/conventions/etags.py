"""JSON answers with a weak ETag: the same data and the same question give the same tag."""

import hashlib
import re
from collections.abc import Mapping

import msgspec
from pydantic import BaseModel
from starlette.requests import Request
from starlette.responses import Response

from table_api.http_api.conventions.problems import ProblemKind, Refused

IMMUTABLE = "private, max-age=31536000, immutable"
CACHE_CONTROL = "private, no-cache"
"""A browser may keep an answer, and asks each time whether it still holds."""

_JSON = {"application/json", "application/*", "*/*"}
_NEVER = re.compile(r"q=0(\.0*)?").fullmatch


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
    if not _takes_json(request.headers.get("accept", "")):
        raise Refused(ProblemKind.NOT_ACCEPTABLE, "the answer is application/json only")
    if isinstance(body, BaseModel):
        content = body.model_dump_json(by_alias=True, exclude_unset=True).encode()
    else:
        content = msgspec.json.encode(body)
    question = repr((request.scope["path"], request.scope["query_string"], *binding)).encode()
    digest = hashlib.sha256(question + b"\n" + content).hexdigest()[:24]
    headers = {"ETag": f'W/"{digest}"', "Cache-Control": CACHE_CONTROL}
    if link is not None:
        headers["Link"] = link
    if _holds(request.headers.get("if-none-match", ""), digest):
        return Response(status_code=304, headers=headers)
    return Response(content, media_type="application/json", headers=headers)


def content_answer(
    request: Request, content: bytes, content_type: str, *, digest: str, immutable: bool
) -> Response:
    """A file with a strong ETag, or 304. What is immutable need never be asked for again."""
    cache_control = IMMUTABLE if immutable else CACHE_CONTROL
    headers = {"ETag": f'"{digest}"', "Cache-Control": cache_control}
    if _holds(request.headers.get("if-none-match", ""), digest):
        return Response(status_code=304, headers=headers)
    return Response(content, media_type=content_type, headers=headers)


def _takes_json(accept: str) -> bool:
    """Whether an Accept header leaves room for JSON. Without one, everything is taken."""
    types = [part.replace(" ", "").lower().split(";") for part in accept.split(",") if part.strip()]
    wanted = {name for name, *rest in types if not any(map(_NEVER, rest))}
    return not types or not wanted.isdisjoint(_JSON)


def _holds(if_none_match: str, digest: str) -> bool:
    """Weak comparison, by RFC 9110."""
    tags = {tag.strip().removeprefix("W/") for tag in if_none_match.split(",")}
    return "*" in tags or f'"{digest}"' in tags
