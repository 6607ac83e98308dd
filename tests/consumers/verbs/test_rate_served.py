"""`rate`: who served, which tools ran, and seconds of audio, as the gateway reports them now."""

import json
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest

from tests.consumers.verbs.test_rate import Capture, answers, case, needs_cases
from tests.fixtures.builders import chat_usage, make_body
from tests.paths import ROOT

SAMPLES = ROOT / "apim_policies/samples"
GPT_5 = """
[[deployment]]
name = "gpt-5"
provider = "azure"
model = "gpt-5"
type = "GlobalStandard"
"""


def one(
    capsys: Capture, tmp_path: Path, *, book: str | Path = GPT_5, **changes: Any
) -> dict[str, Any]:
    """The answer for one event, with a book over the shipped ones."""
    if isinstance(book, str):
        (tmp_path / "book.toml").write_text(book, encoding="utf-8")
        book = tmp_path / "book.toml"
    event = json.loads(make_body(**{"deployment": "gpt-5", "model": None, **changes}))
    [answer] = answers(event, capsys, tmp_path, book=book)
    return answer


def reported(number: str, call: int | None = None) -> dict[str, Any]:
    """A case's answer as the gateway reports it: `data` of the event."""
    said, _ = case(number)
    said = said if call is None else said["calls"][call]
    body = said["answer"]["body"] if isinstance(said["answer"]["body"], dict) else {}
    calls = [item["type"] for item in body.get("output", []) if item["type"].endswith("_call")]
    tools = said["request"].get("body", {}).get("tools", [])
    return {
        "operation": "responses" if tools else "audio-transcriptions",
        "model": body.get("model"),
        "usage": body.get("usage"),
        "duration": body.get("duration"),
        "service_tier": body.get("service_tier"),
        "tools": {
            "requested": [tool["type"] for tool in tools],
            "calls": {kind: calls.count(kind) for kind in calls},
            "usage": body.get("tool_usage"),
        },
    }


@needs_cases
def test_searches_of_a_hosted_tool_have_their_price(capsys: Capture, tmp_path: Path) -> None:
    answer = one(capsys, tmp_path, book=case("09")[1], **reported("09"))
    assert (answer["state"], Decimal(answer["charge"])) == ("priced", Decimal("0.047875"))
    assert answer["counts"] == {"input": 9500, "output": 600, "web_search": 3}
    assert answer["rule"].endswith(" + azure.web-search.2026-11-01")


@needs_cases
def test_a_picture_that_a_chat_model_had_made_is_named(capsys: Capture, tmp_path: Path) -> None:
    answer = one(capsys, tmp_path, book=case("10")[1], **reported("10"))
    assert (answer["state"], answer["charge"]) == ("unpriced", None)
    assert "tool_usage.image_gen.output_tokens = 7024" in answer["reason"]
    assert answer["counts"] == {"input": 1820, "output": 210}


@needs_cases
def test_a_router_has_the_price_of_what_it_chose_and_its_fee(
    capsys: Capture, tmp_path: Path
) -> None:
    book = GPT_5.replace('"gpt-5"', '"router"', 1).replace('"gpt-5"', '"model-router"')
    (tmp_path / "router.toml").write_text(book + 'rate_by = "reported"\n', encoding="utf-8")
    [answer] = answers(case("14")[0], capsys, tmp_path, book=tmp_path / "router.toml")
    assert (answer["state"], Decimal(answer["charge"])) == ("priced", Decimal("0.00678084"))


@needs_cases
@pytest.mark.parametrize(
    ("served", "state", "charge"), [(None, "zero", "0"), ("gpt-5", "priced", "2.25")]
)
def test_a_call_that_spilled_over_is_charged(
    served: str | None, state: str, charge: str, capsys: Capture, tmp_path: Path
) -> None:
    event, book = case("17")
    event["data"] |= {"served_deployment": served, "spillover_from": served and "gpt-5-ptu"}
    text = book.read_text(encoding="utf-8") + GPT_5
    (tmp_path / "pool.toml").write_text(text, encoding="utf-8")
    [answer] = answers(event, capsys, tmp_path, book=tmp_path / "pool.toml")
    assert (answer["state"], Decimal(answer["charge"])) == (state, Decimal(charge))


