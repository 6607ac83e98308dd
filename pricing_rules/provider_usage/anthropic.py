"""Usage objects of Anthropic's form: the input count excludes cached tokens."""

from collections.abc import Iterable, Iterator, Mapping

from pricing_rules.errors import InvalidUsage
from pricing_rules.provider_usage.fields import Fields, contradiction, count, details
from pricing_rules.provider_usage.unread import Known, unread
from pricing_rules.types import Operation, Usage
from pricing_rules.units import Unit

MARKS = frozenset({"cache_read_input_tokens", "cache_creation_input_tokens", "cache_creation"})
"""Fields that no other form has at its top level without a prompt count of its own."""

_PASS: Known = {
    **dict.fromkeys(
        ("input_tokens", "output_tokens", "cache_read_input_tokens", "cache_creation_input_tokens")
    ),
    "cache_creation": dict.fromkeys(("ephemeral_5m_input_tokens", "ephemeral_1h_input_tokens")),
    "output_tokens_details": dict.fromkeys(("reasoning_tokens", "thinking_tokens")),
}
_WHOLE: Known = {
    **_PASS, "service_tier": None, "excludes": None,
    "server_tool_use": {"web_search_requests": None},
}  # fmt: skip
_OF_A_PASS: Known = {**_PASS, "type": None, "model": None}
_OWN_PASS = "message"
_BILLED_BESIDE = ("compaction",)
"""Passes that the answer's own counts leave out."""


def is_anthropic(operation: str | None, names: Iterable[str | None]) -> bool:
    """Whether a call went to a model of Anthropic, by its API or by any name of the model."""
    if operation == Operation.MESSAGES:
        return True
    return any("claude" in name.lower() for name in names if name)


class AnthropicUsage:
    """One usage object while it is read."""

    def __init__(self, usage: Fields, model: str | None = None) -> None:
        self.usage = usage
        self.model = model
        """The answer's: a pass of another model has another price."""
        self.counts: dict[Unit, int] = {}
        self.reasoning = 0
        self.unsplit_cache = False
        self.passes: tuple[int, int] | None = None
        """The smallest and the largest prompt of several passes: each has a tier of its own."""
        self._passes_read = True

    @property
    def known(self) -> Known:
        """The fields that `read` takes; `iterations` only where each of them was understood."""
        known = {**_WHOLE, "iterations": None} if self._passes_read else _WHOLE
        return {**known, "total_tokens": None} if self._total_agrees() else known

    def _total_agrees(self) -> bool:
        """Whether the total that some servers add says no more than its parts."""
        if self.usage.get("total_tokens") is None:
            return False
        stated = _counts(self.usage)
        plain = stated[Unit.INPUT] + stated[Unit.OUTPUT]
        return count(self.usage, "total_tokens") in (plain, sum(stated.values()))

    def read(self) -> None:
        """Fill the counts. Contradiction or InvalidUsage names the field."""
        usage = self.usage
        self.counts = _counts(usage)
        output_details = details(usage, "output_tokens_details")
        self.reasoning = count(output_details, "reasoning_tokens") or count(
            output_details, "thinking_tokens"
        )
        output = self.counts[Unit.OUTPUT]
        if self.reasoning > output:
            raise contradiction("reasoning_tokens", self.reasoning, "output_tokens", output)
        if usage.get("iterations"):
            self._read_passes(usage["iterations"])
        searches = count(details(usage, "server_tool_use"), "web_search_requests")
        self.counts[Unit.WEB_SEARCH] = searches
        self.counts = {unit: quantity for unit, quantity in self.counts.items() if quantity}

    def _read_passes(self, iterations: object) -> None:
        """Add what the passes took that the top level leaves out.

        An answer of 23,000 tokens after a compaction of 180,000 says 23,000 at the top level, and
        both passes are billed. Where the passes add up to the top level there is nothing to add.
        """
        passes = list(_objects(iterations))
        self._passes_read = all(self._is_understood(each) for each in passes)
        if not self._passes_read:
            return
        every, own = _sum(passes), _sum(each for each in passes if each.get("type") == _OWN_PASS)
        if self.counts not in (every, own):
            self._passes_read = False
            return
        self.counts = every
        if len(passes) > 1:
            prompts = [Usage(counts=_counts(each)).prompt_tokens for each in passes]
            self.passes = min(prompts), max(prompts)

    def _is_understood(self, each: Fields) -> bool:
        if unread(each, _OF_A_PASS) or each.get("model") not in (None, self.model):
            return False
        return each.get("type") == _OWN_PASS or each.get("type") in _BILLED_BESIDE


def _objects(value: object) -> Iterator[Fields]:
    if not isinstance(value, list | tuple) or not all(isinstance(each, Mapping) for each in value):
        raise InvalidUsage("iterations", value, "iterations is no list of objects")
    yield from value


def _sum(passes: Iterator[Fields] | list[Fields]) -> dict[Unit, int]:
    total = dict.fromkeys(_counts({}), 0)
    for each in passes:
        for unit, quantity in _counts(each).items():
            total[unit] += quantity
    return total


def _counts(usage: Fields) -> dict[Unit, int]:
    created = count(usage, "cache_creation_input_tokens")
    split = details(usage, "cache_creation")
    hour = count(split, "ephemeral_1h_input_tokens")
    five_minutes = count(split, "ephemeral_5m_input_tokens")
    if not split:
        five_minutes = created
    elif created and hour + five_minutes != created:
        raise contradiction(
            "cache_creation_input_tokens",
            created,
            "sum of cache_creation",
            hour + five_minutes,
            "≠",
        )
    return {
        Unit.INPUT: count(usage, "input_tokens"),
        Unit.CACHE_READ: count(usage, "cache_read_input_tokens"),
        Unit.CACHE_WRITE_5M: five_minutes,
        Unit.CACHE_WRITE_1H: hour,
        Unit.OUTPUT: count(usage, "output_tokens"),
    }
