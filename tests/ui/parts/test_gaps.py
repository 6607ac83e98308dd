"""Which gaps are named, with which value."""

from decimal import Decimal
from typing import Any

import msgspec
import pytest

from ui.api.completeness_answers import ModelLine
from ui.parts.gaps import dead_models, gaps_of

NOTHING: dict[str, Any] = {
    name: 0 for name in ModelLine.__struct_fields__ if name not in {"model", "oldest_waiting"}
}


def line(**counts: Any) -> ModelLine:
    whole = {**NOTHING, "model": "m", "oldest_waiting": None, "recovered_charge": Decimal(0)}
    return msgspec.convert({**whole, **counts}, ModelLine)


def test_nothing_missing_is_no_gap() -> None:
    assert gaps_of(line(gateway_calls=3, logged=3, usage_events=3, posted=3), "USD") == []


@pytest.mark.parametrize(
    ("counts", "name", "calls", "value"),
    [
        (
            {"gateway_calls": 5, "logged": 5, "usage_events": 3, "recovered_charge": "1.5"},
            "Usage event missing",
            2,
            "1.50 USD recovered",
        ),
        ({"gateway_calls": 5, "usage_events": 5, "logged": 1}, "Not in the gateway's log", 4, "—"),
        ({"waiting": 2, "waiting_estimate": "0.5"}, "Waiting", 2, "estimate 0.500 USD"),
        ({"no_usage": 2, "no_usage_estimate": None}, "No usage", 2, "not known"),
        ({"no_usage": 2, "failed": 2, "no_usage_estimate": "0"}, "Failed", 2, "nothing is charged"),
        ({"unpriced": 1, "unpriced_estimate": None}, "Unpriced", 1, "not known"),
        (
            {"unattributed": 1, "unattributed_charge": "2"},
            "Unattributed",
            1,
            "2.00 USD charged to nobody",
        ),
        ({"dead_lettered": 7}, "Dead-lettered", 7, "—"),
        (
            {"mismatched": 1, "reported_tokens": 90, "logged_tokens": 1100},
            "Tokens differ",
            1,
            "−1,010 tokens by the model's usage",
        ),
        ({"two_callers": 2}, "Callers differ", 2, "—"),
        ({"without_cache_writes": 3}, "Without cache writes", 3, "—"),
    ],
)
def test_a_gap_is_named_with_what_it_is_worth(
    counts: dict[str, Any], name: str, calls: int, value: str
) -> None:
    [gap] = gaps_of(line(**counts), "USD")
    assert (gap.name, gap.calls, gap.value) == (name, calls, value)


@pytest.mark.parametrize(
    ("counted", "without", "dead"), [(10, 9, True), (10, 8, False), (9, 9, False)]
)
def test_telemetry_is_dead_where_nearly_no_call_has_a_completion(
    counted: int, without: int, dead: bool
) -> None:
    models = [line(counted=counted, zero_completions=without)]
    assert dead_models(models) == (models if dead else [])
