"""What a new tzdata says of days to come is adopted by a recorded step; begun days never move."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from itertools import pairwise

import msgspec
import pytest

from table_api.audit.ledger_audit import audit
from table_api.errors import LedgerMismatch
from table_api.ledger.billing_calendar import (
    BEGUN_AHEAD,
    BillingCalendar,
    Transitions,
    extended,
    first_difference,
    zone_transitions,
)
from table_api.ledger.meta import adopt_transitions, open_meta, read_ledger_meta
from table_api.storage.memory_tables import MemoryTableStorage
from table_api.storage.table_storage import Merge, etag_of
from tests.fixtures.calls import NOW, SETTINGS

ZONE = "Europe/Berlin"
OWN = zone_transitions(ZONE, 2028)
OLDER = Transitions(OWN.offsets[:-1], 2028)
"""Without the last change, of October 2027: what an older tzdata knew."""
CHANGE = datetime(2027, 10, 31, 1, tzinfo=UTC)


async def ledger_of(frozen: Transitions) -> MemoryTableStorage:
    storage = MemoryTableStorage()
    await open_meta(storage, SETTINGS, now=NOW)
    row = await storage.get("meta", "ledger", "settings")
    assert row is not None
    text = msgspec.json.encode(frozen.offsets).decode()
    await storage.transact(
        "meta", "ledger", [Merge("settings", {"transitions": text}, etag_of(row))]
    )
    return storage


async def test_a_difference_ahead_stops_no_process_and_changes_no_day() -> None:
    storage = await ledger_of(OLDER)
    assert (await open_meta(storage, SETTINGS, now=NOW)).transitions == OLDER
    assert (await audit(storage, now=NOW)).problems == ()


async def test_it_is_refused_a_day_before_it_begins() -> None:
    storage = await ledger_of(OLDER)
    near = CHANGE - BEGUN_AHEAD
    await open_meta(storage, SETTINGS, now=near)
    for late in (near + timedelta(seconds=1), CHANGE + timedelta(days=30)):
        with pytest.raises(LedgerMismatch, match=r"disagrees .* at 2027-10-31 01:00.*has begun"):
            await open_meta(storage, SETTINGS, now=late)
        with pytest.raises(LedgerMismatch, match="has begun"):
            await adopt_transitions(storage, by="ada", why="tzdata 2027b", now=late)
    assert any("this machine's tzdata" in each for each in (
        await audit(storage, now=CHANGE + timedelta(days=30))
    ).problems)  # fmt: skip


async def test_what_lies_ahead_is_adopted_and_what_it_replaced_is_kept() -> None:
    storage = await ledger_of(OLDER)
    assert await adopt_transitions(storage, by="ada", why="tzdata 2027b", now=NOW) == CHANGE
    assert (await read_ledger_meta(storage)).transitions == OWN
    kept = await storage.get("meta", "ledger", "transitions|0001")
    assert kept is not None
    assert msgspec.json.decode(str(kept["transitions"])) == [list(each) for each in OLDER.offsets]
    assert (kept["by"], kept["why"]) == ("ada", "tzdata 2027b")
    assert await adopt_transitions(storage, by="ada", why="again", now=NOW) is None
    await open_meta(storage, SETTINGS, now=CHANGE + timedelta(days=30))


async def test_two_who_adopt_at_once_keep_one_history() -> None:
    storage = await ledger_of(OLDER)

    class AdoptedMeanwhile(MemoryTableStorage):
        """Somebody else adopts between the read and the write."""

        async def transact(self, table, partition_key, operations):  # type: ignore[no-untyped-def]
            await adopt_transitions(storage, by="eve", why="first", now=NOW)
            return await storage.transact(table, partition_key, operations)

    slower = AdoptedMeanwhile()
    slower._rows, slower._row_keys = storage._rows, storage._row_keys
    assert await adopt_transitions(slower, by="ada", why="second", now=NOW) is None
    assert await storage.get("meta", "ledger", "transitions|0002") is None


async def test_later_years_are_appended_to_what_is_frozen() -> None:
    storage = await ledger_of(OLDER)
    later = datetime(2027, 1, 5, tzinfo=UTC)
    longer = (await open_meta(storage, SETTINGS, now=later)).transitions
    assert longer.until_year == 2029
    assert longer.offsets[: len(OLDER.offsets)] == OLDER.offsets
    assert first_difference(longer, zone_transitions(ZONE, 2029)) == CHANGE


@pytest.mark.parametrize("zone", ["Africa/Casablanca", "Europe/Berlin", "America/Sao_Paulo", "UTC"])
def test_appending_year_by_year_gives_what_is_made_at_once(zone: str) -> None:
    grown = zone_transitions(zone, 2024)
    for year in range(2025, 2031):
        grown = extended(zone, grown, year)
    assert grown == zone_transitions(zone, 2030)
    assert all(one < other for (one, _), (other, _) in pairwise(grown.offsets))
    midnight = datetime(2029, 12, 31, 12, tzinfo=UTC)
    assert BillingCalendar(zone, grown).day(midnight).year == 2029


async def test_the_zone_itself_is_still_refused() -> None:
    storage = await ledger_of(OLDER)
    with pytest.raises(LedgerMismatch, match="zone"):
        await open_meta(storage, replace(SETTINGS, zone="Asia/Tokyo"), now=NOW)
