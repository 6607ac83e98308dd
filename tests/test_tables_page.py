"""docs/tables.md has every column that the tables hold."""

from typing import Any

from pricing_rules.types import CountedAt, Rank
from pricing_rules.units import Unit
from table_api.consumer_state.dead_letters import DeadLetter, DeadLetterIndex
from table_api.consumer_state.progress import Count, Progress, ProgressTable
from table_api.ledger.measures import (
    ADDITIVE_AMOUNTS,
    ADDITIVE_INTEGERS,
    AMOUNT_COLUMNS,
    QUANTITY_COLUMNS,
)
from table_api.people.people import People, Person
from table_api.storage.memory_tables import MemoryTableStorage
from tests.fixtures.builders import CALL_TIME
from tests.fixtures.calls import NOW, all_rows, make_call, open_ledger
from tests.paths import ROOT


async def test_every_column_of_the_ledger_is_documented() -> None:
    storage = MemoryTableStorage()
    ledger = await open_ledger(storage)
    every: dict[str, Any] = {
        "session": "s",
        "traceparent": "00-aa-bb-01",
        "completed_from": ("trace",),
        "replaces": CountedAt(subject="unattributed", time=CALL_TIME),
        "api": "llm",
        "region": "swedencentral",
        "service_tier": "default",
    }
    await ledger.post([make_call(1, rank=Rank.GATEWAY_LOG, **every)])
    await ledger.post([make_call(2, **every)])
    await ledger.post([make_call(3, id="other", deployment="lab-model-x", **every)])
    columns = {
        column
        for table in ("ledger", "meta")
        for row in (await all_rows(storage, table)).values()
        for column in row
    }
    columns -= ADDITIVE_AMOUNTS | ADDITIVE_INTEGERS
    columns |= {"calls", "errors", "unpriced", "no_usage", "list", "contracted", "charge", "billed"}
    text = (ROOT / "docs/tables.md").read_text(encoding="utf-8")
    assert {column for column in columns if f"`{column}`" not in text} == set()
    assert {unit.value for unit in Unit if f"`{unit.value}`" not in text} == set()
    assert set(QUANTITY_COLUMNS) == set(Unit)
    assert {layer for layer, _ in AMOUNT_COLUMNS if f"`{layer}_{{unit}}`" not in text} == set()


async def test_every_column_of_the_other_tables_is_documented() -> None:
    storage = MemoryTableStorage()
    await People(storage, now=lambda: NOW).save(
        [Person(subject="s", display_name="n", cost_centre="c", valid_from=NOW.date())]
    )
    progress = ProgressTable(storage)
    await progress.create()
    await progress.write(
        Progress(
            hub="h",
            group="g",
            partition="0",
            hub_created_at=NOW,
            sequence_number=1,
            enqueued_time=NOW,
            recorded_at=NOW,
            counts=dict.fromkeys(Count, 1),
        ),
        None,
    )
    letters = DeadLetterIndex(storage, "h")
    await letters.create()
    texts: dict[str, Any] = {
        "reason": "r",
        "field": "f",
        "value": "v",
        "message": "m",
        "event_id": "e",
    }
    await letters.add(
        [
            DeadLetter(
                hub="h",
                partition="0",
                sequence_number=1,
                content_hash="c",
                enqueued_time=NOW,
                recorded_at=NOW,
                body_bytes=1,
                outcome="posted",
                **texts,
            )
        ]
    )
    text = (ROOT / "docs/tables.md").read_text(encoding="utf-8")
    consumer = (ROOT / "docs/consumer.md").read_text(encoding="utf-8")
    for table in ("people", "progress", "deadletters"):
        rows = await all_rows(storage, table)
        assert rows
        section = text.split(f"## `{table}`\n")[1].partition("\n## ")[0]
        columns = {column for row in rows.values() for column in row}
        undocumented = {column for column in columns if f"`{column}`" not in section}
        counted = {column for column in undocumented if column.removeprefix("n_") in consumer}
        assert undocumented - counted == set()
