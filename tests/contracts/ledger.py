"""What a ledger promises, on any storage: counted once, whatever is sent again or lost."""

from collections.abc import AsyncIterator, Sequence
from datetime import timedelta

import pytest

from pricing_rules.money import parse_pico
from pricing_rules.types import CountedAt, Rank
from table_api.audit.ledger_audit import audit
from table_api.errors import Contended, Retryable, Unavailable
from table_api.ledger.cells import Cell, read_cell
from table_api.ledger.entries import LedgerEntry, read_entry
from table_api.ledger.keys import CALL_ROWS, CELL_ROWS, shard_of
from table_api.ledger.post_result import Outcome
from table_api.ledger.posting import MeteredCall
from table_api.monthly.projected_ledger import ProjectedLedger
from table_api.storage.table_storage import Operation, TableStorage
from tests.fixtures.builders import CALL_TIME, call_id, make_usage
from tests.fixtures.calls import (
    NOW,
    FaultyStorage,
    PrefixedStorage,
    all_rows,
    make_call,
    open_ledger,
)

ONE_CALL = parse_pico("0.0011952")  # 1024 x 0.40 + 1024 x 0.10 + 427 x 1.60 per million


class LedgerContract:
    """Subclasses give the fixture `storage`, empty for every test."""

    @pytest.fixture
    async def ledger(self, storage: TableStorage) -> ProjectedLedger:
        return await open_ledger(storage)

    async def test_a_posted_call_is_an_entry_and_its_cell(
        self, storage: TableStorage, ledger: ProjectedLedger
    ) -> None:
        [result] = await ledger.post([make_call()])
        assert result.outcome is Outcome.POSTED
        [entry], [cell] = await entries_and_cells(storage)
        assert entry.measures == cell.measures
        assert cell.measures["calls"] == 1
        assert cell.measures["q_input"] == 1024
        assert cell.measures["charge"] == ONE_CALL
        assert cell.rev == 1
        assert entry.effects[0].rev == 1
        assert entry.row["rank"] == "2"
        assert (await audit(storage, now=NOW)).ok

    async def test_the_same_event_twice_is_counted_once(
        self, storage: TableStorage, ledger: ProjectedLedger
    ) -> None:
        first = await ledger.post([make_call(1), make_call(1)])
        second = await ledger.post([make_call(1)])
        fresh = await (await open_ledger(storage)).post([make_call(2)])
        outcomes = [result.outcome for result in [*first, *second, *fresh]]
        assert outcomes == [
            Outcome.POSTED,
            Outcome.DUPLICATE,
            Outcome.DUPLICATE,
            Outcome.DUPLICATE,
        ]
        assert not any(result.mismatch for result in [*first, *second, *fresh])
        assert await charge(storage) == ONE_CALL

    async def test_an_equal_report_with_other_numbers_is_a_mismatch_and_the_first_stands(
        self, storage: TableStorage, ledger: ProjectedLedger
    ) -> None:
        other = make_call(2, usage=make_usage(input=2048, output=427))
        await ledger.post([make_call(1)])
        here = await ledger.post([other])
        elsewhere = await (await open_ledger(storage)).post([other])
        for result in [*here, *elsewhere]:
            assert (result.outcome, result.mismatch) == (Outcome.DUPLICATE, True)
        assert await charge(storage) == ONE_CALL

    async def test_a_stronger_report_becomes_the_next_row_of_the_chain(
        self, storage: TableStorage, ledger: ProjectedLedger
    ) -> None:
        logged = make_call(1, rank=Rank.GATEWAY_LOG, usage=make_usage(input=9, output=9))
        await ledger.post([logged])
        [result] = await ledger.post([make_call(2)])
        [again] = await ledger.post([logged])
        assert (result.outcome, again.outcome) == (Outcome.CORRECTED, Outcome.DUPLICATE)
        [entry, correction], [cell] = await entries_and_cells(storage)
        assert (entry.number, correction.number) == (0, 1)
        assert correction.row["correction"] == "stronger report"
        assert correction.measures["charge"] == ONE_CALL == cell.measures["charge"]
        assert cell.measures["calls"] == 1
        assert cell.rev == 2
        assert (await audit(storage, now=NOW)).ok

    async def test_a_stronger_report_of_another_model_moves_the_call_between_cells(
        self, storage: TableStorage, ledger: ProjectedLedger
    ) -> None:
        await ledger.post([make_call(1, rank=Rank.GATEWAY_LOG, deployment="gpt-4o")])
        await ledger.post([make_call(2)])
        [_, correction], cells = await entries_and_cells(storage)
        assert sorted(cell.measures["calls"] for cell in cells) == [0, 1]
        assert len(correction.effects) == 2
        assert await charge(storage) == ONE_CALL
        assert (await audit(storage, now=NOW)).ok

    async def test_a_report_that_replaces_another_place_moves_the_call(
        self, storage: TableStorage, ledger: ProjectedLedger
    ) -> None:
        lost = make_call(1, subject="unattributed", rank=Rank.GATEWAY_LOG)
        await ledger.post([lost])
        mover = make_call(2, replaces=place_of(lost), rank=Rank.GATEWAY_LOG)
        moved = await ledger.post([mover])
        again = await (await open_ledger(storage)).post([mover])
        late = await ledger.post([lost])
        outcomes = [result.outcome for result in [*moved, *again, *late]]
        assert outcomes == [Outcome.POSTED, Outcome.DUPLICATE, Outcome.DUPLICATE]
        entries, cells = await entries_and_cells(storage)
        assert await charge(storage) == ONE_CALL
        assert [entry.row["state"] for entry in entries].count("moved") == 1
        by_subject = {str(cell.facts["subject"]): cell.measures["calls"] for cell in cells}
        assert sorted(by_subject.values()) == [0, 1]
        report = await audit(storage, now=NOW)
        assert (report.ok, report.calls, report.moving) == (True, 1, 0)

    async def test_a_move_that_overtakes_its_original_keeps_it_out(
        self, storage: TableStorage, ledger: ProjectedLedger
    ) -> None:
        lost = make_call(1, subject="unattributed")
        await ledger.post([make_call(2, replaces=place_of(lost), rank=Rank.GATEWAY_LOG)])
        [result] = await (await open_ledger(storage)).post([lost])
        assert result.outcome is Outcome.DUPLICATE
        assert await charge(storage) == ONE_CALL
        assert (await audit(storage, now=NOW)).problems == ()

    async def test_a_move_that_is_cut_short_shows_as_moving_and_is_finished_by_a_repeat(
        self, storage: TableStorage, ledger: ProjectedLedger, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setattr("table_api.storage.parallel.BACKOFF_S_MAX", 0)
        lost = make_call(1, subject="unattributed", rank=Rank.GATEWAY_LOG)
        mover = make_call(2, replaces=place_of(lost), rank=Rank.GATEWAY_LOG)
        await ledger.post([lost])
        faulty = ProjectedLedger(
            FaultyStorage(storage, [None, *["before"] * 12]), ledger.meta, now=lambda: NOW
        )
        with pytest.raises(Unavailable):
            await faulty.post([mover])
        report = await audit(storage, now=NOW)
        assert (report.ok, report.calls, report.moving) == (True, 2, 1)
        await ledger.post([mover])
        report = await audit(storage, now=NOW)
        assert (report.ok, report.calls, report.moving) == (True, 1, 0)

    async def test_a_report_that_replaces_its_own_place_is_an_ordinary_one(
        self, storage: TableStorage, ledger: ProjectedLedger
    ) -> None:
        await ledger.post([make_call(1, replaces=place_of(make_call(1)))])
        assert await charge(storage) == ONE_CALL
        assert (await audit(storage, now=NOW)).problems == ()

    async def test_a_lost_answer_is_found_done_and_counted_as_posted(
        self, storage: TableStorage
    ) -> None:
        ledger = await open_ledger(storage)
        faulty = ProjectedLedger(FaultyStorage(storage, ["after"]), ledger.meta, now=lambda: NOW)
        results = await faulty.post([make_call(n, id=call_id(n)) for n in range(20)])
        assert {result.outcome for result in results} == {Outcome.POSTED}
        assert await charge(storage) == 20 * ONE_CALL
        assert (await audit(storage, now=NOW)).ok

    async def test_after_a_lost_request_a_call_that_another_event_posted_is_a_duplicate(
        self, storage: TableStorage
    ) -> None:
        ledger = await open_ledger(storage)

        class Overtaken(FaultyStorage):
            async def transact(
                self, table: str, partition_key: str, operations: Sequence[Operation]
            ) -> list[str]:
                if self._faults:
                    await ledger.post([make_call(7)])
                return await super().transact(table, partition_key, operations)

        slow = ProjectedLedger(Overtaken(storage, ["before"]), ledger.meta, now=lambda: NOW)
        [result] = await slow.post([make_call(1)])
        assert result.outcome is Outcome.DUPLICATE
        assert await charge(storage) == ONE_CALL

    async def test_a_move_whose_reversal_is_refused_is_refused_as_a_whole(
        self, storage: TableStorage, ledger: ProjectedLedger
    ) -> None:
        subject = "x" * 32_760  # fits its own column, but not the reversal's reason
        lost = make_call(1, subject="unattributed", rank=Rank.GATEWAY_LOG)
        await ledger.post([lost])
        [result] = await ledger.post([make_call(2, subject=subject, replaces=place_of(lost))])
        assert result.outcome is Outcome.REFUSED
        assert "reason" in str(result.reason)

    async def test_an_audit_that_reads_amid_a_move_sees_neither_two_calls_nor_a_problem(
        self, storage: TableStorage, ledger: ProjectedLedger
    ) -> None:
        first, last = await partitions_of_two_subjects(storage, ledger)
        mover = make_call(9, id=call_id(50), subject=last, replaces=CountedAt(
            subject=first, time=CALL_TIME))  # fmt: skip

        class MovingMeanwhile(PrefixedStorage):
            def partitions(self, table: str) -> AsyncIterator[str]:
                return self._with_a_move(table)

            async def _with_a_move(self, table: str) -> AsyncIterator[str]:
                async for partition in super().partitions(table):
                    yield partition
                    await ledger.post([mover])

        report = await audit(MovingMeanwhile(storage, ""), now=NOW)
        assert (report.problems, report.moving) == ((), 0)
        report = await audit(storage, now=NOW)
        assert (report.problems, report.calls) == ((), 2)

    async def test_a_lost_request_is_sent_again(self, storage: TableStorage) -> None:
        ledger = await open_ledger(storage)
        faulty = ProjectedLedger(
            FaultyStorage(storage, ["before"] * 3), ledger.meta, now=lambda: NOW
        )
        [result] = await faulty.post([make_call()])
        assert result.outcome is Outcome.POSTED
        assert await charge(storage) == ONE_CALL

    @pytest.mark.parametrize(("fault", "error"), [("before", Unavailable), ("beaten", Contended)])
    async def test_a_batch_that_never_goes_through_is_given_back_with_the_reason(
        self,
        storage: TableStorage,
        monkeypatch: pytest.MonkeyPatch,
        fault: str,
        error: type[Retryable],
    ) -> None:
        monkeypatch.setattr("table_api.storage.parallel.BACKOFF_S_MAX", 0)
        ledger = await open_ledger(storage)
        faulty = ProjectedLedger(FaultyStorage(storage, [fault] * 50), ledger.meta, now=lambda: NOW)
        with pytest.raises(error, match="12 tries"):
            await faulty.post([make_call()])
        assert [r.outcome for r in await ledger.post([make_call()])] == [Outcome.POSTED]

    async def test_two_writers_of_one_cell_lose_nothing(self, storage: TableStorage) -> None:
        ledgers = [await open_ledger(storage) for _ in range(3)]
        for number in range(12):
            await ledgers[number % 3].post([make_call(number, id=call_id(number))])
        assert await charge(storage) == 12 * ONE_CALL
        report = await audit(storage, now=NOW)
        assert (report.ok, report.calls, report.cells) == (True, 12, 1)

    async def test_a_call_that_storage_refuses_is_named_and_the_others_are_posted(
        self, storage: TableStorage, ledger: ProjectedLedger
    ) -> None:
        calls = [make_call(n, id=call_id(n)) for n in range(9)]
        calls[4] = make_call(4, id=call_id(4), session="x" * 40_000)
        results = await ledger.post(calls)
        assert [result.outcome for result in results].count(Outcome.POSTED) == 8
        assert results[4].outcome is Outcome.REFUSED
        assert "session" in str(results[4].reason)
        assert await charge(storage) == 8 * ONE_CALL
        assert (await audit(storage, now=NOW)).ok

    async def test_more_calls_than_fit_one_transaction_are_all_posted(
        self, storage: TableStorage, ledger: ProjectedLedger
    ) -> None:
        calls = [
            make_call(n, id=call_id(n), subject=f"user-{n % 40}", deployment=deployment)
            for n, deployment in enumerate(["gpt-4.1-mini", "gpt-4o"] * 130)
        ]
        results = await ledger.post(calls)
        assert {result.outcome for result in results} == {Outcome.POSTED}
        report = await audit(storage, now=NOW)
        assert (report.ok, report.calls) == (True, 260)

    async def test_an_unpriced_call_counts_its_tokens_and_has_no_amount(
        self, storage: TableStorage, ledger: ProjectedLedger
    ) -> None:
        await ledger.post([make_call(deployment="lab-model-x")])
        [entry], [cell] = await entries_and_cells(storage)
        assert cell.measures == {
            "calls": 1, "unpriced": 1, "q_input": 1024, "q_cache_read": 1024, "q_output": 427
        }  # fmt: skip
        assert entry.row["state"] == "unpriced"
        assert "lab-model-x" in str(entry.row["reason"])

    async def test_a_refused_call_costs_nothing_and_is_counted_as_an_error(
        self, storage: TableStorage, ledger: ProjectedLedger
    ) -> None:
        await ledger.post([make_call(status=429, usage=None)])
        [entry], [cell] = await entries_and_cells(storage)
        assert cell.measures == {"calls": 1, "errors": 1}
        assert entry.row["state"] == "zero"

    async def test_the_charge_day_is_a_day_of_the_billing_zone(
        self, storage: TableStorage, ledger: ProjectedLedger
    ) -> None:
        before_midnight = CALL_TIME.replace(month=11, day=30, hour=22, minute=59, second=59)
        await ledger.post(
            [
                make_call(1, id=call_id(1), time=before_midnight),
                make_call(2, id=call_id(2), time=before_midnight + timedelta(seconds=1)),
            ]
        )
        keys = sorted(await all_rows(storage))
        assert {partition[:6] for partition, _ in keys} == {"202611", "202612"}
        _, cells = await entries_and_cells(storage)
        assert sorted(str(cell.facts["day"]) for cell in cells) == ["2026-11-30", "2026-12-01"]
        assert (await audit(storage, now=NOW)).ok

    @pytest.mark.parametrize("subject", ["a|b", "c|x|01", "o'neil/#?\\", "ünï 日本", "x" * 5_000])
    async def test_no_subject_can_reach_another_ones_rows(
        self, storage: TableStorage, ledger: ProjectedLedger, subject: str
    ) -> None:
        await ledger.post([make_call(1, id=call_id(1), subject=subject)])
        await ledger.post([make_call(2, id=call_id(2), subject="a")])
        entries, cells = await entries_and_cells(storage)
        assert sorted(str(cell.facts["subject"]) for cell in cells) == sorted([subject, "a"])
        assert {entry.row["subject"] for entry in entries} == {subject, "a"}
        assert (await audit(storage, now=NOW)).ok


async def partitions_of_two_subjects(
    storage: TableStorage, ledger: ProjectedLedger
) -> tuple[str, str]:
    """Post a call for a subject of an early and one of a late partition; gives the subjects."""
    by_shard = {shard_of(f"user-{n}", ledger.meta.settings.shards): f"user-{n}" for n in range(50)}
    first, last = by_shard[min(by_shard)], by_shard[max(by_shard)]
    await ledger.post([make_call(1, id=call_id(50), subject=first)])
    await ledger.post([make_call(2, id=call_id(51), subject=last)])
    return first, last


def place_of(call: MeteredCall) -> CountedAt:
    """The place of a call, for a report that replaces it."""
    return CountedAt(subject=call.priced.event.subject, time=call.priced.event.time)


async def entries_and_cells(storage: TableStorage) -> tuple[list[LedgerEntry], list[Cell]]:
    """Every chain row and every cell, in key order."""
    entries: list[LedgerEntry] = []
    cells: list[Cell] = []
    async for partition in storage.partitions("ledger"):
        async for page in storage.query("ledger", partition, CALL_ROWS):
            entries.extend(read_entry(row) for row in page)
        async for page in storage.query("ledger", partition, CELL_ROWS):
            cells.extend(read_cell(row) for row in page)
    return entries, cells


async def charge(storage: TableStorage) -> int:
    """Sum of the cells' charge in pico-units."""
    _, cells = await entries_and_cells(storage)
    return sum(cell.measures.get("charge", 0) for cell in cells)
