"""Error answers, in the words of the API that was called."""

from typing import Any

from pricing_rules.types import Operation

RETRY_AFTER_S = 1
_KINDS = {400: "invalid_request_error", 429: "rate_limit_error", 500: "api_error"}
_CONTENT_FILTER = 400


def failure(operation: Operation, status: int, message: str | None = None) -> dict[str, Any]:
    """An error answer. With `message` None it has the usual words of that status; a plain 400 is
    the content filter's.
    """
    if operation is Operation.MESSAGES:
        kind = _KINDS.get(status, "api_error")
        return {"type": "error", "error": {"type": kind, "message": message or _words(status)}}
    error: dict[str, Any] = {"code": str(status), "message": message or _words(status)}
    if status == _CONTENT_FILTER and message is None:
        verdict = {"violence": {"filtered": True, "severity": "high"}}
        inner = {"code": "ResponsibleAIPolicyViolation", "content_filter_result": verdict}
        error |= {"code": "content_filter", "status": status, "innererror": inner}
    return {"error": error}


def _words(status: int) -> str:
    if status == _CONTENT_FILTER:
        return "The prompt was filtered by the content management policy."
    if status == 429:
        return f"Requests exceeded the rate limit. Retry after {RETRY_AFTER_S} second."
    return f"The model failed with status {status}, as ordered."
