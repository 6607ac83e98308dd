"""The usage object that nearly every call has, read in one look: chat's, of text alone. Pure.

It says nothing that `openai` does not say of the same object: where there is any doubt, that reads.
"""

from pricing_rules.provider_usage.fields import COUNT_MAX, Fields
from pricing_rules.types import Operation, Usage
from pricing_rules.units import Unit

_FIELDS = frozenset(
    (
        "prompt_tokens",
        "completion_tokens",
        "total_tokens",
        "prompt_tokens_details",
        "completion_tokens_details",
    )
)
_TEXT = frozenset(
    {Operation.CHAT_COMPLETIONS, Operation.COMPLETIONS, Operation.RESPONSES, Operation.MESSAGES}
)
"""Where tokens that nobody calls otherwise are text."""

# An enum's member takes a tenth of a microsecond to look up.
_INPUT, _CACHE_READ, _OUTPUT = Unit.INPUT, Unit.CACHE_READ, Unit.OUTPUT


def plain_usage(operation: Operation, usage: Fields) -> Usage | None:
    """Its counts; None where it has another field, another detail that counts something, or a
    number that does not agree with the others.
    """
    if usage.keys() != _FIELDS or operation not in _TEXT:
        return None
    prompt, completion = usage["prompt_tokens"], usage["completion_tokens"]
    cached = _only(usage["prompt_tokens_details"], "cached_tokens")
    reasoning = _only(usage["completion_tokens_details"], "reasoning_tokens")
    if type(prompt) is not int or type(completion) is not int:
        return None
    if not 0 <= cached <= prompt <= COUNT_MAX or not 0 <= reasoning <= completion <= COUNT_MAX:
        return None
    total = usage["total_tokens"]
    if type(total) is not int or total != prompt + completion or total > COUNT_MAX:
        return None
    counts: dict[Unit, int] = {}
    if prompt > cached:
        counts[_INPUT] = prompt - cached
    if cached:
        counts[_CACHE_READ] = cached
    if completion:
        counts[_OUTPUT] = completion
    return Usage(counts=counts, reasoning=reasoning)


def _only(details: object, name: str) -> int:
    """The one detail that may count something; -1 where another does, or where one is no count."""
    if type(details) is not dict:
        return -1
    counted = 0
    for field, value in details.items():
        if type(value) is not int:
            return -1
        if field == name:
            counted = value
        elif value:
            return -1
    return counted
