"""Generated traffic (workload, people) is repeatable, valid and of the stated mix."""

import json
from collections import Counter
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from local_stack.traffic.deployments import DEPLOYMENTS, UNPRICED_DEPLOYMENT
from local_stack.traffic.people import people
from local_stack.traffic.workload import Workload
from pricing_rules.decoding.usage_event import decode, is_deferred
from pricing_rules.engine.rating import rate
from pricing_rules.types import UsageEvent
from tests.fixtures.builders import wire_violations
from tests.fixtures.calls import book

NOW = datetime(2026, 11, 23, 12, 34, 56, tzinfo=UTC)


def documents(workload: Workload) -> list[dict[str, Any]]:
    return [json.loads(event.body) for event in workload.events()]


@pytest.fixture(scope="module")
def default() -> list[dict[str, Any]]:
    return documents(Workload(now=NOW))


def test_every_event_keeps_the_wire_contract_and_decodes() -> None:
    for event in Workload(now=NOW, calls=300, streamed_percent=10).events():
        assert wire_violations(json.loads(event.body)) == []
        decoded = decode(event.body, enqueued_time=NOW)
        assert isinstance(decoded, UsageEvent), decoded
        assert event.partition_key == decoded.subject


def test_second_run_sends_the_same_bytes() -> None:
    assert list(Workload(now=NOW, calls=500).events()) == list(
        Workload(now=NOW, calls=500).events()
    )


def test_calls_dated_from_another_now_are_other_calls() -> None:
    later = Workload(now=NOW + timedelta(seconds=1), calls=200)
    ids = {document["id"] for document in documents(Workload(now=NOW, calls=200))}
    assert ids.isdisjoint(document["id"] for document in documents(later))


def test_each_call_has_its_own_id(default: list[dict[str, Any]]) -> None:
    assert len({document["id"] for document in default}) == len(default) == 9_000


def test_calls_begin_last_month_and_stop_before_now(default: list[dict[str, Any]]) -> None:
    times = [datetime.fromisoformat(document["time"]) for document in default]
    assert times == sorted(times)
    assert times[0] >= datetime(2026, 10, 1, tzinfo=UTC)
    assert times[0] < datetime(2026, 10, 3, tzinfo=UTC)
    assert NOW - timedelta(hours=2) < times[-1] < NOW


@pytest.mark.parametrize(
    ("now", "start"),
    [
        (datetime(2026, 1, 1, tzinfo=UTC), datetime(2025, 12, 1, tzinfo=UTC)),
        (datetime(2026, 3, 31, 23, 59, tzinfo=UTC), datetime(2026, 2, 1, tzinfo=UTC)),
    ],
)
def test_calls_begin_on_the_first_day_of_the_month_before(now: datetime, start: datetime) -> None:
    assert Workload(now=now).start == start


def test_hour_that_begins_now_has_no_calls() -> None:
    now = datetime(2026, 11, 2, 9, tzinfo=UTC)
    times = [datetime.fromisoformat(document["time"]) for document in documents(Workload(now=now))]
    assert datetime(2026, 11, 2, 8, tzinfo=UTC) < times[-1] < now
    minutes = {time.minute for time in times}
    assert minutes == set(range(60))


def test_offices_are_busy_on_weekdays_by_day(default: list[dict[str, Any]]) -> None:
    times = [datetime.fromisoformat(document["time"]) for document in default]
    days = Counter(time.date() for time in times if time.month == 10)
    weekdays = [count for day, count in days.items() if day.weekday() < 5]
    weekends = [count for day, count in days.items() if day.weekday() >= 5]
    assert min(weekdays) > 3 * max(weekends)
    hours = Counter(time.hour for time in times)
    assert hours[9] > 10 * hours[2]


def test_failures_are_few_mostly_refused_and_without_usage(default: list[dict[str, Any]]) -> None:
    calls = [document["data"] for document in default]
    failed = [call for call in calls if call["status"] != 200]
    assert 0.02 < len(failed) / len(calls) < 0.03
    statuses = Counter(call["status"] for call in failed)
    assert set(statuses) == {429, 400, 500}
    assert statuses[429] > len(failed) / 2
    assert all(call["usage"] is None for call in failed)
    assert all(call["usage"] is not None for call in calls if call["status"] == 200)


