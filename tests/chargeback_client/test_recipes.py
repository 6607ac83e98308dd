"""What docs/client.md shows is what the API, the client and the command line take."""

import csv
import io
import re
import shlex
from collections.abc import Callable
from datetime import date
from decimal import Decimal
from urllib.parse import parse_qsl

import pytest

from chargeback.__main__ import main
from chargeback_client.client import Client
from tests.chargeback_client.conftest import Company
from tests.paths import ROOT

READ_AS: dict[str, Callable[[str], object]] = {
    "type date": date.fromisoformat,
    "type number": Decimal,
    "Int64.Type": int,
}
PAGE = (ROOT / "docs/client.md").read_text(encoding="utf-8")


def test_the_query_of_a_spreadsheet_gets_the_columns_that_it_types(company: Company) -> None:
    [path] = re.findall(r'RelativePath = "(v1/\S+)"', PAGE)
    [query] = re.findall(r"Query = \[(.*)\]", PAGE)
    asked = dict(re.findall(r'(\w+) = "([^"]+)"', query))
    with Client(company.url, company.token("reader")) as api:
        text = api.content(f"/{path}", asked).decode("utf-8-sig")
    rows = list(csv.DictReader(io.StringIO(text)))
    typed = dict(re.findall(r'{"(\w+)", (type \w+|Int64\.Type)}', PAGE))
    assert rows
    assert len(typed) == 3
    for column, kind in typed.items():
        found = [row[column] for row in rows]
        assert [text for text in found if text]
        for text in filter(None, found):  # empty is null, as an unknown cost
            READ_AS[kind](text)


def test_every_address_of_the_page_answers(company: Company) -> None:
    paths = set(re.findall(r"\bv1/[\w./-]+\w", PAGE))
    assert {path.rpartition("/")[2] for path in paths} == {
        "usage", "usage.csv", "cost_and_usage.csv",
    }  # fmt: skip
    with Client(company.url, company.token("reader")) as api:
        for path in paths:
            assert api.content(f"/{path}", {})


def test_the_queries_are_whole() -> None:
    """No part of Power Query is here: at least each bracket is closed, and each step is named."""
    queries = re.findall(r"```powerquery\n(.*?)```", PAGE, re.DOTALL)
    assert len(queries) == 2
    for query in queries:
        bare = re.sub(r'"[^"]*"', '""', query)
        open_ones = ""
        for mark in re.findall(r"[()\[\]{}]", bare):
            if mark in "([{":
                open_ones += mark
            else:
                assert open_ones[-1] + mark in {"()", "[]", "{}"}
                open_ones = open_ones[:-1]
        assert open_ones == ""
        steps = re.findall(r"^    (\w+) =", bare, re.MULTILINE)
        [result] = re.findall(r"\nin\n    (\w+)", bare)
        assert result in steps
        body, _, _ = bare.partition("\nin\n")
        assert re.findall(r"(.)\n    \w+ =", body.removeprefix("let")) == [","] * (len(steps) - 1)


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


def test_every_question_by_curl_is_answered(company: Company) -> None:
    pages = [ROOT / "README.md", *(ROOT / "docs").glob("*.md")]
    text = "\n".join(page.read_text(encoding="utf-8") for page in pages)
    urls = set(re.findall(r"(?:\$API|http://127\.0\.0\.1:8000)(/v1/[\w./?&=,-]+)", text))
    urls -= {"/v1/rate"}  # a POST, which tests/table_api/http_api/rate asks
    assert len(urls) >= 2
    with Client(company.url, company.token("reader")) as api:
        for url in urls:
            path, _, query = url.partition("?")
            assert api.content(path, dict(parse_qsl(query))), url
