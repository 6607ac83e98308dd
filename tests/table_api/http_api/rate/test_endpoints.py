"""`POST /v1/rate`: the price is the ledger's, bad records are named, and nothing is written."""

import copy
import json
from collections.abc import AsyncIterator
from decimal import Decimal
from pathlib import Path
from typing import Any

import httpx
import pytest

from consumers.metering.call_rating import CallRating
from pricing_rules.decoding.usage_event import decode
from pricing_rules.money import format_pico
from pricing_rules.price_book.book import Book
from pricing_rules.types import UsageEvent
from table_api.http_api.app import create_app
from table_api.http_api.rate.body import BODY_BYTES_MAX, CALLS_MAX
from table_api.ledger.book_archive import BookArchive
from table_api.ledger.posting import Origin
from table_api.people.people import People
from table_api.prices.price_list import PriceList
from table_api.storage.memory_blobs import MemoryBlobStore
from table_api.storage.memory_tables import MemoryTableStorage
from tests.fixtures.billing import people
from tests.fixtures.calls import NOW, open_ledger
from tests.fixtures.office import Office, issuer_of_office, open_office
from tests.fixtures.recorded import RecordedSpans
from tests.paths import ROOT
from tests.pricing_rules.books import ALIAS, base_rule, compile_text, modifier

SAMPLES = sorted((ROOT / "apim_policies/samples").glob("*.json"))
EVENT: dict[str, Any] = {
    "specversion": "1.0",
    "type": "llm.call.v1",
    "id": "call-1",
    "source": "apim-1",
    "time": "2026-11-20T12:00:00Z",
    "subject": "ann",
    "data": {
        "stream": False,
        "status": 200,
        "operation": "chat-completions",
        "deployment": "dep",
        "model": "m",
        "usage": {"prompt_tokens": 1000, "completion_tokens": 10},
    },
}
QUESTION: dict[str, Any] = {
    "model": "m", "usage": {"prompt_tokens": 1000, "completion_tokens": 10},
}  # fmt: skip
ORIGIN = Origin(hub="hub", partition="0", sequence_number=1, enqueued_time=NOW)
LIST_PRICE = "0.00208"
"""1,000 tokens at 2 USD a million, and 10 at 8."""
DISCOUNTED = "0.001872"
AGREED = "0.00156"
"""1,000 tokens at 1 USD a million and 10 at 4, and a mark-up of a half."""


@pytest.fixture
def book(tmp_path: Path) -> Book:
    """One model, at a discount for cost centre A."""
    discount = modifier("less", "multiply", 'factor = "0.9"\nlayer = "contracted"\norder = 1',
                        match='cost_centre = ["A"]')  # fmt: skip
    return compile_text(tmp_path, base_rule(), ALIAS, discount)


@pytest.fixture
async def client(memory: MemoryTableStorage, book: Book) -> AsyncIterator[httpx.AsyncClient]:
    """The API where metering has started with the book, and Ann is in cost centre A."""
    books = MemoryBlobStore()
    await open_ledger(memory)
    await people(memory, [("ann", "Ann", "A", "2026-01-01")])
    await PriceList(memory).publish(book, at=NOW, age_days_max=90)
    await BookArchive(books).keep(book)
    app = create_app(memory, MemoryBlobStore(), books=books, now=lambda: NOW)
    transport = httpx.ASGITransport(app)
    async with httpx.AsyncClient(transport=transport, base_url="http://localhost") as opened:
        yield opened


async def priced(client: httpx.AsyncClient, body: object) -> list[dict[str, Any]]:
    """The calls of an answer."""
    answer = await client.post("/v1/rate", content=json.dumps(body))
    assert answer.status_code == 200, answer.text
    data: list[dict[str, Any]] = answer.json()["data"]
    return data


async def test_an_event_costs_what_metering_would_post(
    client: httpx.AsyncClient, memory: MemoryTableStorage, book: Book
) -> None:
    [call] = await priced(client, EVENT)
    calendar = (await open_ledger(memory)).meta.calendar
    metering = CallRating(book, People(memory, now=lambda: NOW), calendar)
    await metering.refresh()
    event = decode(json.dumps(EVENT).encode(), enqueued_time=NOW)
    assert isinstance(event, UsageEvent)
    posted = metering.rate(event, ORIGIN).priced
    assert (call["total"], call["state"], call["id"]) == (
        format_pico(posted.billed), "priced", "call-1"
    )  # fmt: skip
    assert (call["total"], call["cost_centre"]) == (DISCOUNTED, "A")
    assert call["layers"]["list"] == {"currency": "USD", "amount": LIST_PRICE}
    assert call["rules"] == ["base.m", "less"]
    assert "less" in call["explanation"]


