"""What the eight queries answer, through the real LogsQueryClient and the stand-in."""

import asyncio
from collections.abc import AsyncIterator
from datetime import UTC, datetime, timedelta

import pytest

from local_stack.insights.faults import QueryFault
from local_stack.insights.server import Served, serving
from telemetry.queries import answers, logs_client
from telemetry.queries.errors import (
    InvalidAddress,
    InvalidParameter,
    PartialResult,
    QueryBusy,
    QueryFailed,
)
from telemetry.queries.logs_client import CACHE_S, LogsClient, open_client
from telemetry.queries.query_text import Value
from tests.telemetry.queries.call_events import call_event, gateway_items

DAY = datetime(2026, 11, 20, tzinfo=UTC)
NEXT = DAY + timedelta(days=1)
NOON = DAY + timedelta(hours=12)
MINUTE = timedelta(minutes=1)
Asked = dict[str, Value]


@pytest.fixture
async def served() -> AsyncIterator[Served]:
    async with serving() as found:
        yield found


@pytest.fixture
async def client(served: Served) -> AsyncIterator[LogsClient]:
    async with open_client("any", url=served.query_url) as found:
        yield found


async def test_the_newest_revision_of_each_entry_counts(served: Served, client: LogsClient) -> None:
    served.store.add(
        {
            "AppEvents": [
                call_event("a", time=NOON, pico=10),
                call_event("a", time=NOON, pico=15, revision=1),
                call_event("b", time=NOON, pico=7, model="big", status=500, state="no_usage"),
                call_event("c", time=NOON, pico=9),
                call_event("c", time=NOON, pico=0, revision=1, calls=0, state="moved"),
                call_event("d", time=NOON, user="bob", pico=99),
                call_event("e", time=NEXT, pico=99),
            ]
        }
    )
    found = await client.ask(answers.USER_BY_DAY, user="ann", start=DAY, stop=NEXT)
    told = [(row.model, row.calls, row.errors, row.no_usage, row.pico) for row in found.rows]
    assert told == [("big", 1, 1, 1, 7), ("gpt-5-mini", 1, 0, 0, 15)]
    assert (found.rows[1].day, found.rows[1].input, found.rows[1].output) == (DAY, 100, 20)
    assert (found.more, found.partial) == (False, False)


async def test_a_call_that_was_sent_late_counts_on_its_own_day(
    served: Served, client: LogsClient
) -> None:
    late = call_event("a", time=NOON, sent_at=NOON + timedelta(days=9))
    served.store.add({"AppEvents": [late]})
    found = await client.ask(answers.USER_BY_DAY, user="ann", start=DAY, stop=NEXT)
    assert [row.calls for row in found.rows] == [1]


async def test_a_call_without_a_price_has_no_charge_and_adds_none(
    served: Served, client: LogsClient
) -> None:
    unpriced = call_event("a", time=NOON, pico=None, state="unpriced", reason="no_rule")
    served.store.add({"AppEvents": [unpriced]})
    [day] = (await client.ask(answers.USER_BY_DAY, user="ann", start=DAY, stop=NEXT)).rows
    assert (day.calls, day.unpriced, day.pico) == (1, 1, 0)
    asked: Asked = {"user": "ann", "session": "", "every_session": True, "start": DAY, "stop": NEXT}
    [call] = (await client.ask(answers.CALLS, **asked)).rows
    assert (call.pico, call.charge, call.state, call.reason) == (None, "", "unpriced", "no_rule")
    [cell] = (await client.ask(answers.CELLS, start=DAY, stop=NEXT)).rows
    assert (cell.calls, cell.pico, cell.conflicts) == (1, 0, 0)
    [session] = (await client.ask(answers.SESSIONS, user="ann", start=DAY, stop=NEXT)).rows
    groups = (await client.ask(answers.TOP, by_what="model", start=DAY, stop=NEXT)).rows
    assert (session.calls, session.known) == (1, 0)
    assert [(group.calls, group.known) for group in groups] == [(1, 0)] * 2
    [row] = (await client.ask(answers.TAIL, user="", every_user=True, since=DAY)).rows
    assert row.pico is None


async def test_a_session_is_the_users_own(served: Served, client: LogsClient) -> None:
    served.store.add(
        {
            "AppEvents": [
                call_event("a", time=NOON, session="s", pico=1),
                call_event("b", time=NOON + MINUTE, session="s", pico=2, status=429),
                call_event("c", time=NOON + 2 * MINUTE, pico=4),
                call_event("d", time=NOON, user="bob", session="s", pico=8),
            ]
        }
    )
    found = await client.ask(answers.SESSIONS, user="ann", start=DAY, stop=NEXT)
    told = [(row.session_id, row.calls, row.errors, row.pico) for row in found.rows]
    assert told == [("", 1, 0, 4), ("s", 2, 1, 3)]
    assert (found.rows[1].first, found.rows[1].last) == (NOON, NOON + MINUTE)


