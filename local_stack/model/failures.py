"""Error answers, in the words of the API that was called; and options that a model refuses."""

import re
from typing import Any

from local_stack.model.call import ModelCall
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


def refused_option(call: ModelCall, api_version: str) -> tuple[int, dict[str, Any]] | None:
    """Status and answer where `stream_options` is not taken: Azure OpenAI before 2024-08-01, the
    Responses API, and Mistral's models."""
    if "stream_options" not in call.request:
        return None
    dated = re.match(r"\d{4}-\d\d-\d\d", api_version)
    if re.search("mistral", call.model, re.IGNORECASE):
        where = ["body", "stream_options", "include_usage"]
        extra = {"type": "extra_forbidden", "loc": where, "input": True}
        return 422, {"detail": [{**extra, "msg": "Extra inputs are not permitted"}]}
    if call.operation is Operation.RESPONSES or (dated and dated[0] < "2024-08-01"):
        message = "Unrecognized request argument supplied: stream_options"
        kind = {"type": "invalid_request_error", "param": None, "code": None}
        return 400, {"error": {"message": message, **kind}}
    return None


def _words(status: int) -> str:
    if status == _CONTENT_FILTER:
        return "The prompt was filtered by the content management policy."
    if status == 429:
        return f"Requests exceeded the rate limit. Retry after {RETRY_AFTER_S} second."
    return f"The model failed with status {status}, as ordered."
