"""What has no known cost is never a charge of 0."""

from datetime import UTC, datetime, timedelta

import pytest

from local_stack.insights.server import serving
from telemetry.console.documents import usage_line
from telemetry.queries import answers
from telemetry.queries.logs_client import open_client
from tests.telemetry.queries.call_events import call_event

DAY = datetime(2026, 11, 20, tzinfo=UTC)
NEXT = DAY + timedelta(days=1)
NOON = DAY + timedelta(hours=12)


@pytest.mark.parametrize("state", ["unpriced", "no_usage", "pending"])
async def test_a_day_without_a_known_cost_has_no_charge(state: str) -> None:
    without = call_event("a", time=NOON, pico=None, state=state)
    free = call_event("b", time=NOON, pico=0, state="zero")
    async with serving() as served, open_client("any", url=served.query_url) as client:
        served.store.add({"AppEvents": [without]})
        [day] = (await client.ask(answers.USER_BY_DAY, user="ann", start=DAY, stop=NEXT)).rows
        [cell] = (await client.ask(answers.CELLS, start=DAY, stop=NEXT)).rows
        served.store.add({"AppEvents": [free]})
        later = NEXT + timedelta(microseconds=1)  # another question than the one that is kept
        [both] = (await client.ask(answers.USER_BY_DAY, user="ann", start=DAY, stop=later)).rows
    line = usage_line(day)
    assert (line["calls"], line["charge"], line[f"{state}_calls"]) == (1, None, 1)
    assert (cell.calls, cell.known, cell.pico) == (1, 0, 0)
    assert (usage_line(both)["calls"], usage_line(both)["charge"]) == (2, "0")
