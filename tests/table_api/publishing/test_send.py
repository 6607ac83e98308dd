"""One bad record stops nothing, and an outage refuses nothing."""

from collections.abc import AsyncIterator, Sequence
from datetime import timedelta

import pytest
from opentelemetry.sdk._logs import ReadableLogRecord
from opentelemetry.sdk._logs.export import LogRecordExportResult

from local_stack.insights.faults import TrackFault
from table_api.publishing.marks import PUBLISHED_TABLE, UNSENT, MarkRow, Marks
from table_api.publishing.month_pass import Wanted
from table_api.publishing.outbox import DayWork, Item, Outbox
from table_api.publishing.send import FAILURES_MAX, Exports, NotDelivered, Sender
from telemetry.settings import read_telemetry
from telemetry.setup import event_exporter
from tests.contracts.ledger import entries_and_cells
from tests.fixtures.builders import call_id
from tests.fixtures.calls import all_rows, make_call
from tests.fixtures.recorded import series
from tests.local_stack.insights.exporting import event, log_exporter
from tests.table_api.publishing.stand import Stand, stand

BAD_TIME_NS = 10**18
"""Some time in 2001: the stand-in refuses such an item, as Azure does."""


class Spoiling:
    """The real exporter; calls of some ids are dated wrongly on their way."""

    def __init__(self, exporter: Exports, ids: set[str]) -> None:
        self.ids = ids
        self.exports = 0
        self._exporter = exporter

    def export(self, batch: Sequence[ReadableLogRecord]) -> LogRecordExportResult:
        self.exports += 1
        for record in batch:
            attributes = record.log_record.attributes or {}
            if attributes["chargeback.call.id"] in self.ids:
                record.log_record.timestamp = BAD_TIME_NS
        return self._exporter.export(batch)


@pytest.fixture
async def here() -> AsyncIterator[Stand]:
    async with stand() as found:
        yield found


async def test_a_row_that_is_refused_is_counted_and_the_others_are_sent(here: Stand) -> None:
    await here.ledger.post([make_call(n, id=call_id(n)) for n in range(9)])
    spoiling = Spoiling(log_exporter(here.served), {call_id(3), call_id(4)})
    sent = await here.publish(exporter=spoiling)
    assert (sent.rows, sent.refused) == (7, 2)
    assert len(await here.differences()) == 3  # two rows and their cell
    assert (await here.publish(exporter=spoiling)).rows == 0  # they are not tried all the time
    await here.ledger.post([make_call(20, id=call_id(20))])
    assert (await here.publish(exporter=spoiling)).rows == 1
    assert (await here.publish(Wanted(settle=True))).refused == 0
    assert await here.differences() == []


@pytest.mark.parametrize("bad", [{0}, {7}, {0, 1, 2, 3}, set(range(1, 8)), set(range(0, 8, 2))])
async def test_exactly_the_bad_records_are_refused(here: Stand, bad: set[int]) -> None:
    records = [event(n) for n in range(8)]
    spoiling = Spoiling(log_exporter(here.served), {str(n) for n in bad})
    assert sorted(await Sender(spoiling, waits_s=(0, 0)).send(records)) == sorted(bad)
    assert here.served.store.counts()["AppEvents"] >= 8 - len(bad)


@pytest.mark.parametrize("fault", [TrackFault.CUT, TrackFault.QUOTA, TrackFault.BROKEN])
async def test_an_outage_refuses_nothing_and_marks_nothing(here: Stand, fault: TrackFault) -> None:
    await here.ledger.post([make_call(n, id=call_id(n)) for n in range(30)])
    here.served.faults.on_track(fault, times=1_000)
    with pytest.raises(NotDelivered):
        await here.publish()
    here.served.faults.clear()
    assert here.events == []
    assert (await here.publish()).rows == 30
    assert (await here.differences(), here.copies) == ([], 0)


async def test_an_outage_amid_halving_refuses_nothing(here: Stand) -> None:
    spoiling = Spoiling(log_exporter(here.served), {"5"})

    class Failing(Spoiling):
        def export(self, batch: Sequence[ReadableLogRecord]) -> LogRecordExportResult:
            if self.exports >= 6:
                return LogRecordExportResult.FAILURE
            return super().export(batch)

    failing = Failing(spoiling, {"5"})
    with pytest.raises(NotDelivered):
        await Sender(failing, waits_s=()).send([event(n) for n in range(8 * FAILURES_MAX)])


async def test_a_batch_passes_at_the_third_try(here: Stand) -> None:
    here.served.faults.on_track(TrackFault.CUT, times=2)
    assert await Sender(log_exporter(here.served), waits_s=(0, 0)).send([event(1)]) == []
    assert here.served.store.counts()["AppEvents"] == 1


async def test_after_one_failure_an_outbox_takes_part_in_nothing(here: Stand) -> None:
    """Rows that were put before it are lost to it, so it may mark no day."""
    here.served.faults.on_track(TrackFault.QUOTA, times=FAILURES_MAX * 2)
    outbox = Outbox(Sender(log_exporter(here.served), waits_s=()), Marks(here.storage))
    await here.ledger.post([make_call(1)])
    [entry], _ = await entries_and_cells(here.storage)
    row = MarkRow("202611", "key", "subject", "model")
    day = DayWork(20, {"key": row}, {"key": {}}, {"key": UNSENT})
    await outbox.put(Item(event(1), entry, (), day))
    await outbox.finish(day)
    with pytest.raises(NotDelivered):
        await outbox.flush()
    here.served.faults.clear()
    with pytest.raises(NotDelivered):
        await outbox.flush()
    assert await all_rows(here.storage, PUBLISHED_TABLE) == {}


async def test_a_refused_item_is_in_no_log_line(
    here: Stand, caplog: pytest.LogCaptureFixture
) -> None:
    """The exporter would print it, with who called which model."""
    variables = {"APPLICATIONINSIGHTS_CONNECTION_STRING": here.served.connection_string}
    exporter = event_exporter(read_telemetry(variables))
    spoiling = Spoiling(exporter, {"1"})
    bad = event(1, attributes={"enduser.pseudo.id": "some-person"})
    assert await Sender(spoiling, waits_s=()).send([event(0), bad]) == [1]
    assert "Data drop 400: 103" in caplog.text
    assert "some-person" not in caplog.text


async def test_metrics_say_how_far_behind_the_publisher_is(here: Stand) -> None:
    series()
    await here.publish()
    await here.ledger.post([make_call(n, id=call_id(n)) for n in range(3)])
    here.now += timedelta(minutes=5)
    here.served.faults.on_track(TrackFault.QUOTA, times=1_000)
    with pytest.raises(NotDelivered):
        await here.publish()
    assert series()["chargeback.publisher.behind_seconds", ()] == 300
    assert series()["chargeback.publisher.behind_calls", ()] == 3
    here.served.faults.clear()
    refused = series().get(("chargeback.publisher.refused", ()), 0)
    await here.publish(exporter=Spoiling(log_exporter(here.served), {call_id(0)}))
    await here.publish()
    assert series()["chargeback.publisher.behind_seconds", ()] == 0
    assert series()["chargeback.publisher.behind_calls", ()] == 0
    assert series()["chargeback.publisher.refused", ()] == refused + 1
