"""Every ledger row becomes one event, once, and nothing is sent twice without a reason."""

import asyncio
import re
from collections.abc import AsyncIterator
from dataclasses import replace
from datetime import date, timedelta
from typing import Any

import pytest

from pricing_rules.types import CountedAt, Rank
from table_api.errors import NoLedger, SettingsError
from table_api.ledger.keys import LEDGER_TABLE, shard_of
from table_api.ledger.meta import META_PARTITION, META_ROW, META_TABLE
from table_api.ledger.posting import MeteredCall
from table_api.monthly.rebuild import rebuild_monthly
from table_api.publishing import subject_days
from table_api.publishing.marks import PUBLISHED_TABLE
from table_api.publishing.month_pass import QUIET, Wanted
from table_api.publishing.progress import UNTIL_PARTITION, read_progress
from table_api.storage.memory_tables import MemoryTableStorage
from table_api.storage.table_storage import Upsert
from tests.fixtures.builders import CALL_TIME, SUBJECT, call_id, make_usage
from tests.fixtures.calls import QueriedStorage, all_rows, make_call
from tests.fixtures.published import differences, states
from tests.frozen.company import LATE, Company
from tests.paths import ROOT
from tests.table_api.publishing.stand import KEY, NOW, Stand, stand

KEYS = {"PartitionKey", "RowKey", "Timestamp"}


@pytest.fixture
async def here() -> AsyncIterator[Stand]:
    async with stand() as found:
        yield found


def some_calls(count: int, *, first: int = 1, **changes: Any) -> list[MeteredCall]:
    return [
        make_call(number, id=call_id(number), **changes) for number in range(first, first + count)
    ]


async def test_each_row_is_sent_once(here: Stand) -> None:
    await here.ledger.post(some_calls(3))
    assert (await here.publish()).rows == 3
    assert (await here.publish()).rows == 0
    await here.ledger.post(some_calls(2, first=4))
    assert (await here.publish()).rows == 2
    assert (await here.differences(), here.copies) == ([], 0)


async def test_corrections_and_moves_are_rows_of_their_own(here: Stand) -> None:
    weak = make_call(1, rank=Rank.GATEWAY_LOG, usage=make_usage(input=5))
    await here.ledger.post([weak])
    await here.publish()
    await here.ledger.post([make_call(2)])
    elsewhere = CountedAt(subject="unattributed", time=CALL_TIME)
    await here.ledger.post([make_call(3, id=call_id(3), subject=elsewhere.subject)])
    await here.ledger.post([make_call(4, id=call_id(3), rank=Rank.MODEL_USAGE, replaces=elsewhere)])
    assert (await here.publish()).rows == 4
    assert states(here.events) == {"priced": 4, "moved": 1}
    assert (await here.differences(), here.copies) == ([], 0)


async def test_a_row_that_changes_no_cell_is_not_sent(here: Stand) -> None:
    """Its call was taken out of a place before it came there: nothing was ever counted."""
    elsewhere = CountedAt(subject="unattributed", time=CALL_TIME)
    await here.ledger.post([make_call(1, replaces=elsewhere)])
    assert (await here.publish()).rows == 1
    assert (await here.differences(), here.copies) == ([], 0)


async def test_a_call_without_a_price_has_no_charge(here: Stand) -> None:
    await here.ledger.post([make_call(1, deployment="lab-model-x", model=None)])
    await here.publish()
    [event] = here.events
    assert "chargeback.charge" not in event["Properties"]
    assert event["Measurements"] == "{}"
    assert states(here.events) == {"unpriced": 1}
    assert await here.differences() == []


@pytest.mark.parametrize(("column", "again"), [("rev", 0), ("state", 2)])
async def test_a_damaged_row_is_named_and_holds_no_other_back(
    here: Stand, column: str, again: int, caplog: pytest.LogCaptureFixture
) -> None:
    await here.ledger.post(some_calls(3))
    (partition, key), row = next(iter((await all_rows(here.storage)).items()))
    columns = {name: value for name, value in row.items() if name not in KEYS}
    damaged = Upsert(key, columns | {column: "damaged"})
    await here.storage.transact(LEDGER_TABLE, partition, [damaged])
    assert (await here.publish()).rows == 2
    assert "a ledger row cannot be read: ValueError" in caplog.text
    assert key in [getattr(record, "fields", {}).get("row") for record in caplog.records]
    assert (await here.publish(Wanted(settle=True))).rows == again
    await here.storage.transact(LEDGER_TABLE, partition, [Upsert(key, columns)])
    await here.publish(Wanted(settle=True))
    assert await here.differences() == []


