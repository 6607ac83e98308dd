"""Owners: through storage, and the file they are imported from."""

from datetime import date, timedelta

import pytest

from table_api.owners.csv_file import COLUMNS, import_changes, read_owners_csv
from table_api.owners.ownership import OWNERS_AGE_S_MAX, OWNERS_TABLE, Kind, Owners
from table_api.people.csv_records import InvalidFile
from table_api.storage.memory_tables import MemoryTableStorage
from table_api.storage.table_storage import TableStorage, Value
from tests.fixtures.calls import NOW
from tests.fixtures.damage import damage, rows_of
from tests.fixtures.office import own

HEADER = ",".join(COLUMNS) + "\n"


async def test_owners_come_back_from_storage_as_they_were_saved(
    either_storage: TableStorage,
) -> None:
    rows = [
        own("ann", Kind.COST_CENTRE, "R&D / ü 'x'", "2026-01-01"),
        own("ann", Kind.SUBSCRIPTION, "team", "2026-02-01", until="2026-03-01"),
        own("bob", Kind.APP, "a1", "2026-01-01"),
    ]
    owners = Owners(either_storage, now=lambda: NOW)
    assert await owners.of("ann") == ()
    await owners.save(rows)
    assert set(await owners.of("ann")) == {rows[0], rows[1]}
    assert await owners.of("bob") == (rows[2],)
    assert [row.subject for row in rows] == [None, "subscription:team", "app:a1"]
    assert [rows[1].holds(date(2026, month, 1)) for month in (1, 2, 3)] == [False, True, False]


async def test_a_clock_that_was_ahead_once_keeps_nobody_an_owner(
    memory: MemoryTableStorage,
) -> None:
    now = [NOW + timedelta(days=2)]
    owners = Owners(memory, now=lambda: now[0])
    await Owners(memory, now=lambda: NOW).save([own("ann", Kind.COST_CENTRE, "IT", "2026-01-01")])
    assert await owners.of("ann")
    now[0] = NOW
    await Owners(memory, now=lambda: NOW).erase("ann")
    assert await owners.of("ann") == ()


async def test_an_import_elsewhere_shows_after_a_while(memory: MemoryTableStorage) -> None:
    now = [NOW]
    owners = Owners(memory, now=lambda: now[0])
    assert await owners.of("ann") == ()
    row = own("ann", Kind.COST_CENTRE, "IT", "2026-01-01")
    await Owners(memory, now=lambda: NOW).save([row])
    assert await owners.of("ann") == ()
    now[0] += timedelta(seconds=OWNERS_AGE_S_MAX + 1)
    assert await owners.of("ann") == (row,)
    await Owners(memory, now=lambda: NOW).save(
        [own("ann", Kind.COST_CENTRE, "IT", "2026-01-01", until="2026-06-01")]
    )
    now[0] += timedelta(seconds=OWNERS_AGE_S_MAX + 1)
    assert [each.valid_until for each in await owners.of("ann")] == [date(2026, 6, 1)]


async def test_a_damaged_row_gives_nobody_anything(
    memory: MemoryTableStorage, caplog: pytest.LogCaptureFixture
) -> None:
    owners = Owners(memory, now=lambda: NOW)
    await owners.save([own("ann", Kind.COST_CENTRE, name, "2026-01-01") for name in ("A", "B")])
    await damage(memory, OWNERS_TABLE, "|A|", kind="planet")
    assert [each.name for each in await owners.of("ann")] == ["B"]
    assert [getattr(record, "action", "") for record in caplog.records] == ["ownership_unreadable"]


@pytest.mark.parametrize(
    "column", [{"owner": "eve"}, {"name": "B"}, {"kind": "app"}, {"valid_from": "2020-01-01"}]
)
async def test_a_row_that_contradicts_its_key_shows_nothing_to_anybody(
    memory: MemoryTableStorage, column: dict[str, Value], caplog: pytest.LogCaptureFixture
) -> None:
    owners = Owners(memory, now=lambda: NOW)
    await owners.save([own("ann", Kind.COST_CENTRE, "A", "2026-01-01")])
    await damage(memory, OWNERS_TABLE, "|A|", **column)
    assert await owners.of("ann") == await owners.of("eve") == ()
    assert "ann|cost_centre|A|2026-01-01" in caplog.text


