"""local_stack.send with the real SDK against the local broker."""

import asyncio
import json
from collections import defaultdict
from collections.abc import AsyncIterator
from datetime import UTC, datetime
from pathlib import Path

import pytest

from local_stack.broker import Broker, BrokerConfig, HubConfig, running_broker
from local_stack.broker.faults.faults import BusySend, LoseAck
from local_stack.errors import SendFailed
from local_stack.send import send_events, sender
from local_stack.send.__main__ import main
from local_stack.traffic.trace import offset_to, trace_events
from local_stack.traffic.usage_event import OutgoingEvent
from local_stack.traffic.workload import Workload

NOW = datetime(2026, 11, 23, 12, 34, 56, tzinfo=UTC)
CONNECTION_VARIABLE = "EVENTHUB_CONNECTION_STRING"
HUB = "llm-usage"
PARTITIONS = 4


@pytest.fixture
async def broker() -> AsyncIterator[Broker]:
    config = BrokerConfig(hubs=(HubConfig(name=HUB, partitions=PARTITIONS),))
    async with running_broker(config=config) as running:
        yield running


def workload(calls: int) -> list[OutgoingEvent]:
    return list(Workload(now=NOW, calls=calls).events())


def stored(broker: Broker) -> list[list[OutgoingEvent]]:
    """What each partition holds, in its order."""
    return [
        [
            OutgoingEvent(partition_key=event.partition_key or "", body=event.body)
            for event in broker.read(HUB, str(partition))
        ]
        for partition in range(PARTITIONS)
    ]


def by_subject(events: list[OutgoingEvent]) -> dict[str, list[bytes]]:
    bodies: dict[str, list[bytes]] = defaultdict(list)
    for event in events:
        bodies[event.partition_key].append(event.body)
    return bodies


async def test_every_event_arrives_once_and_a_subjects_events_in_order(broker: Broker) -> None:
    events = workload(2_500)
    report = await send_events(broker.connection_string, HUB, events)
    assert (report.sent, report.retries) == (2_500, 0)
    partitions = stored(broker)
    assert by_subject([event for held in partitions for event in held]) == by_subject(events)
    homes = [{event.partition_key for event in held} for held in partitions]
    assert sum(map(len, homes)) == len(set().union(*homes)), "a subject is in two partitions"


async def test_progress_counts_what_the_hub_has(broker: Broker) -> None:
    seen: list[int] = []
    report = await send_events(broker.connection_string, HUB, workload(200), progress=seen.append)
    assert seen == sorted(seen)
    assert seen[-1] == report.sent == 200


async def test_busy_hub_is_left_alone_and_asked_again(
    broker: Broker, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sender, "RETRY_DELAY_S", 0.01)
    broker.inject(BusySend(times=5))
    events = workload(50)
    report = await send_events(broker.connection_string, HUB, events)
    assert report.sent == 50
    assert report.retries >= 2
    assert sum(map(len, stored(broker))) == 50


async def test_hub_that_stays_busy_is_given_up_with_what_was_sent(
    broker: Broker, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sender, "RETRY_DELAY_S", 0.001)
    monkeypatch.setattr(sender, "SEND_ATTEMPTS_MAX", 3)
    broker.inject(BusySend(times=None))
    with pytest.raises(SendFailed, match=r"refused a batch of .* 3 times, 0 were sent before"):
        await send_events(broker.connection_string, HUB, workload(20))


async def test_lost_acknowledgement_loses_no_event(broker: Broker) -> None:
    broker.inject(LoseAck())
    events = workload(60)
    report = await send_events(broker.connection_string, HUB, events)
    assert report.sent == 60
    held = [event for partition in stored(broker) for event in partition]
    assert set(held) == set(events)
    assert len(held) > 60, "the batch whose acknowledgement was lost is there twice"


async def test_events_of_one_subject_beyond_a_batch_are_split(broker: Broker) -> None:
    events = [
        OutgoingEvent(partition_key="s", body=b"%04d" % number + b"x" * 5_000)
        for number in range(400)
    ]
    report = await send_events(broker.connection_string, HUB, events)
    assert report.sent == 400
    assert [event for held in stored(broker) for event in held] == events


async def test_event_that_fits_in_no_batch_is_named(broker: Broker) -> None:
    events = [OutgoingEvent(partition_key="s", body=b"x" * 1_100_000)]
    with pytest.raises(SendFailed, match=r"1100000 bytes with partition key 's'"):
        await send_events(broker.connection_string, HUB, events)


async def test_rate_spreads_events_over_time(broker: Broker) -> None:
    report = await send_events(broker.connection_string, HUB, workload(40), events_per_second=40.0)
    assert report.sent == 40
    # The last of the five groups of eight is due after 32 / 40 s.
    assert report.seconds >= 0.8


async def test_command_sends_the_workload_and_prints_a_report(
    broker: Broker, capsys: pytest.CaptureFixture[str]
) -> None:
    arguments = ["--connection-string", broker.connection_string, "--workload", "--calls", "70"]
    code = await asyncio.to_thread(main, [*arguments, "--now", NOW.isoformat()])
    printed = capsys.readouterr()
    assert code == 0, printed.err
    assert json.loads(printed.out)["sent"] == 70
    assert NOW.isoformat() in printed.err
    assert {event for held in stored(broker) for event in held} == set(workload(70))


async def test_command_sends_a_trace(
    broker: Broker, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv(CONNECTION_VARIABLE, broker.connection_string)
    path = tmp_path / "trace.csv"
    path.write_text("timestamp_ms,input_tokens,cached_tokens,output_tokens\n0,10,0,5\n9,20,10,5\n")
    arguments = ["--hub", HUB, "--trace", str(path), "--now", NOW.isoformat()]
    assert await asyncio.to_thread(main, arguments) == 0
    sent = {event for held in stored(broker) for event in held}
    assert sent == set(trace_events(path, offset=offset_to(path, NOW)))


@pytest.mark.parametrize(
    ("arguments", "named"),
    [
        (["--workload"], CONNECTION_VARIABLE),
        (["--workload", "--connection-string", "nonsense"], "not sent"),
        (["--trace", "absent.csv", "--connection-string", "nonsense"], "absent.csv"),
    ],
)
def test_command_names_what_is_wrong_and_exits_1(
    arguments: list[str],
    named: str,
    capsys: pytest.CaptureFixture[str],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.delenv(CONNECTION_VARIABLE, raising=False)
    assert main(arguments) == 1
    printed = capsys.readouterr()
    assert named in printed.err
    assert printed.out == ""


@pytest.mark.parametrize(
    "arguments",
    [
        ["--workload", "--rate", "0"],
        ["--workload", "--rate", "nan"],
        ["--workload", "--calls", "0"],
    ],
)
def test_command_refuses_a_pace_or_number_of_nothing(
    arguments: list[str], capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(arguments) == 2
    assert "expected" in capsys.readouterr().err
