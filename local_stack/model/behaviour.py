"""What a caller can order from the stand-in by headers or by the model's name: failures, delays,
broken streams and exact token counts. Owns no answer."""

from collections.abc import Mapping
from dataclasses import dataclass

from local_stack.errors import LocalStackError

STATUS_HEADER = "x-model-status"
"""429, 500 or any other error status; 400 is the content filter's refusal."""
DELAY_HEADER = "x-model-delay-ms"
"""Milliseconds before the answer's headers."""
CHUNK_DELAY_HEADER = "x-model-chunk-delay-ms"
"""Milliseconds before each event of a stream except the first."""
BREAK_HEADER = "x-model-break-after"
"""The connection is cut after this many events of a stream."""
TOKENS_HEADER = "x-model-tokens"
"""Token counts, such as `prompt=1200,cached=512,completion=300,reasoning=64,cache_write=0`; each
may be absent.
"""
SPILLOVER_HEADER = "x-model-spillover"
"""Name of the deployment that answers in place of the full one that was asked."""
ANSWERS_AS_HEADER = "x-model-answers-as"
"""The model that the answer names, such as that of an upgraded deployment."""
TOOLS_HEADER = "x-model-tools"
"""Calls of hosted tools in the answer, such as `web_search=3,code_interpreter=1`."""
POLLS_HEADER = "x-model-polls"
"""How often a background response is fetched before it is finished."""
ENDS_HEADER = "x-model-ends"
"""How a background response ends: completed, failed, cancelled, incomplete."""
FAILING_MODEL = "fail-"
"""A model named `fail-429` always answers 429."""

DELAY_MS_MAX = 600_000
TOKEN_KINDS = frozenset({"prompt", "cached", "completion", "reasoning", "cache_write"})
TOOL_KINDS = frozenset({"web_search", "file_search", "code_interpreter"})
ENDS = frozenset({"completed", "failed", "cancelled", "incomplete"})


class InvalidOrder(LocalStackError):
    """A header of the stand-in has a value that it cannot follow."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Behaviour:
    """How one call is to end."""

    status: int = 200
    delay_s: float = 0.0
    chunk_delay_s: float = 0.0
    break_after: int | None = None
    tokens: Mapping[str, int]
    """Counts by kind; a kind that is absent is made up."""
    spillover: str | None = None
    answers_as: str | None = None
    tools: Mapping[str, int]
    """Calls by kind of tool."""
    polls: int = 1
    ends: str = "completed"


def behaviour(headers: Mapping[str, str], model: str) -> Behaviour:
    """The order in headers and model name. InvalidOrder names the header and its value."""
    status = 200
    if STATUS_HEADER in headers:
        status = _number(headers, STATUS_HEADER, least=400, most=599)
    elif model.startswith(FAILING_MODEL) and model.removeprefix(FAILING_MODEL).isdigit():
        status = int(model.removeprefix(FAILING_MODEL))
    cut = headers.get(BREAK_HEADER)
    return Behaviour(
        status=status,
        delay_s=_number(headers, DELAY_HEADER, most=DELAY_MS_MAX) / 1_000,
        chunk_delay_s=_number(headers, CHUNK_DELAY_HEADER, most=DELAY_MS_MAX) / 1_000,
        break_after=None if cut is None else _number(headers, BREAK_HEADER, most=1_000_000),
        tokens=_counts(headers, TOKENS_HEADER, TOKEN_KINDS),
        spillover=headers.get(SPILLOVER_HEADER),
        answers_as=headers.get(ANSWERS_AS_HEADER),
        tools=_counts(headers, TOOLS_HEADER, TOOL_KINDS),
        polls=_number(headers, POLLS_HEADER, most=1_000) if POLLS_HEADER in headers else 1,
        ends=_end(headers.get(ENDS_HEADER, "completed")),
    )


def _end(text: str) -> str:
    if text not in ENDS:
        raise InvalidOrder(f"{ENDS_HEADER} is {text!r}, expected one of {', '.join(sorted(ENDS))}")
    return text


def _number(headers: Mapping[str, str], name: str, *, least: int = 0, most: int) -> int:
    text = headers.get(name, "0")
    if not text.isascii() or not text.isdigit() or not least <= int(text) <= most:
        raise InvalidOrder(f"{name} is {text!r}, expected a whole number from {least} to {most}")
    return int(text)


def _counts(headers: Mapping[str, str], name: str, known: frozenset[str]) -> dict[str, int]:
    counts = {}
    for part in filter(None, headers.get(name, "").split(",")):
        kind, _, count = part.strip().partition("=")
        if kind not in known or not count.isascii() or not count.isdigit():
            kinds = ", ".join(sorted(known))
            raise InvalidOrder(f"{name} has {part!r}, expected kind=count of {kinds}")
        counts[kind] = int(count)
    return counts
