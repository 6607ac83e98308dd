"""Every metric of the product, by name; docs/consumer.md shows this list. Exports nothing itself.

Without an exporter the OpenTelemetry API makes each of them a no-op.
"""

from collections.abc import Mapping
from enum import StrEnum
from functools import cache
from threading import Lock

from opentelemetry import metrics
from opentelemetry.metrics import Counter, Histogram, ObservableGauge, Observation

Attributes = Mapping[str, str]


class CounterName(StrEnum):
    """Counters: they only grow."""

    EVENTS = "chargeback.consumer.events"
    """Events made durable, by `partition` and `outcome`."""
    LOST = "chargeback.consumer.lost"
    """Events that retention deleted before they were read, by `partition`."""
    DEAD_LETTERS = "chargeback.consumer.dead_letters"
    """Dead letters written, by `reason`."""
    UNEXPECTED_ERRORS = "chargeback.consumer.unexpected_errors"
    """Errors that nobody expected and that stopped nothing, by `step`: event, save, sweep."""
    SLOWED = "chargeback.consumer.slowed"
    """Events read while dead letters slow their partition, by `partition`."""
    REDELIVERED = "chargeback.consumer.redelivered"
    """Events dropped because this process already had them, by `partition`."""
    STORAGE_FAILURES = "chargeback.consumer.storage_failures"
    """Tries that storage did not answer, by `partition`."""
    HUB_FAILURES = "chargeback.consumer.hub_failures"
    """Tries that the event hub did not answer, by `partition`."""
    CONTENTIONS = "chargeback.consumer.contentions"
    """Tries that other writers of the same rows beat, by `partition`."""
    CHECKPOINTS = "chargeback.consumer.checkpoints"
    """Checkpoints written, by `partition`."""
    STALLS = "chargeback.consumer.stalls"
    """New clients created because events waited and none arrived, by `partition`."""
    PROJECTION_FAILURES = "chargeback.ledger.projection_failures"
    """Rows of `monthly` that could not be written and are left to `rebuild`."""
    TOKENS = "chargeback.tokens"
    """Tokens of calls that are new, by `gen_ai.token.type` and `chargeback.model`."""
    COST = "chargeback.cost"
    """Charge of calls that are new, by `chargeback.model` and `chargeback.state`: for alerts, never
    a bill."""
    PUBLISHER_REFUSED = "chargeback.publisher.refused"
    """Ledger rows whose event Application Insights refused."""
    DECISIONS = "chargeback.pairing.decisions"
    """Events published by pairing, by `reason`: completed, pending, no_usage,
    unattributed, moved, refused."""


class GaugeName(StrEnum):
    """Gauges: they go up and down. Each value is sent once: of what nobody measures any more, such
    as a partition that another process has taken, nothing is said.
    """

    LAG_EVENTS = "chargeback.consumer.lag_events"
    """Events between the last enqueued one and the last durable one, by `hub` and
    `partition`."""
    LAG_SECONDS = "chargeback.consumer.lag_seconds"
    """How long what is behind may have waited, 0 without lag, by `hub` and `partition`. Nothing
    while the hub does not answer."""
    PARTITIONS = "chargeback.consumer.partitions"
    """Partitions that this process owns, by `hub`."""
    PUBLISHER_BEHIND_CALLS = "chargeback.publisher.behind_calls"
    """Calls that the last pass of the publisher found unsent."""
    PUBLISHER_BEHIND_SECONDS = "chargeback.publisher.behind_seconds"
    """Seconds since the start of the publisher's last complete pass."""


class HistogramName(StrEnum):
    """Histograms: the distribution of values."""

    BATCH_EVENTS = "chargeback.consumer.batch_events"
    """Events in a batch."""
    BATCH_MS = "chargeback.consumer.batch_ms"
    """Milliseconds from taking a batch to its being durable."""


_FRESH: dict[GaugeName, dict[tuple[tuple[str, str], ...], int]] = {name: {} for name in GaugeName}
"""Values that are not sent yet, by their attributes."""
_FRESH_LOCK = Lock()
"""They are read by the thread that sends."""


def count(name: CounterName, number: float, attributes: Attributes | None = None) -> None:
    """Add to a counter."""
    _counter(name).add(number, attributes)


def set_gauge(name: GaugeName, value: int, attributes: Attributes | None = None) -> None:
    """Set a gauge. What is measured twice before it is sent is sent as the later one."""
    _gauge(name)
    with _FRESH_LOCK:
        _FRESH[name][tuple(sorted((attributes or {}).items()))] = value


def observe(name: HistogramName, value: int, attributes: Attributes | None = None) -> None:
    """Record a value."""
    _histogram(name).record(value, attributes)


@cache
def _counter(name: CounterName) -> Counter:
    return metrics.get_meter("chargeback").create_counter(name.value)


@cache
def _gauge(name: GaugeName) -> ObservableGauge:
    return metrics.get_meter("chargeback").create_observable_gauge(
        name.value, callbacks=[lambda _: _fresh(name)]
    )


def _fresh(name: GaugeName) -> list[Observation]:
    """What was measured since the last time. A gauge that is set is kept by the SDK for ever."""
    with _FRESH_LOCK:
        found, _FRESH[name] = _FRESH[name], {}
    return [Observation(value, dict(attributes)) for attributes, value in found.items()]


@cache
def _histogram(name: HistogramName) -> Histogram:
    return metrics.get_meter("chargeback").create_histogram(name.value)
