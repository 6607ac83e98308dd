"""What the real query client gets: types, timespans, errors, and only answers that are right."""

import json
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import httpx
import pytest
from azure.core.exceptions import HttpResponseError, ServiceRequestError
from azure.monitor.query import LogsQueryResult

from local_stack.insights.constructs import FUNCTIONS, OPERATORS
from local_stack.insights.errors import InsightsError, QueryRefused
from local_stack.insights.faults import QueryFault
from local_stack.insights.query import answer
from local_stack.insights.server import Served
from local_stack.insights.store import Store
from tests.local_stack.insights.exporting import ask, client_of, partial_rows

NOON = datetime(2026, 11, 30, 12, tzinfo=UTC)
ROWS = [  # minute, user, name, properties
    (0, "ann", "a", {"pico": "5", "model": "big"}),
    (1, "ann", "b", {"pico": "7"}),
    (2, "bob", "a", {"pico": "11", "model": "small"}),
    (3, "Bob", "a", {"pico": "oops", "model": ""}),
]


def store_of(path: Path | None = None) -> Store:
    store = Store(path)
    store.add({"AppEvents": [event_row(*row) for row in ROWS]})
    return store


def event_row(minute: int, user: str, name: str, properties: dict[str, str]) -> dict[str, object]:
    return {
        "TimeGenerated": NOON + timedelta(minutes=minute), "Name": name, "UserId": user,
        "ItemCount": minute + 1, "Properties": json.dumps(properties), "Measurements": "{}",
    }  # fmt: skip


PICO = 'tolong(Properties["pico"])'
MODEL = 'tostring(Properties["model"])'
NOON_KQL = "datetime(2026-11-30T12:00:00Z)"
T = "AppEvents"

ANSWERS: list[tuple[str, list[list[Any]]]] = [
    (f"{T} | count", [[4]]),
    (f'{T} | where UserId == "bob" | project UserId', [["bob"]]),
    (f'{T} | where UserId != "bob" | summarize count()', [[3]]),
    (f'{T} | where UserId in ("ann", "bob") | count', [[3]]),
    (f'{T} | where UserId == "ann" and Name == "a" or UserId == "Bob" | count', [[2]]),
    (f'{T} | where not(UserId == "ann") | count', [[2]]),
    (f'{T} | where Name startswith "A" | count', [[3]]),
    (f"{T} | where TimeGenerated between ({NOON_KQL} .. {NOON_KQL}) | count", [[1]]),
    (f"let start = {NOON_KQL}; {T} | where TimeGenerated > start | count", [[3]]),
    (f"{T} | where now() > datetime(2026-01-01) | count", [[4]]),
    (f"{T} | where ago(1d) < datetime(2026-01-01) | count", [[0]]),
    (f"{T} | summarize sum({PICO})", [[23]]),
    (f"{T} | summarize p = sumif({PICO}, UserId == 'ann'), c = countif(Name == 'a')", [[12, 3]]),
    (f"{T} | summarize min(ItemCount), max(ItemCount), avg(ItemCount)", [[1, 4, 2.5]]),
    (f"{T} | summarize percentile(ItemCount, 50), percentile(ItemCount, 95)", [[2, 4]]),
    (f"{T} | extend p = {PICO} | where isnull(p) | project UserId", [["Bob"]]),
    (f"{T} | extend p = {PICO} | where isnotnull(p) | count", [[3]]),
    (f"{T} | where isempty({MODEL}) | count", [[2]]),
    (f"{T} | where isnotempty({MODEL}) | count", [[2]]),
    (f'{T} | where {MODEL} == "" | count', [[2]]),
    (f"{T} | extend m = {MODEL} | summarize n = count() by m | order by m asc | take 1", [["", 2]]),
    (f"{T} | order by TimeGenerated asc | take 1 | project Name, UserId", [["a", "ann"]]),
    (f"{T} | sort by ItemCount desc | take 1 | project ItemCount", [[4]]),
    (f"{T} | top 1 by ItemCount desc | project ItemCount", [[4]]),
    (f"{T} | distinct Name | order by Name asc", [["a"], ["b"]]),
    (
        f"{T} | summarize arg_max(ItemCount, Name) by UserId | order by UserId asc",
        [["Bob", 4, "a"], ["ann", 2, "b"], ["bob", 3, "a"]],
    ),
    (
        f"{T} | summarize arg_min(ItemCount, Name) by UserId | top 1 by UserId desc",
        [["bob", 3, "a"]],
    ),
    (
        f"{T} | summarize n = count() by t = bin(TimeGenerated, 1h) | project n, t",
        [[4, "2026-11-30T12:00:00Z"]],
    ),
    (f'{T} | take 1 | project iff(1 == 2, "x", "y")', [["y"]]),
    (f'{T} | where ItemCount == 2 | project case(ItemCount == 1, "x", ItemCount == 2, "y", "z")',
     [["y"]]),
    (f'{T} | take 1 | project strcat("a", "-", tolower("B"))', [["a-b"]]),
    (f'{T} | take 1 | project toint("4"), todouble("2.5"), tobool("true")', [[4, 2.5, True]]),
    (f'{T} | take 1 | project todatetime("2026-11-30T12:00:00Z")', [["2026-11-30T12:00:00Z"]]),
    (f'{T} | where ItemCount == 2 | project coalesce(tolong(Properties["none"]), 3)', [[3]]),
    (f'{T} | where ItemCount == 1 | project Properties', [['{"pico": "5", "model": "big"}']]),
    (f'{T} | take 1 | project dynamic("x")', [['"x"']]),
    (
        f"{T} | where Name == 'b' | join kind=leftouter (AppRequests | project OperationId, Url)"
        " on OperationId | project UserId, Url",
        [["ann", ""]],
    ),
    (
        f"{T} | join kind=inner ({T} | where Name == 'b' | project UserId) on UserId | count",
        [[2]],
    ),
    (
        f"{T} | join kind=leftanti ({T} | where Name == 'b' | project UserId) on UserId | count",
        [[2]],
    ),
    (f"{T} | where ItemCount < long(3) // and a comment | evaluate\n | count", [[2]]),
    (f"union (AppRequests | project Name), ({T} | project Name) | count", [[4]]),
]  # fmt: skip


