"""Metrics reach an OpenTelemetry reader under their names."""

from telemetry.metrics import CounterName, GaugeName, HistogramName, count, observe, set_gauge
from tests.fixtures.recorded import sent, series

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


def test_a_gauge_is_sent_once_and_not_for_ever() -> None:
    """A process that has lost a partition, or measures nothing any more, says nothing of it."""
    name = GaugeName.LAG_SECONDS
    for hub in ("one", "other"):
        set_gauge(name, 900, {"hub": hub})
    set_gauge(name, 901, {"hub": "one"})
    values = {key[1]: value for key, value in sent().items() if key[0] == name.value}
    assert values == {(("hub", "one"),): 901, (("hub", "other"),): 900}
    set_gauge(name, 5, {"hub": "other"})
    values = {key[1]: value for key, value in sent().items() if key[0] == name.value}
    assert values == {(("hub", "other"),): 5}
    assert not [key for key in sent() if key[0] == name.value]


def test_names_are_distinct_and_of_one_family() -> None:
    assert len({name.value for name in ALL}) == len(ALL)
    assert all(name.value.startswith("chargeback.") for name in ALL)
