"""Tokens and charge of a batch as metrics, added up here: a metric per call would take longer than
rating it. For charts and alerts, never a bill: only calls that are new are counted.
"""

from collections import Counter, defaultdict
from collections.abc import Iterable

from pricing_rules.money import PICO_PER_UNIT
from pricing_rules.types import CallState, PricedCall
from pricing_rules.units import PROMPT_UNITS, Unit
from table_api.ledger.posting import UNKNOWN_MODEL
from telemetry.metrics import CounterName, count
from telemetry.names import GenAi, Own

ANSWER_UNITS = frozenset({Unit.OUTPUT, Unit.REASONING, Unit.OUTPUT_AUDIO, Unit.OUTPUT_IMAGE})


def count_usage(calls: Iterable[PricedCall]) -> None:
    """Count the calls of one batch that were posted for the first time."""
    tokens: defaultdict[str, Counter[Unit]] = defaultdict(Counter)
    charges: Counter[tuple[str, CallState]] = Counter()
    for priced in calls:
        # Callers may make up any deployment, and each value of an attribute is a series of its own.
        model = priced.model or UNKNOWN_MODEL
        if priced.charges:
            charges[model, priced.state] += sum([line.charge for line in priced.charges])
        if priced.event.usage is not None:
            of_model = tokens[model]
            for unit, number in priced.event.usage.counts.items():
                of_model[unit] += number
    for model, of_model in tokens.items():
        for kind, units in (("input", PROMPT_UNITS), ("output", ANSWER_UNITS)):
            if number := sum(of_model[unit] for unit in units):
                attributes = {GenAi.TOKEN_TYPE.value: kind, Own.MODEL.value: model}
                count(CounterName.TOKENS, number, attributes)
    for (model, state), pico in charges.items():
        if pico:  # a float: for charts
            attributes = {Own.MODEL.value: model, Own.STATE.value: state.value}
            count(CounterName.COST, pico / PICO_PER_UNIT, attributes)
