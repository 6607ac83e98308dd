"""Calls that move from place to place, in any order, with faults and several writers."""

import asyncio
from collections.abc import Sequence
from datetime import timedelta
from itertools import pairwise

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from pricing_rules.types import CountedAt, Rank
from table_api.audit.ledger_audit import audit
from table_api.errors import Retryable
from table_api.ledger.posting import MeteredCall
from table_api.monthly.projected_ledger import ProjectedLedger
from table_api.storage.memory_tables import MemoryTableStorage
from tests.contracts.ledger import entries_and_cells
from tests.fixtures.builders import CALL_TIME, call_id, make_usage
from tests.fixtures.calls import NOW, FaultyStorage, make_call, open_ledger

PLACES = (
    CountedAt(subject="unattributed", time=CALL_TIME),
    CountedAt(subject="user-1", time=CALL_TIME - timedelta(days=31)),
    CountedAt(subject="user-2", time=CALL_TIME - timedelta(days=1)),
)
"""In this order a call moves, each move over another month or subject."""
DEPLOYMENTS = ("gpt-4.1-mini", "gpt-4o")


def report_of(number: int, place: int, tokens: int, *, moves: bool) -> MeteredCall:
    """A report of call `number` at a place; one that `moves` takes it from the place before."""
    return make_call(
        number * 100 + place * 10 + tokens,
        id=call_id(number),
        subject=PLACES[place].subject,
        time=PLACES[place].time,
        rank=Rank.GATEWAY_LOG,
        usage=make_usage(input=tokens),
        deployment=DEPLOYMENTS[tokens % 2],
        replaces=PLACES[place - 1] if moves else None,
    )


@st.composite
def histories(draw: st.DrawFn) -> tuple[list[int], list[list[MeteredCall]]]:
    """How far each call moves, and all reports, shuffled, some repeated, in batches."""
    depths = draw(st.lists(st.integers(0, 2), min_size=1, max_size=4))
    reports = []
    for number, depth in enumerate(depths):
        for place in range(depth + 1):
            tokens = draw(st.integers(1, 3))
            if place == 0 and depth and draw(st.booleans()):
                continue  # the first place was never posted: its reversal comes first
            reports.append(report_of(number, place, tokens, moves=place > 0))
    reports = draw(st.permutations(reports))
    reports = [*reports, *draw(st.lists(st.sampled_from(reports), max_size=4))]
    cuts = sorted(draw(st.lists(st.integers(0, len(reports)), max_size=4)))
    edges = [0, *cuts, len(reports)]
    batches = [reports[start:stop] for start, stop in pairwise(edges)]
    return depths, [batch for batch in batches if batch]


@settings(max_examples=150, deadline=None)
@given(
    history=histories(),
    faults=st.lists(st.sampled_from(["before", "after", None, None]), max_size=30),
    writers=st.integers(1, 3),
)
def test_every_call_ends_counted_once_at_its_last_place(
    history: tuple[list[int], list[list[MeteredCall]]], faults: list[str | None], writers: int
) -> None:
    depths, batches = history

    async def run() -> None:
        storage = MemoryTableStorage()
        meta = (await open_ledger(storage)).meta
        ledgers = [
            ProjectedLedger(FaultyStorage(storage, faults), meta, now=lambda: NOW)
            for _ in range(writers)
        ]
        await asyncio.gather(
            *(write(ledger, batches[turn::writers]) for turn, ledger in enumerate(ledgers))
        )
        report = await audit(storage, now=NOW)
        assert (report.problems, report.moving, report.calls) == ((), 0, len(depths))
        entries, _ = await entries_and_cells(storage)
        last = {entry.entry_key: entry for entry in entries}.values()
        counting = sorted(
            (str(entry.row["call_id"]), str(entry.row["subject"]))
            for entry in last
            if entry.measures["calls"]
        )
        assert counting == [
            (call_id(number), PLACES[depth].subject) for number, depth in enumerate(depths)
        ]

    asyncio.run(run())


async def write(ledger: ProjectedLedger, batches: Sequence[Sequence[MeteredCall]]) -> None:
    for batch in batches:
        for _ in range(40):
            try:
                await ledger.post(batch)
            except Retryable:
                continue
            break
        else:
            pytest.fail("storage never came back")


@pytest.fixture(autouse=True)
def _no_backoff(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("table_api.storage.parallel.BACKOFF_S_MAX", 0)