async def test_what_monthly_does_not_have_yet_waits(here: Stand) -> None:
    await here.ledger.ledger.post(some_calls(2))
    assert (await here.publish()).rows == 0
    await here.ledger.project()
    await here.ledger.ledger.post(some_calls(1, first=3))
    assert (await here.publish()).rows == 2
    await here.ledger.project()
    assert (await here.publish()).rows == 1
    assert (await here.differences(), here.copies) == ([], 0)


async def test_old_calls_are_dated_now_and_say_their_own_time(here: Stand) -> None:
    """Ingestion refuses items of more than 48 hours; the stand-in does so too."""
    ages = [timedelta(hours=hours) for hours in (1, 46.9, 47.1, 48.1, 24 * 60)]
    await here.ledger.post(
        [make_call(n, id=call_id(n), time=NOW - age) for n, age in enumerate(ages)]
    )
    await here.publish()
    dated = sorted(event["TimeGenerated"] for event in here.events)
    assert dated == sorted([NOW - ages[0], NOW - ages[1], NOW, NOW, NOW])
    assert await here.differences() == []


async def test_a_range_of_days_and_of_shards(here: Stand) -> None:
    days = [CALL_TIME - timedelta(days=back) for back in (0, 1, 70)]
    await here.ledger.post(
        [make_call(n, id=call_id(n), time=time) for n, time in enumerate(days)]
        + [make_call(9, id=call_id(9), subject="somebody-else")]
    )
    own = shard_of(SUBJECT, 4)
    assert own != shard_of("somebody-else", 4)
    one_day = Wanted(start=date(2026, 11, 20), stop=date(2026, 11, 21))
    assert (await here.publish(replace(one_day, shards=range(own, own + 1)))).rows == 1
    assert (await here.publish(one_day)).rows == 1
    assert (await read_progress(here.storage)).until is None
    assert (await here.publish(Wanted(live_only=True))).rows == 1
    assert (await here.publish()).rows == 1
    assert (await read_progress(here.storage)).until == NOW
    assert (await here.differences(), here.copies) == ([], 0)


async def test_shards_that_are_split_otherwise_hold_nothing_back(here: Stand) -> None:
    await here.publish(Wanted(shards=range(2)))
    assert (await read_progress(here.storage)).until is None  # nobody has sent the other shards
    await here.publish(Wanted(shards=range(2, 9)))
    here.now += timedelta(hours=1)
    await here.publish(Wanted(shards=range(2)))
    assert (await read_progress(here.storage)).until == NOW
    await here.publish()
    assert (await read_progress(here.storage)).until == here.now
    with pytest.raises(SettingsError, match="the ledger has shards 0 to 3"):
        await here.publish(Wanted(shards=range(4, 8)))


async def test_a_later_pass_reads_nothing_of_rows_that_did_not_change(here: Stand) -> None:
    await here.ledger.post(some_calls(3))
    await here.publish()
    storage = QueriedStorage(here.storage)
    assert (await here.publish(storage=storage)).rows == 0
    assert len(storage.queries) == 3  # `until`, and the month's rows of both tables


async def test_with_a_key_no_item_holds_a_subject() -> None:
    async with stand(KEY) as here:
        elsewhere = CountedAt(subject="other-person", time=CALL_TIME)
        await here.ledger.post([make_call(1, subject=elsewhere.subject, session="s-1")])
        await here.ledger.post([make_call(2, rank=Rank.MODEL_USAGE, replaces=elsewhere)])
        await here.publish()
        assert await here.differences() == []
        said = repr(here.events)
        assert SUBJECT not in said
        assert "other-person" not in said