@needs_cases
@pytest.mark.parametrize(
    ("call", "operation", "deployment", "charge"),
    [(0, "audio-transcriptions", "gpt-4o-transcribe", "0.0003105"),
     (1, "images", "gpt-image-1", "0.021175")],
)  # fmt: skip
def test_a_form_s_model_prices_the_call(
    call: int, operation: str, deployment: str, charge: str, capsys: Capture, tmp_path: Path
) -> None:
    fields = reported("30", call) | {"operation": operation, "deployment": deployment}
    answer = one(capsys, tmp_path, book=case("30")[1], **fields)
    assert (answer["state"], Decimal(answer["charge"])) == ("priced", Decimal(charge))


@needs_cases
def test_seconds_outside_the_usage_object_are_charged(capsys: Capture, tmp_path: Path) -> None:
    fields: dict[str, Any] = {"deployment": "whisper", "book": case("31")[1]}
    heard = one(capsys, tmp_path, **reported("31", 0), **fields)
    assert (heard["state"], Decimal(heard["charge"])) == ("priced", Decimal("0.0011"))
    assert heard["counts"] == {"audio_ms": 11_000}
    silent = one(capsys, tmp_path, **reported("31", 1), **fields)
    assert (silent["state"], silent["charge"]) == ("no_usage", None)


RESPONSES: dict[str, Any] = {
    "operation": "responses",
    "model": "gpt-5-2025-08-07",
    "usage": {"input_tokens": 1000, "output_tokens": 100},
}


@pytest.mark.parametrize(
    ("tools", "counts", "reason"),
    [
        ({"calls": {"function_call": 4, "mcp_call": 2, "computer_call": 1}}, {}, None),
        ({"calls": {"file_search_call": 2}}, {"file_search": 2}, None),
        ({"calls": {"code_interpreter_call": 5}}, {"code_session": 1}, None),
        ({"calls": {"x_search_call": 1}}, {}, "tool_calls.x_search_call = 1"),
        ({"calls": {"image_generation_call": 1}}, {}, "image_generation_call = 1"),
        ({"usage": {"web_search": {"num_requests": 2}}}, {"web_search": 2}, None),
        ({"calls": {"web_search_call": 5}, "usage": {"web_search": {"num_requests": 2}}},
         {"web_search": 2}, None),
        ({"calls": {"web_search_call": 5}, "usage": {"web_search": {"num_requests": "2"}}},
         {"web_search": 5}, "tool_usage.web_search.num_requests = 2"),
        ({"usage": {"lookup": {"hits": 3}}}, {}, "tool_usage.lookup.hits = 3"),
    ],
)  # fmt: skip
def test_a_tool_is_counted_or_named(
    tools: dict[str, Any],
    counts: dict[str, int],
    reason: str | None,
    capsys: Capture,
    tmp_path: Path,
) -> None:
    answer = one(capsys, tmp_path, **RESPONSES, tools=tools)
    assert answer["counts"] == {"input": 1000, "output": 100, **counts}
    assert (answer["state"], answer["excludes"]) == ("unpriced" if reason else "priced", [])
    assert (reason or "") in (answer["reason"] or "")


@pytest.mark.parametrize(
    ("body_unread", "requested"),
    [("too_large", []), ("no_length", []), ("no_json", []), (None, ["not_in_trace"]),
     (None, ["prompt", "function"])],
)  # fmt: skip
def test_a_code_session_of_a_request_that_nobody_read_has_no_price(
    body_unread: str | None, requested: list[str], capsys: Capture, tmp_path: Path
) -> None:
    tools = {"requested": requested, "calls": {"code_interpreter_call": 1}}
    answer = one(capsys, tmp_path, **RESPONSES, body_unread=body_unread, tools=tools)
    assert (answer["state"], answer["charge"]) == ("unpriced", None)
    assert "tool_calls.code_interpreter_unread = 1" in answer["reason"]
    assert answer["counts"] == {"input": 1000, "output": 100}


