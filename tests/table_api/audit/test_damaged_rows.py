"""A row that cannot be read is named by the audit, refuses a close, and ends neither of them."""

from collections.abc import Mapping
from datetime import UTC, date, datetime

import pytest

from table_api.audit.last_audit import last_audit, save_audit
from table_api.audit.ledger_audit import audit
from table_api.consumer_state.progress import Count, Progress, ProgressTable
from table_api.errors import Altered, LedgerMismatch
from table_api.invoicing.errors import CloseRefused
from table_api.invoicing.snapshots.archive import Archive
from table_api.invoicing.verification.verify import verify_all
from table_api.storage.memory_blobs import MemoryBlobStore
from table_api.storage.memory_tables import MemoryTableStorage
from table_api.storage.table_storage import Value
from tests.fixtures.billing import NOVEMBER, OCTOBER, Billing, open_billing
from tests.fixtures.builders import call_id, make_usage
from tests.fixtures.calls import NOW, make_call

DAMAGE: dict[tuple[str, str], Mapping[str, tuple[Value | None, ...]]] = {
    ("ledger", "c|"): {
        "tokens": ("x",), "rank": ("x", ""), "status": ("x", None), "time": ("x", None),
        "recorded_at": ("x", None), "enqueued_time": ("x",), "sequence_number": ("x", "-1"),
        "effects": ("x", "[1]", "[" * 20_000, '[["d|a",1,2]]'), "adjustments": ("x", "[[1]]"),
        "state": ("x", None), "operation": ("x", None), "stream": ("x",), "tier": ("x",),
        "calls": ("x",), "charge": ("x", "9" * 5_000), "q_input": ("1.5",), "fingerprint": ("x",),
        "replaced_time": ("2026-11-04T00:00:00Z",), "currency": ("GBP", None),
        "call_id": (None,), "subject": (None,), "rev": ("x",), "day": (None, "x"),
    },
    ("ledger", "d|"): {
        "rev": ("x", None), "charge": ("x",), "calls": ("",), "subject": (None,),
        "model": (None,), "day": ("x",), "currency": ("GBP", None),
    },
    ("monthly", ""): {
        "d04": ("x", "1.5"), "r04": ("b81af7778804", "x:y:z"), "active": ("", "x", None),
        "total": ("x", None),
    },
    ("meta", "settings"): {
        "shards": ("x", "0", "2", "8", None), "transitions": ("x", "[]", "[[1420070400,50400]]"),
        "transitions_until_year": ("x", None), "zone": ("Europe/Nowhere", "Asia/Tokyo", None),
        "pricing_currency": ("EUR", "usd", None), "billing_currency": ("EUR", None),
        "created_at": ("x", None), "has_monthly": ("x",),
    },
    ("people", ""): {"valid_from": ("x", None, "2026-01-02"), "subject": (None, "x")},
    ("progress", ""): {
        "n_posted": ("x", "-1"), "sequence_number": ("x", None), "recorded_at": ("x", None),
        "enqueued_time": ("x",), "hub_created_at": ("x", None), "partition": ("9",),
    },
}  # fmt: skip
EACH = [
    (table, prefix, column, value)
    for (table, prefix), columns in DAMAGE.items()
    for column, values in columns.items()
    for value in values
]


@pytest.fixture
async def billing() -> Billing:
    """October is closed. November has two calls and the progress of who read them."""
    storage = MemoryTableStorage()
    billing = await open_billing(storage, MemoryBlobStore())
    for subject in ("ann", "bob", "eve", "x1", "x2", "x3"):
        await billing.post(1, date(2026, 10, 4), subject=subject)
    await billing.close(OCTOBER)
    await billing.post(2, date(2026, 11, 4))
    progress = ProgressTable(storage)
    await progress.create()
    row = Progress(
        hub="llm-usage",
        group="metering",
        partition="0",
        hub_created_at=NOW,
        sequence_number=8,
        enqueued_time=NOW,
        recorded_at=NOW,
        counts={Count.RECEIVED: 8, Count.POSTED: 8},
    )
    await progress.write(row, None)
    assert (await audit(storage, now=NOW)).problems == ()
    return billing


def damage(billing: Billing, table: str, prefix: str, column: str, value: Value | None) -> None:
    assert isinstance(billing.storage, MemoryTableStorage)
    for (of_table, _), rows in billing.storage._rows.items():
        for key, row in rows.items() if of_table == table else ():
            if key.startswith(prefix):
                row[column] = value or ""
                if value is None:
                    del row[column]


