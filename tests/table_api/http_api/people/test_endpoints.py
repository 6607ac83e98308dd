"""People over HTTP."""

from table_api.people.csv_file import read_people_csv
from table_api.people.people import People
from table_api.storage.memory_tables import MemoryTableStorage
from tests.fixtures.calls import NOW
from tests.table_api.conftest import ApiClient

CSV = """subject,display_name,cost_centre,valid_from
a,Ada,R&D,2026-01-01
a,Ada,IT,2026-06-01
b,陳美玲 שלום,,2026-01-01
"""


async def test_people_are_listed_and_an_erased_name_is_gone(
    api: ApiClient, memory: MemoryTableStorage
) -> None:
    people = People(memory, now=lambda: NOW)
    await people.save(read_people_csv(CSV.encode()))
    rows = (await api.get("/v1/people")).json()["data"]
    assert [(row["subject"], row["display_name"], row["cost_centre"]) for row in rows] == [
        ("a", "Ada", "R&D"),
        ("a", "Ada", "IT"),
        ("b", "陳美玲 שלום", None),
    ]
    assert await people.erase("a") == 2
    assert await people.erase("a") == 0
    after = [person for person in await people.directory() if person.subject == "a"]
    assert [(person.display_name, person.cost_centre) for person in after] == [
        (None, "R&D"),
        (None, "IT"),
    ]
