"""Calls of tools that the model's server ran, as units next to the tokens of an answer.

The usage object seldom counts them: the answer's output items do, and newer answers' `tool_usage`.
What has no unit is named, so that a call is never priced without it.
"""

import re
from collections.abc import Collection, Iterable, Mapping

from msgspec.structs import replace

from pricing_rules.errors import InvalidUsage
from pricing_rules.provider_usage.fields import Fields, count
from pricing_rules.provider_usage.unread import Known, limited, unread
from pricing_rules.types import Caveats, Usage
from pricing_rules.units import TOOL_UNITS, Unit

ToolCalls = Iterable[tuple[str, int]]
"""How often an answer calls each kind of tool."""

_COUNTED = {"web_search_call": Unit.WEB_SEARCH, "file_search_call": Unit.FILE_SEARCH}
"""Each call is one of the unit."""
_CODE_CALL = "code_interpreter_call"
"""All such calls of one answer share a session."""
_LARGE_CODE = "code_interpreter_"
"""How a request's tool begins that asks for a session of more memory than the smallest."""
_CODE = "code_interpreter"
"""The request's tool of the smallest one."""
_UNREAD_CODE = "code_interpreter_unread"
"""A session whose memory nobody at the gateway read."""
_NOT_IN_TRACE = "not_in_trace"
"""In place of a request's tools that its trace has no room for."""
_STORED = frozenset({"agent", "agent_reference", "prompt"})
"""What a request names that may have tools of its own."""
_BLOCK = "server_tool_use"
"""A content block of Anthropic's, one for each use; its usage object counts them by tool."""
_READ: Known = {"web_search": {"num_requests": None}}
CALLS_MAX = 10**9
"""A larger count is a broken report."""
_OF_TOOLS = ("tool_calls.", "tool_usage.")
_FREE = re.compile(
    r"(function|custom|mcp|computer|local_shell|apply_patch|namespace|tool_search)(_\w+)?"
    r"|(bash|text_editor|memory|web_fetch)(_\d+|_call)?",
    re.ASCII,
).fullmatch
"""Types of tools that cost nothing but their tokens, or that the caller runs; many end in a day."""


def may_cost(tool: str) -> bool:
    """Whether a tool of a request, if the model uses it, costs more than its tokens."""
    return _FREE(tool) is None


def with_tools(
    usage: Usage,
    calls: ToolCalls,
    tool_usage: Fields | None,
    said: Fields,
    requested: Collection[str] | None = (),
) -> Usage:
    """The usage with the units of tools, and with the names of what has no unit.

    `said` is the usage object itself. What it counts, as some vendors' does, is counted once.
    `requested`: the request's tools, of which one may ask for a session of another price; None
    where nobody read the request.
    """
    counts, left = dict(usage.counts), []
    other_sessions = _not_the_smallest(requested)
    stated = _searches(tool_usage)
    for kind, number in calls:
        if kind in _COUNTED:
            unit = _COUNTED[kind]
            # Opening a found page is a call, too. Where the answer counts searches, they count.
            searches = stated if kind == "web_search_call" and stated is not None else number
            if searches and unit not in usage.counts:
                counts[unit] = searches
        elif kind == _CODE_CALL and other_sessions:
            left += [(f"tool_calls.{session}", str(number)) for session in other_sessions]
        elif kind == _CODE_CALL:
            counts[Unit.CODE_SESSION] = 1
        elif kind == _BLOCK and (
            _accounts_for(said.get(_BLOCK), number) or (stated is not None and stated >= number)
        ):
            continue
        elif may_cost(kind):
            left.append((f"tool_calls.{kind}", str(number)))
    if stated and Unit.WEB_SEARCH not in counts:
        counts[Unit.WEB_SEARCH] = stated
    known = _READ if stated is not None else {}
    left += [(f"tool_usage.{path}", value) for path, value in unread(tool_usage or {}, known)]
    if left:
        caveats = usage.caveats or Caveats()
        caveats = replace(caveats, unread=limited((*left, *caveats.unread)))
        return replace(usage, counts=counts, caveats=caveats)
    return usage if counts == usage.counts else replace(usage, counts=counts)


def _not_the_smallest(requested: Collection[str] | None) -> list[str]:
    """What sessions are called that may be larger than the smallest; empty where none may be."""
    if requested is None or _NOT_IN_TRACE in requested:
        return [_UNREAD_CODE]
    large = sorted({tool for tool in requested if tool.startswith(_LARGE_CODE)})
    stored = _CODE not in requested and not _STORED.isdisjoint(requested)
    return large or ([_UNREAD_CODE] if stored else [])


def _searches(tool_usage: Fields | None) -> int | None:
    """What the answer says of its searches; None where it says nothing that is a count."""
    said = None if tool_usage is None else tool_usage.get("web_search")
    if not isinstance(said, Mapping) or said.get("num_requests") is None:
        return None
    try:
        number = count(said, "num_requests")
    except InvalidUsage:
        return None
    return number if number <= CALLS_MAX else None


def _accounts_for(said: object, blocks: int) -> bool:
    """Whether the usage object counts each block: searches, which have a price, and fetches."""
    if not isinstance(said, Mapping):
        return False
    return sum(number for number in said.values() if type(number) is int) >= blocks


def tools_kept(usage: Usage, before: Usage) -> Usage:
    """A usage object read again, with what its event said of tools when it was read first."""
    counts = {unit: before.counts[unit] for unit in TOOL_UNITS if unit in before.counts}
    named = () if before.caveats is None else before.caveats.unread
    left = tuple(field for field in named if field[0].startswith(_OF_TOOLS))
    if left:
        caveats = usage.caveats or Caveats()
        usage = replace(usage, caveats=replace(caveats, unread=limited((*left, *caveats.unread))))
    return replace(usage, counts={**counts, **usage.counts})
