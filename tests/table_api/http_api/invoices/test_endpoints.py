"""Invoices over HTTP: lists, documents and files."""

import hashlib
import io
import json
import zipfile
from collections.abc import AsyncIterator
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal

import httpx
import pytest

from table_api.consumer_state.groups import DEFAULT_GROUPS
from table_api.http_api.app import create_app
from table_api.storage.memory_blobs import MemoryBlobStore
from table_api.storage.memory_tables import MemoryTableStorage
from tests.fixtures.billing import BOB, DECEMBER, EVE, NOVEMBER, OCTOBER, SEARCH, Billing, people
from tests.fixtures.calls import NOW
from tests.table_api.invoicing.closing.test_missing_events import add, letter, lose

DECEMBER_5 = datetime(2026, 12, 5, tzinfo=UTC)


@pytest.fixture
async def api(billing: Billing) -> AsyncIterator[httpx.AsyncClient]:
    """October and November are closed."""
    await billing.post(30, date(2026, 10, 1))
    await billing.post(20, date(2026, 10, 31), subject=BOB, deployment="gpt-4o")
    await billing.post(1, date(2026, 10, 31), subject=EVE, usage=None)
    await billing.close(OCTOBER)
    await billing.post(30, date(2026, 10, 1))
    await billing.close(NOVEMBER)
    app = create_app(billing.storage, billing.blobs, now=lambda: NOW)
    transport = httpx.ASGITransport(app)
    async with httpx.AsyncClient(transport=transport, base_url="http://localhost") as client:
        yield client


async def test_the_list_is_newest_first_with_what_each_month_came_to(
    api: httpx.AsyncClient,
) -> None:
    body = (await api.get("/v1/invoices")).json()
    assert [(month["month"], month["amount"]) for month in body["months"]] == [
        ("2026-11", "0.03"),
        ("2026-10", "0.20"),
    ]
    assert [entry["number"] for entry in body["data"]] == [
        "INV-000004", "INV-000001", "INV-000002", "INV-000003",
    ]  # fmt: skip
    one = (await api.get("/v1/invoices?month=2026-10&kind=statement")).json()
    assert [(entry["subject"], entry["name"]) for entry in one["data"]] == [
        ("ann", "Ann Árnadóttir"), ("bob", "Bob Παππάς"), ("eve", None),
    ]  # fmt: skip


async def test_every_closed_month_is_named_and_the_newest_thirteen_are_listed(
    billing: Billing,
) -> None:
    months = [NOVEMBER.moved(-back) for back in range(15)]
    for month in reversed(months):
        await billing.post(1, month.first_day)
        await billing.close(month)
    transport = httpx.ASGITransport(create_app(billing.storage, billing.blobs, now=lambda: NOW))
    async with httpx.AsyncClient(transport=transport, base_url="http://localhost") as client:
        body = (await client.get("/v1/invoices")).json()
        oldest = (await client.get("/v1/invoices?month=2025-09")).json()
    assert body["closed_months"] == oldest["closed_months"] == [str(month) for month in months]
    assert [month["month"] for month in body["months"]] == body["closed_months"][:13]
    assert {entry["month"] for entry in oldest["data"]} == {"2025-09"}


async def test_a_document_shows_its_subtotals_its_concerns_and_its_files(
    api: httpx.AsyncClient,
) -> None:
    body = (await api.get("/v1/invoices/INV-000004")).json()
    assert body["subtotals"][0]["kind"] == "correction"
    assert [file["name"] for file in body["files"]] == [
        f"INV-000004.{ending}" for ending in ("csv", "json", "pdf", "xlsx")
    ]
    eve = (await api.get("/v1/invoices/INV-000003")).json()
    assert [(each["concern"], each["calls"]) for each in eve["uncharged"]] == [("no_usage", 1)]
    statement = (await api.get("/v1/invoices/ST-202610-00001")).json()
    assert [file["bytes"] is None for file in statement["files"]] == [False, True, True, True]


async def test_a_document_adds_up_by_person_and_by_model_with_its_list_prices(
    api: httpx.AsyncClient,
) -> None:
    body = (await api.get("/v1/invoices/INV-000001")).json()
    lines = (await api.get("/v1/invoices/INV-000001/files/INV-000001.json")).json()["lines"]
    for part, key in (("people", "subject"), ("models", "model")):
        for share in body[part]:
            own = [line for line in lines if line[key] == share[key]]
            assert share["lines"] == len(own)
            for amount in ("amount", "amount_unrounded"):
                assert Decimal(share[amount]) == sum(Decimal(line[amount]) for line in own)
        assert sum(Decimal(share["amount"]) for share in body[part]) == Decimal(body["amount"])
    for model in body["models"]:
        usage = [line for line in lines if line["model"] == model["model"]]
        for price in model["prices"]:
            own = [line for line in usage if line["unit"] == price["unit"]]
            per_million = sum(Decimal(line["list"]) for line in own) * 1_000_000
            quantity = sum(line["quantity"] for line in own)
            assert price == {
                "unit": price["unit"],
                "quantity": quantity,
                "price": f"{(per_million / quantity).normalize():f} per 1M",
            }
        assert {price["unit"] for price in model["prices"]} == {line["unit"] for line in usage}


