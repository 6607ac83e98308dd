"""Rows of Application Insights next to the ledger's cells, as the API spells both."""

from datetime import UTC, datetime

import pytest

from table_api.http_api.telemetry.answers import usage_lines
from table_api.usage.daily_usage import DailyUsage, Totals
from telemetry.queries.answers import UserDay

DAY = datetime(2026, 11, 20, tzinfo=UTC)


@pytest.mark.parametrize("state", ["unpriced", "no_usage", "pending"])
def test_unknown_charge_is_unknown_on_both_sides(state: str) -> None:
    counts = {"unpriced": 0, "no_usage": 0, "pending": 0, state: 1}
    row = UserDay(
        day=DAY, model="m", currency="USD", calls=1, errors=0, pico=0, input=None, cached=None,
        output=None, reasoning=None, **counts,
    )  # fmt: skip
    totals = Totals(
        calls=1,
        unpriced_calls=counts["unpriced"],
        no_usage_calls=counts["no_usage"],
        pending_calls=counts["pending"],
    )
    cell = DailyUsage(subject="a", day=DAY.date(), model="m", totals=totals)
    [line] = usage_lines([row], [cell])
    assert (line["charge"], line["ledger_charge"], line["is_equal"]) == (None, None, True)
    assert {name: line[f"{name}_calls"] for name in counts} == counts