def test_a_book_without_the_price_of_a_tool_names_it(capsys: Capture, tmp_path: Path) -> None:
    answer = one(
        capsys,
        tmp_path,
        book=GPT_5.replace('"GlobalStandard"', '"GlobalProvisionedManaged"'),
        **RESPONSES,
        tools={"calls": {"web_search_call": 3}},
    )
    assert answer["state"] == "unpriced"
    assert answer["reason"] == "rule azure.provisioned.2024-04-01 has no rate for 3 web_search"


def test_a_search_that_both_places_count_is_counted_once(capsys: Capture, tmp_path: Path) -> None:
    usage = {"input_tokens": 10, "output_tokens": 5, "cache_read_input_tokens": 0}
    searched = {**usage, "server_tool_use": {"web_search_requests": 2, "web_fetch_requests": 1}}
    for said, state in ((usage, "unpriced"), (searched, "priced")):
        answer = one(
            capsys,
            tmp_path,
            book=GPT_5.replace('"azure"', '"anthropic"').replace(
                'model = "gpt-5"', 'model = "claude-opus-5"'
            ),
            operation="messages",
            usage=said,
            tools={"calls": {"server_tool_use": 3}},
        )
        assert answer["state"] == state
    assert answer["counts"] == {"input": 10, "output": 5, "web_search": 2}


@pytest.mark.parametrize(
    ("requested", "excludes"),
    [([], []), (["function", "mcp"], []), (["web_search", "function"], ["tool_fees"]),
     (["image_generation"], ["tool_fees"])],
)  # fmt: skip
def test_a_stream_hides_what_its_tools_cost(
    requested: list[str], excludes: list[str], capsys: Capture, tmp_path: Path
) -> None:
    answer = one(
        capsys,
        tmp_path,
        book=GPT_5 + 'service_tier = "default"\n',
        **RESPONSES,
        type="llm.call.completed.v1",
        completed_from=["gateway-llm-log", "trace"],
        stream=True,
        service_tier=None,
        tools={"requested": requested},
    )
    assert (answer["state"], answer["excludes"]) == ("priced", excludes)


def test_an_answer_of_the_gateway_s_cache_is_free(capsys: Capture, tmp_path: Path) -> None:
    for usage in (chat_usage(), None):
        answer = one(capsys, tmp_path, cache="hit", usage=usage)
        assert (answer["state"], answer["charge"], answer["counts"]) == ("zero", "0", {})
        assert answer["reason"] == "answered from the gateway's cache"


@pytest.mark.parametrize(
    ("failed", "completion", "expected"),
    [
        ({"status": 400, "model": None}, 0, ("priced", ["estimated"])),
        ({"status": 400, "model": "gpt-5"}, 0, ("priced", [])),
        ({"status": 408, "model": None}, 0, ("priced", ["estimated"])),
        ({"status": 404, "model": None}, 0, ("no_usage", [])),
        ({"status": 503, "model": None}, 0, ("no_usage", [])),
        ({"status": 503, "model": "gpt-5"}, 0, ("no_usage", [])),
        ({"status": 503, "model": "gpt-5"}, 7, ("priced", [])),
        ({"status": 500, "model": None}, 7, ("priced", ["estimated"])),
    ],
)
def test_a_failed_call_is_charged_as_azure_does(
    failed: dict[str, Any],
    completion: int,
    expected: tuple[str, list[str]],
    capsys: Capture,
    tmp_path: Path,
) -> None:
    """Row without a model's name: the gateway estimated."""
    answer = one(
        capsys,
        tmp_path,
        type="llm.call.completed.v1",
        completed_from=["gateway-llm-log", "trace"],
        usage=chat_usage(cached=0, completion=completion),
        **failed,
    )
    assert (answer["state"], answer["excludes"]) == expected


@pytest.mark.parametrize(
    ("sample", "state"),
    [
        ("chat_from_cache", "zero"),
        ("chat_spilled_over", "priced"),
        ("responses_tools", "priced"),
        ("audio_transcriptions_duration", "unpriced"),
    ],
)
def test_a_sample_of_the_contract_is_rated(
    sample: str, state: str, capsys: Capture, tmp_path: Path
) -> None:
    (tmp_path / "book.toml").write_text(GPT_5, encoding="utf-8")
    event = json.loads((SAMPLES / f"{sample}.json").read_text())
    [answer] = answers(event, capsys, tmp_path, book=tmp_path / "book.toml")
    assert answer["state"] == state
