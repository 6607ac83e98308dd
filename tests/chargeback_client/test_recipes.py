"""What docs/client.md shows is what the API, the client and the command line take."""

import csv
import io
import re
import shlex

import pytest

from chargeback.__main__ import main
from chargeback_client.client import Client
from tests.chargeback_client.conftest import Company
from tests.paths import ROOT

PAGE = (ROOT / "docs/client.md").read_text(encoding="utf-8")


def test_the_query_of_a_spreadsheet_gets_the_columns_that_it_types(company: Company) -> None:
    [path] = re.findall(r'RelativePath = "(v1/\S+)"', PAGE)
    [query] = re.findall(r"Query = \[(.*)\]", PAGE)
    asked = dict(re.findall(r'(\w+) = "([^"]+)"', query))
    with Client(company.url, company.token("reader")) as api:
        text = api.content(f"/{path}", asked).decode("utf-8-sig")
    rows = list(csv.DictReader(io.StringIO(text)))
    typed = re.findall(r'{"(\w+)", (?:type|Int64)', PAGE)
    assert rows
    assert set(typed) <= set(rows[0])


def test_the_script_runs(company: Company, capsys: pytest.CaptureFixture[str]) -> None:
    [script] = re.findall(r"```python\n(.*?)```", PAGE, re.DOTALL)
    asked = f"Client({company.url!r}, {company.token('reader')!r})"
    found: dict[str, object] = {}
    exec(script.replace("Client.signed_in()", asked), found)
    assert "Ann Owner 0.0047808 USD" in capsys.readouterr().out
    workbook = found["workbook"]
    assert isinstance(workbook, bytes)
    assert workbook.startswith(b"PK")


def test_the_commands_are_taken(
    company: Company,
    capsys: pytest.CaptureFixture[str],
    monkeypatch: pytest.MonkeyPatch,
    tmp_path: object,
) -> None:
    monkeypatch.chdir(str(tmp_path))
    monkeypatch.setenv("CHARGEBACK_LOGIN", f"{tmp_path}/login.json")
    monkeypatch.setenv("API_URL", company.url)
    monkeypatch.setenv("API_TOKEN", company.token("reader"))
    lines = re.findall(r"^chargeback (usage .*)$", PAGE, re.MULTILINE)
    assert len(lines) == 2
    for line in lines:
        assert main(shlex.split(line.partition(" >")[0])) == 0
    assert "Ann Owner" in capsys.readouterr().out
