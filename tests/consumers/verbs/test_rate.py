"""`rate`: real trouble of others, priced as the ledger would hold it."""

import json
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest

from consumers.__main__ import main
from consumers.errors import UnreadableCalls
from consumers.verbs.rate import NO_ROW, rate_file
from tests.fixtures.builders import chat_usage, make_body
from tests.paths import SHARED

CASES = SHARED / "data/cases"
NAMES = sorted(CASES.glob("*/input.json"))
PRICED = {
    "01": ("1.1275", []),
    "05": ("0.0074298", []),
    "06": ("0.0103", []),
    "19": ("0.00875", ["modality"]),
    "21": ("0.00035", ["details"]),
    "22": ("0.0075", []),
    "24": ("0.008994", []),
    "25": ("0.03187545", []),
    "29": ("0.00131", []),
}
UNPRICED = {
    "02": "inference_geo",
    "14": "says gpt-5-mini, the answer says gpt-5-2025-08-07",
    "15": "says gpt-4o, the answer says gpt-5.1-2025-11-13",
    "27": "not split",
}
PASSING = json.loads((CASES / "00-passing/input.json").read_bytes()) if NAMES else []
# 09, 10, 17, 30 and 31 are in test_rate_served; 11, 13 and 35 are about the gateway's policies.

needs_cases = pytest.mark.skipif(not NAMES, reason="the recorded cases are not on this machine")
Capture = pytest.CaptureFixture[str]


def answers(
    items: object, capsys: Capture, tmp_path: Path, *, book: Path | None = None
) -> list[dict[str, Any]]:
    file = tmp_path / "calls.json"
    file.write_text(items if isinstance(items, str) else json.dumps(items), encoding="utf-8")
    main(["rate", str(file), "--json", *(["--book", str(book)] if book else [])])
    return [json.loads(line) for line in capsys.readouterr().out.splitlines()]


def case(number: str) -> tuple[Any, Path]:
    """What was reported, and the book over the shipped ones."""
    [folder] = CASES.glob(f"{number}-*")
    said = json.loads((folder / "input.json").read_bytes())
    if "usage_event" in said:
        said = [said["usage_event"], said["diagnostics"]]
    return said, folder / "book.toml"


@needs_cases
@pytest.mark.parametrize("number", PRICED)
def test_a_case_has_its_price(number: str, capsys: Capture, tmp_path: Path) -> None:
    items, book = case(number)
    [answer] = answers(items, capsys, tmp_path, book=book)
    charge, excludes = PRICED[number]
    assert (answer["state"], answer["excludes"]) == ("priced", excludes)
    assert {Decimal(answer[layer]) for layer in ("list", "charge")} == {Decimal(charge)}


@needs_cases
@pytest.mark.parametrize("number", UNPRICED)
def test_a_case_without_a_price_says_why(number: str, capsys: Capture, tmp_path: Path) -> None:
    items, book = case(number)
    [answer] = answers(items, capsys, tmp_path, book=book)
    assert (answer["state"], answer["list"], answer["charge"]) == ("unpriced", None, None)
    assert UNPRICED[number] in answer["reason"]


@needs_cases
def test_one_senders_shape_is_no_dead_letter(capsys: Capture, tmp_path: Path) -> None:
    said, book = case("34")
    events = [
        {**said["event"], "id": f"00000000-0000-4000-8000-{number:012}"}
        for number in range(said["repeat"])
    ]
    lines = "\n".join(json.dumps(event) for event in events)
    assert {answer["charge"] for answer in answers(lines, capsys, tmp_path, book=book)} == {
        "0.008994"
    }


@needs_cases
@pytest.mark.parametrize("passing", PASSING, ids=lambda each: str(each["name"]))
def test_what_was_right_stays_right(
    passing: dict[str, Any], capsys: Capture, tmp_path: Path
) -> None:
    book = tmp_path / "book.toml"
    book.write_text(passing["book"], encoding="utf-8")
    [answer] = answers(passing["event"], capsys, tmp_path, book=book)
    expected = passing["expected"]
    assert {name: answer[name] for name in expected} == expected