async def test_the_span_of_a_request_says_usage_and_cost(client: httpx.AsyncClient) -> None:
    recorded = RecordedSpans()
    await priced(client, [QUESTION, QUESTION, QUESTION | {"model": "nobody-sells-this"}])
    assert recorded.attributes("chargeback.rate") == [
        {
            "chargeback.calls": 3,
            "chargeback.unpriced": 1,
            "gen_ai.usage.input_tokens": 2000,
            "gen_ai.usage.output_tokens": 20,
            "chargeback.charge": f"{2 * Decimal(LIST_PRICE):f}",
            "chargeback.currency": "USD",
        }
    ]


async def test_a_usage_object_is_priced_by_the_models_name(client: httpx.AsyncClient) -> None:
    plain, discounted = await priced(client, [QUESTION, QUESTION | {"cost_centre": "A"}])
    assert (plain["total"], discounted["total"]) == (LIST_PRICE, DISCOUNTED)
    assert [(line["unit"], line["quantity"]) for line in plain["lines"]] == [
        ("input", 1000), ("output", 10)
    ]  # fmt: skip
    before = "2025-12-31T23:59:59Z"
    [early] = await priced(client, QUESTION | {"at": before})
    assert (early["state"], early["total"]) == ("unpriced", None)


async def test_what_has_no_price_has_no_amount(client: httpx.AsyncClient) -> None:
    [unknown] = await priced(client, QUESTION | {"model": "m-next"})
    assert (unknown["state"], unknown["total"], unknown["lines"]) == ("unpriced", None, [])
    assert unknown["layers"]["charge"]["amount"] is None
    assert "m-next" in unknown["reason"]
    streamed = copy.deepcopy(EVENT)
    streamed["data"] |= {"stream": True, "usage": None}
    [waits] = await priced(client, streamed)
    assert (waits["state"], waits["deferred"], waits["total"]) == ("no_usage", True, None)


async def test_a_thousand_calls_are_answered_in_their_order(client: httpx.AsyncClient) -> None:
    calls = [
        EVENT | {"id": f"call-{n}"} if n % 2 else QUESTION | {"region": f"r{n % 50}"}
        for n in range(CALLS_MAX)
    ]
    data = await priced(client, calls)
    assert [call["id"] for call in data] == [
        f"call-{n}" if n % 2 else None for n in range(CALLS_MAX)
    ]
    assert {call["total"] for call in data} == {LIST_PRICE, DISCOUNTED}
    refused = await client.post("/v1/rate", json=[*calls, QUESTION])
    assert (refused.status_code, refused.json()["type"]) == (400, "urn:problem:too-much")


@pytest.mark.parametrize(
    ("record", "field"),
    [
        ({"model": "m"}, "[1].usage"),
        (QUESTION | {"usage": {"prompt_tokens": -1}}, "[1].usage.prompt_tokens"),
        (QUESTION | {"usage": 5}, "[1].usage"),
        (QUESTION | {"tokens": 1}, "[1].tokens"),
        (QUESTION | {"operation": "sing"}, "[1].operation"),
        (QUESTION | {"at": "2026-11-20T12:00:00"}, "[1].at"),
        (QUESTION | {"at": 0}, "[1].at"),
        (QUESTION | {"at": "20261201"}, "[1].at"),
        (QUESTION | {"at": "1796083200"}, "[1].at"),
        (QUESTION | {"at": "0001-01-01T00:00:00+14:00"}, "[1].at"),
        (QUESTION | {"at": "9999-12-31T23:59:59Z"}, "[1].at"),
        (QUESTION | {"deployment_type": "Cheap"}, "[1].deployment_type"),
        (EVENT | {"time": "yesterday"}, "[1].time"),
        (EVENT | {"time": "0001-01-01T00:00:00Z"}, "[1].time"),
        (EVENT | {"time": "9999-12-31T23:30:00Z"}, "[1].time"),
        (EVENT | {"specversion": "2.0"}, "[1].specversion"),
        (EVENT | {"data": EVENT["data"] | {"status": "ok"}}, "[1].data.status"),
        (5, "[1]"),
        (None, "[1]"),
    ],
)
async def test_a_bad_record_is_named_and_nothing_is_answered(
    client: httpx.AsyncClient, record: object, field: str
) -> None:
    answer = await client.post("/v1/rate", json=[QUESTION, record])
    assert answer.status_code == 400, answer.text
    assert answer.json()["errors"][0]["field"] == field


@pytest.mark.parametrize(
    ("record", "field", "words"),
    [
        ({"usage": {"prompt_tokens": -1}}, "usage.prompt_tokens", "expected an integer"),
        ({"at": 0}, "at", "expected RFC 3339 text"),
        ({"usage": json.loads('{"a":' * 300 + "1" + "}" * 300)}, "body", "recursion"),
    ],
)
async def test_a_single_call_is_named_by_its_field_alone(
    client: httpx.AsyncClient, record: dict[str, Any], field: str, words: str
) -> None:
    answer = await client.post("/v1/rate", json=QUESTION | record)
    [error] = answer.json()["errors"]
    assert (answer.status_code, error["field"]) == (400, field)
    assert words in error["detail"]
    assert "Value error" not in answer.text


