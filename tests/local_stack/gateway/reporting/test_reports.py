"""What leaves the gateway beside the answers: losses on purpose and by accident, token metrics."""

import asyncio
from collections.abc import AsyncIterator
from typing import Any

import pytest
from opentelemetry.sdk.metrics import MeterProvider
from opentelemetry.sdk.metrics.export import InMemoryMetricReader, NumberDataPoint

from apim_policies.harness.call import Gateway, LoggedEvent, TokenMetric
from local_stack.broker import Broker, BrokerConfig, HubConfig, running_broker
from local_stack.gateway.reporting.diagnostics import Diagnostics
from local_stack.gateway.reporting.gateway_log import GatewayLog
from local_stack.gateway.reporting.hub_writer import HubWriter
from local_stack.gateway.reporting.reports import USAGE_LOGGER, Reports
from local_stack.gateway.reporting.token_metrics import TokenMetrics
from pricing_rules.decoding.hub_partition import partition_of

PARTITIONS = 4


@pytest.fixture
async def broker() -> AsyncIterator[Broker]:
    config = BrokerConfig(hubs=(HubConfig(name=USAGE_LOGGER, partitions=PARTITIONS),))
    async with running_broker(config=config) as running:
        yield running


def stored(broker: Broker) -> dict[bytes, str | None]:
    return {
        event.body: event.partition_key
        for partition in range(PARTITIONS)
        for event in broker.read(USAGE_LOGGER, str(partition))
    }


def event(number: int, logger: str = USAGE_LOGGER) -> LoggedEvent:
    key = f"person-{number % 5}"
    return LoggedEvent(logger_id=logger, body=b"%d" % number, partition_key=key, partition_id=None)


async def test_events_arrive_under_their_partition_key_in_order(broker: Broker) -> None:
    async with HubWriter(broker.connection_string, USAGE_LOGGER).running() as writer:
        for number in range(500):
            writer.put(b"%d" % number, partition_key=f"person-{number % 5}")
        await writer.emptied()
        assert (writer.sent, writer.lost, writer.pending) == (500, 0, 0)
    assert stored(broker) == {b"%d" % number: f"person-{number % 5}" for number in range(500)}
    for partition in range(PARTITIONS):
        events = broker.read(USAGE_LOGGER, str(partition))
        for key in {each.partition_key or "" for each in events}:
            assert partition_of(key, PARTITIONS) == partition  # where the service would put it
            numbers = [int(each.body) for each in events if each.partition_key == key]
            assert numbers == sorted(numbers)


async def test_leaving_sends_what_is_queued(broker: Broker) -> None:
    async with HubWriter(broker.connection_string, USAGE_LOGGER).running() as writer:
        writer.put(b"last words", partition_key="a")
    assert stored(broker) == {b"last words": "a"}


async def test_whoever_waits_does_not_wait_for_more_events(
    broker: Broker, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("local_stack.gateway.reporting.hub_writer.LINGER_S", 3_600.0)
    async with asyncio.timeout(60):
        async with HubWriter(broker.connection_string, USAGE_LOGGER).running() as writer:
            for body in (b"first", b"second"):  # the next batch lingers again until it is awaited
                writer.put(body, partition_key="a")
                await writer.emptied()
            writer.put(b"last", partition_key="a")
    assert stored(broker) == dict.fromkeys((b"first", b"second", b"last"), "a")


async def test_what_the_hub_does_not_take_is_lost_counted_and_the_rest_goes_on(
    broker: Broker, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("local_stack.gateway.reporting.hub_writer.QUEUE_EVENTS_MAX", 2)
    async with HubWriter(broker.connection_string, USAGE_LOGGER).running() as writer:
        writer.put(b"x" * 2_000_000, partition_key="a")  # no batch holds it
        writer.put(b"kept", partition_key="b")
        writer.put(b"one too many", partition_key="b")
        await writer.emptied()
        assert (writer.sent, writer.lost) == (1, 2)
    assert stored(broker) == {b"kept": "b"}


async def test_the_share_to_drop_is_lost_and_the_same_ones_every_time(broker: Broker) -> None:
    kept = []
    for _ in range(2):
        usage = HubWriter(broker.connection_string, USAGE_LOGGER)
        log = HubWriter(broker.connection_string, "apim-diagnostics")
        diagnostics = Diagnostics(log, GatewayLog(gateway=Gateway()))
        reports = Reports(usage, log, diagnostics, drop=0.25, seed=3)
        async with usage.running(), log.running(), diagnostics.running():
            reports.events(map(event, range(400)))
            await reports.sent()
            counts = reports.counts(open_calls=0)
        assert counts.events == 400
        assert counts.dropped == pytest.approx(100, abs=30)
        assert usage.sent == 400 - counts.dropped
        kept.append(counts.dropped)
    assert kept[0] == kept[1]
    assert len(stored(broker)) == 400 - kept[0]


async def test_an_event_for_an_unknown_logger_goes_nowhere(broker: Broker) -> None:
    usage = HubWriter(broker.connection_string, USAGE_LOGGER)
    log = HubWriter(broker.connection_string, "apim-diagnostics")
    diagnostics = Diagnostics(log, GatewayLog(gateway=Gateway()))
    reports = Reports(usage, log, diagnostics)
    async with usage.running(), log.running(), diagnostics.running():
        reports.events([event(1, "another"), event(2)])
        await reports.sent()
        assert reports.counts(open_calls=0).events == 1
    assert stored(broker) == {b"2": "person-2"}


def test_token_metrics_become_counters_with_their_dimensions() -> None:
    reader = InMemoryMetricReader()
    provider = MeterProvider([reader])
    metrics = TokenMetrics(provider.get_meter("test"))
    told = TokenMetric(
        namespace="chargeback",
        dimensions={"API ID": "llm", "Product ID": None},
        tokens={"Prompt Tokens": 9, "Prompt Cached Tokens": 4},
    )
    untold = TokenMetric(namespace="chargeback", dimensions={}, tokens={})
    metrics.add([told, told, untold])
    assert points(reader) == {
        ("chargeback.prompt_tokens", ("API ID", "llm")): 18,
        ("chargeback.prompt_cached_tokens", ("API ID", "llm")): 8,
    }
    provider.shutdown()


def points(reader: InMemoryMetricReader) -> dict[Any, Any]:
    data = reader.get_metrics_data()
    assert data is not None
    return {
        (metric.name, *(point.attributes or {}).items()): point.value
        for resource in data.resource_metrics
        for scope in resource.scope_metrics
        for metric in scope.metrics
        for point in metric.data.data_points
        if isinstance(point, NumberDataPoint)
    }