async def test_calls_have_what_the_gateway_said_or_nothing(
    served: Served, client: LogsClient
) -> None:
    events = [call_event("a", time=NOON), call_event("b", time=NOON + MINUTE, session="s")]
    served.store.add({"AppEvents": events, **gateway_items("a", time=NOON)})
    every: Asked = {"user": "ann", "session": "", "start": DAY, "stop": NEXT}
    found = await client.ask(answers.CALLS, every_session=True, **every)
    assert [row.call_id for row in found.rows] == ["call-b", "call-a"]
    without, joined = found.rows
    assert (without.gateway_operation, without.gateway_ms, without.backend_tries) == (
        "",
        None,
        None,
    )
    assert (joined.gateway_ms, joined.backend_ms, joined.backend_target) == (
        874.0, 812.0, "aoai-sweden",
    )  # fmt: skip
    assert (joined.pico, joined.charge, joined.gateway_status) == (1_000, "0.000000001000", "200")
    none_given = await client.ask(answers.CALLS, every_session=False, **every)
    assert [row.call_id for row in none_given.rows] == ["call-a"]


async def test_calls_of_one_operation_have_each_their_own_models_times(
    served: Served, client: LogsClient
) -> None:
    """An agent sends one `traceparent` with all its calls; so may somebody else."""
    for entry, user in (("a", "ann"), ("b", "ann"), ("c", "bob")):
        items = gateway_items(entry, time=NOON, operation="shared")
        [dependency] = items["AppDependencies"]
        dependency |= {"Target": f"model-of-{entry}"}
        served.store.add({"AppEvents": [call_event(entry, time=NOON, user=user)], **items})
    every: Asked = {"user": "ann", "session": "", "every_session": True, "start": DAY, "stop": NEXT}
    found = (await client.ask(answers.CALLS, **every)).rows
    told = [(row.entry, row.backend_target, row.backend_tries) for row in found]
    assert told == [("a", "model-of-a", 1), ("b", "model-of-b", 1)]


async def test_a_call_is_found_in_an_operation_of_any_size(
    served: Served, client: LogsClient
) -> None:
    """An answer holds a thousand items, and those of the call come first."""
    rows: dict[str, list[dict[str, object]]] = {"AppEvents": []}
    for number in range(600):
        time = NOON + timedelta(seconds=number)
        event = call_event(str(number), time=time)
        rows["AppEvents"].append({**event, "OperationId": "shared"})
        for table, items in gateway_items(str(number), time=time, operation="shared").items():
            rows.setdefault(table, []).extend(items)
    served.store.add(rows)
    found = await client.ask(answers.OPERATION, call="call-599", start=DAY)
    assert [item.id for item in found.rows[:3]] == ["dependency-599", "599", "request-599"]
    assert (len(found.rows), found.more) == (1_000, True)


async def test_a_call_that_is_ahead_of_the_publishers_clock_is_in_its_day(
    served: Served, client: LogsClient
) -> None:
    """Its item is dated by that clock, which says the day before."""
    time = DAY + MINUTE
    ahead = call_event("a", time=time, session="s", sent_at=DAY - MINUTE)
    served.store.add({"AppEvents": [ahead]})
    span: Asked = {"start": DAY, "stop": NEXT}
    [session] = (await client.ask(answers.SESSIONS, user="ann", **span)).rows
    calls: Asked = {"user": "ann", "session": "", "every_session": True}
    [call] = (await client.ask(answers.CALLS, **calls, **span)).rows
    [hour] = (await client.ask(answers.TOKEN_METRIC, **span)).rows
    group, everything = (await client.ask(answers.TOP, by_what="user", **span)).rows
    assert (session.calls, call.entry, hour.ledger_calls) == (1, "a", 1)
    assert (group.calls, everything.calls) == (1, 1)


async def test_more_calls_than_a_page_are_seen(served: Served, client: LogsClient) -> None:
    times = [NOON + timedelta(seconds=second) for second in range(201)]
    served.store.add({"AppEvents": [call_event(f"{time:%M%S}", time=time) for time in times]})
    asked: Asked = {"user": "ann", "session": "", "every_session": True, "start": DAY}
    first = await client.ask(answers.CALLS, **asked, stop=NEXT)
    assert (len(first.rows), first.more) == (200, True)
    rest = await client.ask(answers.CALLS, **asked, stop=first.rows[-1].time)
    assert [row.entry for row in rest.rows] == [first.rows[-1].entry, "0000"]
    assert rest.more is False


