"""Usage objects that a later reader may read better: what is kept, found and purged."""

import json
from datetime import date, datetime, timedelta

import pytest

from table_api.consumer_state.raw_usage import (
    RAW_USAGE_TABLE,
    TEXT_CHARS_MAX,
    USAGE_CHARS_MAX,
    RawUsage,
    RawUsageKey,
    usage_text,
)
from table_api.errors import AlteredRow
from table_api.storage.memory_tables import MemoryTableStorage
from table_api.storage.table_storage import Upsert
from tests.fixtures.builders import CALL_TIME, call_id
from tests.fixtures.calls import all_rows

USAGE = {"prompt_tokens": 512.0, "details": {"cached": 3, "none": None}, "tools": [{"n": 2}]}


def key(number: int, *, time: datetime = CALL_TIME) -> RawUsageKey:
    return RawUsageKey(call_id=call_id(number), time=time, partition="1", sequence_number=number)


def text(usage: dict[str, object]) -> str:
    kept = usage_text(usage)
    assert kept is not None
    return kept


def test_numbers_and_short_texts_are_kept_and_a_long_text_is_cut() -> None:
    kept = json.loads(text({**USAGE, "geo": "us", "said": "x" * 500, "batch": True}))
    assert kept == {
        "prompt_tokens": 512.0, "details": {"cached": 3}, "tools": [{"n": 2}],
        "geo": "us", "said": "x" * TEXT_CHARS_MAX, "batch": True,
    }  # fmt: skip


@pytest.mark.parametrize(
    "usage",
    [
        {"n" * 65: 1},
        {"many": ["x" * 60] * 1_000},
        {"faces": ["\U0001f600" * 60] * 300},
        {"deep": {"a": {"b": {"c": {"d": {"e": {"f": {"g": {"h": 1}}}}}}}}},
    ],
)
def test_what_would_not_be_the_whole_of_it_is_not_kept(usage: dict[str, object]) -> None:
    assert usage_text(usage) is None


async def test_many_are_kept_by_day_and_found_by_their_call() -> None:
    storage = MemoryTableStorage()
    kept = RawUsage(storage)
    await kept.create()
    large = text({"many": list(range(10**4, 15_000))})
    assert 4 * 1024 < len(large) <= USAGE_CHARS_MAX
    rows = [(key(n), large if n % 3 else text({"n": n})) for n in range(3_000)]
    await kept.keep(rows)
    await kept.keep(rows[:10] + rows[:10])
    assert len(await all_rows(storage, RAW_USAGE_TABLE)) == 3_000
    assert {p for p, _ in await all_rows(storage, RAW_USAGE_TABLE)} == {
        f"{CALL_TIME:%Y%m%d}|{digit:x}" for digit in range(16)
    }
    assert await kept.find(key(3)) == {"n": 3}
    assert await kept.find(key(3_000)) is None


async def test_rows_of_earlier_days_are_purged() -> None:
    storage = MemoryTableStorage()
    kept = RawUsage(storage)
    await kept.create()
    await kept.keep((key(n, time=CALL_TIME - timedelta(days=n)), text({"n": n})) for n in range(5))
    before: date = CALL_TIME.date() - timedelta(days=1)
    assert await kept.purge(before) == 3
    assert await kept.purge(before) == 0
    assert len(await all_rows(storage, RAW_USAGE_TABLE)) == 2


@pytest.mark.parametrize("columns", [{"usage": "{"}, {"usage": "[1]"}, {"call_id": "x"}])
async def test_a_damaged_row_is_named(columns: dict[str, str]) -> None:
    storage = MemoryTableStorage()
    kept, damaged = RawUsage(storage), key(1)
    await kept.create()
    row = Upsert(damaged.row_key, columns)
    await storage.transact(RAW_USAGE_TABLE, damaged.table_partition, [row])
    with pytest.raises(AlteredRow, match=rf"row rawusage {damaged.table_partition[:8]}\|. "):
        await kept.find(damaged)
