"""Every list as CSV and as a workbook: the same lines as in JSON, whose numbers add up."""

import csv
import io
import re
from collections.abc import AsyncIterator
from decimal import Decimal

import pytest

from table_api.http_api.app import ROUTES, create_app
from table_api.http_api.conventions.forms import Form
from table_api.http_api.lists import handler
from table_api.people.people import People, Person
from table_api.storage.memory_blobs import MemoryBlobStore
from table_api.storage.memory_tables import MemoryTableStorage
from tests.fixtures.builders import CALL_TIME, SUBJECT
from tests.fixtures.calls import NOW, make_call, open_ledger
from tests.fixtures.office import ANN, BEN, DAN, SUBJECTS, Office, issuer_of_office, open_office
from tests.fixtures.workbook import sheet
from tests.paths import ROOT
from tests.table_api.conftest import ApiClient
from tests.table_api.http_api.asking import get, post

LISTS = [route for route in ROUTES if route.line is not None]
ALL = {"from": "2026-10-01", "to": "2027-01-01"}
PAGE = ALL | {"limit": "3"}


def rows_of(content: bytes) -> list[dict[str, str]]:
    """The lines of a CSV file."""
    return list(csv.DictReader(io.StringIO(content.decode("utf-8-sig"), newline="")))


async def test_usage_by_person_is_one_file_with_range_zone_and_currency(
    api: ApiClient, memory: MemoryTableStorage
) -> None:
    await post(memory, "a", "a", "=b")
    ada = Person(subject="a", display_name="Ada", cost_centre=None, valid_from=CALL_TIME.date())
    await People(memory, now=lambda: NOW).save([ada])
    question = {"group_by": "subject", "month": "2026-11"}
    usage = await get(api, "/v1/usage", **question)
    by_suffix = await api.get("/v1/usage.csv", params=question)
    by_header = await api.get("/v1/usage", params=question, headers={"Accept": "text/csv"})
    assert by_suffix.content == by_header.content
    assert by_suffix.headers["content-type"] == "text/csv; charset=utf-8"
    disposition = by_suffix.headers["content-disposition"]
    assert disposition == 'attachment; filename="usage_2026-11-01_2026-12-01.csv"'
    formula, named = rows_of(by_suffix.content)
    assert formula["subject"] == "'=b"
    assert (named["subject"], named["name"], named["calls"]) == ("a", "Ada", "2")
    assert named["cost_charge"] == usage["data"][1]["cost"]["charge"]
    assert (named["units_input"], named["units_page"]) == ("2048", "")
    scope = ("2026-11-01", "2026-12-01", "Europe/Berlin", "USD", "")
    assert tuple(named[name] for name in ("from", "to", "zone", "currency", "book")) == scope
    assert not {"day", "model", "cost_billed"} & set(named)


async def test_usage_of_one_person_says_whose_it_is(
    api: ApiClient, memory: MemoryTableStorage
) -> None:
    await post(memory, "a", "b")
    ada = Person(subject="a", display_name="Ada", cost_centre="R&D", valid_from=CALL_TIME.date())
    await People(memory, now=lambda: NOW).save([ada])
    for groups in ("day,model", "model"):
        asked = {"group_by": groups, "month": "2026-11"}
        answer = await api.get("/v1/subjects/a/usage.csv", params=asked)
        [head] = csv.reader(io.StringIO(answer.content.decode("utf-8-sig").splitlines()[0]))
        assert len(head) == len(set(head))
        [line] = rows_of(answer.content)
        assert (line["subject"], line["name"], line["cost_centre"]) == ("a", "Ada", "R&D")
        workbook = await api.get("/v1/subjects/a/usage.xlsx", params=asked)
        about = dict(_pairs(workbook.content))
        assert (about["subject"], about["name"]) == ("a", "Ada")