@pytest.mark.parametrize("column", [{"valid_from": "x"}, {"owner": "eve"}])
async def test_damaged_rows_are_erased_too(
    memory: MemoryTableStorage, column: dict[str, Value]
) -> None:
    owners = Owners(memory, now=lambda: NOW)
    names = ("A", "B")
    await owners.save([own("ann", Kind.COST_CENTRE, name, "2026-01-01") for name in names])
    await owners.save([own("anna", Kind.COST_CENTRE, "A", "2026-01-01")])
    await damage(memory, OWNERS_TABLE, "ann|cost_centre|A|", **column)
    assert await owners.erase("ann") == 2
    [left] = await rows_of(memory, OWNERS_TABLE, "")
    assert left["owner"] == "anna"


def test_a_file_is_read_as_spreadsheets_write_it() -> None:
    guid = "7C9F2F0E-6A4B-4E0F-9C55-0D1E2F3A4B5C"
    text = (
        f"\ufeff{HEADER}{guid}, cost_centre ,R&D\u200b,2026-01-01,\nx,app,1,2026-01-01,2026-02-01\n"
    )
    assert read_owners_csv(text.encode()) == [
        own(guid.lower(), Kind.COST_CENTRE, "R&D", "2026-01-01"),
        own("x", Kind.APP, "1", "2026-01-01", until="2026-02-01"),
    ]


@pytest.mark.parametrize(
    ("row", "named"),
    [
        (
            "ann,team,IT,2026-01-01,",
            "line 2: kind 'team' is none of cost_centre, subscription, app",
        ),
        (",app,IT,2026-01-01,", "line 2: owner is empty"),
        ("ann,app,,2026-01-01,", "line 2: name is empty"),
        ("ann,app,=1,2026-01-01,", "line 2: name '=1' starts as a formula"),
        ("ann,app,a\u200bb,2026-01-01,", "line 2: name .* U\\+200B"),
        (f"ann,app,{'n' * 257},2026-01-01,", "line 2: name is over 256"),
        ("ann,app,IT,1.1.2026,", "line 2: valid_from '1.1.2026' is not a day"),
        ("ann,app,IT,2026-01-01,soon", "line 2: valid_until 'soon' is not a day"),
        ("ann,app,IT,2026-01-02,2026-01-02", "line 2: valid_until .* is not after valid_from"),
        ("ann,app,IT,2026-01-01", "line 2: 4 fields, expected 5"),
        ("ann,app,IT,2026-01-01,\nann,app,IT,2026-01-01,", "line 3: owner 'ann' has the same app"),
    ],
)
def test_a_bad_line_refuses_the_file(row: str, named: str) -> None:
    with pytest.raises(InvalidFile, match=named):
        read_owners_csv(f"{HEADER}{row}\n".encode())


def test_the_columns_of_people_are_refused() -> None:
    with pytest.raises(InvalidFile, match="expected owner, kind, name, valid_from, valid_until"):
        read_owners_csv(b"subject,display_name,cost_centre,valid_from\n")


def test_an_import_says_what_is_new_and_what_ends() -> None:
    stored = [own("a", Kind.APP, n, "2026-01-01") for n in ("1", "2")]
    rows = [
        stored[0],
        own("a", Kind.APP, "2", "2026-01-01", until="2026-05-01"),
        own("b", Kind.APP, "3", "2026-01-01"),
    ]
    assert list(import_changes(stored, rows)) == [
        "end\ta\tapp\t2\t2026-01-01\t2026-05-01",
        "new\tb\tapp\t3\t2026-01-01\topen",
    ]