@pytest.mark.parametrize("ending", ["json", "csv", "pdf", "xlsx"])
async def test_a_stored_file_is_immutable_and_its_etag_is_its_hash(
    api: httpx.AsyncClient, billing: Billing, ending: str
) -> None:
    path = f"/v1/invoices/INV-000001/files/INV-000001.{ending}"
    answer = await api.get(path)
    assert answer.content == (await billing.files())[f"202610/invoices/INV-000001.{ending}"]
    assert "immutable" in answer.headers["cache-control"]
    listed = (await api.get("/v1/invoices/INV-000001")).json()["files"]
    [file] = [each for each in listed if each["name"].endswith(ending)]
    assert answer.headers["etag"] == f'"{file["sha256"]}"'
    assert answer.headers["content-type"] == file["content_type"]
    again = await api.get(path, headers={"If-None-Match": answer.headers["etag"]})
    assert (again.status_code, again.content) == (304, b"")


async def test_names_are_rendered_on_request_and_promise_nothing(api: httpx.AsyncClient) -> None:
    answer = await api.get("/v1/invoices/INV-000001/files/INV-000001.csv?names=true")
    assert "Ann Árnadóttir" in answer.text
    assert "immutable" not in answer.headers["cache-control"]
    statement = await api.get("/v1/invoices/ST-202610-00002/files/ST-202610-00002.pdf")
    assert statement.content.startswith(b"%PDF-")


@pytest.mark.parametrize(
    ("file", "start"), [("cost_and_usage.csv", b"BilledCost,"), ("cost_and_usage.parquet", b"PAR1")]
)
async def test_a_month_gives_its_focus_files(
    api: httpx.AsyncClient, file: str, start: bytes
) -> None:
    answer = await api.get(f"/v1/invoices/2026-10/files/{file}")
    assert answer.status_code == 200
    assert answer.content.startswith(start)


async def test_a_zip_of_a_month_has_every_stored_file_and_is_immutable(
    api: httpx.AsyncClient, billing: Billing
) -> None:
    path = "/v1/invoices/months/2026-10.zip"
    answer = await api.get(path)
    assert (answer.status_code, answer.headers["content-type"]) == (200, "application/zip")
    with zipfile.ZipFile(io.BytesIO(answer.content)) as packed:
        found = {f"202610/{name}": packed.read(name) for name in packed.namelist()}
    stored = await billing.files()
    own = {"202610/snapshot.json", "202610/manifest.json"}
    assert found == {
        name: content
        for name, content in stored.items()
        if name.startswith("202610/") and name not in own
    }
    assert "immutable" in answer.headers["cache-control"]
    assert answer.headers["etag"] == f'"{hashlib.sha256(answer.content).hexdigest()}"'
    again = await api.get(path, headers={"If-None-Match": answer.headers["etag"]})
    assert (again.status_code, again.content) == (304, b"")
    assert (await api.get(path, headers={"Accept": "text/csv"})).status_code == 406


