"""Each run is one span that says what it did: a close, a re-rating, a replay, an audit, a sweep."""

import asyncio
from collections.abc import AsyncIterator
from datetime import date, timedelta

import pytest

from consumers.replay.replay import Replay
from consumers.replay.source import Batch, Named
from local_stack.insights.faults import TrackFault
from pricing_rules.money import format_pico
from table_api.audit.ledger_audit import audit
from table_api.publishing.send import NotDelivered
from table_api.storage.memory_blobs import MemoryBlobStore
from table_api.storage.memory_tables import MemoryTableStorage
from tests.consumers.pairing.world import World
from tests.consumers.receiving.deliveries import delivered
from tests.consumers.replay.world import HUB, ReplayWorld
from tests.contracts.ledger import ONE_CALL
from tests.fixtures.billing import OCTOBER, open_billing
from tests.fixtures.builders import call_id, make_body
from tests.fixtures.calls import NOW, book, make_call, open_ledger
from tests.fixtures.recorded import RecordedSpans
from tests.fixtures.reratings import History, dearer_book
from tests.table_api.publishing.stand import stand


async def test_a_close_and_the_audit_before_it() -> None:
    billing = await open_billing(MemoryTableStorage(), MemoryBlobStore())
    await billing.post(3, date(2026, 10, 5))
    recorded = RecordedSpans()
    manifest = await billing.close(OCTOBER)
    [said] = recorded.attributes("chargeback.invoice.close")
    assert said == {
        "chargeback.month": "2026-10",
        "chargeback.invoices": len(manifest.invoices),
        "chargeback.after": manifest.amount,
        "chargeback.currency": "USD",
    }
    [close], [check] = (
        recorded.named(name) for name in ("chargeback.invoice.close", "chargeback.ledger.audit")
    )
    assert check.parent is not None
    assert check.parent.span_id == close.context.span_id


async def test_an_audit() -> None:
    storage = MemoryTableStorage()
    await (await open_ledger(storage)).post([make_call(1)])
    recorded = RecordedSpans()
    await audit(storage, now=NOW)
    assert recorded.attributes("chargeback.ledger.audit") == [
        {"chargeback.calls": 1, "chargeback.rows": 1, "chargeback.problems": 0}
    ]


async def test_a_run_that_is_applied_and_undone() -> None:
    history = History.over(MemoryTableStorage())
    await (await open_ledger(history.storage)).post([make_call(1)])
    await history.books.keep(book())
    run = await history.approved(dearer_book(3))
    recorded = RecordedSpans()
    await history.apply(run)
    await history.revert(run)
    said = {
        "chargeback.run": run,
        "chargeback.calls": 1,
        "chargeback.before": format_pico(ONE_CALL),
        "chargeback.after": format_pico(3 * ONE_CALL),
        "chargeback.currency": "USD",
    }
    assert recorded.attributes("chargeback.rerate.apply") == [said]
    assert recorded.attributes("chargeback.rerate.revert") == [said]


class TwoBatches:
    """A source in memory: two events in one partition."""

    hub = HUB

    async def partitions(self) -> list[str]:
        return ["0"]

    def size(self, partition: str) -> int:
        return 2

    async def batches(
        self, partition: str, after: str | None, named: Named
    ) -> AsyncIterator[Batch]:
        for number in range(2):
            body = make_body(id=call_id(number))
            yield Batch([delivered(number, body=body)], position=str(number), read=1)


async def test_a_replay() -> None:
    world = await ReplayWorld.empty()
    replay = Replay(
        TwoBatches(),
        world.metering(await world.watching()),
        None,
        pairing=None,
        ended=asyncio.Event(),
        progressed=lambda read: None,
    )
    recorded = RecordedSpans()
    await replay.run(["0"])
    assert recorded.attributes("chargeback.replay") == [{"chargeback.events": 2}]


async def test_a_sweep() -> None:
    world = await World.over(MemoryTableStorage())
    recorded = RecordedSpans()
    await world.sweep(NOW)
    await world.sweep(NOW + timedelta(minutes=1))
    assert recorded.attributes("chargeback.pairing.sweep") == [{}, {}]


async def test_a_pass_of_the_publisher_that_fails_is_marked() -> None:
    async with stand() as here:
        await here.ledger.post([make_call(n, id=call_id(n)) for n in range(3)])
        here.served.faults.on_track(TrackFault.QUOTA, times=1_000)
        recorded = RecordedSpans()
        with pytest.raises(NotDelivered):
            await here.publish()
        here.served.faults.clear()
        await here.publish()
        failed, done = recorded.named("chargeback.publish")
        assert (failed.status.is_ok, done.status.is_ok) == (False, True)
        assert dict(done.attributes or {}) == {"chargeback.rows": 3}
