"""The gateway log's token counts → a usage object in the convention of the call's operation. Pure.

What `normalise` makes of it is exact: the event that carries it is rated like any other.
"""

from typing import Any

from pricing_rules.provider_usage.normalise import normalise
from pricing_rules.types import Exclusion, Operation, Usage
from table_api.open_calls.facts import TokenCounts
from table_api.open_calls.joined_call import JoinedCall

CHARGED_FAILURES = frozenset({400, 408})
"""Failures that Azure charges the prompt of: a content filter's, and a timeout's."""
UNREAD = "gateway_log"
"""Holds the log's counts that nobody reads. No reader takes it, so they are named like those of a
model's usage object, and a book may call them harmless by `gateway_log.NAME`."""


def usage_from_log(call: JoinedCall) -> tuple[dict[str, Any], Usage] | None:
    """The usage object and its normalised form; None when the log counted nothing.

    `excludes` in the object names what the log cannot tell.
    """
    tokens, operation = call.tokens, call.operation
    if tokens is None or not tokens.any or _is_free(call, tokens):
        return None
    usage = _usage(tokens, operation, exclusive=call.of_anthropic)
    read = normalise(operation, usage)
    if read.caveats is not None:
        plain = TokenCounts(time=tokens.time, prompt=tokens.prompt, completion=tokens.completion)
        usage = _usage(plain, operation, exclusive=call.of_anthropic)
        usage["excludes"] = [*usage.get("excludes", []), Exclusion.DETAILS]
        read = normalise(operation, usage)
    if _is_estimate(call, tokens) or _may_be_estimate(call):
        usage["excludes"] = [*usage.get("excludes", []), Exclusion.ESTIMATED]
        read = normalise(operation, usage)
    if tokens.others:
        usage[UNREAD] = dict(tokens.others)
        read = normalise(operation, usage)
    return usage, read


def _is_estimate(call: JoinedCall, tokens: TokenCounts) -> bool:
    """Whether the model reported nothing: a failed call's row without a model's name holds what
    the gateway estimated of the request.
    """
    return tokens.model is None and (call.status or 0) >= 400


def _may_be_estimate(call: JoinedCall) -> bool:
    """Whether nobody is known to have asked a stream for its usage. Some models report it all the
    same; the log does not say whether it counted or estimated.
    """
    return call.identity is not None and call.identity.usage_unasked


def _is_free(call: JoinedCall, tokens: TokenCounts) -> bool:
    """Whether an estimate is of a call that Azure does not charge for: it failed, and nothing was
    completed. A content filter's 400 and a timeout's 408 are charged.
    """
    if not _is_estimate(call, tokens):
        return False
    return call.status not in CHARGED_FAILURES and not tokens.completion


def _usage(tokens: TokenCounts, operation: Operation, *, exclusive: bool) -> dict[str, Any]:
    """`exclusive`: the log's prompt leaves cached tokens out, whatever the operation."""
    if operation is Operation.MESSAGES:
        return _messages(tokens)
    prompt = tokens.prompt + tokens.cached if exclusive else tokens.prompt
    total, reasoning = _total_and_reasoning(tokens)
    if exclusive:
        total = 0  # the log's total leaves cached tokens out too
    names = ("input", "output") if operation is Operation.RESPONSES else ("prompt", "completion")
    usage: dict[str, Any] = {
        f"{names[0]}_tokens": prompt,
        f"{names[0]}_tokens_details": {"cached_tokens": tokens.cached},
        f"{names[1]}_tokens": tokens.completion,
        f"{names[1]}_tokens_details": {"reasoning_tokens": reasoning},
    }
    if total:
        usage["total_tokens"] = total
    if exclusive:
        usage["excludes"] = [Exclusion.CACHE_WRITE]
    return usage


def _messages(tokens: TokenCounts) -> dict[str, Any]:
    return {
        "input_tokens": tokens.prompt,
        "cache_read_input_tokens": tokens.cached,
        "output_tokens": tokens.completion,
        "output_tokens_details": {"reasoning_tokens": tokens.reasoning},
        "excludes": [Exclusion.CACHE_WRITE],
    }


def _total_and_reasoning(tokens: TokenCounts) -> tuple[int, int]:
    """Grok's completion leaves reasoning out and only its total holds it.

    Prompt 100, completion 60, total 210: the 50 more are reasoning, whatever the log says of it.
    If they are just the cached tokens, the prompt may leave these out: that is a contradiction.
    A total below prompt + completion is of another row of the log and tells nothing: 0.
    """
    extra = tokens.total - tokens.prompt - tokens.completion
    if extra > 0:
        is_cache = extra == tokens.cached and tokens.reasoning != extra
        return tokens.total, tokens.reasoning if is_cache else extra
    return (tokens.total if extra == 0 else 0), tokens.reasoning