@pytest.mark.parametrize(("query", "rows"), ANSWERS)
def test_each_construct_on_the_list_is_answered_as_kusto_does(
    query: str, rows: list[list[Any]]
) -> None:
    [table] = answer(store_of(), query)["tables"]
    assert table["rows"] == rows


def test_each_construct_on_the_list_has_a_test() -> None:
    asked = " ".join(query for query, _ in ANSWERS)
    assert {name for name in OPERATORS if name not in asked} == set()
    assert {name for name in FUNCTIONS if f"{name}(" not in asked} == set()


@pytest.mark.parametrize(
    ("query", "code"),
    [
        ("AppEvents | evaluate bag_unpack(Properties)", "NotSupported"),
        ("AppEvents | summarize make_list(UserId, 3)", "NotSupported"),  # answered wrongly below it
        ("AppEvents | make-series count() on TimeGenerated", "NotSupported"),
        ("AppEvents | where UserId == 'a\\u00e4'", "NotSupported"),  # not unescaped below it
        ("AppEvents | project base64_decode_tostring(UserId)", "NotSupported"),
        ("AppEvents | extend d = todecimal('1.5')", "NotSupported"),
        ("range x from 1 to 3 step 1", "NotSupported"),
        ("AppEvents | // a comment\n sample 5", "NotSupported"),
        ("AppEvents | join (AppRequests) on OperationId", "NotSupported"),  # innerunique
        ("AppEvents | join kind=rightouter AppRequests on OperationId", "NotSupported"),
        ("AppEvents | join kind=inner AppRequests on $left.UserId == $right.Id", "NotSupported"),
        ("AppEvents | where Name =~ 'A'", "NotSupported"),
        ("AppEvents | where Name in~ ('A')", "NotSupported"),
        ("AppEvents | where Name has 'a'", "NotSupported"),
        ("AppEvents | where Name matches regex 'a'", "NotSupported"),
        ("AppEvents | order by ItemCount asc nulls last", "NotSupported"),
        ("AppEvents | where Name == ```a```", "NotSupported"),
        ("AppEvents | project Properties.pico", "NotSupported"),
        ("union isfuzzy=true AppEvents, AppRequests", "NotSupported"),
        ("externaldata(x: string) ['http://127.0.0.1/x']", "NotSupported"),
        (".drop table AppEvents", "NotSupported"),
        ("AppEvents | where Wrong == 1", "SemanticError"),
        ("AppEvents | where userid == 'x'", "SemanticError"),  # Kusto's names are case-sensitive
        ("Events | count", "SemanticError"),
        ("AppEvents | | count", "SyntaxError"),
    ],
)
def test_what_is_not_on_the_list_is_refused(query: str, code: str) -> None:
    with pytest.raises(QueryRefused) as refused:
        answer(store_of(), query)
    assert refused.value.code == code


