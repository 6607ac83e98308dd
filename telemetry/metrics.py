"""Every metric of the product, by name; docs/consumer.md shows this list. Exports nothing itself.

Without an exporter the OpenTelemetry API makes each of them a no-op.
"""

from collections.abc import Mapping
from enum import StrEnum
from functools import cache

from opentelemetry import metrics
from opentelemetry.metrics import Counter, Histogram
from opentelemetry.metrics import _Gauge as Gauge

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
    """Gauges: they go up and down."""

    LAG_EVENTS = "chargeback.consumer.lag_events"
    """Events between the last enqueued one and the last durable one, by `partition`."""
    LAG_SECONDS = "chargeback.consumer.lag_seconds"
    """Age of the last durable event while there is lag, else 0, by `partition`."""
    PARTITIONS = "chargeback.consumer.partitions"
    """Partitions that this process owns."""
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


def count(name: CounterName, number: float, attributes: Attributes | None = None) -> None:
    """Add to a counter."""
    _counter(name).add(number, attributes)


def set_gauge(name: GaugeName, value: int, attributes: Attributes | None = None) -> None:
    """Set a gauge."""
    _gauge(name).set(value, attributes)


def observe(name: HistogramName, value: int, attributes: Attributes | None = None) -> None:
    """Record a value."""
    _histogram(name).record(value, attributes)


@cache
def _counter(name: CounterName) -> Counter:
    return metrics.get_meter("chargeback").create_counter(name.value)


@cache
def _gauge(name: GaugeName) -> Gauge:
    return metrics.get_meter("chargeback").create_gauge(name.value)


@cache
def _histogram(name: HistogramName) -> Histogram:
    return metrics.get_meter("chargeback").create_histogram(name.value)
