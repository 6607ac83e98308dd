"""docs/tables.md has every column that the tables hold, and its rows are real ones."""

import json
import re
from typing import Any

from pricing_rules.price_book.book import load_book
from pricing_rules.types import CountedAt, Rank
from pricing_rules.units import Unit
from table_api.consumer_state.dead_letters import DeadLetter, DeadLetterIndex
from table_api.consumer_state.progress import Count, Progress, ProgressTable
from table_api.consumer_state.taken_out import TakenOut, TakenOutPlaces
from table_api.ledger.measures import (
    AMOUNT_COLUMNS,
    MEASURE_AMOUNTS,
    MEASURE_INTEGERS,
    QUANTITY_COLUMNS,
)
from table_api.owners.access_log import AccessLog
from table_api.owners.ownership import Kind, Owners
from table_api.people.people import People, Person
from table_api.prices.price_list import PriceList
from table_api.storage.memory_tables import MemoryTableStorage
from table_api.storage.table_storage import Row
from tests.fixtures.builders import CALL_TIME, make_usage
from tests.fixtures.calls import NOW, all_rows, make_call, open_ledger
from tests.fixtures.office import look, own
from tests.paths import ROOT

DEMO_BOOK = ROOT / "local_stack/demo_book.toml"


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
        "model": "gpt-4o-2024-08-06.ft-0123",
        "deployment": "gpt-4o",
        "served_deployment": "gpt-4o",
        "spillover_from": "gpt-4o-ptu",
        "backend_host": "a.example",
        "requested_tier": "auto",
        "body_unread": "too_large",
        "background": True,
        "response_status": "completed",
        "tools_requested": ("mcp",),
        "tool_calls": (("mcp_call", 2),),
    }
    await ledger.post([make_call(1, rank=Rank.GATEWAY_LOG, **every)])
    await ledger.post([make_call(2, **every)])
    unpriced = every | {"deployment": "lab-model-x", "served_deployment": None, "cache": "hit"}
    await ledger.post([make_call(3, id="other", **unpriced)])
    columns = {
        column
        for table in ("ledger", "meta")
        for row in (await all_rows(storage, table)).values()
        for column in row
    }
    columns -= MEASURE_AMOUNTS | MEASURE_INTEGERS
    columns |= {
        "calls",
        "errors",
        "unpriced",
        "no_usage",
        "excluding",
        "list",
        "contracted",
        "charge",
        "billed",
    }
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
            caught_up_at=NOW,
            partitions=1,
            gone=1,
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
    await PriceList(storage).publish(load_book([DEMO_BOOK]), at=NOW, age_days_max=90)
    text = (ROOT / "docs/tables.md").read_text(encoding="utf-8")
    consumer = (ROOT / "docs/consumer.md").read_text(encoding="utf-8")
    await Owners(storage, now=lambda: NOW).save(
        [own("o", Kind.APP, "a", "2026-01-01", until="2026-02-01")]
    )
    await AccessLog(storage).add(look(NOW, "s"))
    taken_out = TakenOutPlaces(storage)
    assert await taken_out.of_call("c") == []
    await taken_out.add(TakenOut(call_id="c", number=1, out="p/a", stays="p/b", by="kim", why="w"))
    for table in ("people", "progress", "deadletters", "prices", "owners", "accesslog", "takenout"):
        rows = await all_rows(storage, table)
        assert rows
        section = text.split(f"## `{table}`\n")[1].partition("\n## ")[0]
        columns = {column for row in rows.values() for column in row}
        undocumented = {column for column in columns if f"`{column}`" not in section}
        counted = {column for column in undocumented if column.removeprefix("n_") in consumer}
        assert undocumented - counted == set()


async def test_the_rows_shown_are_those_of_a_call_that_was_recovered_and_then_corrected() -> None:
    storage = MemoryTableStorage()
    ledger = await open_ledger(storage)
    logged = make_usage(input=2048, output=427)
    halves = ("gateway-llm-log", "trace")
    await ledger.post([make_call(7041, rank=Rank.GATEWAY_LOG, usage=logged, completed_from=halves)])
    await ledger.post([make_call(7190)])
    text = (ROOT / "docs/tables.md").read_text(encoding="utf-8")
    shown = [json.loads(block) for block in re.findall(r"```json\n(.*?)```", text, re.DOTALL)]
    entry, correction, cell = await keyed_rows(storage, "ledger")
    [monthly] = await keyed_rows(storage, "monthly")
    changed = {name: value for name, value in correction.items() if value != entry.get(name)}
    for row, block in zip((entry, changed, cell, monthly), shown, strict=True):
        assert set(block) == set(row)
        assert [name for name in block if not is_short_for(block[name], row[name])] == []


async def keyed_rows(storage: MemoryTableStorage, table: str) -> list[Row]:
    """Every row with its keys; columns that differ from run to run are left out."""
    rows = await all_rows(storage, table)
    return [
        {"PartitionKey": partition, "RowKey": row_key, **row}
        for (partition, row_key), row in rows.items()
    ]


def is_short_for(shown: object, stored: object) -> bool:
    """Whether the page shows the stored value, where `…` is any text."""
    pattern = ".*".join(re.escape(part) for part in str(shown).split("…"))
    return re.fullmatch(pattern, str(stored)) is not None
