"""What a reviewer reads is what is applied: report, pairs and row are held to the run's id."""

import pytest

from consumers.errors import RerateRefused
from consumers.rerating.reviewed import reviewed_pairs
from consumers.rerating.verbs import altered
from table_api.rerating.runs_table import RERATINGS_TABLE, RUNS_PARTITION
from table_api.storage.memory_tables import MemoryTableStorage
from tests.fixtures.calls import make_call, open_ledger
from tests.fixtures.reratings import History, dearer_book


@pytest.fixture
async def history() -> History:
    history = History.over(MemoryTableStorage())
    await (await open_ledger(history.storage)).post([make_call(1), make_call(2, subject="bob")])
    await history.books.keep(dearer_book(1))
    return history


def change(history: History, partition: str, key: str, column: str, old: str, new: str) -> None:
    assert isinstance(history.storage, MemoryTableStorage)
    row = history.storage._rows[RERATINGS_TABLE, partition][key]
    assert old in str(row[column])
    row[column] = str(row[column]).replace(old, new, 1)


async def test_a_run_as_it_was_staged_goes(history: History) -> None:
    staged = await history.stage(dearer_book(3))
    assert await reviewed_pairs(staged, history.reratings, history.documents)
    assert (await history.apply(await history.approved(dearer_book(3)))).written.done == 2


@pytest.mark.parametrize(
    ("old", "new"), [('"delta": "0.00', '"delta": "9.00'), ("bob", "eve"), ("{", "")]
)
async def test_a_report_that_was_changed_is_neither_approved_nor_applied(
    history: History, old: str, new: str
) -> None:
    run = await history.approved(dearer_book(3))
    change(history, run, "report|000000", "part", old, new)
    with pytest.raises(RerateRefused, match=f"report .*of run {run}"):
        await history.apply(run)
    with pytest.raises(RerateRefused, match=f"report .*of run {run}"):
        await reviewed_pairs(await history.reratings.get(run), history.reratings, history.documents)


async def test_a_row_that_states_another_sum_than_its_report_is_refused(history: History) -> None:
    run = await history.approved(dearer_book(3))
    change(history, RUNS_PARTITION, run, "after", "", "1")
    with pytest.raises(RerateRefused, match="states another after than its report"):
        await history.apply(run)


async def test_a_revert_asks_for_no_report(history: History) -> None:
    run = await history.approved(dearer_book(3))
    await history.apply(run)
    change(history, run, "report|000000", "part", "bob", "eve")
    assert (await history.revert(run)).restored.done == 2


async def test_show_says_that_a_report_is_not_what_was_staged(history: History) -> None:
    run = await history.approved(dearer_book(3))
    staged = await history.reratings.get(run)
    assert await altered(staged, history.reratings, history.documents) is None
    change(history, run, "report|000000", "part", "bob", "eve")
    said = await altered(staged, history.reratings, history.documents)
    assert "somebody has changed one of them" in str(said)
