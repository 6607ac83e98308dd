"""The console says that nobody knows a cost, and never that it is 0."""

from collections.abc import Sequence
from typing import Any

import pytest

from chargeback_client.connection import Json, Parameters
from chargeback_client.verbs.telemetry import session, user

CALL = {
    "time": "2026-11-20T12:00:00Z", "model": "m", "input_tokens": 0, "output_tokens": 0,
    "gateway_ms": None, "call_id": "c", "state": "pending", "charge": None,
}  # fmt: skip
PRICED = CALL | {"state": "priced", "charge": "0.5"}


class Recorded:
    """What one person's calls were, as a source answers."""

    def __init__(self, *lines: Json, calls: Sequence[Json] = ()) -> None:
        self._lines = lines
        self._calls = calls

    def usage(self, subject: str | None, asked: Parameters) -> Json:
        head = {"name": "Ann", "subject": "a", "currency": "USD"}
        return head | {"from": "2026-11-20", "to": "2026-11-21", "data": list(self._lines)}

    def sessions(self, subject: str | None, asked: Parameters) -> Json:
        return {"data": [], "more": False}

    def calls(
        self, subject: str | None, asked: Parameters, *, session: str, most: int | None = None
    ) -> tuple[Sequence[Json], str]:
        return self._calls, "USD"

    def call(self, call_id: str, day: str | None = None) -> Json:
        raise AssertionError(call_id)

    def top(self, asked: Parameters, by: str) -> Json:
        raise AssertionError(by)

    def recent(self, subject: str | None) -> tuple[Sequence[Json], str]:
        raise AssertionError(subject)


def line(charge: str | None, **without: int) -> dict[str, Any]:
    return {"calls": 2, "charge": charge, "unpriced_calls": 0, "no_usage_calls": 0} | without


@pytest.mark.parametrize(
    ("lines", "said"),
    [
        ([line(None, pending_calls=2)], "2 calls, cost unknown, 2026-11-20 … 2026-11-20, "
         "the cost of 2 unknown"),
        ([line(None, no_usage_calls=2), line("0", pending_calls=1)],
         "4 calls, 0 USD, 2026-11-20 … 2026-11-20, the cost of 3 unknown"),
        ([], "0 calls, 0 USD, 2026-11-20 … 2026-11-20 ("),
        ([line("0.5")], "2 calls, 0.5 USD, 2026-11-20 … 2026-11-20 ("),
    ],
)  # fmt: skip
def test_heading_counts_what_nobody_knows(
    lines: list[Json], said: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert user(Recorded(*lines), None, {}, calls=1, as_json=False) == 0
    assert capsys.readouterr().out.startswith(f"Ann: {said}")


def test_total_begins_with_the_first_known_charge(capsys: pytest.CaptureFixture[str]) -> None:
    newest_first = [CALL, PRICED, CALL]
    assert session(Recorded(calls=newest_first), "s", None, {}, as_json=False) == 0
    lines = [each for each in capsys.readouterr().out.splitlines() if "  m  " in each]
    assert [each.partition("  total ")[2].strip() for each in lines] == ["", "0.5", "0.5"]