async def test_workbook_has_numbers_with_their_exact_texts(
    api: ApiClient, memory: MemoryTableStorage
) -> None:
    await post(memory, "a", "b")
    answer = await api.get("/v1/usage.xlsx", params={"group_by": "subject,day"})
    assert answer.headers["content-type"] == Form.XLSX
    lines = sheet(answer.content, "usage")
    assert [line["calls"] for line in lines] == [Decimal(1), Decimal(1)]
    assert all(isinstance(line["cost_charge"], Decimal) for line in lines)
    total = sum(Decimal(line["cost_charge, exact text"]) for line in lines)
    assert str(total) == (await get(api, "/v1/usage"))["totals"]["cost"]["charge"]
    about = dict(_pairs(answer.content))
    assert about["zone"] == "Europe/Berlin"
    assert about["question"] == "/v1/usage.xlsx?group_by=subject%2Cday"
    tag = answer.headers["etag"]
    again = await api.get(
        "/v1/usage.xlsx", params={"group_by": "subject,day"}, headers={"If-None-Match": tag}
    )
    assert again.status_code == 304


def _pairs(content: bytes) -> list[tuple[str, str]]:
    first, *rest = sheet(content, "About")
    name, value = first  # the first pair is where other sheets have their titles
    return [(name, value), *((str(row[name]), str(row.get(value, ""))) for row in rest)]


@pytest.mark.parametrize("start", ["@", "\uff1d", "\uff0b", "\uff0d", "\uff20"])
async def test_what_a_caller_named_is_no_formula_in_any_spreadsheet(
    api: ApiClient, memory: MemoryTableStorage, start: str
) -> None:
    """Those of East Asia run the wide forms too."""
    ledger = await open_ledger(memory)
    await ledger.post([make_call(1, subject="a", session=f"{start}HYPERLINK(1)")])
    answer = await api.get("/v1/subjects/a/calls.csv", params={"month": "2026-11"})
    [row] = rows_of(answer.content)
    assert row["session"] == f"'{start}HYPERLINK(1)"


async def test_empty_list_has_the_columns_that_were_asked_for(
    api: ApiClient, memory: MemoryTableStorage
) -> None:
    await post(memory, "a")
    answer = await api.get("/v1/usage.csv", params={"group_by": "subject", "month": "2026-01"})
    [head] = list(csv.reader(io.StringIO(answer.content.decode("utf-8-sig"))))
    assert head[:2] == ["subject", "name"]


async def test_file_has_all_pages_and_a_limit_gives_one(
    api: ApiClient, memory: MemoryTableStorage, monkeypatch: pytest.MonkeyPatch
) -> None:
    await post(memory, *(f"s{n}" for n in range(7)), *[SUBJECT] * 7)
    monkeypatch.setattr(handler, "PAGE_LINES", 2)
    for path in ("/v1/subjects.csv", f"/v1/subjects/{SUBJECT}/calls.csv"):
        whole = await api.get(path)
        assert len(rows_of(whole.content)) >= 7
        assert "next" not in whole.links
        assert {row["goes_on"] for row in rows_of(whole.content)} == {"false"}
        one = await api.get(path, params={"limit": "3"})
        assert len(rows_of(one.content)) == 3
        assert {row["goes_on"] for row in rows_of(one.content)} == {"true"}
        following = await api.get(one.links["next"]["url"])
        assert len(rows_of(following.content)) == 3
    monkeypatch.setattr(handler, "LINES_MAX", 4)
    cut = await api.get("/v1/subjects.csv")
    assert [row["goes_on"] for row in rows_of(cut.content)] == ["true"] * 4
    assert "cursor=" in cut.links["next"]["url"]
    workbook = await api.get("/v1/subjects.xlsx")
    assert dict(_pairs(workbook.content))["goes_on"] == "true"
    assert "goes_on" not in rows_of((await api.get("/v1/usage.csv")).content)[0]


