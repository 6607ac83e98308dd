"""Metrics reach an OpenTelemetry reader under their names."""

from opentelemetry import metrics
from opentelemetry.sdk.metrics import MeterProvider
from opentelemetry.sdk.metrics.export import InMemoryMetricReader

from telemetry.metrics import CounterName, GaugeName, HistogramName, count, observe, set_gauge

ALL = (*CounterName, *GaugeName, *HistogramName)


def test_each_kind_is_measured_by_its_name() -> None:
    reader = InMemoryMetricReader()
    metrics.set_meter_provider(MeterProvider([reader]))
    count(CounterName.EVENTS, 2, {"partition": "0"})
    count(CounterName.EVENTS, 3, {"partition": "0"})
    set_gauge(GaugeName.LAG_EVENTS, 7, {"partition": "0"})
    observe(HistogramName.BATCH_EVENTS, 100)
    data = reader.get_metrics_data()
    assert data is not None
    found = {
        metric.name: metric.data.data_points[0]
        for metric in data.resource_metrics[0].scope_metrics[0].metrics
    }
    assert getattr(found[CounterName.EVENTS], "value", None) == 5
    assert getattr(found[GaugeName.LAG_EVENTS], "value", None) == 7
    assert getattr(found[HistogramName.BATCH_EVENTS], "sum", None) == 100


def test_names_are_distinct_and_of_one_family() -> None:
    assert len({name.value for name in ALL}) == len(ALL)
    assert all(name.value.startswith("chargeback.") for name in ALL)
