"""Errors as HTTP answers: one table from exception to problem document (RFC 9457).

What a client is told is chosen here; no exception's text reaches it but of those made for it.
"""

from collections.abc import Callable, Coroutine, Mapping, Sequence
from enum import Enum
from http import HTTPStatus
from typing import Any
from urllib.parse import quote

from fastapi.exceptions import RequestValidationError
from pydantic import BaseModel, ConfigDict, Field
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import Response

from table_api.errors import (
    Altered,
    AlteredRow,
    LedgerMismatch,
    NoLedger,
    Retryable,
    TableApiError,
    TooManyCalls,
    TooManyCells,
)
from telemetry.log import Log

Handler = Callable[[Request, Any], Coroutine[Any, Any, Response]]

_log = Log("table_api")

MEDIA_TYPE = "application/problem+json"
RETRY_AFTER_S = 5
VALUE_CHARS_MAX = 100
"""Of a refused value, so much is repeated to the caller."""


class ProblemKind(Enum):
    """Every problem: type (after `urn:problem:`), status and title."""

    INVALID_PARAMETER = ("invalid-parameter", 400, "A parameter cannot be used")
    TOO_MUCH = ("too-much", 400, "The question is too big")
    UNAUTHENTICATED = ("unauthenticated", 401, "Nobody is signed in")
    NOT_ALLOWED = ("not-allowed", 403, "The caller may not ask this")
    FOREIGN_HOST = ("foreign-host", 403, "The request does not name this machine")
    UNKNOWN_SUBJECT = ("unknown-subject", 404, "The subject is unknown")
    UNKNOWN_CALL = ("unknown-call", 404, "The call is unknown")
    UNKNOWN_RUN = ("unknown-run", 404, "The re-rating run is unknown")
    UNKNOWN_INVOICE = ("unknown-invoice", 404, "The invoice or file is unknown")
    NO_TELEMETRY = ("telemetry-not-configured", 404, "Application Insights is not read here")
    NOT_ACCEPTABLE = ("not-acceptable", 406, "There is no answer of the type asked for")
    TOO_LARGE = ("too-large", 413, "The body is too large")
    TARGET_TOO_LONG = ("target-too-long", 414, "Path and query are too long")
    TOO_MANY_REQUESTS = ("too-many-requests", 429, "The caller asks too often")
    NO_LEDGER = ("no-ledger", 503, "There is no ledger yet")
    NO_BOOK = ("no-book", 503, "No price book is in use yet")
    LATER_SCHEMA = ("later-schema", 503, "The ledger is of a later release")
    STORAGE_UNAVAILABLE = ("storage-unavailable", 503, "The ledger's storage does not answer")
    TELEMETRY_UNAVAILABLE = ("telemetry-unavailable", 503, "Application Insights gives no answer")
    PARTIAL_RESULT = ("partial-result", 503, "Application Insights read only a part")
    ISSUER_UNAVAILABLE = ("issuer-unavailable", 503, "Tokens cannot be checked")
    NOT_RECORDED = ("not-recorded", 503, "The access log cannot be written")
    ALTERED = ("altered", 500, "A stored document is not what was written")
    INTERNAL = ("internal", 500, "The server failed")


class ProblemError(BaseModel):
    """One refused parameter."""

    model_config = ConfigDict(frozen=True)

    field: str
    value: str | None = None
    detail: str


class Problem(BaseModel):
    """RFC 9457 problem details."""

    model_config = ConfigDict(frozen=True)

    type: str
    title: str
    status: int = Field(ge=400, le=599)
    detail: str | None = None
    instance: str
    errors: tuple[ProblemError, ...] = ()


class Refused(TableApiError):
    """A request that is answered with a problem; raised by handlers."""

    def __init__(
        self,
        kind: ProblemKind,
        detail: str,
        errors: Sequence[ProblemError] = (),
        *,
        headers: Mapping[str, str] | None = None,
    ) -> None:
        super().__init__(detail)
        self.kind = kind
        self.detail = detail
        self.errors = tuple(errors)
        self.headers = dict(headers or {})