async def test_another_key_is_published_again(here: Stand) -> None:
    await here.ledger.post(some_calls(3))
    await here.publish()
    before = len(here.events)
    here.key = KEY
    with pytest.raises(SettingsError, match="TELEMETRY_SUBJECT_KEY is not the one"):
        await here.publish()
    publisher = await here.publisher()
    assert (await publisher.publish(Wanted(again=True))).rows == 3
    await here.ledger.post(some_calls(1, first=4))
    assert (await publisher.publish(Wanted())).rows == 1
    here.key = None
    with pytest.raises(SettingsError, match="publish --again"):
        await here.publish(Wanted(start=date(2026, 11, 20), stop=date(2026, 11, 21)))
    assert len(here.events) == before + 4
    assert len({event["UserId"] for event in here.events}) == 2


async def test_who_published_with_an_earlier_release_goes_on(here: Stand) -> None:
    """It noted neither the key nor the number of shards."""
    row = Upsert("00-03", {"until": "2026-11-20T11:00:00.000000Z"})
    await here.storage.create_table(PUBLISHED_TABLE)
    await here.storage.transact(PUBLISHED_TABLE, UNTIL_PARTITION, [row])
    assert (await read_progress(here.storage)).until == NOW - timedelta(hours=1)
    here.key = KEY
    await here.ledger.post(some_calls(3))
    assert (await here.publish()).rows == 3


async def test_a_busy_day_is_read_in_part_and_whole_when_it_is_quiet(
    here: Stand, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(subject_days, "BUSY_ROWS_MIN", 2)
    monkeypatch.setattr(subject_days, "NEWEST", timedelta(0))
    await here.ledger.post(some_calls(3, time=NOW - timedelta(hours=3)))
    await here.publish()
    publisher = await here.publisher()
    await here.ledger.post(some_calls(2, first=4, time=NOW))
    assert (await publisher.publish(Wanted())).rows == 2
    here.now = NOW + QUIET * 3
    await publisher.publish(Wanted())
    assert (await here.differences(), here.copies) == ([], 0)


async def test_two_publishers_at_once_lose_nothing_and_are_named(
    here: Stand, caplog: pytest.LogCaptureFixture
) -> None:
    await here.ledger.post(some_calls(3))
    both = [await here.publisher(), await here.publisher()]
    await asyncio.gather(*(each.publish(Wanted()) for each in both))
    assert await here.differences() == []
    actions = {getattr(record, "action", "") for record in caplog.records}
    assert ("marks_of_another" in actions) == (here.copies > 0)
    assert (await here.publish()).rows == 0
    assert (await here.publish(Wanted(settle=True))).rows == 0


async def test_no_ledger_and_no_whole_monthly_are_refused(here: Stand) -> None:
    with pytest.raises(NoLedger, match="no ledger"):
        await here.publisher(MemoryTableStorage())
    row = await here.storage.get(META_TABLE, META_PARTITION, META_ROW)
    assert row is not None
    columns = {name: value for name, value in row.items() if name not in {"PartitionKey", "RowKey"}}
    columns |= {"has_monthly": False}
    columns.pop("Timestamp")
    await here.storage.transact(META_TABLE, META_PARTITION, [Upsert(META_ROW, columns)])
    with pytest.raises(NoLedger, match="rebuild"):
        await here.publisher()


async def test_every_column_of_the_marks_is_documented(here: Stand) -> None:
    await here.ledger.post(some_calls(1))
    await here.publish()
    page = (ROOT / "docs/tables.md").read_text(encoding="utf-8")
    section = page.split("## `published`\n")[1].partition("\n## ")[0]
    rows = await all_rows(here.storage, PUBLISHED_TABLE)
    columns = {re.sub(r"\d\d$", "01", name) for row in rows.values() for name in row}
    assert {"p01", "until", "seen"} <= columns
    assert {name for name in columns if f"`{name}`" not in section} == set()


async def test_a_ledger_of_the_first_release_is_published() -> None:
    company = await Company.first_wave()
    await rebuild_monthly(company.storage)
    async with stand() as here:
        here.now = LATE
        await here.publish(storage=company.storage)
        assert await differences(company.storage, here.events) == []
        assert len(here.events) > 200
