"""The Python client against a running API: typed answers, all pages, files, errors in words."""

import csv
import io
from datetime import date
from decimal import Decimal
from pathlib import Path

import pytest

from chargeback_client.client import Client
from chargeback_client.errors import ApiRefused, ClientError, NotSignedIn
from chargeback_client.login import Login, save_login
from table_api.http_api.lists import handler
from tests.chargeback_client.conftest import Company
from tests.fixtures.office import ANN, BEN, TEAM

NOVEMBER = "2026-11"


def test_cost_of_each_person_is_exact(company: Company) -> None:
    with Client(company.url, company.token("reader")) as api:
        usage = api.usage(group_by="subject", month=NOVEMBER)
        of_days = api.usage(group_by="subject", from_=date(2026, 11, 1), to="2026-12-01")
    assert usage == of_days
    assert usage.from_ == date(2026, 11, 1)
    [ann] = [line for line in usage.data if line.subject == ANN]
    assert ann.name == "Ann Owner"
    assert ann.cost is not None
    assert ann.cost.charge == Decimal("0.0047808")
    assert usage.totals.calls == sum(line.calls for line in usage.data)


def test_lines_of_all_pages(company: Company) -> None:
    with Client(company.url, company.token("reader")) as api:
        subjects = list(api.every(api.subjects, month=NOVEMBER, limit=2))
        calls = list(api.every(api.subjects_calls, TEAM, month=NOVEMBER, limit=1, order="newest"))
        found = list(api.every(api.calls, month=NOVEMBER, limit=3))
        detail = api.calls_of_call_id(calls[0].id)
    assert len({line.subject for line in subjects}) == len(subjects) == 5
    assert [call.time for call in calls] == sorted((call.time for call in calls), reverse=True)
    assert len(found) == sum(line.calls for line in subjects)
    assert (detail.subject, detail.call_id) == (TEAM, calls[0].call_id)


def test_files_and_documents_are_bytes(company: Company) -> None:
    with Client(company.url, company.token("reader")) as api:
        text = api.file("/v1/usage", group_by="subject", month=NOVEMBER).decode("utf-8-sig")
        assert len(list(csv.DictReader(io.StringIO(text)))) == 5
        assert api.file("/v1/people", "xlsx").startswith(b"PK")
        number = api.invoices(month=NOVEMBER).data[0].number
        pdf = api.invoices_files_of_file(number, f"{number}.pdf", names=True)
        assert pdf.startswith(b"%PDF")


def test_no_file_is_given_of_which_lines_would_be_lost(
    company: Company, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(handler, "LINES_MAX", 4)
    monkeypatch.setattr(handler, "PAGE_LINES", 2)
    with Client(company.url, company.token("reader")) as api:
        with pytest.raises(ClientError, match=r"/v1/subjects\.csv is longer than one file"):
            api.file("/v1/subjects", month=NOVEMBER)
        page = api.file("/v1/subjects", month=NOVEMBER, limit=3).decode("utf-8-sig")
        assert len(list(csv.DictReader(io.StringIO(page)))) == 3


def test_refusals_say_what_the_api_says(company: Company) -> None:
    with Client(company.url, company.token("employee")) as api:
        assert {line.subject for line in api.subjects(month=NOVEMBER).data} == {BEN}
        with pytest.raises(ApiRefused, match=r"Billing\.Read\.All") as refused:
            api.metering()
        assert (refused.value.status, refused.value.kind) == (403, "not-allowed")
        with pytest.raises(ApiRefused) as unknown:
            api.subjects_usage(ANN, month=NOVEMBER)
        assert unknown.value.kind == "unknown-subject"
    with Client(company.url) as nobody, pytest.raises(NotSignedIn):
        nobody.me()


def test_a_body_is_sent_and_its_bad_field_named(company: Company) -> None:
    with (
        Client(company.url, company.token("service")) as api,
        pytest.raises(ApiRefused) as refused,
    ):
        api.rate({"model": "gpt-4.1-mini"})
    assert refused.value.kind == "invalid-parameter"
    assert "usage" in str(refused.value)


def test_client_asks_as_whoever_signed_in(company: Company, tmp_path: Path) -> None:
    file = tmp_path / "login.json"
    with pytest.raises(ClientError, match="chargeback login"):
        Client.signed_in(file)
    save_login(file, Login(api_url=company.url, token=company.token("owner")))
    with Client.signed_in(file) as api:
        assert api.me().subject == ANN