async def test_an_operation_has_every_item_of_the_call(served: Served, client: LogsClient) -> None:
    served.store.add(
        {
            "AppEvents": [
                call_event("a", time=NOON),
                call_event("a", time=NOON, revision=1, pico=5),
                call_event("b", time=NOON),
            ],
            **gateway_items("a", time=NOON - MINUTE),
        }
    )
    found = await client.ask(answers.OPERATION, call="call-a", start=DAY)
    kinds = [(item.kind, item.id, item.parent_id) for item in found.rows]
    assert kinds == [
        ("dependency", "dependency-a", "request-a"), ("request", "request-a", ""),
        ("event", "a", ""), ("event", "a", ""),
    ]  # fmt: skip
    assert found.rows[1].properties == {"Request Id": "call-a"}
    assert found.rows[1].success is True
    unknown = await client.ask(answers.OPERATION, call="call-z", start=DAY)
    assert unknown.rows == []


async def test_top_has_groups_and_the_sum_of_all(served: Served, client: LogsClient) -> None:
    served.store.add(
        {
            "AppEvents": [
                call_event("a", time=NOON, pico=1, session="s"),
                call_event("b", time=NOON, pico=2, user="bob", session="s", model="big"),
                call_event("c", time=NOON, pico=4, user="bob", session="t"),
            ]
        }
    )
    for by_what, groups in {
        "user": [("bob", "", 6), ("ann", "", 1)],
        "model": [("gpt-5-mini", "", 5), ("big", "", 2)],
        "session": [("t", "bob", 4), ("s", "bob", 2), ("s", "ann", 1)],
    }.items():
        found = await client.ask(answers.TOP, by_what=by_what, start=DAY, stop=NEXT)
        told = [(row.group, row.of, row.pico) for row in found.rows if row.scope == "group"]
        assert told == groups
        assert [row.pico for row in found.rows if row.scope == "all"] == [7]


async def test_cells_show_copies_conflicts_and_sampling(served: Served, client: LogsClient) -> None:
    served.store.add(
        {
            "AppEvents": [
                call_event("a", time=NOON, pico=1),
                call_event("a", time=NOON, pico=3, revision=1),
                call_event("a", time=NOON, pico=3, revision=1),
                call_event("b", time=NOON, pico=4),
                call_event("b", time=NOON, pico=5, sent_at=NOON + MINUTE),
                call_event("c", time=NOON, pico=6, user="bob", item_count=4),
            ]
        }
    )
    found = await client.ask(answers.CELLS, start=DAY, stop=NEXT)
    told = [
        (row.user_id, row.calls, row.pico, row.rows, row.copies, row.conflicts, row.sampled)
        for row in found.rows
    ]
    assert told == [("ann", 2, 8, 3, 2, 1, 0), ("bob", 1, 6, 1, 0, 0, 1)]


async def test_the_token_metric_is_next_to_the_ledgers_tokens(
    served: Served, client: LogsClient
) -> None:
    def metric(name: str, tokens: float) -> dict[str, object]:
        properties = '{"API ID": "llm", "operation": "chat-completions"}'
        return {
            "TimeGenerated": NOON + MINUTE, "Name": name, "Sum": tokens, "Min": tokens,
            "Max": tokens, "ItemCount": 1, "Properties": properties,
        }  # fmt: skip

    served.store.add(
        {
            "AppEvents": [call_event("a", time=NOON), call_event("b", time=NOON + 2 * MINUTE)],
            "AppMetrics": [
                metric("Prompt Tokens", 190), metric("Completion Tokens", 41),
                metric("Total Tokens", 231), metric("Prompt Cached Tokens", 9),
            ],
        }
    )  # fmt: skip
    [row] = (await client.ask(answers.TOKEN_METRIC, start=DAY, stop=NEXT)).rows
    assert (row.hour, row.api, row.operation) == (NOON, "llm", "chat-completions")
    assert (row.metric_prompt, row.metric_completion, row.metric_total) == (190, 41, 231)
    assert (row.ledger_input, row.ledger_output, row.ledger_calls) == (200, 40, 2)