def test_a_sum_that_is_too_large_for_a_long_is_refused() -> None:
    store = Store()
    big = {"pico": str(2**62)}
    store.add({"AppEvents": [event_row(0, "ann", "a", big), event_row(1, "ann", "a", big)]})
    with pytest.raises(QueryRefused, match="larger than a long"):
        answer(store, f"AppEvents | summarize sum({PICO})")


def test_items_are_kept_in_the_file(tmp_path: Path) -> None:
    path = tmp_path / "insights.duckdb"
    store_of(path).close()
    store = Store(path)
    assert store.counts()["AppEvents"] == len(ROWS)
    store.close()
    path.write_text("no database", encoding="utf-8")
    with pytest.raises(InsightsError, match="cannot be opened"):
        Store(path)


async def test_the_client_reads_typed_columns(served: Served) -> None:
    served.store.add({"AppEvents": [event_row(*row) for row in ROWS]})
    table = await ask(
        served,
        f"AppEvents | summarize Calls = count(), Last = max(TimeGenerated), P = sum({PICO}), "
        "Mean = avg(ItemCount) by UserId | order by UserId asc",
    )
    assert table.columns == ["UserId", "Calls", "Last", "P", "Mean"]
    assert table.columns_types == ["string", "long", "datetime", "long", "real"]
    assert list(table.rows[1]) == ["ann", 2, NOON + timedelta(minutes=1), 12, 1.5]


@pytest.mark.parametrize(
    ("timespan", "calls"),
    [
        (None, 4),
        ((NOON, NOON + timedelta(minutes=2)), 2),  # the stop is not within
        ((NOON + timedelta(minutes=1), timedelta(minutes=5)), 3),
        (timedelta(days=1), 0),
    ],
)
async def test_a_timespan_cuts_every_table(served: Served, timespan: Any, calls: int) -> None:
    old = datetime.now(UTC) - timedelta(days=400)
    rows = [event_row(*row) for row in ROWS]
    if timespan == timedelta(days=1):
        rows = [{**row, "TimeGenerated": old} for row in rows]
    served.store.add({"AppEvents": rows})
    table = await ask(served, "AppEvents | count", timespan)
    assert list(table.rows[0]) == [calls]


@pytest.mark.parametrize("timespan", ["yesterday", "P", "2026-11-30/soon", 7])
async def test_a_timespan_that_is_none_is_refused(served: Served, timespan: object) -> None:
    async with httpx.AsyncClient() as client:
        body = {"query": "AppEvents | count", "timespan": timespan}
        answered = await client.post(f"{served.query_url}/workspaces/w/query", json=body)
    assert answered.status_code == 400
    assert "ISO 8601" in answered.json()["error"]["innererror"]["message"]


async def test_an_error_reaches_the_client_with_its_words(served: Served) -> None:
    with pytest.raises(HttpResponseError) as raised:
        await ask(served, "AppEvents | where Wrong == 1")
    assert raised.value.status_code == 400
    assert "Wrong" in raised.value.model.message  # type: ignore[union-attr]


async def test_a_partial_answer_is_seen_as_partial(served: Served) -> None:
    served.store.add({"AppEvents": [event_row(*row) for row in ROWS]})
    served.faults.on_query(QueryFault.PARTIAL)
    query = "AppEvents | order by TimeGenerated asc | project UserId"
    async with client_of(served) as client:
        found = await client.query_workspace("w", query, timespan=None)
        assert partial_rows(found) == [["ann"], ["ann"]]
        again = await client.query_workspace("w", query, timespan=None)
        assert isinstance(again, LogsQueryResult)


@pytest.mark.parametrize(
    ("fault", "error"),
    [
        (QueryFault.THROTTLED, HttpResponseError),
        (QueryFault.TIMEOUT, HttpResponseError),
        (QueryFault.CUT, ServiceRequestError),
    ],
)
async def test_each_fault_of_a_query_reaches_the_client(
    served: Served, fault: QueryFault, error: type[Exception]
) -> None:
    served.faults.on_query(fault)
    async with client_of(served, retry_total=0) as client:
        with pytest.raises(error):
            await client.query_workspace("w", "AppEvents | count", timespan=None)
        assert await client.query_workspace("w", "AppEvents | count", timespan=None)
