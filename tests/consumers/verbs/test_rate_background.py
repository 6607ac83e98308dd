"""`rate` of background answers: the call that had one made is priced by what a fetch brings."""

import json
from pathlib import Path
from typing import Any

import pytest

from consumers.verbs.rate import FETCHED, rate_file
from tests.consumers.pairing.background import Background
from tests.fixtures.calls import DEMO_BOOK
from tests.paths import SHARED

CASE = SHARED / "data/cases/13-background-responses"
ANSWER = Background()
Capture = pytest.CaptureFixture[str]


def answers(
    bodies: list[bytes], capsys: Capture, tmp_path: Path, book: Path = DEMO_BOOK
) -> list[dict[str, Any]]:
    file = tmp_path / "calls.jsonl"
    file.write_bytes(b"\n".join(bodies))
    rate_file(file, books=[book], json_form=True)
    return [json.loads(line) for line in capsys.readouterr().out.splitlines()]


@pytest.mark.skipif(not CASE.exists(), reason="the recorded cases are not on this machine")
@pytest.mark.parametrize("fetch_first", [False, True])
def test_a_recorded_background_answer_has_its_right_value_once(
    capsys: Capture, tmp_path: Path, fetch_first: bool
) -> None:
    case = json.loads((CASE / "input.json").read_bytes())
    created, fetched = (case[name]["answer"]["body"] for name in ("create", "retrieve"))

    def said(answer: dict[str, Any]) -> dict[str, Any]:
        return {
            "response_id": answer["id"],
            "response_status": answer["status"],
            "model": answer["model"],
            "service_tier": answer["service_tier"],
            "usage": answer["usage"],
        }

    bodies = [
        ANSWER.request(deployment="o3", **said(created)),
        *(ANSWER.fetch(n, **said(fetched)) for n in (1, 2)),
    ]
    found = answers(bodies[::-1] if fetch_first else bodies, capsys, tmp_path, CASE / "book.toml")
    [call] = [each for each in found if each["state"] is not None]
    assert (call["id"], call["state"], call["charge"]) == (ANSWER.id, "priced", "0.088")
    assert [each["reason"] for each in found if each["state"] is None] == [FETCHED] * 2


def test_without_a_fetch_the_call_is_pending(capsys: Capture, tmp_path: Path) -> None:
    [call] = answers([ANSWER.request()], capsys, tmp_path)
    assert (call["state"], call["charge"]) == ("pending", None)


def test_a_fetch_without_its_call_is_counted_by_itself(capsys: Capture, tmp_path: Path) -> None:
    found = answers([ANSWER.fetch()], capsys, tmp_path)
    assert [each["reason"] for each in found if each["state"] is None] == [FETCHED]
    [stray] = [each for each in found if each["state"] is not None]
    assert stray["id"].startswith("response:")
    assert stray["counts"] == {"cache_read": 2_000, "input": 10_000, "output": 8_000}
