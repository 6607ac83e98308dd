"""The access log: newest first, page by page, kept for 13 months, and without erased people."""

import re
from collections.abc import Sequence
from datetime import UTC, date, datetime, timedelta

import pytest

from table_api.errors import Altered, Unavailable
from table_api.owners.access_log import (
    ACCESS_LOG_TABLE,
    ERASED,
    KEPT_DAYS,
    TRIES,
    Access,
    AccessLog,
    Position,
    query_without_cursor,
)
from table_api.storage.memory_tables import MemoryTableStorage
from table_api.storage.table_storage import (
    Delete,
    Merge,
    Operation,
    Replace,
    TableStorage,
    etag_of,
)
from tests.fixtures.calls import FaultyStorage
from tests.fixtures.damage import damage, rows_of


class Meanwhile(MemoryTableStorage):
    """Somebody else changes a row just before it is written."""

    def __init__(self) -> None:
        super().__init__()
        self.before: dict[str, Operation] = {}

    async def transact(
        self, table: str, partition_key: str, operations: Sequence[Operation]
    ) -> list[str]:
        for each in operations:
            if (change := self.before.pop(each.row_key, None)) is not None:
                await super().transact(table, partition_key, [change])
        return await super().transact(table, partition_key, operations)


AT = datetime(2026, 11, 30, 23, 59, 59, 999_999, tzinfo=UTC)
DECEMBER = date(2026, 12, 1)


def access(at: datetime, caller: str = "ada", *subjects: str, **changes: str) -> Access:
    return Access(
        at=at,
        caller=caller,
        roles=("Billing.Admin",),
        route="/v1/subjects/{subject:path}/usage",
        path=changes.get("path", "/v1/subjects/x/usage"),
        query=changes.get("query", ""),
        subjects=subjects,
        count=len(subjects),
    )


async def pages(log: AccessLog, limit: int) -> list[Access]:
    found: list[Access] = []
    after: Position | None = None
    while True:
        page, after = await log.newest(date(2026, 11, 1), DECEMBER, after=after, limit=limit)
        assert len(page) <= limit
        found += page
        if after is None:
            return found


async def test_rows_come_back_the_newest_first_whatever_the_page(
    either_storage: TableStorage,
) -> None:
    log = AccessLog(either_storage)
    times = [AT - timedelta(hours=hours) for hours in (0, 1, 30, 31, 200, 500)] + [AT]
    rows = [access(at, f"caller-{n}", "bob") for n, at in enumerate(times)]
    for row in rows:
        await log.add(row)
    for limit in (1, 3, 100):
        found = await pages(log, limit)
        assert sorted(found, key=repr) == sorted(rows, key=repr)
        assert [row.at for row in found] == sorted(times, reverse=True)
    assert await log.newest(DECEMBER, date(2026, 12, 31), after=None, limit=9) == ([], None)


async def test_rows_of_one_instant_are_all_there(memory: MemoryTableStorage) -> None:
    log = AccessLog(memory)
    for _ in range(20):
        await log.add(access(AT, "ada", "bob"))
    assert len(await pages(log, 7)) == 20


async def test_rows_older_than_13_months_are_purged(memory: MemoryTableStorage) -> None:
    log = AccessLog(memory)
    today = date(2026, 11, 30)
    kept = datetime(2026, 11, 30, tzinfo=UTC) - timedelta(days=KEPT_DAYS)
    for at in (kept, kept - timedelta(microseconds=1), kept - timedelta(days=400)):
        await log.add(access(at))
    assert await log.purge(today) == 2
    assert await log.purge(today) == 0
    found, _ = await log.newest(kept.date(), DECEMBER, after=None, limit=9)
    assert [row.at for row in found] == [kept]


async def test_a_person_is_erased_from_every_column(memory: MemoryTableStorage) -> None:
    log = AccessLog(memory)
    ann, anna = "ann/ü", "ann/ü2"
    await log.add(access(AT, ann, "bob"))
    await log.add(access(AT, "ada", ann, anna, path="/v1/calls/abc"))
    await log.add(access(AT, "ada", anna, query="subject=ann%2F%C3%BC2"))
    await log.add(access(AT, "ada", "bob", query="q=ann%2F%C3%BC"))
    assert await log.erase(ann) == 4
    found = await pages(log, 9)
    assert ann not in {each.caller for each in found}
    assert ann not in {subject for each in found for subject in each.subjects}
    assert not [each for each in found if "ann" in each.query or "abc" in each.path]
    assert {(ERASED, anna), (anna,), ("bob",)} <= {each.subjects for each in found}