async def test_tail_shows_what_a_correction_changed(served: Served, client: LogsClient) -> None:
    old = NOON - timedelta(days=30)
    served.store.add(
        {
            "AppEvents": [
                call_event("a", time=old, pico=10),
                call_event(
                    "a", time=old, pico=15, revision=1, correction="rerating",
                    sent_at=NOON, recorded_at=NOON.isoformat(),
                ),
                call_event("b", time=NOON, user="bob", pico=3),
            ]
        }
    )  # fmt: skip
    since = NOON - MINUTE
    found = await client.ask(answers.TAIL, user="", every_user=True, since=since)
    told = [(row.entry, row.revision, row.pico, row.pico_before) for row in found.rows]
    assert told == [("a", 1, 15, 10), ("b", 0, 3, None)]
    assert found.rows[0].correction == "rerating"
    bobs = await client.ask(answers.TAIL, user="bob", every_user=False, since=since)
    assert [row.entry for row in bobs.rows] == ["b"]


async def test_a_part_of_sums_is_no_answer_but_a_part_of_a_list_is(
    served: Served, client: LogsClient
) -> None:
    served.store.add({"AppEvents": [call_event(entry, time=NOON) for entry in "ab"]})
    served.faults.on_query(QueryFault.PARTIAL, times=2)
    with pytest.raises(PartialResult, match="cells: only a part"):
        await client.ask(answers.CELLS, start=DAY, stop=NEXT)
    calls: Asked = {"user": "ann", "session": "", "every_session": True, "start": DAY, "stop": NEXT}
    found = await client.ask(answers.CALLS, **calls)
    assert (len(found.rows), found.partial) == (1, True)
    assert len((await client.ask(answers.CALLS, **calls)).rows) == 2  # and it was not kept


async def test_each_failure_has_its_own_error(served: Served, client: LogsClient) -> None:
    asked: Asked = {"start": DAY, "stop": NEXT}
    served.faults.on_query(QueryFault.THROTTLED)
    with pytest.raises(QueryBusy, match="too many queries") as busy:
        await client.ask(answers.CELLS, **asked)
    assert busy.value.retry_after_s == 1
    served.faults.on_query(QueryFault.TIMEOUT)
    with pytest.raises(QueryBusy, match="timed out"):
        await client.ask(answers.CELLS, **asked)
    served.faults.on_query(QueryFault.CUT)
    with pytest.raises(QueryFailed, match="cannot be reached"):
        await client.ask(answers.CELLS, **asked)
    with pytest.raises(InvalidParameter):
        await client.ask(answers.USER_BY_DAY, user="a\n", **asked)


async def test_a_workspace_that_keeps_silent_is_busy(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(logs_client, "READ_TIMEOUT_S", 0.2)
    ended = asyncio.Event()

    async def silent(_: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await ended.wait()
        writer.close()

    async with await asyncio.start_server(silent, "127.0.0.1", 0) as server:
        port = server.sockets[0].getsockname()[1]
        async with open_client("any", url=f"http://127.0.0.1:{port}/v1") as client:
            with pytest.raises(QueryBusy, match="cells: no answer within"):
                await client.ask(answers.CELLS, start=DAY, stop=NEXT)
        ended.set()


async def test_properties_that_are_no_text_are_shown_as_they_are(
    served: Served, client: LogsClient
) -> None:
    """The gateway's diagnostic may log what it likes."""
    items = gateway_items("a", time=NOON)
    items["AppRequests"][0]["Properties"] = '{"Request Id": "call-a", "Cache": null, "Tries": 3}'
    items["AppDependencies"][0]["Properties"] = "null"
    served.store.add(items)
    found = (await client.ask(answers.OPERATION, call="call-a", start=DAY)).rows
    assert [item.properties for item in found] == [
        {},
        {"Request Id": "call-a", "Cache": "null", "Tries": "3"},
    ]


async def test_an_answer_is_kept_for_half_a_minute(served: Served) -> None:
    clock = [100.0]
    async with open_client("any", url=served.query_url) as opened:
        client = LogsClient(opened._client, "any", now=lambda: clock[0])
        assert (await client.ask(answers.CELLS, start=DAY, stop=NEXT)).rows == []
        served.store.add({"AppEvents": [call_event("a", time=NOON)]})
        assert (await client.ask(answers.CELLS, start=DAY, stop=NEXT)).rows == []
        assert len((await client.ask(answers.CELLS, start=DAY, stop=NEXT + MINUTE)).rows) == 1
        clock[0] += CACHE_S
        assert len((await client.ask(answers.CELLS, start=DAY, stop=NEXT)).rows) == 1


@pytest.mark.parametrize("url", ["http://example.com/v1", "http://10.0.0.1/v1", "ftp://x"])
async def test_only_this_machine_is_asked_without_tls(url: str) -> None:
    with pytest.raises(InvalidAddress):
        async with open_client("any", url=url):
            pass
