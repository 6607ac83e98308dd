"""A ledger keeps what it was made with, and a process that disagrees does not start."""

from dataclasses import replace
from datetime import UTC, datetime
from typing import Any

import pytest

from table_api.errors import LedgerMismatch
from table_api.ledger.billing_calendar import zone_transitions
from table_api.ledger.meta import META_PARTITION, META_ROW, META_TABLE, open_meta, read_meta
from table_api.storage.memory_tables import MemoryTableStorage
from table_api.storage.table_storage import Upsert
from tests.fixtures.calls import NOW, SETTINGS


async def test_the_first_process_makes_the_ledger_and_the_next_reads_it() -> None:
    storage = MemoryTableStorage()
    assert await read_meta(storage) is None
    made = await open_meta(storage, SETTINGS, now=NOW)
    assert await open_meta(storage, SETTINGS, now=NOW) == made == await read_meta(storage)
    assert made.transitions == zone_transitions("Europe/Berlin", 2028)


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("zone", "UTC"),
        ("pricing_currency", "EUR"),
        ("billing_currency", "EUR"),
        ("shards", 8),
    ],
)
async def test_another_setting_is_refused_naming_both_values(name: str, value: Any) -> None:
    storage = MemoryTableStorage()
    await open_meta(storage, SETTINGS, now=NOW)
    with pytest.raises(LedgerMismatch, match=f"{name} .*{value}"):
        await open_meta(storage, replace(SETTINGS, **{name: value}), now=NOW)


async def test_transitions_that_this_machine_would_not_make_are_refused() -> None:
    storage = MemoryTableStorage()
    await open_meta(storage, SETTINGS, now=NOW)
    row = await storage.get(META_TABLE, META_PARTITION, META_ROW)
    assert row is not None
    foreign = {**row, "transitions": str(row["transitions"]).replace("3600", "1800")}
    await storage.transact(META_TABLE, META_PARTITION, [Upsert(META_ROW, foreign)])
    with pytest.raises(LedgerMismatch, match="tzdata disagrees"):
        await open_meta(storage, SETTINGS, now=NOW)


async def test_later_years_are_appended_and_the_past_stays() -> None:
    storage = MemoryTableStorage()
    old = await open_meta(storage, SETTINGS, now=datetime(2024, 5, 1, tzinfo=UTC))
    new = await open_meta(storage, SETTINGS, now=NOW)
    assert (old.transitions.until_year, new.transitions.until_year) == (2026, 2028)
    assert new.transitions.offsets[: len(old.transitions.offsets)] == old.transitions.offsets
    assert new.created_at == old.created_at


@pytest.mark.parametrize(
    ("name", "value"), [("shards", "many"), ("transitions", "[1]"), ("transitions_until_year", "")]
)
async def test_damaged_settings_are_refused_by_name(name: str, value: str) -> None:
    storage = MemoryTableStorage()
    await open_meta(storage, SETTINGS, now=NOW)
    row = await storage.get(META_TABLE, META_PARTITION, META_ROW)
    assert row is not None
    await storage.transact(META_TABLE, META_PARTITION, [Upsert(META_ROW, {**row, name: value})])
    with pytest.raises(LedgerMismatch, match="settings in table meta are damaged"):
        await read_meta(storage)