@pytest.mark.parametrize("column", ["subjects", "at", "query"])
async def test_a_damaged_row_is_named_and_keeps_nobody_in_it_or_in_the_others(
    memory: MemoryTableStorage, column: str
) -> None:
    log = AccessLog(memory)
    for caller in ("ann", "ada"):
        await log.add(access(AT, caller, "ann", "bob", path="/v1/calls/of-ann", query="q=Ann+Lee"))
    await log.add(access(AT, "ada", "bob", path="/v1/calls/of-bob"))
    rows = await rows_of(memory, ACCESS_LOG_TABLE, "")
    key = next(str(row["RowKey"]) for row in rows if row["caller"] == "ann")
    if column == "query":  # it is gone
        row = await memory.get(ACCESS_LOG_TABLE, "20261130", key)
        assert row is not None
        left = {name: row[name] for name in ("at", "caller", "roles", "route", "path", "subjects")}
        await memory.transact(ACCESS_LOG_TABLE, "20261130", [Replace(key, left, etag_of(row))])
    else:
        await damage(memory, ACCESS_LOG_TABLE, key, **{column: "ann, bob ["})
    with pytest.raises(Altered, match=f"accesslog 20261130 {re.escape(key)}"):
        await pages(log, 9)
    assert await log.erase("ann", ["Ann Lee"]) == 2
    left_over = [
        str(value) for row in await rows_of(memory, ACCESS_LOG_TABLE, "") for value in row.values()
    ]
    assert not [text for text in left_over if "ann" in text.casefold() and not text.startswith(key)]
    assert "/v1/calls/of-bob" in left_over


async def test_a_row_that_is_purged_or_changed_meanwhile_ends_no_erasure() -> None:
    storage = Meanwhile()
    log = AccessLog(storage)
    for number in range(3):
        await log.add(access(AT - timedelta(seconds=number), "ada", "ann"))
    rows = await rows_of(storage, ACCESS_LOG_TABLE, "")
    first, second = (str(row["RowKey"]) for row in rows[:2])
    storage.before[first] = Delete(first)
    storage.before[second] = Merge(second, {"caller": "adam"}, etag_of(rows[1]))
    assert await log.erase("ann") == 2
    found = await pages(log, 9)
    assert [(each.caller, each.subjects) for each in found] == [
        ("adam", (ERASED,)),
        ("ada", (ERASED,)),
    ]


async def test_a_search_for_an_erased_person_is_erased_too(memory: MemoryTableStorage) -> None:
    log = AccessLog(memory)
    kept = {"q=grace&limit=5", "q=", "from=2026-11-01&cost_centre=Research", ""}
    for query in (*kept, "q=Ada+Love", "limit=9&%71=ADA%20LOVELACE", "q=Countess+Ada+Lovelace"):
        await log.add(access(AT, "carl", "bob", query=query))
    await log.add(access(AT, "carl", "ann", "bob", query="to=2026-12-01&q=maiden-name"))
    decomposed = "subject=u%CC%88na"
    await log.add(access(AT, "carl", query=decomposed))
    assert await log.erase("ann", ["Ada Lovelace"]) == 4
    assert await log.erase("\u00fcna") == 1
    await log.add(access(AT, "carl", "bob", query="q=Zo%C3%AB"))
    assert await log.erase("zoe", ["Zoe\u0308 Lang"]) == 1
    found = {each.query for each in await pages(log, 20)}
    assert found == kept | {
        "q=erased",
        "limit=9&%71=erased",
        "to=2026-12-01&q=erased",
        "subject=erased",
    }


def test_no_cursor_is_recorded_however_it_is_spelled() -> None:
    assert query_without_cursor("limit=1&cursor=WzEs&from=x") == "limit=1&cursor=-&from=x"
    assert query_without_cursor("%63ursor=WzEs") == "cursor=-"
    assert query_without_cursor("q=cursor&x=") == "q=cursor&x="
    assert query_without_cursor("") == ""


async def test_a_lost_connection_costs_no_row_and_doubles_none(memory: MemoryTableStorage) -> None:
    for faults in (["before"], ["after"], ["before", "after"], ["before", "before"]):
        log = AccessLog(FaultyStorage(memory, faults))
        await log.add(access(AT, "ada", "bob"))
    assert len(await pages(AccessLog(memory), 9)) == 4
    with pytest.raises(Unavailable):
        await AccessLog(FaultyStorage(memory, ["before"] * TRIES)).add(access(AT))
