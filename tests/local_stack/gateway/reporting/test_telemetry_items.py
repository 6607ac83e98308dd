"""What the gateway sends to Application Insights: as the stand-in takes it, joined by call id."""

import json
import time
from collections.abc import AsyncIterator
from typing import Any
from uuid import UUID

import pytest

from apim_policies.harness.call import CALLER_GONE, Forward, Gateway, Request, TokenMetric
from local_stack.gateway.reporting.call_log import CallLog
from local_stack.gateway.reporting.insights import Insights, InvalidConnectionString
from local_stack.insights.faults import TrackFault
from local_stack.insights.server import Served, serving

GATEWAY = Gateway(service="apim-local", region="swedencentral", api_id="llm", api_path="llm")
CALL_ID = UUID("8b7c1f04-52f7-4c9b-8d0e-6f3c0a9d1e22")
TRACE, SPAN = "0af7651916cd43dd8448eb211c80319c", "b7ad6b7169203331"
URL = "http://gateway/llm/openai/v1/chat/completions?subscription-key=secret"


@pytest.fixture
async def served() -> AsyncIterator[Served]:
    async with serving() as found:
        yield found


def call_log(*, traceparent: str | None = None, forwarded: bool = True, **changes: Any) -> CallLog:
    headers = () if traceparent is None else (("TraceParent", traceparent),)
    forward = Forward(
        method="POST", url="http://aoai-sweden/openai/v1/chat/completions?api-version=1",
        headers=(), body=b"", timeout_s=240, buffer_response=False,
    )  # fmt: skip
    now = time.monotonic()
    call = CallLog(
        request=Request(
            method="POST", url=URL, headers=headers, id=CALL_ID, subscription="sub", product="p"
        ),
        started_s=now - 2.0,
        started_ns=time.time_ns() - 2 * 10**9,
        forward=forward if forwarded else None,
        backend_status=200 if forwarded else 0,
        backend_began_s=now - 1.5 if forwarded else 0.0,
        backend_s=1.25 if forwarded else 0.0,
        status=200,
    )
    for name, value in changes.items():
        setattr(call, name, value)
    return call


def metric(**tokens: int) -> TokenMetric:
    named = {name.replace("_", " "): count for name, count in tokens.items()}
    dimensions = {"API ID": "llm", "Product ID": None, "operation": "chat-completions"}
    return TokenMetric(namespace="chargeback", dimensions=dimensions, tokens=named)


async def sent(served: Served, *calls: CallLog) -> dict[str, list[dict[str, Any]]]:
    async with Insights(served.connection_string, GATEWAY).running() as insights:
        for call in calls:
            insights.ended(call)
        await insights.emptied()
        assert (insights.pending, insights.lost) == (0, 0)
    return {table: served.store.rows(table) for table, n in served.store.counts().items() if n}


async def test_a_call_is_a_request_with_its_id_and_a_dependency(served: Served) -> None:
    rows = await sent(served, call_log())
    [request], [dependency] = rows["AppRequests"], rows["AppDependencies"]
    properties = json.loads(request["Properties"])
    assert properties["Request Id"] == str(CALL_ID)
    assert (properties["API Name"], properties["Subscription Name"]) == ("llm", "sub")
    assert properties["Operation Name"] == "ChatCompletions_Create"
    assert request["DurationMs"] == pytest.approx(2_000, abs=1_000)
    assert (request["ResultCode"], request["Success"]) == ("200", True)
    assert dependency["OperationId"] == request["OperationId"]
    assert dependency["ParentId"] == request["Id"]
    assert (dependency["DurationMs"], dependency["Target"]) == (1_250.0, "aoai-sweden")
    waited = dependency["TimeGenerated"] - request["TimeGenerated"]
    assert waited.total_seconds() == pytest.approx(0.5, abs=0.01)


async def test_no_query_string_leaves_the_gateway(served: Served) -> None:
    rows = await sent(served, call_log())
    assert "secret" not in str(rows)
    assert "api-version" not in str(rows)


async def test_the_callers_trace_is_the_operation_else_each_call_has_its_own(
    served: Served,
) -> None:
    wrong = f"00-{'0' * 32}-{SPAN}-01"
    rows = await sent(
        served,
        call_log(traceparent=f"00-{TRACE}-{SPAN}-01"),
        call_log(),
        call_log(traceparent=wrong),
    )
    operations = [request["OperationId"] for request in rows["AppRequests"]]
    assert operations.count(TRACE) == 1
    assert len(set(operations)) == 3
    [ours] = [row for row in rows["AppRequests"] if row["OperationId"] == TRACE]
    assert ours["ParentId"] == SPAN


async def test_a_call_that_reached_no_model_has_no_dependency(served: Served) -> None:
    refused = call_log(forwarded=False, status=401)
    gone = call_log(status=0, error=CALLER_GONE)
    rows = await sent(served, refused, gone)
    assert len(rows["AppDependencies"]) == 1
    assert [row["Success"] for row in rows["AppRequests"]] == [False, False]


async def test_token_metrics_are_added_up_under_their_names_with_blanks(served: Served) -> None:
    first = call_log(metrics=(metric(Prompt_Tokens=100, Total_Tokens=120),))
    second = call_log(metrics=(metric(Prompt_Tokens=40, Total_Tokens=41), metric()))
    rows = await sent(served, first, second)
    told = {row["Name"]: row for row in rows["AppMetrics"]}
    assert told.keys() == {"Prompt Tokens", "Total Tokens"}
    total = told["Total Tokens"]
    assert (total["Sum"], total["ItemCount"], total["Min"], total["Max"]) == (161.0, 2, 41.0, 120.0)
    assert json.loads(total["Properties"]) == {"API ID": "llm", "operation": "chat-completions"}


@pytest.mark.parametrize(
    ("fault", "lost"), [(TrackFault.BROKEN, 2), (TrackFault.CUT, 2), (TrackFault.ITEM_BAD, 1)]
)
async def test_what_is_not_taken_is_lost_and_counted(
    served: Served, fault: TrackFault, lost: int
) -> None:
    served.faults.on_track(fault)
    async with Insights(served.connection_string, GATEWAY).running() as insights:
        insights.ended(call_log())
        await insights.emptied()
        assert (insights.pending, insights.lost) == (0, lost)
        insights.ended(call_log())
        await insights.emptied()
        assert insights.lost == lost


async def test_sampled_calls_say_how_many_they_represent_and_failed_ones_are_all_sent(
    served: Served,
) -> None:
    connection = served.connection_string
    async with Insights(connection, GATEWAY, share=0.25, seed=1).running() as insights:
        for _ in range(200):
            insights.ended(call_log(metrics=(metric(Total_Tokens=2),)))
        for _ in range(10):
            insights.ended(call_log(status=429))
        await insights.emptied()
    requests = served.store.rows("AppRequests")
    kept = [row for row in requests if row["Success"]]
    assert len(kept) == pytest.approx(50, abs=20)
    assert {row["ItemCount"] for row in kept} == {4}
    assert [row["ItemCount"] for row in requests if not row["Success"]] == [1] * 10
    assert sum(row["Sum"] for row in served.store.rows("AppMetrics")) == 400.0


def test_a_connection_string_without_an_endpoint_is_refused() -> None:
    with pytest.raises(InvalidConnectionString, match="has no IngestionEndpoint"):
        Insights("InstrumentationKey=x", GATEWAY)
