"""What the API says about runs, chains and people."""

from decimal import Decimal

from pricing_rules.types import Rank
from table_api.people.csv_file import read_people_csv
from table_api.people.people import People
from table_api.storage.memory_tables import MemoryTableStorage
from tests.fixtures.calls import NOW, make_call, open_ledger
from tests.fixtures.reratings import History, dearer_book
from tests.table_api.conftest import ApiClient

CSV = """subject,display_name,cost_centre,valid_from
a,Ada,R&D,2026-01-01
a,Ada,IT,2026-06-01
b,陳美玲 שלום,,2026-01-01
"""


async def test_run_is_listed_with_its_diff_and_shown_in_the_calls_chain(
    api: ApiClient, memory: MemoryTableStorage
) -> None:
    history = History.over(memory)
    ledger = await open_ledger(memory)
    assert (await api.get("/v1/reratings")).json() == {"data": []}
    await ledger.post([make_call(1, rank=Rank.GATEWAY_LOG)])
    run = await history.approved(dearer_book(2))
    await history.apply(run)
    [listed] = (await api.get("/v1/reratings")).json()["data"]
    assert (listed["run"], listed["state"], listed["approved_by"]) == (run, "applied", "ada")
    assert (listed["scope"]["from_day"], listed["written"]) == ("2026-11-01", 1)
    detail = (await api.get(f"/v1/reratings/{run}")).json()
    [line] = detail["lines"]
    assert (line["before"], line["after"], line["delta"]) == ("0.0011952", "0.0023904", "0.0011952")
    assert Decimal(detail["delta"]) == Decimal(line["delta"])
    subject = make_call().priced.event.subject
    [call] = (await api.get(f"/v1/subjects/{subject}/calls", params=PERIOD)).json()["data"]
    chain = (await api.get(f"/v1/calls/{call['id']}")).json()["chain"]
    said = [(row["reason"], row["run"], row["run_by"]) for row in chain]
    assert said == [(None, None, None), ("re-rating", run, "ada")]
    assert chain[0]["before"] is None
    assert (chain[1]["before"]["charge"], chain[1]["cost"]["charge"]) == ("0.0011952", "0.0023904")
    assert [row["book_version"] for row in chain][1] == dearer_book(2).version


PERIOD = {"from": "2026-11-01", "to": "2026-12-01"}


async def test_unknown_run_is_a_problem(api: ApiClient) -> None:
    for run in ("r000000000000", "active", "x"):
        answer = await api.get(f"/v1/reratings/{run}")
        assert (answer.status_code, answer.json()["type"]) == (404, "urn:problem:unknown-run")


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
