"""Prices over HTTP: source, date and age of each."""

from datetime import date
from pathlib import Path

import pytest

from table_api.ledger.book_archive import BookArchive
from table_api.prices.price_list import PriceList
from table_api.storage.memory_tables import MemoryTableStorage
from tests.fixtures.calls import NOW
from tests.fixtures.office import issuer_of_office, open_office
from tests.pricing_rules.books import ALIAS, base_rule, compile_text, modifier
from tests.table_api.conftest import ApiClient

SOURCE = 'source = { kind = "report", checked = 2026-11-01 }'
READ = (
    'source = { kind = "azure-retail", checked = 2026-06-01, region = "eastus2", '
    'url = "https://prices.azure.com", meters = { input = "m Inp glbl Tokens" } }'
)


@pytest.fixture
async def prices(memory: MemoryTableStorage, tmp_path: Path) -> str:
    """A book in use with an old price that a deployment has, and a newer one that none has."""
    ends = "valid_to = 2026-06-01T00:00:00Z"
    book = compile_text(
        tmp_path,
        base_rule("base.m").replace(SOURCE, READ),
        base_rule("base.n").replace('model = "m"', 'model = "n"'),
        base_rule("base.gone", more=ends).replace('model = "m"', 'model = "gone"'),
        ALIAS,
    )
    await PriceList(memory).publish(book, at=NOW, age_days_max=90)
    return book.version


async def test_the_history_has_prices_that_ended_and_counts_none_of_them_as_in_use(
    api: ApiClient, prices: str
) -> None:
    now = (await api.get("/v1/prices")).json()
    every = (await api.get("/v1/prices", params={"history": "true"})).json()
    assert {price["rule"] for price in every["data"]} - {
        price["rule"] for price in now["data"]
    } == {"base.gone"}
    assert every["old_in_use"] == now["old_in_use"]


async def test_each_price_says_where_it_is_from_and_how_old_that_is(
    api: ApiClient, prices: str
) -> None:
    answer = (await api.get("/v1/prices")).json()
    assert answer["book"]["version"] == prices
    assert answer["book"]["age_days_max"] == 90
    assert answer["old_in_use"] == 1
    old, new = answer["data"]
    assert (old["rule"], old["model"], old["old"], old["deployments"]) == (
        "base.m", "m", True, ["dep"]
    )  # fmt: skip
    assert old["checked"] == "2026-06-01"
    assert old["age_days"] == (NOW.date() - date(2026, 6, 1)).days
    assert old["source"] == {
        "kind": "azure-retail",
        "version": None,
        "url": "https://prices.azure.com",
        "region": "eastus2",
        "meters": {"input": "m Inp glbl Tokens"},
        "note": None,
    }
    assert old["tiers"] == [
        {
            "up_to_prompt_tokens": None,
            "per_million": {"input": "2", "cache_read": "0.5", "output": "8"},
        }
    ]
    assert (new["rule"], new["old"], new["deployments"]) == ("base.n", False, [])


async def test_prices_are_asked_for_by_model_and_day(api: ApiClient, prices: str) -> None:
    async def rules(query: str) -> list[str]:
        return [each["rule"] for each in (await api.get(f"/v1/prices?{query}")).json()["data"]]

    assert await rules("model=N") == ["base.n"]
    assert await rules("model=other") == []
    assert await rules("day=2026-05-31") == ["base.gone", "base.m", "base.n"]
    assert await rules("day=2025-12-31") == []
    assert (await api.get("/v1/prices?day=yesterday")).status_code == 400


async def test_what_the_company_agreed_on_is_for_billing_roles(tmp_path: Path) -> None:
    """A base rule may quote the contract: its price, and what its source says of it."""
    agreed = 'source = { kind = "contract", checked = 2026-06-01, url = "https://xq-agreed" }'
    book = compile_text(
        tmp_path,
        base_rule("base.m").replace(SOURCE, agreed),
        base_rule("base.n").replace('model = "m"', 'model = "n"'),
        ALIAS,
    )
    with issuer_of_office() as (issuer, access):
        office = await open_office(issuer, access)
        await PriceList(office.storage).publish(book, at=NOW, age_days_max=30)
        found = {}
        for caller in ("employee", "owner", "service", "reader", "admin"):
            async with office.client(caller) as api:
                answer = await api.get("/v1/prices")
            rules = [each["rule"] for each in answer.json()["data"]]
            found[caller] = (rules, answer.json()["old_in_use"], "xq-agreed" in answer.text)
    listed, everything = (["base.n"], 0, False), (["base.m", "base.n"], 1, True)
    assert found == dict.fromkeys(("employee", "owner", "service"), listed) | dict.fromkeys(
        ("reader", "admin"), everything
    )


