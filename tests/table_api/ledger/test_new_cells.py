"""Cells that seem to be new are written without a read; a wrong guess changes no number."""

import asyncio
from collections.abc import Sequence

import pytest

from pricing_rules.money import parse_pico
from table_api.audit.ledger_audit import audit
from table_api.ledger.cells import ABSENT_IN_A_ROW
from table_api.ledger.keys import LEDGER_TABLE
from table_api.ledger.post_result import Outcome
from table_api.ledger.posting import MeteredCall
from table_api.storage.memory_tables import MemoryTableStorage
from table_api.storage.table_storage import Operation, Row
from tests.contracts.ledger import charge, entries_and_cells
from tests.fixtures.builders import call_id
from tests.fixtures.calls import NOW, FaultyStorage, PrefixedStorage, make_call, open_ledger

ONE_CALL = parse_pico("0.0011952")


def call(number: int, subject: str = "someone") -> MeteredCall:
    """A call of its own."""
    return make_call(number, id=call_id(number), subject=subject)


class CountedStorage(PrefixedStorage):
    """Counts reads of single rows of the ledger, and its transactions."""

    def __init__(self, storage: MemoryTableStorage) -> None:
        super().__init__(storage, "")
        self.reads = self.transactions = 0

    async def get(self, table: str, partition_key: str, row_key: str) -> Row | None:
        self.reads += table == LEDGER_TABLE
        return await super().get(table, partition_key, row_key)

    async def transact(
        self, table: str, partition_key: str, operations: Sequence[Operation]
    ) -> list[str]:
        self.transactions += table == LEDGER_TABLE
        return await super().transact(table, partition_key, operations)


@pytest.fixture
def guessing(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("table_api.ledger.cells.ABSENT_IN_A_ROW", 0)


async def test_reads_end_when_many_in_a_row_found_nothing(memory: MemoryTableStorage) -> None:
    storage = CountedStorage(memory)
    ledger = await open_ledger(storage)
    for number in range(ABSENT_IN_A_ROW + 30):
        await ledger.post([call(number, subject=f"user-{number}")])
    assert storage.reads == ABSENT_IN_A_ROW
    assert storage.transactions == ABSENT_IN_A_ROW + 30
    again = await ledger.post([call(1_000, subject=f"user-{ABSENT_IN_A_ROW + 1}")])
    assert [result.outcome for result in again] == [Outcome.POSTED]
    assert storage.reads == ABSENT_IN_A_ROW  # a cell that was written is known
    assert await charge(memory) == (ABSENT_IN_A_ROW + 31) * ONE_CALL
    assert (await audit(memory, now=NOW)).ok


class SlowReads(CountedStorage):
    """Reads are answered after others were sent."""

    in_flight = most_in_flight = 0

    async def get(self, table: str, partition_key: str, row_key: str) -> Row | None:
        self.in_flight += 1
        self.most_in_flight = max(self.most_in_flight, self.in_flight)
        await asyncio.sleep(0)
        self.in_flight -= 1
        return await super().get(table, partition_key, row_key)


async def test_a_first_batch_of_many_subjects_does_not_read_all_their_cells(
    memory: MemoryTableStorage, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("table_api.ledger.cells.READS_OF_ALL_MAX", 10)
    storage = SlowReads(memory)
    ledger = await open_ledger(storage)
    calls = [call(number, subject=f"user-{number}") for number in range(400)]
    results = await ledger.post(calls)
    assert {result.outcome for result in results} == {Outcome.POSTED}
    assert ABSENT_IN_A_ROW <= storage.reads < ABSENT_IN_A_ROW + 10
    assert storage.most_in_flight == 10
    assert await charge(memory) == 400 * ONE_CALL
    assert (await audit(memory, now=NOW)).ok


async def test_a_first_batch_after_a_restart_reads_all_cells_that_stand(
    memory: MemoryTableStorage,
) -> None:
    first = await open_ledger(memory)
    await first.post([call(number, subject=f"user-{number}") for number in range(400)])
    storage = SlowReads(memory)
    second = await open_ledger(storage)
    await second.post([call(400 + n, subject=f"user-{n}") for n in range(400)])
    assert storage.reads == 400
    assert await charge(memory) == 800 * ONE_CALL
    assert (await audit(memory, now=NOW)).ok


async def test_a_restart_amid_the_day_reads_the_cells_that_stand(
    memory: MemoryTableStorage,
) -> None:
    first = await open_ledger(memory)
    await first.post([call(number, subject=f"user-{number}") for number in range(80)])
    storage = CountedStorage(memory)
    second = await open_ledger(storage)
    await second.post([call(100 + n, subject=f"user-{n}") for n in range(80)])
    assert storage.reads == 80
    _, cells = await entries_and_cells(memory)
    assert {cell.measures["calls"] for cell in cells} == {2}


@pytest.mark.usefixtures("guessing")
async def test_a_cell_that_another_process_made_is_read_after_a_wrong_guess(
    memory: MemoryTableStorage,
) -> None:
    storage = CountedStorage(memory)
    await (await open_ledger(memory)).post([call(1)])
    ledger = await open_ledger(storage)
    [result] = await ledger.post([call(2)])
    assert result.outcome is Outcome.POSTED
    assert (storage.reads, storage.transactions) == (1, 2)
    _, [cell] = await entries_and_cells(memory)
    assert (cell.measures["calls"], cell.measures["charge"], cell.rev) == (2, 2 * ONE_CALL, 2)
    assert (await audit(memory, now=NOW)).ok


@pytest.mark.usefixtures("guessing")
async def test_a_call_that_stands_is_found_after_a_wrong_guess(memory: MemoryTableStorage) -> None:
    await (await open_ledger(memory)).post([call(1), call(2, subject="other")])
    ledger = await open_ledger(memory)
    results = await ledger.post(
        [call(3), call(1), call(2, subject="other"), call(4, subject="new")]
    )
    assert [result.outcome for result in results] == [
        Outcome.POSTED, Outcome.DUPLICATE, Outcome.DUPLICATE, Outcome.POSTED,
    ]  # fmt: skip
    assert await charge(memory) == 4 * ONE_CALL
    assert (await audit(memory, now=NOW)).ok


@pytest.mark.usefixtures("guessing")
@pytest.mark.parametrize("fault", ["before", "after", "beaten"])
async def test_a_lost_answer_to_a_guess_is_settled_as_any_other(
    memory: MemoryTableStorage, fault: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("table_api.storage.parallel.BACKOFF_S_MAX", 0)
    faulty = FaultyStorage(memory, [None, fault, fault])  # the first one is the ledger's making
    ledger = await open_ledger(faulty)
    assert faulty.left == 2
    results = await ledger.post([call(1), call(2)])
    assert [result.outcome for result in results] == [Outcome.POSTED] * 2
    assert await charge(memory) == 2 * ONE_CALL
    assert (await audit(memory, now=NOW)).ok