@pytest.mark.parametrize(("table", "prefix", "column", "value"), EACH)
async def test_every_damage_is_named_and_refuses_the_close(
    billing: Billing, table: str, prefix: str, column: str, value: Value | None
) -> None:
    damage(billing, table, prefix, column, value)
    report = await audit(billing.storage, now=NOW)
    assert report.problems, "not found"
    assert any(table in each or prefix in each for each in report.problems), report.problems
    await save_audit(billing.storage, report)
    kept = await last_audit(billing.storage)
    assert kept is not None
    assert not kept.ok
    with pytest.raises((CloseRefused, LedgerMismatch)):
        await billing.close(NOVEMBER)
    again, found = await verify_all(
        Archive(billing.blobs), billing.storage, [OCTOBER], now=billing.now
    )
    assert again.problems or not all(findings.ok for findings in found)


@pytest.mark.parametrize(("column", "value"), [("rev", "x"), ("day", "ai-standard")])
async def test_a_forced_close_does_not_take_a_cell_that_cannot_be_read(
    billing: Billing, column: str, value: str
) -> None:
    damage(billing, "ledger", "d|ann|04", column, value)
    with pytest.raises(Altered, match=r"row ledger 202611\|.. d\|ann\|04\|.* cannot be read"):
        await billing.close(NOVEMBER, forced="it is due")


async def test_what_a_close_did_not_read_is_found_by_the_verification(billing: Billing) -> None:
    """Ann's calls are in shard 2, and the close looks into shards 0 and 1."""
    damage(billing, "meta", "settings", "shards", "2")
    await billing.close(NOVEMBER, forced="it is due")
    damage(billing, "meta", "settings", "shards", "4")
    missed = [each for each in await billing.problems() if "was recorded at" in each]
    assert len(missed) == 2
    assert "which has revision 0 of d|ann|04|" in missed[0]


async def test_a_report_of_the_last_audit_that_cannot_be_read_is_named(billing: Billing) -> None:
    await save_audit(billing.storage, await audit(billing.storage, now=NOW))
    damage(billing, "meta", "audit", "calls", "x")
    with pytest.raises(Altered, match="row meta ledger audit cannot be read"):
        await last_audit(billing.storage)


async def test_rows_that_are_gone_together_are_missed_by_what_was_counted(
    billing: Billing,
) -> None:
    storage = billing.storage
    assert isinstance(storage, MemoryTableStorage)
    gone = ("c|ann|", "d|ann|", "ann|")
    for (table, partition), rows in storage._rows.items():
        for key in [key for key in rows if key.startswith(gone)]:
            if partition.startswith("202611"):
                del rows[key]
                storage._row_keys[table, partition].remove(key)
    [problem] = (await audit(storage, now=NOW)).problems
    assert "counted 8 events as posted, the ledger has 6 calls from them" in problem


async def test_what_a_crash_or_a_replay_posted_uncounted_is_no_problem(billing: Billing) -> None:
    await billing.post(3, date(2026, 11, 5))
    assert (await audit(billing.storage, now=NOW)).problems == ()


@pytest.mark.parametrize("rank", ["1", "2"])
@pytest.mark.parametrize("status", [200, 429])
async def test_a_rank_that_the_report_of_no_usage_cannot_have_is_named(
    rank: str, status: int
) -> None:
    """With such a rank the tokens that come late would be dropped as a duplicate."""
    billing = await open_billing(MemoryTableStorage(), MemoryBlobStore())
    halves = ("gateway-llm-log", "trace")
    await billing.post(1, date(2026, 11, 4), usage=None, status=status, completed_from=halves)
    damage(billing, "ledger", "c|", "rank", rank)
    problems = (await audit(billing.storage, now=NOW)).problems
    assert any(f"states rank = {rank}, which no" in each for each in problems), problems


@pytest.mark.parametrize(("posted", "rank"), [(1, "2"), (2, "1")])
async def test_a_rank_is_held_against_the_halves_that_were_joined(posted: int, rank: str) -> None:
    storage = MemoryTableStorage()
    billing = await open_billing(storage, MemoryBlobStore())
    halves = ("gateway-llm-log", "trace") if posted == 1 else ()
    call = make_call(
        1, id=call_id(1), rank=posted, usage=make_usage(input=5), completed_from=halves,
        time=datetime(2026, 11, 4, tzinfo=UTC),
    )  # fmt: skip
    await billing.ledger.post([call])
    damage(billing, "ledger", "c|", "rank", rank)
    [problem] = (await audit(storage, now=NOW)).problems
    assert f"states rank = {rank}, and its usage is" in problem