@pytest.fixture
async def office() -> AsyncIterator[Office]:
    with issuer_of_office() as (issuer, access):
        yield await open_office(issuer, access)


async def test_file_shows_each_caller_what_the_json_does(office: Office) -> None:
    described = create_app(MemoryTableStorage(), MemoryBlobStore()).openapi()["paths"]
    for caller in ("nobody", *SUBJECTS):
        async with office.client(caller) as api:
            for route in LISTS:
                path = route.path.replace("{subject:path}", ANN)
                operation = described[route.path.replace(":path", "")]["get"]
                names = {each["name"] for each in operation.get("parameters", [])}
                asked = {name: text for name, text in PAGE.items() if name in names}
                plain = await api.get(path, params=asked)
                for file in (
                    await api.get(f"{path}.csv", params=asked),
                    await api.get(path, params=asked, headers={"Accept": "text/csv"}),
                ):
                    assert file.status_code == plain.status_code
                    if plain.status_code == 200:
                        assert len(rows_of(file.content)) == len(plain.json()["data"])
                workbook = await api.get(f"{path}.xlsx", params=asked)
                assert workbook.status_code == plain.status_code


@pytest.mark.parametrize("page", ["README.md", "docs/api.md"])
async def test_the_documented_download_gives_the_cost_of_each_person(
    office: Office, page: str
) -> None:
    text = (ROOT / page).read_text(encoding="utf-8")
    [target] = set(re.findall(r"/v1/usage\.csv\?[^\"\s]+", text))
    async with office.client("reader") as api:
        answer = await api.get(target)
    rows = rows_of(answer.content)
    assert [row["name"] for row in rows if row["subject"] == ANN] == ["Ann Owner"]
    assert {row["from"] for row in rows} == {"2026-11-01"}
    assert all(Decimal(row["cost_charge"]) > 0 for row in rows)


async def test_a_file_is_recorded_once_with_everybody_in_it(
    office: Office, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(handler, "PAGE_LINES", 1)
    async with office.client("owner") as api:
        assert (await api.get("/v1/subjects.csv", params=ALL)).status_code == 200
    async with office.client("admin") as api:
        log = (await api.get("/v1/access-log", params={"period": "today"})).json()["data"]
    [row] = [each for each in log if each["caller"] == ANN]
    assert (row["route"], row["path"]) == ("/v1/subjects", "/v1/subjects.csv")
    assert {BEN, DAN} <= set(row["subjects"])


async def test_head_has_the_headers_and_no_body(api: ApiClient, memory: MemoryTableStorage) -> None:
    await post(memory, "a")
    for path in ("/v1/usage", "/v1/usage.csv", "/healthz", "/docs", "/v1/calls/x"):
        whole, head = await api.get(path), await api.head(path)
        assert head.status_code == whole.status_code
        assert head.content == b""
        assert head.headers["content-length"] == str(len(whole.content))
        assert head.headers.get("etag") == whole.headers.get("etag")


@pytest.mark.parametrize(
    ("accept", "form"),
    [
        ("", Form.JSON),
        ("*/*", Form.JSON),
        ("text/html, */*;q=0.8", Form.JSON),
        ("text/*", Form.CSV),
        ("text/csv;q=0.5, application/json", Form.JSON),
        ("text/csv, application/json;q=0.9", Form.CSV),
        (Form.XLSX.value, Form.XLSX),
        ("application/json;q=0, */*", Form.CSV),
        ("text/html", None),
        ("text/csv;q=0", None),
    ],
)
async def test_accept_chooses_the_form(
    api: ApiClient, memory: MemoryTableStorage, accept: str, form: Form | None
) -> None:
    await post(memory, "a")
    answer = await api.get("/v1/usage", headers={"Accept": accept})
    if form is None:
        assert (answer.status_code, answer.json()["type"]) == (406, "urn:problem:not-acceptable")
    else:
        assert answer.headers["content-type"].partition(";")[0] == form
