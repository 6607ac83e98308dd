"""The verbs that ask the API: as the caller whose token it is, with errors that say what to do."""

import csv
import io
import json
import stat
import sys
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from threading import Thread
from typing import Any

import pytest

from chargeback.__main__ import main
from chargeback_client.connection import Connection
from chargeback_client.verbs.usage import under_each_other
from tests.chargeback_client.conftest import Company
from tests.fixtures.office import ANN, BEN, CAT, CENTRE_A, MARK
from tests.fixtures.workbook import sheet

Output = pytest.CaptureFixture[str]
SIGN_IN = ["login", "--token-command", "echo t"]
LONG_AGO = {"iat": -7200, "nbf": -7200, "exp": -3600}


@pytest.fixture
def file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Where `login` keeps what it keeps."""
    for name in ("API_URL", "API_TOKEN"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("CHARGEBACK_LOGIN", str(tmp_path / "config/login.json"))
    return tmp_path / "config/login.json"


def sign_in(company: Company, kind: str) -> int:
    """By a command that prints the token, as that of a cloud's own program."""
    command = f"{sys.executable} -c \"print('{company.token(kind)}')\""
    return main(["login", "--api-url", company.url, "--token-command", command])


def test_cost_of_each_person_last_month_as_csv(
    company: Company, file: Path, capsys: Output
) -> None:
    assert sign_in(company, "reader") == 0
    assert main(["usage", "--by", "person", "--last-month", "--csv"]) == 0
    rows = list(csv.DictReader(io.StringIO(capsys.readouterr().out)))
    assert {row["from"] for row in rows} == {"2026-11-01"}
    [ann] = [row for row in rows if row["subject"] == ANN]
    assert (ann["name"], ann["calls"], ann["cost_charge"]) == ("Ann Owner", "4", "0.0047808")


def test_table_json_and_workbook_say_the_same(
    company: Company, file: Path, capsys: Output, tmp_path: Path
) -> None:
    assert sign_in(company, "reader") == 0
    asked = ["usage", "--month", "2026-11", "--by", "person", "model", "--subject", ANN]
    assert main(asked) == 0
    printed = capsys.readouterr()
    assert "2026-11-01 until before 2026-12-01, Europe/Berlin" in printed.err
    head, dearest, *_, total = printed.out.splitlines()
    assert head.split()[:3] == ["name", "subject", "model"]
    assert dearest.split() == ["Ann", "Owner", ANN, "gpt-4.1-mini", "2", "0.0047808"]
    assert total.split() == ["total", "4", "2", "0.0047808"]
    assert main([*asked, "--json"]) == 0
    assert json.loads(capsys.readouterr().out)["totals"]["calls"] == 4
    book = tmp_path / "usage.xlsx"
    assert main([*asked, "--xlsx", str(book)]) == 0
    assert sum(int(line["calls"]) for line in sheet(book.read_bytes(), "usage")) == 4


def test_decimal_points_are_under_each_other() -> None:
    shown = under_each_other(["0.0047808", "12.5", "3", "unknown"])
    assert shown == ["0.0047808", "12.5      ", "3        ", "unknown        "]


def test_caller_sees_their_own_alone(company: Company, file: Path, capsys: Output) -> None:
    assert sign_in(company, "employee") == 0
    assert "Signed in as Ben Mover. You see your own usage" in capsys.readouterr().err
    assert main(["usage", "--month", "2026-11"]) == 0
    printed = capsys.readouterr().out
    assert BEN in printed
    assert CAT not in printed
    assert main(["usage", "--month", "2026-11", "--by", "cost-centre", "--json"]) == 0
    lines = json.loads(capsys.readouterr().out)["data"]
    assert CENTRE_A in {line["cost_centre"] for line in lines}


def test_why_explains_a_call_by_whatever_names_it(
    company: Company, file: Path, capsys: Output
) -> None:
    assert sign_in(company, "reader") == 0
    assert main(["why", f"{MARK}session-ann20", "--json"]) == 0
    call = json.loads(capsys.readouterr().out)
    for name in (call["id"], call["call_id"]):
        assert main(["why", name]) == 0
        assert "no_usage" not in (printed := capsys.readouterr().out)
        assert f"{MARK}model-ann20 for Ann Owner" in printed
        assert "cost: unknown" in printed
    assert main(["why", f"{MARK}response-ann5", "--day", "2026-11-05"]) == 0
    assert "several calls have" in capsys.readouterr().err


def test_why_shows_tokens_times_price(company: Company, file: Path, capsys: Output) -> None:
    assert sign_in(company, "owner") == 0
    assert main(["usage", "--month", "2026-10", "--json"]) == 0
    capsys.readouterr()
    with company_client(company, "owner") as api:
        calls = api.json("/v1/calls", {"month": "2026-10", "model": "gpt-4.1-mini"})["data"]
    assert main(["why", calls[0]["id"]]) == 0
    lines = capsys.readouterr().out.splitlines()
    assert ["input", "1,024", "0.4", "0.0004096", "0.0004096"] in [line.split() for line in lines]
    assert any(line.split() == ["total", "0.0011952", "0.0011952"] for line in lines)
    assert any(line.startswith("rule azure.gpt-4.1-mini") for line in lines)
    assert main(["why", "nothing"]) == 1
    assert "error: no call has 'nothing' as request id" in capsys.readouterr().err


def company_client(company: Company, kind: str) -> Connection:
    return Connection(company.url, company.token(kind))