async def test_discounts_are_listed_as_they_apply_for_billing_roles_alone(tmp_path: Path) -> None:
    book = compile_text(
        tmp_path,
        base_rule("base.m"),
        modifier("own.markup", "multiply", 'layer = "charge"\nfactor = "1.03"'),
        modifier(
            "own.deal",
            "multiply",
            'layer = "contracted"\nfactor = "0.88"',
            match='cost_centre = ["4711"]',
        ),
        ALIAS,
    )
    with issuer_of_office() as (issuer, access):
        office = await open_office(issuer, access)
        await PriceList(office.storage).publish(book, at=NOW, age_days_max=30)
        await BookArchive(office.books).keep(book)
        found = {}
        for caller in ("employee", "reader"):
            async with office.client(caller) as api:
                found[caller] = (await api.get("/v1/prices")).json()["adjustments"]
    assert found["employee"] == []
    deal, markup = found["reader"]
    assert (deal["rule"], deal["layer"], deal["factor"]) == ("own.deal", "contracted", "0.88")
    assert deal["matches"] == {"cost_centre": ["4711"]}
    assert (markup["layer"], markup["factor"], markup["matches"]) == ("charge", "1.03", {})


@pytest.mark.parametrize("state", ["intact", "absent", "damaged"])
async def test_without_the_archived_book_the_answer_says_so_and_tells_nobody_of_contracts(
    tmp_path: Path, state: str
) -> None:
    """The contract ends the first list price in June, another list price in September."""
    june, september = (f"2026-{month}-01T00:00:00Z" for month in ("06", "09"))
    agreed = 'source = { kind = "contract", checked = 2026-06-01, url = "https://xq-agreed" }'
    listed = 'source = { kind = "azure-retail", checked = 2026-11-01 }'
    deal = base_rule("own.deal", valid_from=june, more='supersedes = "base.m"')
    later = base_rule("base.later", valid_from=september, more='supersedes = "own.deal"')
    book = compile_text(
        tmp_path,
        base_rule("base.m").replace(SOURCE, listed),
        deal.replace(SOURCE, agreed),
        later.replace(SOURCE, listed),
        modifier("own.markup", "multiply", 'layer = "charge"\nfactor = "1.03"'),
        ALIAS,
    )
    with issuer_of_office() as (issuer, access):
        office = await open_office(issuer, access)
        await PriceList(office.storage).publish(book, at=NOW, age_days_max=30)
        if state != "absent":
            await BookArchive(office.books).keep(book)
        if state == "damaged":
            office.books.blobs[f"{book.version}.json"] = b"{}"
        answers = {}
        for caller in ("employee", "reader"):
            async with office.client(caller) as api:
                answer = await api.get("/v1/prices", params={"history": "true"})
                answers[caller] = answer.json()
    assert {each["archived"] for each in answers.values()} == {state}
    assert len(answers["reader"]["adjustments"]) == (1 if state == "intact" else 0)
    ends = {
        caller: {each["rule"]: each["valid_to"] for each in answer["data"]}
        for caller, answer in answers.items()
    }
    assert ends["employee"] == {"base.m": september, "base.later": None}
    assert ends["reader"] == {"base.m": june, "own.deal": september, "base.later": None}


async def test_without_the_archived_book_a_contract_of_other_calls_ends_no_price_later(
    tmp_path: Path,
) -> None:
    """A list price ends by itself at the instant at which a contract of another model begins."""
    june = "2026-06-01T00:00:00Z"
    agreed = 'source = { kind = "contract", checked = 2026-06-01 }'
    deal = base_rule("own.deal", valid_from=june).replace('model = "m"', 'model = "o"')
    book = compile_text(
        tmp_path,
        base_rule("base.m"),
        base_rule("base.n", more=f"valid_to = {june}").replace('model = "m"', 'model = "n"'),
        deal.replace(SOURCE, agreed),
        ALIAS,
    )
    with issuer_of_office() as (issuer, access):
        office = await open_office(issuer, access)
        await PriceList(office.storage).publish(book, at=NOW, age_days_max=30)
        async with office.client("employee") as api:
            in_force = (await api.get("/v1/prices")).json()
            history = (await api.get("/v1/prices", params={"history": "true"})).json()
    assert in_force["archived"] == "absent"
    assert [each["rule"] for each in in_force["data"]] == ["base.m"]
    ends = {each["rule"]: each["valid_to"] for each in history["data"]}
    assert ends == {"base.m": None, "base.n": june}


async def test_the_regions_of_each_data_zone_are_for_everybody(tmp_path: Path) -> None:
    zones = (
        '[[zone]]\nname = "us"\nregions = ["eastus2", "eastus"]\n'
        '[[zone]]\nname = "eu"\nregions = ["swedencentral"]\n'
    )
    book = compile_text(tmp_path, base_rule(), ALIAS, zones)
    with issuer_of_office() as (issuer, access):
        office = await open_office(issuer, access)
        await PriceList(office.storage).publish(book, at=NOW, age_days_max=30)
        async with office.client("employee") as api:
            assert (await api.get("/v1/prices")).json()["zones"] == {}, "nobody kept the book"
            await BookArchive(office.books).keep(book)
            answer = (await api.get("/v1/prices")).json()
    assert answer["zones"] == {"us": ["eastus", "eastus2"], "eu": ["swedencentral"]}


async def test_before_any_consumer_ran_there_is_no_price(api: ApiClient) -> None:
    answer = (await api.get("/v1/prices")).json()
    assert (answer["book"], answer["old_in_use"], answer["data"]) == (None, 0, [])
    assert answer["archived"] is None