async def test_a_zip_of_too_many_bytes_names_the_verb_that_writes_them(
    api: httpx.AsyncClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("table_api.http_api.invoices.endpoints.ZIP_BYTES_MAX", 9)
    answer = await api.get("/v1/invoices/months/2026-10.zip")
    assert (answer.status_code, answer.json()["type"]) == (400, "urn:problem:too-much")
    assert "`chargeback invoice export 2026-10` writes them all" in answer.json()["detail"]


@pytest.mark.parametrize(
    "path",
    [
        "/v1/invoices/months/2026-09.zip",
        "/v1/invoices/INV-999999",
        "/v1/invoices/2026-10",
        "/v1/invoices/INV-000001/files/INV-000002.json",
        "/v1/invoices/INV-000001/files/manifest.json",
        "/v1/invoices/INV-000001/files/INV-000001.exe",
        "/v1/invoices/INV-000001/files/INV-000001.json?names=true",
        "/v1/invoices/2026-09/files/cost_and_usage.csv",
        "/v1/invoices/2026-10/files/snapshot.parquet",
        "/v1/invoices/2026-10/files/..%2Fsnapshot.json",
    ],
)
async def test_what_is_no_document_is_unknown(api: httpx.AsyncClient, path: str) -> None:
    answer = await api.get(path)
    assert answer.status_code == 404
    assert answer.headers["content-type"] == "application/problem+json"


@pytest.mark.parametrize(
    ("name", "path"),
    [
        ("202610/invoices/INV-000001.pdf", "INV-000001/files/INV-000001.pdf"),
        ("202610/statements/ST-202610-00001.json", "months/2026-10.zip"),
        ("202610/invoices/INV-000001.json", "INV-000001"),
        ("202610/invoices/INV-000001.json", "INV-000001/files/INV-000001.csv?names=true"),
        ("202610/snapshot.json", "2026-10/files/cost_and_usage.parquet"),
    ],
)
async def test_what_was_altered_by_hand_is_not_given_out(
    api: httpx.AsyncClient, billing: Billing, name: str, path: str
) -> None:
    assert isinstance(billing.blobs, MemoryBlobStore)
    content = billing.blobs.blobs[name]
    billing.blobs.blobs[name] = content[:-9] + b"0" + content[-8:]
    answer = await api.get(f"/v1/invoices/{path}")
    assert answer.status_code == 500
    assert answer.json()["type"] == "urn:problem:altered"
    assert name in answer.json()["detail"]


async def test_a_preview_is_what_the_close_then_bills(
    api: httpx.AsyncClient, billing: Billing
) -> None:
    await billing.post(40, date(2026, 12, 1), subject=BOB, deployment="gpt-4o")
    await billing.post(2, date(2026, 12, 1), subject=EVE, deployment="lab-model-x")
    await billing.post(30, date(2026, 10, 2))
    await people(billing.storage, [(BOB, "Bob", SEARCH, "2026-01-01")])
    app = create_app(billing.storage, billing.blobs, now=lambda: DECEMBER_5)
    transport = httpx.ASGITransport(app)
    before = await billing.files()
    async with httpx.AsyncClient(transport=transport, base_url="http://localhost") as client:
        answer = await client.get("/v1/invoices/preview")
        closed = await client.get("/v1/invoices/preview?month=2026-11")
        future = await client.get("/v1/invoices/preview?month=2027-01")
    assert await billing.files() == before
    body = answer.json()
    assert (body["month"], body["open_months"]) == ("2026-12", ["2026-12"])
    shown = [(each["cost_centre"], each["amount"], each["lines"]) for each in body["data"]]
    manifest = await billing.close(DECEMBER)
    assert shown == [(each.cost_centre, each.amount, each.lines) for each in manifest.invoices]
    assert body["amount"] == manifest.amount
    parts = [part["kind"] for each in body["data"] for part in each["subtotals"]]
    assert sorted(parts) == ["correction", "usage"]
    assert [each["concern"] for each in body["data"][-1]["uncharged"]] == ["unpriced"]
    assert [(each["subject"], each["name"]) for each in body["regrouped"]] == [("bob", "Bob")]
    for refused in (closed, future):
        assert refused.status_code == 400
        assert "is not open: these months are, 2026-12 to 2026-12" in refused.json()["detail"]


@pytest.mark.usefixtures("api")
async def test_a_preview_says_what_reached_a_hub_and_no_ledger(billing: Billing) -> None:
    assert isinstance(billing.storage, MemoryTableStorage)
    first = datetime(2026, 11, 30, 23, tzinfo=UTC)  # in Berlin the first instant of December
    hub = DEFAULT_GROUPS.usage_hub
    early = first - timedelta(seconds=1)
    await add(billing.storage, [letter(1, early, hub), letter(2, first, hub)])
    await lose(billing.storage, DEFAULT_GROUPS.metering, 12)
    app = create_app(billing.storage, billing.blobs, now=lambda: DECEMBER_5)
    transport = httpx.ASGITransport(app)
    async with httpx.AsyncClient(transport=transport, base_url="http://localhost") as client:
        body = (await client.get("/v1/invoices/preview")).json()
    shown = [body[name] for name in ("dead_letters", "dead_letters_of_month", "lost")]
    assert (shown, body["dead_letters_complete"]) == ([2, 1, 12], True)


async def test_a_preview_of_an_empty_ledger_and_of_too_large_a_month(
    billing: Billing, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("table_api.http_api.invoices.endpoints.PREVIEW_CELLS_MAX", 1)
    transport = httpx.ASGITransport(create_app(billing.storage, billing.blobs, now=lambda: NOW))
    async with httpx.AsyncClient(transport=transport, base_url="http://localhost") as client:
        empty = (await client.get("/v1/invoices/preview")).json()
        assert (empty["month"], empty["amount"], empty["data"]) == ("2026-11", "0.00", [])
        await billing.post(1, date(2026, 10, 1))
        await billing.post(1, date(2026, 10, 2))
        answer = await client.get("/v1/invoices/preview")
    assert answer.status_code == 400
    assert "month 2026-10 has more than 1 cells" in answer.json()["detail"]


async def test_a_ledger_without_invoices_lists_none(billing: Billing) -> None:
    transport = httpx.ASGITransport(create_app(billing.storage, billing.blobs, now=lambda: NOW))
    async with httpx.AsyncClient(transport=transport, base_url="http://localhost") as client:
        nothing: dict[str, object] = {"months": [], "data": [], "closed_months": []}
        assert (await client.get("/v1/invoices")).json() == nothing
        assert json.loads((await client.get("/v1/invoices?month=2026-13")).content)["status"] == 400
