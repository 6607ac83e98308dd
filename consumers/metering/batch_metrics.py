"""Tokens and charge of a batch as metrics, added up here: a metric per call would take longer than
rating it. For charts and alerts, never a bill: only calls that are new are counted.
"""

from collections import Counter
from collections.abc import Iterable

from pricing_rules.money import PICO_PER_UNIT
from pricing_rules.types import PricedCall
from pricing_rules.units import PROMPT_UNITS, Unit
from telemetry.metrics import CounterName, count
from telemetry.names import GenAi, Own

ANSWER_UNITS = frozenset({Unit.OUTPUT, Unit.REASONING, Unit.OUTPUT_AUDIO, Unit.OUTPUT_IMAGE})
UNKNOWN = "unknown"
"""The model of calls that no rule names: callers may make up any deployment, and each value of an
attribute is a series of its own."""


def count_usage(calls: Iterable[PricedCall]) -> None:
    """Count the calls of one batch that were posted for the first time."""
    tokens: Counter[tuple[str, str]] = Counter()
    charges: Counter[tuple[str, str]] = Counter()
    for priced in calls:
        model = priced.model or UNKNOWN
        charges[model, priced.state.value] += sum([line.charge for line in priced.charges])
        usage = priced.event.usage
        if usage is None:
            continue
        for unit, number in usage.counts.items():
            if unit in PROMPT_UNITS:
                tokens[model, "input"] += number
            elif unit in ANSWER_UNITS:
                tokens[model, "output"] += number
    for (model, kind), number in tokens.items():
        count(CounterName.TOKENS, number, {GenAi.TOKEN_TYPE.value: kind, Own.MODEL.value: model})
    for (model, state), pico in charges.items():
        if pico:  # a float: for charts
            attributes = {Own.MODEL.value: model, Own.STATE.value: state}
            count(CounterName.COST, pico / PICO_PER_UNIT, attributes)
