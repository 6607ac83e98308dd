"""A close names the events that reached a hub and no ledger, and refuses over open ones."""

from datetime import UTC, date, datetime, timedelta

import pytest
from msgspec import UNSET
from msgspec.structs import replace

from table_api.consumer_state.dead_letters import DeadLetter, DeadLetterIndex, LetterState
from table_api.consumer_state.groups import DEFAULT_GROUPS, ConsumerGroup
from table_api.consumer_state.progress import Count, Progress, ProgressTable
from table_api.invoicing.closing import missing_events as module
from table_api.invoicing.closing.missing_events import MissingEvents, missing_events
from table_api.invoicing.closing.month_files import documents_of
from table_api.invoicing.errors import CloseRefused
from table_api.invoicing.settings import InvoicingSettings
from table_api.open_calls.settled import Settled
from table_api.open_calls.table import OpenCalls
from table_api.storage.memory_tables import MemoryTableStorage
from table_api.storage.table_storage import Merge, etag_of
from tests.fixtures.billing import NOVEMBER, OCTOBER, Billing

START, STOP = datetime(2026, 10, 1, tzinfo=UTC), datetime(2026, 11, 1, tzinfo=UTC)
DAY = date(2026, 10, 6)


def letter(
    number: int, enqueued: datetime, hub: str, state: LetterState = LetterState.OPEN
) -> DeadLetter:
    return DeadLetter(
        hub=hub,
        partition="0",
        sequence_number=number,
        content_hash=f"{number:012x}",
        enqueued_time=enqueued,
        recorded_at=STOP,
        reason="bad_usage",
        field="data.usage",
        value="x",
        message="m",
        event_id=None,
        body_bytes=9,
        state=state,
    )


async def add(storage: MemoryTableStorage, letters: list[DeadLetter]) -> None:
    for each in letters:
        index = DeadLetterIndex(storage, each.hub)
        await index.create()
        await index.add([each])


async def lose(
    storage: MemoryTableStorage, group: ConsumerGroup, lost: int, *, gone: int = 0
) -> None:
    table = ProgressTable(storage)
    await table.create()
    row = Progress(
        hub=group.hub,
        group=group.group,
        partition="0",
        hub_created_at=START,
        sequence_number=9,
        enqueued_time=STOP,
        recorded_at=STOP,
        counts={Count.LOST: lost},
        gone=gone,
    )
    await table.write(row, None)


@pytest.mark.parametrize("timeout", [None, timedelta(hours=3)])
async def test_open_letters_of_both_hubs_count_as_long_as_a_call_may_be_late(
    timeout: timedelta | None,
) -> None:
    """What reaches a hub in the first hour of a month may be a call of the month before."""
    storage = MemoryTableStorage()
    usage, log = DEFAULT_GROUPS.usage_hub, DEFAULT_GROUPS.diagnostics_hub
    second, late = timedelta(seconds=1), timeout or timedelta(hours=1)
    if timeout is not None:
        calls = OpenCalls(storage)
        await calls.create()
        await calls.set_swept(STOP, Settled(before=STOP, at=STOP, timeout=timeout))
    await add(
        storage,
        [
            letter(1, START - second, usage),
            letter(2, START, usage),
            letter(3, STOP - second, log),
            letter(4, STOP, log),
            letter(5, STOP + late - second, usage),
            letter(6, STOP + late, log),
            letter(7, START, usage, LetterState.REDRIVEN),
        ],
    )
    found = await missing_events(storage, DEFAULT_GROUPS)(START, STOP)
    assert found == MissingEvents(letters=5, letters_of_month=4)


async def test_what_both_groups_of_a_hub_lost_counts_once() -> None:
    storage = MemoryTableStorage()
    for group, lost, gone in (
        (DEFAULT_GROUPS.metering, 5, 4),
        (DEFAULT_GROUPS.pairing_usage, 7, 0),
        (DEFAULT_GROUPS.pairing_diagnostics, 11, 1),
    ):
        await lose(storage, group, lost, gone=gone)
    found = await missing_events(storage, DEFAULT_GROUPS)(START, STOP)
    assert (found.lost, found.counted) == (9 + 12, 7 + 11)


async def test_letters_that_were_not_looked_at_may_be_open(monkeypatch: pytest.MonkeyPatch) -> None:
    storage = MemoryTableStorage()
    monkeypatch.setattr(module, "LETTERS_LOOKED_AT_MAX", 1)
    await add(storage, [letter(n, START, DEFAULT_GROUPS.usage_hub) for n in (1, 2)])
    found = await missing_events(storage, DEFAULT_GROUPS)(START, STOP)
    assert found == MissingEvents(letters=1, letters_of_month=1, letters_complete=False)


