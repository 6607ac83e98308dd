"""A model's usage object → disjoint counts per unit, and what is doubtful about it. Pure.

Fields choose the form, since proxies and new models answer one API in another's form; where two
forms share them, the operation does.
"""

from collections.abc import Mapping

from pricing_rules.provider_usage.anthropic import MARKS, AnthropicUsage
from pricing_rules.provider_usage.fields import Contradiction, Fields, count
from pricing_rules.provider_usage.openai import COMPLETION, PROMPT, OpenAIUsage
from pricing_rules.provider_usage.plain_usage import plain_usage
from pricing_rules.provider_usage.translated import other_form
from pricing_rules.provider_usage.unread import Known, limited, unread
from pricing_rules.types import Caveats, Operation, Usage
from pricing_rules.units import Unit


def normalise(operation: Operation, usage: Fields, model: str | None = None) -> Usage:
    """The disjoint counts of a usage object. InvalidUsage when a field holds no count.

    `model` is the answer's name of it. A usage object that contradicts itself keeps what its prompt
    and completion counts say, with the contradiction as a caveat.
    """
    if (plain := plain_usage(operation, usage)) is not None:
        return plain
    form = other_form(usage)
    said = usage if form is None else form.translate(usage)
    reading = _reading(operation, said, model)
    try:
        reading.read()
    except Contradiction as found:
        return _contradictory(said, str(found))
    ignored = unread(said, _taken(said, reading.known))
    if form is not None:
        ignored = limited((*unread(usage, form.known), *ignored))
    caveats = None
    if ignored or reading.unsplit_cache or reading.passes is not None:
        caveats = Caveats(
            unread=ignored, unsplit_cache=reading.unsplit_cache, passes=reading.passes
        )
    return Usage(
        counts=reading.counts,
        reasoning=reading.reasoning,
        excludes=_excludes(usage),
        caveats=caveats,
    )


def _taken(usage: Fields, known: Known) -> Known:
    """The known fields, but a tier that is no text or a list of ours that is none: nobody reads
    such a value.
    """
    tier, excludes = usage.get("service_tier"), usage.get("excludes")
    odd = set()
    if tier is not None and not isinstance(tier, str):
        odd.add("service_tier")
    if excludes is not None and not isinstance(excludes, list | tuple):
        odd.add("excludes")
    return {name: each for name, each in known.items() if name not in odd} if odd else known


def _reading(
    operation: Operation, usage: Fields, model: str | None
) -> OpenAIUsage | AnthropicUsage:
    says_prompt = usage.get("prompt_tokens") is not None
    if not says_prompt and (operation is Operation.MESSAGES or not MARKS.isdisjoint(usage)):
        return AnthropicUsage(usage, model)
    return OpenAIUsage(operation, usage)


def _contradictory(usage: Fields, why: str) -> Usage:
    """Prompt and completion as they are written, so that the tokens are in a total."""
    counts: dict[Unit, int] = {}
    for unit, names in ((Unit.INPUT, PROMPT), (Unit.OUTPUT, COMPLETION)):
        stated = [count(usage, name) for name in names]
        if any(stated):
            counts[unit] = max(stated)
    return Usage(counts=counts, excludes=_excludes(usage), caveats=Caveats(contradiction=why))


def _excludes(usage: Mapping[str, object]) -> tuple[str, ...]:
    """What pairing says that the gateway's log could not tell."""
    named = usage.get("excludes")
    return tuple(str(name) for name in named) if isinstance(named, list | tuple) else ()