@pytest.mark.parametrize("body", [b"", b"{", b"\xff", b"[" * 5000, b'{"model": "m"} {}'])
async def test_a_body_that_is_no_json_is_refused(client: httpx.AsyncClient, body: bytes) -> None:
    answer = await client.post("/v1/rate", content=body)
    assert (answer.status_code, answer.json()["errors"][0]["field"]) == (400, "body")


async def test_a_body_may_be_large_but_not_too_large(client: httpx.AsyncClient) -> None:
    padded = json.dumps([QUESTION]).encode() + b" " * (BODY_BYTES_MAX - 200)
    assert (await client.post("/v1/rate", content=padded)).status_code == 200
    assert (await client.post("/v1/rate", content=padded + b" " * 400)).status_code == 413

    async def chunks() -> AsyncIterator[bytes]:
        for _ in range(5):
            yield b" " * (BODY_BYTES_MAX // 4)

    assert (await client.post("/v1/rate", content=chunks())).status_code == 413


async def test_nothing_is_written(client: httpx.AsyncClient, memory: MemoryTableStorage) -> None:
    before = copy.deepcopy(memory.__dict__)
    await priced(client, [EVENT, QUESTION])
    assert memory.__dict__ == before


async def test_without_a_book_in_use_nothing_has_a_price(memory: MemoryTableStorage) -> None:
    await open_ledger(memory)
    transport = httpx.ASGITransport(create_app(memory, MemoryBlobStore(), books=MemoryBlobStore()))
    async with httpx.AsyncClient(transport=transport, base_url="http://localhost") as client:
        answer = await client.post("/v1/rate", json=QUESTION)
    assert (answer.status_code, answer.json()["type"]) == (503, "urn:problem:no-book")


@pytest.fixture
async def office() -> AsyncIterator[Office]:
    """A company that signs in."""
    with issuer_of_office() as (issuer, access):
        yield await open_office(issuer, access)


CONTRACT_PRICE = """
[[rule]]
id = "agreed.m"
kind = "base"
valid_from = 2026-02-01T00:00:00Z
currency = "USD"
unit = "1M"
match = { provider = "azure", model = "m", deployment = ["GlobalStandard"] }
source = { kind = "contract", checked = 2026-11-01 }
rates = { input = "1", cache_read = "0.25", output = "4" }
"""


@pytest.mark.parametrize(
    ("kind", "prices", "total"),
    [
        ("employee", "list", LIST_PRICE),
        ("owner", "list", LIST_PRICE),
        ("reader", "contract", AGREED),
        ("admin", "contract", AGREED),
        ("service", "contract", AGREED),
    ],
)
async def test_the_contract_is_for_roles_and_list_prices_for_whoever_signs_in(
    office: Office, tmp_path: Path, kind: str, prices: str, total: str
) -> None:
    mark_up = modifier("secret.mark-up", "multiply", 'factor = "1.5"\nlayer = "charge"\norder = 1')
    agreed = compile_text(tmp_path, base_rule(), ALIAS, CONTRACT_PRICE, mark_up)
    await PriceList(office.storage).publish(agreed, at=NOW, age_days_max=90)
    await BookArchive(office.books).keep(agreed)
    async with office.client(kind) as client:
        answer = await client.post("/v1/rate", json=[EVENT, QUESTION])
    assert answer.status_code == 200, answer.text
    said = answer.json()
    assert (said["prices"], said["book"]) == (prices, agreed.version)
    assert [call["total"] for call in said["data"]] == [total, total]
    if prices == "list":
        assert "agreed.m" not in answer.text
        assert "secret" not in answer.text


async def test_a_contract_that_supersedes_the_list_price_is_unknown_to_whoever_has_no_role(
    office: Office, tmp_path: Path
) -> None:
    """Neither its price nor the day on which it began."""
    agreed = CONTRACT_PRICE.replace('kind = "base"', 'kind = "base"\nsupersedes = "base.m"')
    book = compile_text(
        tmp_path, base_rule(), ALIAS, agreed.replace(', deployment = ["GlobalStandard"]', "")
    )
    await PriceList(office.storage).publish(book, at=NOW, age_days_max=90)
    await BookArchive(office.books).keep(book)
    totals = {"employee": LIST_PRICE, "reader": "0.00104"}
    listed: dict[str, list[object]] = {}
    for kind in ("employee", "reader"):
        async with office.client(kind) as client:
            answer = await client.post("/v1/rate", json=QUESTION)
            assert answer.json()["data"][0]["total"] == totals[kind]
            prices = await client.get("/v1/prices?history=true")
        listed[kind] = [(each["rule"], each["valid_to"]) for each in prices.json()["data"]]
        assert ("2026-02-01" in answer.text + prices.text) == (kind == "reader")
    assert listed == {
        "employee": [("base.m", None)],
        "reader": [("agreed.m", None), ("base.m", "2026-02-01T00:00:00Z")],
    }


async def test_nobody_is_answered(office: Office) -> None:
    async with office.client("nobody") as client:
        assert (await client.post("/v1/rate", json=QUESTION)).status_code == 401
