"""Re-rating runs over HTTP: the run, its diff, and the chain of a call that it changed."""

from decimal import Decimal

from pricing_rules.types import Rank
from table_api.storage.memory_tables import MemoryTableStorage
from tests.fixtures.calls import make_call, open_ledger
from tests.fixtures.reratings import History, dearer_book
from tests.table_api.conftest import ApiClient

PERIOD = {"from": "2026-11-01", "to": "2026-12-01"}


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


async def test_unknown_run_is_a_problem(api: ApiClient) -> None:
    for run in ("r000000000000", "active", "x"):
        answer = await api.get(f"/v1/reratings/{run}")
        assert (answer.status_code, answer.json()["type"]) == (404, "urn:problem:unknown-run")
