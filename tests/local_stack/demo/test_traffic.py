"""What one run of the demonstration sends, and what a second one on the same data sends again."""

from datetime import UTC, datetime, timedelta
from pathlib import Path

from local_stack.demo.run import CALLS, SENT_AGAIN, DemoOptions, traffic_of
from local_stack.traffic.usage_event import OutgoingEvent
from local_stack.traffic.workload import CALLS as GENERATED

NOW = datetime(2026, 11, 23, 12, 34, tzinfo=UTC)


def sent(data: Path, *, direct: bool, now: datetime = NOW) -> list[OutgoingEvent]:
    traffic = traffic_of(DemoOptions(data=data), now=now, direct=direct)
    assert traffic.events is not None
    return list(traffic.events)


def test_a_second_run_sends_the_last_generated_events_only(tmp_path: Path) -> None:
    first = sent(tmp_path, direct=False)
    assert GENERATED * 0.98 < len(first) < GENERATED
    later = NOW + timedelta(days=1)
    assert sent(tmp_path, direct=False, now=later) == first  # the first was interrupted
    durable = traffic_of(DemoOptions(data=tmp_path), now=later, direct=False).events_durable
    assert durable is not None
    durable()
    assert sent(tmp_path, direct=False, now=later) == first[-SENT_AGAIN:]


def test_without_a_gateway_recorded_streams_take_the_place_of_live_calls(tmp_path: Path) -> None:
    live = traffic_of(DemoOptions(data=tmp_path), now=NOW, direct=False)
    assert live.live is not None
    assert (live.live.calls, live.streams) == (CALLS, None)
    direct = traffic_of(DemoOptions(data=tmp_path), now=NOW, direct=True)
    assert direct.live is None
    assert direct.streams is not None
    assert live.needs_pairing
    assert direct.needs_pairing
    assert len(direct.streams.usage_events) > 1


def test_the_corrected_month_ends_where_the_others_begin(tmp_path: Path) -> None:
    traffic = traffic_of(DemoOptions(data=tmp_path), now=NOW, direct=False)
    assert traffic.corrected is not None
    assert str(traffic.corrected.month) == "2026-09"
    assert traffic.corrected.stop == datetime(2026, 10, 1, tzinfo=UTC)
    only_live = traffic_of(DemoOptions(data=tmp_path, calls=5), now=NOW, direct=False)
    assert (only_live.corrected, only_live.bills) == (None, False)