def test_an_event_waits_for_no_half_for_ever(capsys: Capture, tmp_path: Path) -> None:
    event = json.loads(make_body(stream=True, usage=None))
    [answer] = answers(event, capsys, tmp_path)
    assert (answer["state"], answer["charge"]) == ("no_usage", None)


def test_an_alias_that_resolves_to_nothing_refuses_no_book(capsys: Capture, tmp_path: Path) -> None:
    book = tmp_path / "book.toml"
    book.write_text(
        '[[deployment]]\nname = "lab"\nprovider = "azure"\nmodel = "model-of-tomorrow"\n'
        'type = "GlobalStandard"\n'
    )
    event = json.loads(make_body(deployment="lab", usage=chat_usage()))
    [answer] = answers(event, capsys, tmp_path, book=book)
    assert answer["state"] == "unpriced"
    assert "model-of-tomorrow" in answer["reason"]


def test_it_prices_with_the_books_and_sources_of_metering(
    capsys: Capture, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    book = tmp_path / "book.toml"
    book.write_text(
        '[[deployment]]\nname = "next"\nprovider = "azure"\nmodel = "gpt-5.5"\n'
        'type = "GlobalStandard"\n'
    )
    monkeypatch.setenv("PRICE_BOOKS", str(book))
    event = json.loads(make_body(deployment="next", model="gpt-5.5", usage=chat_usage()))
    [answer] = answers(event, capsys, tmp_path)
    assert answer["rule"].startswith("reported.azure.gpt-5.5.GlobalStandard")
    monkeypatch.setenv("PRICE_SOURCES", "azure,vendor")
    [answer] = answers(event, capsys, tmp_path)
    assert answer["reason"].startswith("only a reported price, which PRICE_SOURCES leaves out")


def test_a_dead_letter_is_named_and_fails(capsys: Capture, tmp_path: Path) -> None:
    file = tmp_path / "calls.jsonl"
    file.write_bytes(make_body(usage=chat_usage(prompt=-1)) + b"\n\n" + make_body())
    assert main(["rate", str(file), "--json"]) == 1
    bad, good = map(json.loads, capsys.readouterr().out.splitlines())
    assert bad["state"] is None
    assert bad["reason"].startswith("dead letter bad_usage")
    assert good["counts"]


@pytest.mark.parametrize(
    ("time", "code"), [("0001-01-01T00:00:00Z", "far_past"), ("9999-12-31T23:30:00Z", "far_future")]
)
def test_a_time_without_a_day_in_every_zone_is_a_dead_letter(
    time: str, code: str, capsys: Capture, tmp_path: Path
) -> None:
    waiting = {"background": True, "response_status": "queued", "usage": None}
    file = tmp_path / "calls.jsonl"
    file.write_bytes(make_body(time=time, **waiting))
    assert main(["rate", str(file), "--json"]) == 1
    [answer] = map(json.loads, capsys.readouterr().out.splitlines())
    assert answer["reason"].startswith(f"dead letter {code}: time is '{time}'")


def test_a_refused_request_has_no_row(capsys: Capture, tmp_path: Path) -> None:
    record = {
        "time": "2026-11-20T10:00:00Z",
        "category": "GatewayLogs",
        "correlationId": "00000000-0000-4000-8000-000000000001",
        "properties": {
            "method": "POST", "url": "https://gw.example/llm/x/chat/completions",
            "responseCode": 429, "backendResponseCode": 0, "apiId": "llm",
        },
    }  # fmt: skip
    [answer] = answers({"records": [record]}, capsys, tmp_path)
    assert (answer["state"], answer["reason"]) == (None, NO_ROW)


def test_a_file_that_is_no_json_is_refused_with_its_line(tmp_path: Path) -> None:
    file = tmp_path / "calls.jsonl"
    file.write_bytes(make_body() + b"\nnot json\n")
    with pytest.raises(UnreadableCalls, match="line 2 is no JSON"):
        rate_file(file, json_form=True)
