"""What the real exporter makes of each answer of ingestion, and what is stored then."""

import asyncio
import gzip
import json
import time
from datetime import UTC, datetime

import httpx
import pytest
from opentelemetry.sdk._logs.export import LogRecordExportResult

from local_stack.insights.errors import ItemRefused
from local_stack.insights.faults import TrackFault
from local_stack.insights.items import rows_of
from local_stack.insights.server import Served
from tests.local_stack.insights.exporting import event, log_exporter

SUCCESS, FAILURE = LogRecordExportResult.SUCCESS, LogRecordExportResult.FAILURE
SENT = 4
NOW = datetime(2026, 11, 30, 12, tzinfo=UTC)
HOUR_NS = 3_600 * 10**9


@pytest.mark.parametrize(
    ("fault", "result", "stored"),
    [
        (None, SUCCESS, SENT),
        (TrackFault.ITEM_RETRYABLE, FAILURE, SENT - 1),
        (TrackFault.ITEM_BAD, FAILURE, SENT - 1),
        (TrackFault.HALF, SUCCESS, SENT // 2),  # only a reconciliation shows it
        (TrackFault.THROTTLED, FAILURE, 0),
        (TrackFault.QUOTA, FAILURE, 0),
        (TrackFault.QUOTA_OLD, FAILURE, 0),
        (TrackFault.BROKEN, FAILURE, 0),
        (TrackFault.INVALID, FAILURE, 0),
        (TrackFault.CUT, FAILURE, 0),
        (TrackFault.LOST_ANSWER, FAILURE, SENT),
    ],
)
async def test_the_exporter_sees_each_answer_as_it_sees_azures(
    served: Served, fault: TrackFault | None, result: LogRecordExportResult, stored: int
) -> None:
    exporter = log_exporter(served)
    if fault is not None:
        served.faults.on_track(fault)
    assert await asyncio.to_thread(exporter.export, [event(n) for n in range(SENT)]) is result
    assert served.store.counts()["AppEvents"] == stored
    assert await asyncio.to_thread(exporter.export, [event(9)]) is SUCCESS


async def test_the_exporter_itself_tries_a_throttled_request_again(served: Served) -> None:
    served.faults.on_track(TrackFault.THROTTLED, times=2)
    exporter = log_exporter(served, retry_total=3)
    assert await asyncio.to_thread(exporter.export, [event(1)]) is SUCCESS
    assert served.store.counts()["AppEvents"] == 1


@pytest.mark.parametrize(("age_h", "result"), [(47.9, SUCCESS), (48.1, FAILURE)])
async def test_an_item_older_than_48_hours_is_refused(
    served: Served, age_h: float, result: LogRecordExportResult
) -> None:
    old = event(1, time_ns=time.time_ns() - int(age_h * HOUR_NS))
    assert await asyncio.to_thread(log_exporter(served).export, [old]) is result
    assert served.store.counts()["AppEvents"] == (1 if result is SUCCESS else 0)


async def test_one_old_item_does_not_stop_the_others(served: Served) -> None:
    old = event(1, time_ns=time.time_ns() - 49 * HOUR_NS)
    assert await asyncio.to_thread(log_exporter(served).export, [old, event(2)]) is FAILURE
    [row] = served.store.rows("AppEvents")
    assert json.loads(row["Properties"])["chargeback.call.id"] == "2"


async def test_an_event_arrives_with_its_user_session_and_operation(served: Served) -> None:
    attributes = {
        "enduser.pseudo.id": "a" * 32, "session.id": "s-1", "chargeback.charge.pico": "739750000",
        "microsoft.custom_measurements": json.dumps({"chargeback.charge": 0.00073975}),
    }  # fmt: skip
    sent = event(0xABC, attributes=attributes)
    assert await asyncio.to_thread(log_exporter(served).export, [sent]) is SUCCESS
    [row] = served.store.rows("AppEvents")
    assert (row["Name"], row["UserId"], row["SessionId"]) == ("chargeback.call", "a" * 32, "s-1")
    assert (row["OperationId"], row["ParentId"]) == (f"{0xABD:032x}", f"{0xABD:016x}")
    assert (row["AppRoleName"], row["ItemCount"]) == ("llm-chargeback.publisher", 1)
    assert json.loads(row["Properties"])["chargeback.charge.pico"] == "739750000"
    assert json.loads(row["Measurements"]) == {"chargeback.charge": 0.00073975}


async def test_both_spellings_of_the_path_and_both_forms_of_the_body_are_taken(
    served: Served,
) -> None:
    item = envelope("EventData", name="x")
    base = f"http://127.0.0.1:{served.port}"
    async with httpx.AsyncClient(base_url=base) as client:
        body = gzip.compress(json.dumps([item, item]).encode())
        packed = {"Content-Encoding": "gzip", "Content-Type": "application/json"}
        first = await client.post(f"{base}//v2.1/track", content=body, headers=packed)
        lines = f"{json.dumps(item)}\n{json.dumps(item)}\n"
        second = await client.post("/v2.1/track", content=lines)
        wrong = await client.post("/v2.1/track", content=b"[{")
        counts = (await client.get("/counts")).json()
    assert first.json() == {"itemsReceived": 2, "itemsAccepted": 2, "errors": [], "appId": None}
    assert (second.status_code, wrong.status_code, counts["AppEvents"]) == (200, 400, 4)


async def test_a_fault_can_be_ordered_over_http(served: Served) -> None:
    async with httpx.AsyncClient(base_url=f"http://127.0.0.1:{served.port}") as client:
        ordered = await client.post("/faults", json={"on": "track", "fault": "quota"})
        answer = await client.post("/v2.1/track", json=[envelope("EventData", name="x")])
        unknown = await client.post("/faults", json={"on": "track", "fault": "partial"})
    assert (ordered.status_code, answer.status_code, unknown.status_code) == (204, 402, 400)
    assert "no fault 'partial'" in unknown.json()["error"]


def test_a_metric_gives_one_row_with_its_blanks() -> None:
    item = envelope(
        "MetricData",
        metrics=[{"name": "Total Tokens", "value": 621, "count": 3, "min": 100, "max": 400}],
        properties={"API ID": "llm"},
    )
    table, [row] = rows_of(item, now=NOW)
    assert (table, row["Name"], row["Sum"], row["ItemCount"]) == (
        "AppMetrics", "Total Tokens", 621.0, 3,
    )  # fmt: skip
    assert (row["Min"], row["Max"], row["Properties"]) == (100.0, 400.0, '{"API ID": "llm"}')


def test_a_request_and_a_dependency_have_their_durations_in_milliseconds() -> None:
    request = envelope(
        "RequestData", id="r", duration="00.00:00:01.2345670", responseCode="200", success=True,
        name="POST /llm/openai/v1/chat/completions", url="http://x/llm",
    )  # fmt: skip
    table, [row] = rows_of(request, now=NOW)
    assert (table, row["DurationMs"], row["ResultCode"]) == ("AppRequests", 1234.567, "200")
    dependency = envelope(
        "RemoteDependencyData", id="d", duration="1.00:00:00", name="POST /", resultCode="429",
        success=False, target="aoai", type="HTTP",
    )  # fmt: skip
    table, [row] = rows_of(dependency, now=NOW)
    assert (table, row["DurationMs"], row["Success"]) == ("AppDependencies", 86_400_000.0, False)


def test_a_sampled_item_counts_for_those_that_were_left_out() -> None:
    item = {**envelope("EventData", name="x"), "sampleRate": 25}
    _, [row] = rows_of(item, now=NOW)
    assert row["ItemCount"] == 4


@pytest.mark.parametrize(
    ("item", "message"),
    [
        ("text", "100: .*must be an object"),
        ({}, "109: Field 'data' on type 'Envelope' is required"),
        ({"data": {"baseType": "X", "baseData": {}}}, "109: .*'baseType'.*'X'"),
        ({"data": {"baseType": "EventData", "baseData": {"name": "x"}}}, "109: Field 'time'"),
    ],
)
def test_a_wrong_item_is_refused_with_the_field_that_is_wrong(item: object, message: str) -> None:
    with pytest.raises(ItemRefused, match=message):
        rows_of(item, now=NOW)


@pytest.mark.parametrize(
    ("data", "message"),
    [
        ({"name": ""}, "Field 'name' on type 'EventData'"),
        ({"name": "x", "measurements": {"a": "much"}}, "Invalid item of type 'EventData'"),
    ],
)
def test_a_wrong_event_is_refused(data: dict[str, object], message: str) -> None:
    with pytest.raises(ItemRefused, match=message):
        rows_of(envelope("EventData", **data), now=NOW)


def envelope(kind: str, **data: object) -> dict[str, object]:
    """An item as an exporter writes it."""
    return {
        "name": f"Microsoft.ApplicationInsights.{kind.removesuffix('Data')}",
        "time": datetime.now(UTC).isoformat(),
        "iKey": "key",
        "tags": {},
        "data": {"baseType": kind, "baseData": {"ver": 2, **data}},
    }