def test_every_deployment_and_person_calls_in_the_stated_share(
    default: list[dict[str, Any]],
) -> None:
    deployments = Counter(document["data"]["deployment"] for document in default)
    weights: Counter[str] = Counter()
    new = [deployment for deployment in DEPLOYMENTS if deployment.before is not None]
    for deployment in DEPLOYMENTS:
        weights[deployment.name] += deployment.weight
    assert sum(weights.values()) == 1_000
    for deployment in new:  # its calls go to another one until it is there
        deployments[str(deployment.before)] += deployments.pop(deployment.name)
        weights[str(deployment.before)] += weights.pop(deployment.name)
    for name, weight in weights.items():
        assert abs(deployments[name] / len(default) - weight / 1_000) < 0.02
    assert 0.005 < deployments[UNPRICED_DEPLOYMENT] / len(default) < 0.015
    subjects = Counter(document["subject"] for document in default)
    assert set(subjects) == {person.subject for person in people()}
    assert subjects.most_common(1)[0][0] == people()[0].subject


def test_cached_and_reasoning_tokens_occur(default: list[dict[str, Any]]) -> None:
    totals: Counter[str] = Counter()
    for document in default:
        decoded = decode(json.dumps(document).encode(), enqueued_time=NOW)
        assert isinstance(decoded, UsageEvent)
        if decoded.usage is not None:
            totals.update({str(unit): count for unit, count in decoded.usage.counts.items()})
            totals["reasoning"] += decoded.usage.reasoning
    assert set(totals) == {"input", "cache_read", "output", "reasoning"}
    assert 0.05 < totals["cache_read"] / (totals["input"] + totals["cache_read"]) < 0.4
    assert 0.1 < totals["reasoning"] / totals["output"] < 0.6


def test_streamed_calls_have_no_usage_and_wait_for_pairing() -> None:
    workload = Workload(now=NOW, calls=2_000, streamed_percent=10)
    streamed = [document for document in documents(workload) if document["data"]["stream"]]
    assert 0.06 < len(streamed) / 2_000 < 0.12
    for document in streamed:
        assert document["data"]["usage"] is None
        decoded = decode(json.dumps(document).encode(), enqueued_time=NOW)
        assert isinstance(decoded, UsageEvent)
        assert is_deferred(decoded) is (decoded.status != 429)


@given(
    st.datetimes(datetime(2026, 1, 1), datetime(2028, 1, 1), timezones=st.just(UTC)),
    st.integers(0, 2**32),
)
@settings(max_examples=30, deadline=None)
def test_no_now_gives_a_call_outside_its_period(now: datetime, seed: int) -> None:
    workload = Workload(now=now, calls=20, seed=seed)
    for document in documents(workload):
        assert workload.start <= datetime.fromisoformat(document["time"]) < now


def test_forty_people_in_six_cost_centres_are_told_apart() -> None:
    assert len(people()) == 40
    assert len({person.subject for person in people()}) == 40
    assert len({person.name for person in people()}) == 40
    assert len({person.cost_centre for person in people()}) == 6


def test_people_keep_their_subjects() -> None:
    assert (people()[0].name, people()[0].subject) == (
        "Amara Okafor",
        "75b8e2ef-0d89-5c71-97de-bcc6da52af83",
    )


def test_a_new_model_is_called_from_the_middle_of_this_month(default: list[dict[str, Any]]) -> None:
    times = [
        datetime.fromisoformat(document["time"])
        for document in default
        if document["data"]["deployment"] == "gpt-5.4"
    ]
    assert datetime(2026, 11, 14, tzinfo=UTC) <= min(times) < datetime(2026, 11, 17, tzinfo=UTC)


def test_one_weekday_of_last_month_has_far_more_calls_than_the_others(
    default: list[dict[str, Any]],
) -> None:
    days = Counter(datetime.fromisoformat(document["time"]).date() for document in default)
    (spike, most), (_, second) = days.most_common(2)
    assert (spike, spike.weekday() < 5) == (datetime(2026, 10, 21, tzinfo=UTC).date(), True)
    assert most > 2.5 * second


def test_a_month_costs_some_four_thousand_dollars(default: list[dict[str, Any]]) -> None:
    charges: Counter[int] = Counter()
    for document in default:
        event = decode(json.dumps(document).encode(), enqueued_time=NOW)
        assert isinstance(event, UsageEvent)
        charges[event.time.month] += sum(line.charge for line in rate(event, book()).charges)
    assert 3_000 < charges[10] // 10**12 < 5_000
