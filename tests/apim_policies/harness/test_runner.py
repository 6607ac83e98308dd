"""Each policy that the harness can run, in a file of its own: what it does and how it fails."""

import json
from pathlib import Path

import pytest

from apim_policies.errors import EngineFailed, InvalidPolicies, StreamBodyRead
from apim_policies.harness.call import BACKEND_UNREACHABLE, Gateway, Passage, Request, Response
from apim_policies.harness.policies import Policies
from apim_policies.probe import travel

REQUEST = Request(
    method="POST",
    url="https://gateway/api/v1/chat?a=1&b=2&b=3",
    headers=(("X-One", "1"), ("x-two", "2")),
    body=b'{"n":1}',
)
OK = Response(status=200, headers=(("Content-Type", "application/json"),), body=b'{"m":2}')

pytestmark = pytest.mark.usefixtures("mono")


async def load(
    folder: Path,
    *,
    inbound: str = "",
    backend: str = '<forward-request timeout="9" />',
    outbound: str = "",
    on_error: str = "",
) -> Policies:
    sections = {"inbound": inbound, "backend": backend, "outbound": outbound, "on-error": on_error}
    text = "\n".join(f"<{name}>{steps}</{name}>" for name, steps in sections.items())
    (folder / "test.policy.xml").write_text(f"<policies>\n{text}\n</policies>", encoding="utf-8")
    gateway = Gateway(api_path="api", backend_url="https://model/base/")
    return await Policies.load(folder, {}, gateway=gateway)


async def run(folder: Path, end: Response = OK, **sections: str) -> Passage:
    async with await load(folder, **sections) as policies:
        return await travel(policies, REQUEST, end)


async def test_request_is_forwarded_below_the_backend_without_the_apis_prefix(
    tmp_path: Path,
) -> None:
    async with await load(tmp_path) as policies:
        forward = (await policies.inbound(REQUEST)).forward

    assert forward is not None
    assert forward.url == "https://model/base/v1/chat?a=1&b=2&b=3"
    assert (forward.timeout_s, forward.buffer_response) == (9, True)
    assert (forward.headers, forward.body) == (REQUEST.headers, REQUEST.body)


@pytest.mark.parametrize(
    ("action", "value", "query"),
    [
        ("override", "<value>x y</value>", "?a=1&b=x%20y"),
        ("append", "<value>4</value>", "?a=1&b=2&b=3&b=4"),
        ("skip", "<value>4</value>", "?a=1&b=2&b=3"),
        ("delete", "", "?a=1"),
    ],
)
async def test_query_parameter_is_set_as_its_action_says(
    action: str, value: str, query: str, tmp_path: Path
) -> None:
    step = f'<set-query-parameter name="b" exists-action="{action}">{value}</set-query-parameter>'
    async with await load(tmp_path, inbound=step) as policies:
        forward = (await policies.inbound(REQUEST)).forward

    assert forward is not None
    assert forward.url == f"https://model/base/v1/chat{query}"


@pytest.mark.parametrize(
    ("action", "value", "expected"),
    [
        ("override", "<value>9</value>", ["9"]),
        ("append", "<value>9</value>", ["1", "9"]),
        ("skip", "<value>9</value>", ["1"]),
        ("delete", "", []),
    ],
)
async def test_header_is_set_as_its_action_says(
    action: str, value: str, expected: list[str], tmp_path: Path
) -> None:
    step = f'<set-header name="x-one" exists-action="{action}">{value}</set-header>'
    async with await load(tmp_path, inbound=step) as policies:
        forward = (await policies.inbound(REQUEST)).forward

    assert forward is not None
    assert [value for name, value in forward.headers if name.lower() == "x-one"] == expected


async def test_backend_can_be_chosen_by_an_expression(tmp_path: Path) -> None:
    step = """<set-backend-service base-url='@("https://other/" + context.Request.Method)' />"""
    async with await load(tmp_path, inbound=step) as policies:
        forward = (await policies.inbound(REQUEST)).forward

    assert forward is not None
    assert forward.url.startswith("https://other/POST/v1/chat")


async def test_first_true_branch_of_choose_runs_alone(tmp_path: Path) -> None:
    step = "<choose>{}{}<otherwise>{}</otherwise></choose>".format(
        '<when condition="@(false)"><set-body>first</set-body></when>',
        '<when condition="@(true)"><set-body>second</set-body></when>',
        "<set-body>third</set-body>",
    )

    passage = await run(tmp_path, outbound=step)

    assert passage.answer is not None
    assert passage.answer.body == b"second"


async def test_returned_response_ends_the_pipeline_before_the_backend(tmp_path: Path) -> None:
    step = (
        '<return-response><set-status code="403" reason="No" />'
        '<set-header name="X-Why"><value>because</value></set-header>'
        "<set-body>no</set-body></return-response>"
    )

    passage = await run(tmp_path, inbound=step, outbound="<set-body>outbound ran</set-body>")

    assert passage.forward is None
    assert passage.answer is not None
    assert (passage.answer.status, passage.answer.body) == (403, b"no")
    assert passage.answer.headers == (("X-Why", "because"),)


