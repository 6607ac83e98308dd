"""The demonstration's comparison sees each way in which Application Insights can differ."""

import json
from collections.abc import AsyncIterator, Callable
from datetime import datetime
from typing import Any

import pytest

from local_stack.demo.published import compare, differing, insights_cells, ledger_cells
from local_stack.insights.server import Served, serving
from table_api.storage.memory_tables import MemoryTableStorage
from tests.fixtures.builders import call_id
from tests.fixtures.calls import all_rows, make_call, open_ledger
from tests.telemetry.queries.call_events import call_event

Rows = list[dict[str, Any]]


@pytest.fixture
async def served() -> AsyncIterator[Served]:
    async with serving() as found:
        yield found


async def ledger_and_items() -> tuple[MemoryTableStorage, Rows]:
    """Three calls of one user and day in the ledger, and an item for each."""
    storage = MemoryTableStorage()
    await (await open_ledger(storage)).post([make_call(n, id=call_id(n)) for n in range(3)])
    stored = (await all_rows(storage)).items()
    return storage, [_item(key, row) for (_, key), row in stored if key.startswith("c|")]


def _item(key: str, row: Any) -> dict[str, Any]:
    said = {"day": row["day"], "model": row["model"]}
    return call_event(
        key,
        time=datetime.fromisoformat(row["time"]),
        user=row["subject"],
        pico=int(row["charge"]),
        **said,
    )


def changed(items: Rows) -> Rows:
    said = json.loads(items[0]["Properties"])
    said["chargeback.charge.pico"] = str(int(said["chargeback.charge.pico"]) + 1)
    return [{**items[0], "Properties": json.dumps(said)}, *items[1:]]


@pytest.mark.parametrize(
    ("change", "rows", "different"),
    [
        (lambda items: items, 3, 0),
        (lambda items: [*items, items[0]], 3, 0),  # a copy is the same item
        (lambda items: items[1:], 2, 1),
        (changed, 3, 1),
        (lambda items: [{**items[0], "UserId": "somebody"}, *items[1:]], 3, 2),
    ],
)
async def test_a_missing_changed_or_moved_item_is_seen(
    served: Served, change: Callable[[Rows], Rows], rows: int, different: int
) -> None:
    storage, items = await ledger_and_items()
    served.store.add({"AppEvents": change(items)})
    assert await compare(storage, served.port) == (rows, different)


async def test_an_empty_ledger_equals_an_empty_application_insights(served: Served) -> None:
    storage = MemoryTableStorage()
    await open_ledger(storage)
    assert await ledger_cells(storage) == {}
    assert await insights_cells({}, served.port) == (0, {})
    assert differing({}, {}) == []
