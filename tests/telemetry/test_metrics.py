"""Metrics reach an OpenTelemetry reader under their names."""

from telemetry.metrics import CounterName, GaugeName, HistogramName, count, observe, set_gauge
from tests.fixtures.recorded import series

ALL = (*CounterName, *GaugeName, *HistogramName)
HERE = {"partition": "test-metrics"}
KEY = (("partition", "test-metrics"),)


def test_each_kind_is_measured_by_its_name() -> None:
    series()
    count(CounterName.EVENTS, 2, HERE)
    count(CounterName.EVENTS, 3, HERE)
    set_gauge(GaugeName.LAG_EVENTS, 7, HERE)
    observe(HistogramName.BATCH_EVENTS, 100, HERE)
    found = series()
    assert found[CounterName.EVENTS.value, KEY] == 5
    assert found[GaugeName.LAG_EVENTS.value, KEY] == 7
    assert found[HistogramName.BATCH_EVENTS.value, KEY] == 100


def test_names_are_distinct_and_of_one_family() -> None:
    assert len({name.value for name in ALL}) == len(ALL)
    assert all(name.value.startswith("chargeback.") for name in ALL)