INTERNAL = Refused(ProblemKind.INTERNAL, "the cause is in the server's log")
"""The answer to any other exception: the outermost layer gives it."""
UNNAMED_ROW = "a stored row is not what was written; the server's log names it"
"""For callers who do not see everybody: the name of a row may name a subject."""


def refused_parameter(field: str, value: object, detail: str) -> Refused:
    """A refused parameter; the detail names it and its value."""
    shown = str(value)[:VALUE_CHARS_MAX]
    error = ProblemError(field=field, value=shown, detail=detail)
    return Refused(ProblemKind.INVALID_PARAMETER, f"{field} = {shown!r}: {detail}", (error,))


def words_of(complaint: Mapping[str, Any]) -> str:
    """What a validator said, without the library's words for itself."""
    if complaint["type"] == "extra_forbidden":
        return "there is no such name here; /docs lists those that there are"
    return str(complaint["msg"]).removeprefix("Value error, ")


def answer(request: Request, refused: Refused) -> Response:
    """The problem document of a refused request."""
    name, status, title = refused.kind.value
    problem = Problem(
        type=f"urn:problem:{name}",
        title=title,
        status=status,
        detail=refused.detail,
        instance=quote(request.scope["path"]),
        errors=refused.errors,
    )
    retry = {"Retry-After": str(RETRY_AFTER_S)} if status == 503 else {}
    return _respond(problem, retry | refused.headers)


def _respond(problem: Problem, headers: dict[str, str]) -> Response:
    return Response(
        problem.model_dump_json(),
        status_code=problem.status,
        media_type=MEDIA_TYPE,
        headers={"Cache-Control": "no-store", **headers},
    )


async def _on_refused(request: Request, error: Refused) -> Response:
    return answer(request, error)


async def _on_http(request: Request, error: HTTPException) -> Response:
    """No such path, or a method that it does not have."""
    problem = Problem(
        type="about:blank",
        title=HTTPStatus(error.status_code).phrase,
        status=error.status_code,
        detail=None,
        instance=quote(request.scope["path"]),
    )
    return _respond(problem, dict(error.headers or {}))


async def _on_invalid(request: Request, error: RequestValidationError) -> Response:
    """Parameters that do not fit their description, all of them at once."""
    errors = [
        ProblemError(
            field=".".join(str(part) for part in complaint["loc"][1:]),
            value=str(complaint["input"])[:VALUE_CHARS_MAX],
            detail=words_of(complaint),
        )
        for complaint in error.errors()
    ]
    first = errors[0]
    detail = f"{first.field} = {first.value!r}: {first.detail}"
    return answer(request, Refused(ProblemKind.INVALID_PARAMETER, detail, errors))


async def _on_too_much(request: Request, error: TooManyCells | TooManyCalls) -> Response:
    return answer(request, Refused(ProblemKind.TOO_MUCH, f"{error}: ask for fewer days"))


async def _on_no_ledger(request: Request, error: NoLedger) -> Response:
    return answer(request, Refused(ProblemKind.NO_LEDGER, str(error)))


async def _on_mismatch(request: Request, error: LedgerMismatch) -> Response:
    return answer(request, Refused(ProblemKind.LATER_SCHEMA, str(error)))


async def _on_retryable(request: Request, _: Retryable) -> Response:
    return answer(request, Refused(ProblemKind.STORAGE_UNAVAILABLE, "try again in a while"))


async def _on_altered(request: Request, error: Altered) -> Response:
    _log.error("altered", str(error))
    sees_everybody = getattr(getattr(request.state, "caller", None), "sees_everybody", False)
    named = sees_everybody or not isinstance(error, AlteredRow)
    return answer(request, Refused(ProblemKind.ALTERED, str(error) if named else UNNAMED_ROW))


EXCEPTION_HANDLERS: dict[int | type[Exception], Handler] = {
    Refused: _on_refused,
    HTTPException: _on_http,
    RequestValidationError: _on_invalid,
    TooManyCells: _on_too_much,
    TooManyCalls: _on_too_much,
    NoLedger: _on_no_ledger,
    LedgerMismatch: _on_mismatch,
    Retryable: _on_retryable,
    Altered: _on_altered,
}