def test_login_file_is_its_owners_alone_and_never_follows_to_another_api(
    company: Company, file: Path, capsys: Output, monkeypatch: pytest.MonkeyPatch
) -> None:
    token = company.token("employee")
    monkeypatch.setattr("sys.stdin", io.StringIO(f"{token}\n"))
    assert main(["login", "--api-url", company.url]) == 0
    assert stat.S_IMODE(file.stat().st_mode) == 0o600
    assert stat.S_IMODE(file.parent.stat().st_mode) == 0o700
    capsys.readouterr()
    assert main(["token"]) == 0
    assert capsys.readouterr().out.strip() == token
    other = company.url.replace("127.0.0.1", "localhost")
    assert main(["usage", "--api-url", other]) == 1
    assert "the API wants you to sign in" in capsys.readouterr().err
    assert main(["login", "--forget"]) == 0
    assert not file.exists()
    assert main(["token"]) == 1


@pytest.mark.parametrize(
    ("words", "code", "said"),
    [
        (["usage", "--api-url", "ftp://x"], 1, "is no address"),
        (["usage", "--api-url", "http://api.test", "--api-token", "t"], 1, "is not https"),
        (["usage", "--api-url", "http://127.0.0.1:1"], 1, "nothing answers at http://127.0.0.1:1"),
        (["usage", "--month", "2026-10", "--last-month"], 2, "--last-month and --month are given"),
        (["usage", "--csv", "--json"], 2, "--csv and --json are given"),
        (["usage", "--by", "persona"], 2, "did you mean person?"),
        (["why", "x", "--day", "yesterday"], 2, "'yesterday' is not a day"),
        (["login", "--token-command", "/no/such/program"], 1, "/no/such/program gives no token"),
        (["login", "--token-command", "true"], 1, "true has not printed one token"),
        (["login", "--token-command", "az 'account"], 1, "is no command: No closing quotation"),
        (["login", "--token-command", " "], 1, "the command that gives a token is empty"),
        (["usage", "--api-url", "http://127.0.0.1:99999"], 1, "is no address"),
        (["usage", "--api-url", "http://[::1"], 1, "is no address"),
        (["usage", "--api-token", "a\nb"], 1, "what was given as token is none"),
        (["usage", "--api-token", "schlüssel"], 1, "what was given as token is none"),
        (["why", "x", "--day", "9999-12-31"], 1, "9999-12-31 is after every call"),
    ],
)
def test_mistake_is_one_line_that_says_what_to_do(
    file: Path, capsys: Output, words: list[str], code: int, said: str
) -> None:
    assert main(words) == code
    printed = capsys.readouterr()
    assert printed.out == ""
    assert said in printed.err
    assert "Traceback" not in printed.err


def test_answer_of_the_api_is_passed_on_in_its_own_words(
    company: Company, file: Path, capsys: Output
) -> None:
    assert sign_in(company, "reader") == 0
    capsys.readouterr()
    assert main(["usage", "--model", "gpt-4.1-mimi"]) == 1
    said = "error: model = 'gpt-4.1-mimi': no call has this model; the nearest is 'gpt-4.1-mini'\n"
    assert capsys.readouterr().err == said


def test_days_without_a_call_are_said_to_have_none(
    company: Company, file: Path, capsys: Output
) -> None:
    assert sign_in(company, "reader") == 0
    capsys.readouterr()
    assert main(["usage", "--month", "2027-11"]) == 0
    printed = capsys.readouterr()
    assert "nobody made a call that you may see in these days" in printed.err
    assert printed.out.splitlines()[-1].split() == ["total", "0", "0"]
    assert main(["usage", "--subject", "nobody"]) == 1
    assert "error: subject = 'nobody'" in capsys.readouterr().err
    assert main(["usage", "--month", "2026-13"]) == 1
    assert "error: month" in capsys.readouterr().err


@pytest.mark.parametrize(
    ("claims", "said"),
    [(LONG_AGO, "the token is expired"), ({"aud": "other"}, "the token is for another audience")],
)
def test_token_that_does_not_count_is_said_why(
    company: Company, file: Path, capsys: Output, claims: dict[str, Any], said: str
) -> None:
    token = company.office.issuer.token(**claims)
    for words in (["usage"], ["why", "x"], ["telemetry", "user"]):
        assert main([*words, "--api-url", company.url, "--api-token", token]) == 1
        error = capsys.readouterr().err
        assert said in error
        assert "see `chargeback login --help`" in error
        assert token not in error


class OtherServer(BaseHTTPRequestHandler):
    """Answers everything with a page of its own."""

    def do_GET(self) -> None:
        content = b"[]" if self.path.startswith("/json") else b"<html>hello</html>"
        self.send_response(200)
        self.end_headers()
        self.wfile.write(content)

    def log_message(self, format: str, *args: object) -> None:
        """Nothing."""


def test_another_server_is_not_taken_for_the_api(file: Path, capsys: Output) -> None:
    with ThreadingHTTPServer(("127.0.0.1", 0), OtherServer) as server:
        Thread(target=server.serve_forever, daemon=True).start()
        url = f"http://127.0.0.1:{server.server_port}"
        for address in (url, f"{url}/json"):
            for words in (["usage"], ["usage", "--csv"], ["why", "x"], SIGN_IN):
                assert main([*words, "--api-url", address]) == 1
                assert "answers, and is not this API" in capsys.readouterr().err
        server.shutdown()


def test_login_that_the_api_does_not_take_is_not_kept(
    company: Company, file: Path, capsys: Output
) -> None:
    assert main(["login", "--api-url", company.url, "--token-command", "echo nonsense"]) == 1
    assert "the API wants you to sign in" in capsys.readouterr().err
    assert not file.exists()