async def test_any_number_of_redriven_letters_refuses_no_close(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    storage = MemoryTableStorage()
    monkeypatch.setattr(module, "LETTERS_LOOKED_AT_MAX", 1)
    usage, done = DEFAULT_GROUPS.usage_hub, LetterState.REDRIVEN
    await add(storage, [letter(n, START, usage, done) for n in range(5)] + [letter(9, STOP, usage)])
    found = await missing_events(storage, DEFAULT_GROUPS)(START, STOP)
    assert found == MissingEvents(letters=1, letters_of_month=1)


async def test_letters_of_earlier_months_that_nobody_redrives_refuse_no_close_however_many(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    storage = MemoryTableStorage()
    monkeypatch.setattr(module, "LETTERS_LOOKED_AT_MAX", 2)
    usage, before = DEFAULT_GROUPS.usage_hub, START - timedelta(microseconds=1)
    letters = [letter(n, before, usage) for n in range(5)]
    letters += [letter(n, START + timedelta(microseconds=n), usage) for n in (7, 8)]
    await add(storage, letters)
    found = await missing_events(storage, DEFAULT_GROUPS)(START, STOP)
    assert found == MissingEvents(letters=2, letters_of_month=2), "of all, two are counted"
    await add(storage, [letter(9, STOP - timedelta(seconds=1), usage)])
    found = await missing_events(storage, DEFAULT_GROUPS)(START, STOP)
    assert not found.letters_complete


async def test_a_damaged_letter_is_no_redriven_one_and_counts_in_each_month_without_its_time() -> (
    None
):
    storage = MemoryTableStorage()
    done = letter(1, START, DEFAULT_GROUPS.usage_hub, LetterState.REDRIVEN)
    await add(storage, [done])
    for damage in ({"state": "redrivenx"}, {"enqueued_time": "soon"}):
        row = await storage.get("deadletters", done.hub, done.id)
        assert row is not None
        change = Merge(done.id, damage, etag_of(row))
        await storage.transact("deadletters", done.hub, [change])
        found = await missing_events(storage, DEFAULT_GROUPS)(START, STOP)
        assert found == MissingEvents(letters=1, letters_of_month=1)
    before = START - timedelta(days=400), START - timedelta(days=370)
    assert (await missing_events(storage, DEFAULT_GROUPS)(*before)).letters_of_month == 1


async def test_dead_letters_of_the_month_refuse_its_close_unless_forced(billing: Billing) -> None:
    await billing.post(5, DAY)
    billing.missing = MissingEvents(letters=1_004, letters_of_month=1_001)
    with pytest.raises(
        CloseRefused, match="1001 dead letters of the month are open, more than 1000"
    ):
        await billing.close(OCTOBER)
    assert await billing.files() == {}
    manifest = await billing.close(OCTOBER, forced="a device of the lab sent them")
    assert manifest.checks is not UNSET
    checks = manifest.checks
    assert (checks.dead_letters, checks.dead_letters_of_month) == (1_004, 1_001)
    assert checks.forced == "a device of the lab sent them"
    assert await billing.problems() == []


async def test_letters_that_nobody_could_look_at_refuse_a_close(billing: Billing) -> None:
    await billing.post(5, DAY)
    billing.missing = MissingEvents(letters_complete=False)
    with pytest.raises(CloseRefused, match="not all were looked at"):
        await billing.close(OCTOBER)


async def test_older_letters_and_as_many_as_are_allowed_refuse_no_close(billing: Billing) -> None:
    await billing.post(5, DAY)
    billing.settings = InvoicingSettings(dead_letters_max=2)
    billing.missing = MissingEvents(letters=7, letters_of_month=2)
    manifest = await billing.close(OCTOBER)
    assert manifest.checks is not UNSET
    assert (manifest.checks.dead_letters, manifest.checks.forced) == (7, None)


async def test_a_close_names_what_was_lost_since_the_close_before(billing: Billing) -> None:
    await billing.post(5, DAY)
    billing.missing = MissingEvents(lost=10_000, counted=10_000)
    assert (await (await billing.job()).preview(OCTOBER)).snapshot.checks.lost == 10_000
    first = await billing.close(OCTOBER)
    billing.missing = MissingEvents(lost=10_003, counted=10_003)
    second = await billing.close(NOVEMBER)
    # A row of `progress` was damaged, and lost its count.
    billing.missing = MissingEvents(lost=50, counted=50)
    third = await billing.close(NOVEMBER.moved(1))
    closes = (first, second, third)
    lost = [(each.checks.lost, each.checks.lost_in_all) for each in closes if each.checks]
    assert lost == [(10_000, 10_000), (3, 10_003), (50, 50)]
    assert await billing.problems() == []


async def test_what_came_after_all_makes_no_earlier_loss_a_new_one(billing: Billing) -> None:
    """A hub that holds nothing says that 20 are gone; they come out of the consumer's buffer."""
    await billing.post(5, DAY)
    said = []
    for month, gone, counted in (
        (OCTOBER, 0, 1_000),
        (NOVEMBER, 20, 1_000),
        (NOVEMBER.moved(1), 20, 1_000),  # nobody has read the hub since: they are said again
        (NOVEMBER.moved(2), 0, 1_000),
        (NOVEMBER.moved(3), 5, 1_007),
    ):
        billing.missing = MissingEvents(lost=counted + gone, counted=counted)
        checks = (await billing.close(month)).checks
        assert checks is not UNSET
        said.append((checks.lost, checks.lost_in_all))
    assert said == [(1_000, 1_000), (20, 1_000), (20, 1_000), (0, 1_000), (12, 1_007)]
    assert await billing.problems() == []


async def test_a_manifest_of_earlier_rules_does_not_say_it(billing: Billing) -> None:
    await billing.post(5, DAY)
    await billing.close(OCTOBER)
    snapshot, digest = await (await billing.job()).archive.standing_snapshot(OCTOBER)
    assert documents_of(replace(snapshot, rules=3), digest).manifest(()).checks is UNSET
    assert documents_of(snapshot, digest).manifest(()).checks == snapshot.checks