@pytest.mark.parametrize(("size", "kept"), [(204_000, 204_000), (204_001, 204_000)])
async def test_event_is_cut_at_the_gateways_limit(size: int, kept: int, tmp_path: Path) -> None:
    step = (
        f"""<log-to-eventhub logger-id="l" partition-id="3">@(new String("x"[0], {size}))"""
        "</log-to-eventhub>"
    )

    [event] = (await run(tmp_path, outbound=step)).events

    assert event.body == b"x" * kept
    assert (event.logger_id, event.partition_id, event.partition_key) == ("l", "3", None)


async def test_cut_may_split_a_character(tmp_path: Path) -> None:
    step = (
        """<log-to-eventhub logger-id="l">@("a" + new String("é"[0], 102000))</log-to-eventhub>"""
    )

    [event] = (await run(tmp_path, outbound=step)).events

    assert len(event.body) == 204_000
    with pytest.raises(UnicodeDecodeError):
        event.body.decode()


async def test_empty_trace_value_fails_the_call(tmp_path: Path) -> None:
    step = """<trace source="s"><message>m</message><metadata name="n" value='@("")' /></trace>"""

    passage = await run(tmp_path, outbound=step)

    assert passage.answer is not None
    assert passage.answer.status == 500
    [fault] = passage.faults
    assert fault.message == "trace failed: trace metadata n is empty, which fails the call"
    assert (fault.file, fault.line) == ("test.policy.xml", 4)


async def test_variable_cannot_hold_an_object(tmp_path: Path) -> None:
    step = """<set-variable name="v" value='@(new JObject())' />"""

    [fault] = (await run(tmp_path, inbound=step)).faults

    assert "set-variable v got a Newtonsoft.Json.Linq.JObject" in fault.message


@pytest.mark.parametrize(
    "expression",
    [
        'context.Variables.GetValueOrDefault<string>("number", "-")',
        'context.Variables["absent"].ToString()',
        "context.Request.Body.As<string>() + context.Request.Body.As<string>()",
    ],
)
async def test_expression_that_throws_ends_in_on_error(expression: str, tmp_path: Path) -> None:
    escaped = expression.replace("<", "&lt;")
    inbound = (
        """<set-variable name="number" value="@(7)" />"""
        f"""<set-variable name="text" value='@({escaped})' />"""
    )
    on_error = """<set-header name="X-Reason"><value>@(context.LastError.Source + " "
        + context.LastError.Reason + " " + context.LastError.Section)</value></set-header>"""

    passage = await run(tmp_path, inbound=inbound, on_error=on_error)

    assert passage.answer is not None
    assert passage.answer.status == 500
    expected = "set-variable ExpressionValueEvaluationFailure inbound"
    assert dict(passage.answer.headers)["X-Reason"] == expected
    assert len(passage.faults) == 1


async def test_on_error_that_throws_is_a_plain_500(tmp_path: Path) -> None:
    failing = """<set-variable name="v" value='@(int.Parse("x"))' />"""

    passage = await run(tmp_path, inbound=failing, on_error=failing)

    assert passage.answer is not None
    assert passage.answer.status == 500
    assert len(passage.faults) == 2


async def test_reading_a_streamed_body_fails_even_where_the_policy_catches_it(
    tmp_path: Path,
) -> None:
    step = """<set-variable name="v" value='@{
        try { return context.Response.Body.As&lt;string>(preserveContent: true); }
        catch { return ""; } }' />"""

    with pytest.raises(StreamBodyRead, match=r"test\.policy\.xml:4: the body of a streamed"):
        await run(tmp_path, Response(status=200), outbound=step)


async def test_outbound_can_replace_a_body_that_was_not_streamed(tmp_path: Path) -> None:
    step = "<set-body>@(context.Response.Body.As&lt;string>() + context.Elapsed.Days)</set-body>"

    passage = await run(tmp_path, outbound=step)

    assert passage.answer is not None
    assert passage.answer.body == b'{"m":2}0'


async def test_lost_backend_is_told_as_such(tmp_path: Path) -> None:
    async with await load(tmp_path) as policies:
        passage = await policies.inbound(REQUEST)
        failed = await policies.on_error(passage, BACKEND_UNREACHABLE)

    assert failed.error == BACKEND_UNREACHABLE
    assert failed.answer is not None
    message = BACKEND_UNREACHABLE.message
    assert json.loads(failed.answer.body or b"") == {"statusCode": 500, "message": message}


async def test_engine_that_ended_says_so(tmp_path: Path) -> None:
    policies = await load(tmp_path)
    await policies.close()

    with pytest.raises(EngineFailed, match="the engine has ended with 0"):
        await policies.inbound(REQUEST)


async def test_question_about_an_unknown_call_is_an_error_and_not_the_end(tmp_path: Path) -> None:
    async with await load(tmp_path) as policies:
        answered = await travel(policies, REQUEST, OK)
        with pytest.raises(EngineFailed, match="KeyNotFoundException"):
            await policies.outbound(answered, OK)

        assert (await policies.inbound(REQUEST)).forward is not None


async def test_folder_without_a_policy_is_refused(tmp_path: Path) -> None:
    with pytest.raises(InvalidPolicies, match="0 files end with"):
        await Policies.load(tmp_path, {})
