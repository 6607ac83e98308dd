"""Re-rating runs over HTTP: the run, its diff, and the chain of a call that it changed."""

import hashlib
from decimal import Decimal

import pytest

from pricing_rules.types import Rank
from table_api.rerating.runs_table import RERATINGS_TABLE, RUNS_PARTITION
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


async def test_a_call_without_a_price_has_no_amount_before_and_both_models_in_one_line(
    api: ApiClient, memory: MemoryTableStorage
) -> None:
    history = History.over(memory)
    await (await open_ledger(memory)).post([make_call(1, deployment="lab-model-x")])
    run = (await history.stage(dearer_book(1, lab=True))).run
    detail = (await api.get(f"/v1/reratings/{run}")).json()
    [line] = detail["lines"]
    assert (line["model"], line["model_after"]) == ("lab-model-x", "gpt-4o")
    assert (line["before"], line["after"], line["delta"]) == (None, "0.00811", "0.00811")
    assert (line["calls"], line["unpriced_before"], line["unpriced_after"]) == (1, 1, 0)
    assert (detail["before"], detail["after"]) == (None, "0.00811")
    [listed] = (await api.get("/v1/reratings")).json()["data"]
    assert (listed["before"], listed["after"], listed["delta"]) == (None, "0.00811", "0.00811")


async def test_unknown_run_is_a_problem(api: ApiClient) -> None:
    for run in ("r000000000000", "active", "x"):
        answer = await api.get(f"/v1/reratings/{run}")
        assert (answer.status_code, answer.json()["type"]) == (404, "urn:problem:unknown-run")


async def one_approved(memory: MemoryTableStorage, **call: str) -> tuple[History, str]:
    """A run that changes one call."""
    history = History.over(memory)
    await (await open_ledger(memory)).post([make_call(1, rank=Rank.GATEWAY_LOG, **call)])
    return history, await history.approved(dearer_book(2))


async def test_a_report_with_one_changed_byte_is_not_shown(
    api: ApiClient, memory: MemoryTableStorage
) -> None:
    _, run = await one_approved(memory, subject="ann")
    shown = (await api.get(f"/v1/reratings/{run}")).json()
    row = memory._rows[RERATINGS_TABLE, run]["report|000000"]
    said = str(row["part"])
    assert shown["report_sha256"] == hashlib.sha256(said.encode()).hexdigest()
    assert shown["lines"][0]["subject"] == "ann"
    at = said.index('"ann"') + 1
    for changed in (said[:at] + "e" + said[at + 1 :], said + " ", said[:-1]):
        row["part"] = changed
        answer = await api.get(f"/v1/reratings/{run}")
        assert (answer.status_code, answer.json()["type"]) == (500, "urn:problem:altered")
        assert f"staged was {shown['report_sha256']}" in answer.json()["detail"]
    row["part"] = said
    assert (await api.get(f"/v1/reratings/{run}")).json() == shown


async def test_a_run_of_before_the_digest_is_shown_and_says_that_it_has_none(
    api: ApiClient, memory: MemoryTableStorage
) -> None:
    history, run = await one_approved(memory)
    del memory._rows[RERATINGS_TABLE, RUNS_PARTITION][run]["report_sha256"]
    shown = await api.get(f"/v1/reratings/{run}")
    assert (shown.status_code, shown.json()["report_sha256"]) == (200, None)
    applied = await history.apply(run)
    assert (applied.written.done, applied.report_sha256) == (1, None)


@pytest.mark.parametrize(
    ("old", "new", "said"),
    [
        ('"after": "0.0023904"', '"after": "0.0023905"', "cannot be read"),
        ('"newly_priced": 0', '"newly_priced": 1', "another newly_priced (1) than the run (0)"),
        ('"lines": [', '"lines": [], "left": [', "another delta (0) than the run (1195200000)"),
        ("{", "", "cannot be read"),
    ],
)
async def test_an_older_report_whose_sums_were_changed_is_not_shown_as_if_it_were_the_runs(
    api: ApiClient, memory: MemoryTableStorage, old: str, new: str, said: str
) -> None:
    """Of before the digest: its sums are compared with the run's row."""
    _, run = await one_approved(memory)
    del memory._rows[RERATINGS_TABLE, RUNS_PARTITION][run]["report_sha256"]
    assert (await api.get(f"/v1/reratings/{run}")).status_code == 200
    row = memory._rows[RERATINGS_TABLE, run]["report|000000"]
    lines_from = str(row["part"]).index('"lines"') if old != "{" else 0
    text = str(row["part"])
    row["part"] = text[:lines_from] + text[lines_from:].replace(old, new, 1)
    answer = await api.get(f"/v1/reratings/{run}")
    assert (answer.status_code, answer.json()["type"]) == (500, "urn:problem:altered")
    assert said in answer.json()["detail"]
