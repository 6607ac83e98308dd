"""People: what held for a subject on a day, through storage, and the file it is imported from."""

from datetime import date, timedelta

import pytest

from table_api.people.csv_file import COLUMNS, import_changes, read_people_csv
from table_api.people.csv_records import InvalidFile
from table_api.people.people import PEOPLE_AGE_S_MAX, PEOPLE_TABLE, People, PeopleDirectory, Person
from table_api.storage.memory_tables import MemoryTableStorage
from table_api.storage.table_storage import TableStorage
from tests.fixtures.calls import NOW
from tests.fixtures.damage import damage, rows_of

HEADER = "subject,display_name,cost_centre,valid_from\n"


def person(
    subject: str, valid_from: str, *, name: str | None = "Ada", cost_centre: str | None = "R&D"
) -> Person:
    """A row of the table."""
    return Person(
        subject=subject,
        display_name=name,
        cost_centre=cost_centre,
        valid_from=date.fromisoformat(valid_from),
    )


def test_cost_centre_changes_on_its_first_day_and_not_before() -> None:
    people = PeopleDirectory(
        [person("a", "2026-11-10", cost_centre="IT"), person("a", "2026-01-01")]
    )
    assert people.cost_centre("a", date(2025, 12, 31)) is None
    assert people.cost_centre("a", date(2026, 11, 9)) == "R&D"
    assert people.cost_centre("a", date(2026, 11, 10)) == "IT"
    assert people.cost_centre("stranger", date(2026, 11, 10)) is None
    assert "a" in people
    assert "stranger" not in people


async def test_people_come_back_from_storage_as_they_were_saved(
    either_storage: TableStorage,
) -> None:
    saved = [
        person("contoso\\ada/ü", "2026-01-01", name="Ada 'the first' Łovelace"),
        person("contoso\\ada/ü", "2026-06-01", name=None, cost_centre=None),
        *(person(f"u{n}", "2026-01-01", name=f"N{n}") for n in range(150)),
    ]
    people = People(either_storage, now=lambda: NOW)
    assert "u1" not in await people.directory()
    await people.save(saved)
    directory = await people.directory()
    assert [directory.at(each.subject, each.valid_from) for each in saved] == saved


async def test_saving_a_row_again_replaces_it(memory: MemoryTableStorage) -> None:
    people = People(memory, now=lambda: NOW)
    await people.save([person("a", "2026-01-01", name="Aad")])
    await people.save([person("a", "2026-01-01", name="Ada")])
    assert (await people.directory()).name("a", NOW.date()) == "Ada"


async def test_directory_is_kept_for_a_while_and_then_read_again(
    memory: MemoryTableStorage,
) -> None:
    clock = [NOW]
    people = People(memory, now=lambda: clock[0])
    await people.directory()
    await People(memory, now=lambda: NOW).save([person("a", "2026-01-01")])
    clock[0] += timedelta(seconds=PEOPLE_AGE_S_MAX)
    assert "a" not in await people.directory()
    clock[0] += timedelta(seconds=1)
    assert "a" in await people.directory()


async def test_a_clock_that_was_ahead_once_keeps_no_cost_centre(memory: MemoryTableStorage) -> None:
    clock = [NOW + timedelta(days=30)]
    people = People(memory, now=lambda: clock[0])
    await People(memory, now=lambda: NOW).save([person("a", "2026-01-01", cost_centre="IT")])
    assert (await people.directory()).cost_centre("a", NOW.date()) == "IT"
    clock[0] = NOW
    await People(memory, now=lambda: NOW).save([person("a", "2026-01-01", cost_centre="Sales")])
    assert (await people.directory()).cost_centre("a", NOW.date()) == "Sales"


async def test_a_damaged_row_costs_nobody_else_a_name(
    memory: MemoryTableStorage, caplog: pytest.LogCaptureFixture
) -> None:
    people = People(memory, now=lambda: NOW)
    await people.save([person("a", "2026-01-01"), person("b", "2026-01-01", name="Bea")])
    await damage(memory, PEOPLE_TABLE, "a|", valid_from="yesterday")
    read = await People(memory, now=lambda: NOW).directory()
    assert [each.subject for each in read] == ["b"]
    [said] = caplog.records
    assert getattr(said, "action", "") == "person_unreadable"
    assert "a|2026-01-01" in said.getMessage()


async def test_a_row_of_another_subject_than_its_keys_moves_no_cost_centre(
    memory: MemoryTableStorage,
) -> None:
    people = People(memory, now=lambda: NOW)
    await people.save([person("a", "2026-01-01"), person("b", "2026-01-02", cost_centre="Sales")])
    await damage(memory, PEOPLE_TABLE, "b|", subject="a")
    read = await People(memory, now=lambda: NOW).directory()
    assert [(each.subject, each.valid_from) for each in read] == [("a", date(2026, 1, 1))]


async def test_damaged_rows_lose_their_names_too(memory: MemoryTableStorage) -> None:
    people = People(memory, now=lambda: NOW)
    days = ("2026-01-01", "2026-02-01", "2026-03-01")
    await people.save([person("a", day, name=f"Name {day}") for day in days])
    await people.save([person("a2", "2026-01-01", name="Bea")])
    await damage(memory, PEOPLE_TABLE, "a|2026-01", valid_from="yesterday")
    await damage(memory, PEOPLE_TABLE, "a|2026-02", subject="a2")
    assert sorted(await people.names("a")) == [f"Name {day}" for day in days]
    assert await people.erase("a") == 3
    rows = await rows_of(memory, PEOPLE_TABLE, "")
    assert [row["display_name"] for row in rows if "display_name" in row] == ["Bea"]
    assert [row["valid_from"] for row in rows] == ["2026-01-01", "yesterday", *days[1:]]


