"""The console on Application Insights: what people see of their calls, and of nobody else's."""

import json
import re
from pathlib import Path

import pytest

from chargeback.__main__ import main
from chargeback_client.connection import Connection
from chargeback_client.verbs import telemetry_source
from chargeback_client.verbs.telemetry import change, tail
from chargeback_client.verbs.telemetry_source import ApiSource
from tests.chargeback_client.conftest import Company
from tests.fixtures.office import ANN, BEN, CAT, MARK

Output = pytest.CaptureFixture[str]
GOLDEN = Path(__file__).with_name("golden")
DECEMBER = ["--from", "2026-12-01", "--to", "2026-12-11"]


@pytest.fixture
def company_as(company: Company, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Company:
    """Signed in as an employee, until a test says otherwise."""
    monkeypatch.setenv("CHARGEBACK_LOGIN", str(tmp_path / "login.json"))
    monkeypatch.setenv("API_URL", company.url)
    monkeypatch.setenv("API_TOKEN", company.token("employee"))
    return company


def plain(text: str) -> list[str]:
    """Lines without what differs from run to run: ids and the time of the publisher."""
    text = re.sub(r"[0-9a-f]{8}-[0-9a-f-]{27}", "ID", text)
    return re.sub(r"up to \S+(?=[;\n])", "up to TIME", text).splitlines()


def check(name: str, text: str) -> None:
    golden = GOLDEN / f"{name}.txt"
    assert plain(text) == golden.read_text(encoding="utf-8").splitlines()


def test_user_shows_ones_own_sessions_as_a_tree(company_as: Company, capsys: Output) -> None:
    assert main(["telemetry", "user", *DECEMBER]) == 0
    check("user", capsys.readouterr().out)


def test_session_has_a_running_total(company_as: Company, capsys: Output) -> None:
    assert main(["telemetry", "session", f"{MARK}session-bendec", *DECEMBER]) == 0
    check("session", capsys.readouterr().out)


def test_call_is_shown_from_the_gateway_to_the_ledger(company_as: Company, capsys: Output) -> None:
    assert main(["telemetry", "session", f"{MARK}session-bendec", *DECEMBER, "--json"]) == 0
    calls = json.loads(capsys.readouterr().out)["data"]
    [priced] = [call for call in calls if call["charge"]]
    assert main(["telemetry", "call", priced["id"]]) == 0
    text = capsys.readouterr().out
    assert text.startswith(priced["call_id"])
    check("call", text)
    day = ["--day", priced["time"][:10]]
    assert main(["telemetry", "call", priced["call_id"], *day]) == 0  # as the trees show it
    assert capsys.readouterr().out == text
    assert main(["telemetry", "call", "no-such-call", *day]) == 1
    assert "no call has 'no-such-call' as request id" in capsys.readouterr().err


def test_nobody_sees_what_the_api_does_not_show_them(company_as: Company, capsys: Output) -> None:
    for words in (["user", CAT], ["session", "x", "--user", ANN], ["top"], ["reconcile"]):
        assert main(["telemetry", *words]) == 1
        said = capsys.readouterr()
        assert said.out == ""
        assert said.err.startswith("error: ")


def test_top_and_reconcile_are_for_who_sees_everybody(
    company_as: Company, capsys: Output, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("API_TOKEN", company_as.token("reader"))
    assert main(["telemetry", "top", *DECEMBER]) == 0
    check("top", capsys.readouterr().out)  # five people with the same call
    assert main(["telemetry", "reconcile", *DECEMBER]) == 0
    check("reconcile", capsys.readouterr().out)


def test_tail_prints_each_call_once(company_as: Company, capsys: Output) -> None:
    december = {"from": "2026-12-01", "to": "2026-12-11"}
    with Connection(company_as.url, company_as.token("employee")) as api:
        source = ApiSource(api, recent=december)
        assert tail(source, BEN, as_json=False, polls=iter([0, 0])) == 0
    check("tail", capsys.readouterr().out)


def test_tail_misses_nothing_where_more_arrives_than_a_page_holds(
    company_as: Company, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(telemetry_source, "CALLS_A_PAGE", 1)
    days: dict[str, str | None] = {"from": "2026-10-01", "to": "2027-01-01"}
    with Connection(company_as.url, company_as.token("reader")) as api:
        path = f"/v1/telemetry/subjects/{CAT}/calls"
        every = [call["call_id"] for call in api.json(path, days | {"limit": "200"})["data"]]
        source = ApiSource(api, recent=days)
        days["to"] = "2026-11-20"
        [first], _ = source.recent(CAT)
        days["to"] = "2027-01-01"
        later, _ = source.recent(CAT)
        nothing_new, _ = source.recent(CAT)
    position = every.index(first["call_id"])
    assert position > 1
    assert [call["call_id"] for call in later] == every[: position + 1][::-1]
    assert [call["call_id"] for call in nothing_new] == every[:1]


def test_a_session_is_no_markup(company_as: Company, capsys: Output) -> None:
    assert main(["telemetry", "session", "[red]x", *DECEMBER]) == 1
    said = capsys.readouterr()
    assert said.out == ""
    assert said.err.startswith("error: no call of these days is of session '[red]x'")
    assert main(["telemetry", "session", "[red]x", *DECEMBER, "--json"]) == 0
    assert json.loads(capsys.readouterr().out)["data"] == []


@pytest.mark.parametrize(
    ("before", "after", "shown"),
    [("0.5", "0.50010", "  ↺ +0.0001"), ("0.5", "0.2", "  ↺ -0.3"), (None, "2", "  ↺ +2")],
)
def test_a_correction_shows_what_it_changes(before: str | None, after: str, shown: str) -> None:
    assert change({"charge": before}, {"charge": after}) == shown
    assert change(None, {"charge": after}) == ""