def test_file_is_read_with_any_order_of_columns_and_absent_values() -> None:
    content = (
        "\ufeffvalid_from,subject,cost_centre,display_name\r\n"
        '2026-01-01,a,R&D,"Lovelace, Ada"\r\n\r\n2026-06-01, a ,,\r\n'
    )
    assert read_people_csv(content.encode()) == [
        person("a", "2026-01-01", name="Lovelace, Ada"),
        person("a", "2026-06-01", name=None, cost_centre=None),
    ]


def test_name_may_hold_quotes_and_lines_that_are_none() -> None:
    [found] = read_people_csv(f'{HEADER}a,"Ada ""A"" L\u2028x",,2026-01-01\n'.encode())
    assert found.display_name == 'Ada "A" L\u2028x'


def test_texts_are_taken_in_the_ledgers_normal_form() -> None:
    [found] = read_people_csv(f"{HEADER}u\u0308,Zoe\u0308,CC-e\u0301,2026-01-01\n".encode())
    texts = (found.subject, found.display_name, found.cost_centre)
    assert texts == ("\u00fc", "Zo\u00eb", "CC-\u00e9")


async def test_a_name_that_an_earlier_release_stored_is_read_in_that_form(
    memory: MemoryTableStorage,
) -> None:
    people = People(memory, now=lambda: NOW)
    await people.save([person("zoe", "2026-01-01", name="Zoe\u0308")])
    assert (await people.directory()).name("zoe", NOW.date()) == "Zo\u00eb"


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (b"", "line 1: the columns are missing"),
        (b"subject,display_name,cost_centre\n", "line 1: the columns are .* expected subject"),
        (b"subject,subject,display_name,cost_centre,valid_from\n", "line 1: the columns"),
        (f"{HEADER}a,Ada,R&D\n".encode(), "line 2: 3 fields, expected 4"),
        (f"{HEADER}a,Ada,R&D,2026-01-01,x\n".encode(), "line 2: 5 fields, expected 4"),
        (f"{HEADER}a,A,R,2026-01-01\n,Ada,R&D,2026-01-01\n".encode(), "line 3: subject is empty"),
        (f"{HEADER}a,Ada,R&D,01.02.2026\n".encode(), "line 2: valid_from '01.02.2026'"),
        (f"{HEADER}a,Ada,R&D,2026-02-30\n".encode(), "line 2: valid_from '2026-02-30'"),
        (f"{HEADER}a,Ada,R&D,\n".encode(), "line 2: valid_from ''"),
        (f"{HEADER}a,Ada\x07,R&D,2026-01-01\n".encode(), "line 2: display_name"),
        (f"{HEADER}a,{'x' * 257},R&D,2026-01-01\n".encode(), "line 2: display_name"),
        (f"{HEADER}a,b,c,2026-01-01\na,d,e,2026-01-01\n".encode(), "line 3: .* as on line 2"),
        (f'{HEADER}a,"b,c,2026-01-01\n'.encode(), "line 2: "),
        (f'{HEADER}a,"b,c,2026-01-01\nd,,,2026-01-01\n'.encode(), "line 2: unexpected end"),
        (f'{HEADER}a,"b\nc",,2026-01-01\n'.encode(), "line 2: display_name"),
        (f"{HEADER}a,b\x9b31m,,2026-01-01\n".encode(), "line 2: display_name .* control"),
        (f"{HEADER}a\x7f,,,2026-01-01\n".encode(), "line 2: subject .* control"),
        (f"\ufeff{HEADER}".encode() + b"\xe4,,,2026-01-01\n", "line 2 is not UTF-8"),
        (HEADER.replace(",", ";").encode(), "line 1: the columns are parted by `;`, expected `,`"),
        (f"{HEADER}a,=cmd|' /C calc'!A0,R&D,2026-01-01\n".encode(), "line 2: display_name .=cmd"),
        (f"{HEADER}a,Ada,@SUM(A1),2026-01-01\n".encode(), "line 2: cost_centre '@SUM"),
        (HEADER.encode() + b"a,Ad\xe4,R&D,2026-01-01\n", "line 2 is not UTF-8"),
    ],
)
def test_file_with_a_bad_line_is_refused_by_its_number(content: bytes, message: str) -> None:
    with pytest.raises(InvalidFile, match=message):
        read_people_csv(content)


def test_an_import_says_which_past_days_keep_their_price() -> None:
    standing = PeopleDirectory([person("a", "2026-01-01"), person("b", "2026-01-01")])
    rows = [
        person("a", "2026-06-01", cost_centre="IT"),
        person("b", "2026-01-01", name="Bea"),
        person("b", "2026-02-01"),
        person("c", "2026-01-01"),
    ]
    said = list(import_changes(standing, rows))
    assert said[0].startswith("cost centre\ta\t2026-06-01\tR&D → IT\tcalls of these days keep")
    assert said[1:] == ["name\tb\t2026-01-01", "new\tc\t2026-01-01\tR&D"]


def test_columns_of_the_file_are_the_fields_of_a_person() -> None:
    assert set(COLUMNS) == set(Person.__slots__)
