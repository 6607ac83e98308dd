"""Fetching and importing several regions and currencies, from a stand-in with recorded rows."""

import json
from collections.abc import Sequence
from decimal import Decimal
from pathlib import Path

import pytest

from pricing_rules.__main__ import main
from pricing_rules.price_sources.azure.changes import dump_changes
from pricing_rules.price_sources.azure.fetch import RETRY_DELAY_S, fetch_prices
from tests.pricing_rules.price_sources.azure.retail_api import (
    DUMPS,
    FAULTS,
    Row,
    read_rows,
    recorded_rows,
    serving_rows,
)

pytestmark = pytest.mark.skipif(
    not DUMPS.exists(), reason="the dumps of Azure's price list are not here"
)
Output = pytest.CaptureFixture[str]
USAGE = '{"prompt_tokens": 300, "completion_tokens": 70, "total_tokens": 370}'


@pytest.fixture(scope="module")
def rows() -> list[Row]:
    return recorded_rows("aoai_eastus2_all.json", "partner_models_eastus2.json")


def elsewhere(rows: Sequence[Row], region: str, **changes: object) -> list[Row]:
    return [{**row, "armRegionName": region, **changes} for row in rows]


def in_euro(rows: Sequence[Row]) -> list[Row]:
    """Prices as Azure has them in euro: 0.8775 of the dollar's, at their own fixed decimals.

    The rate is that of "GPT 5 Mini Inpt DZone" in September 2026: 0.2413 EUR for 0.275 USD.
    """
    return [
        {
            **row,
            "currencyCode": "EUR",
            "retailPrice": (row["retailPrice"] * Decimal("0.8775")).quantize(Decimal("0.000001")),
        }
        for row in rows
    ]


def run(capsys: Output, *words: str) -> tuple[str, str]:
    capsys.readouterr()
    assert main(words) == 0
    captured = capsys.readouterr()
    return captured.out, captured.err


def test_all_rows_of_all_regions_come_through_every_fault(rows: list[Row]) -> None:
    """Each page fails once: throttled, failed, cut off, short of rows, connection dropped."""
    both = [*rows, *elsewhere(rows, "japaneast")]
    slept: list[int] = []
    with serving_rows(both, faults=FAULTS) as api:
        dump = fetch_prices(
            ["eastus2", "japaneast"], currency="USD", url=api.url, sleep=slept.append
        )
    fetched = json.loads(dump, parse_float=Decimal)["Items"]
    assert fetched == both
    pages = api.answered.count("a page")
    assert pages == 16
    assert all(api.answered.count(fault) >= 3 for fault in FAULTS)
    assert len(slept) == pages
    assert set(slept) == {3, RETRY_DELAY_S}


def test_only_the_regions_asked_for_are_fetched(rows: list[Row]) -> None:
    three = [*rows[:3], *elsewhere(rows[:3], "japaneast"), *elsewhere(rows[:3], "uksouth")]
    with serving_rows(three) as api:
        some = fetch_prices(["uksouth"], currency="USD", url=api.url, sleep=print)
        everywhere = fetch_prices([], currency="USD", url=api.url, sleep=print)
    assert {row["armRegionName"] for row in json.loads(some)["Items"]} == {"uksouth"}
    assert len(json.loads(everywhere)["Items"]) == 9


def test_models_are_found_under_each_name_of_their_service(rows: list[Row]) -> None:
    renamed = [{**rows[0], "serviceName": "Foundry Models"}, rows[1]]
    with serving_rows([*renamed, {**rows[2], "serviceName": "Storage"}]) as api:
        dump = fetch_prices(["eastus2"], currency="USD", url=api.url, sleep=print)
    assert json.loads(dump, parse_float=Decimal)["Items"] == renamed


def test_a_second_fetch_prints_what_changed_in_the_file(
    rows: list[Row], capsys: Output, tmp_path: Path
) -> None:
    dump = tmp_path / "prices.json"
    tokens = [row for row in rows if row["meterName"].startswith("gpt 4.1 Inp")]
    regions = ["--region", "eastus2", "japaneast", "--out", str(dump)]
    with serving_rows([*tokens, *elsewhere(tokens, "japaneast")]) as api:
        out, err = run(capsys, "fetch-azure", *regions, "--url", api.url)
    assert out == ""
    assert err == f"6 rows written to {dump}\n"
    dearer = {"gpt 4.1 Inp glbl Tokens": Decimal("0.0031")}
    later = [
        {**row, "retailPrice": dearer.get(row["meterName"], row["retailPrice"])} for row in tokens
    ]
    new = {**tokens[0], "meterName": "gpt 4.2 Inp glbl Tokens"}
    with serving_rows([*later, new, *elsewhere(later[1:], "japaneast")]) as api:
        out, _ = run(capsys, "fetch-azure", *regions, "--url", api.url)
    product = "(Azure OpenAI)"
    assert out.splitlines() == [
        f"gone     gpt 4.1 Inp Data Zone Tokens {product}: 0.0022 USD per 1K in japaneast",
        f"changed  gpt 4.1 Inp glbl Tokens {product}: 0.002 USD per 1K → 0.0031 USD per 1K "
        "in eastus2, japaneast",
        f"added    gpt 4.2 Inp glbl Tokens {product}: 0.0022 USD per 1K in eastus2",
        "1 added, 1 changed, 1 gone",
    ]
    assert dump_changes(dump, dump) == ["0 added, 0 changed, 0 gone"]
    assert len(read_rows(dump)) == 6


def test_a_price_list_in_euro_is_fetched_imported_and_rated_in_euro(
    rows: list[Row], capsys: Output, tmp_path: Path
) -> None:
    """The euro price of a call is that of Azure's euro rows, not dollars times a rate."""
    dump, books = tmp_path / "euro.json", tmp_path / "books"
    books.mkdir()
    with serving_rows([*rows, *in_euro(rows)]) as api:
        words = ["--region", "eastus2", "--currency", "EUR", "--out", str(dump), "--url", api.url]
        run(capsys, "fetch-azure", *words)
    imported = ["import-azure", str(dump), "--checked", "2026-11-30"]
    out, _ = run(capsys, *imported, "--write", str(books))
    assert out.endswith(
        "212 added, 0 changed, 0 gone, 0 off-grid, 0 conflict, 0 unread, 0 contradicted\n"
    )
    assert {path.name for path in books.iterdir()} >= {"azure_gpt_4_1_eur.toml"}
    company = tmp_path / "company.toml"
    company.write_text('[book]\npricing_currency = "EUR"\n', encoding="utf-8")
    files = [str(company), *map(str, sorted(books.iterdir()))]
    question = ["price", "--usage", USAGE, "--at", "2026-11-30", "--json"]
    out, _ = run(capsys, *question, "--model", "gpt-4.1", "--book", *files)
    answer = json.loads(out)
    assert (answer["state"], answer["currency"]) == ("priced", "EUR"), answer
    assert answer["rules"] == ["azure.gpt-4.1.GlobalStandard.EUR.2025-04-01"]
    per_thousand = {row["meterName"]: row["retailPrice"] for row in read_rows(dump)}
    expected = (
        300 * per_thousand["gpt 4.1 Inp glbl Tokens"]
        + 70 * per_thousand["gpt 4.1 Outp glbl Tokens"]
    ) / 1000
    assert Decimal(answer["total"]) == expected == Decimal("0.0010179")
    # Imported again with these files, the list is no news.
    out, _ = run(capsys, *imported, "--book", *files)
    assert out == "0 added, 0 changed, 0 gone, 0 off-grid, 0 conflict, 0 unread, 0 contradicted\n"


def test_a_model_without_a_price_in_the_books_currency_is_unpriced(
    capsys: Output, tmp_path: Path
) -> None:
    company = tmp_path / "company.toml"
    company.write_text('[book]\npricing_currency = "EUR"\n', encoding="utf-8")
    words = ["price", "--usage", USAGE, "--model", "gpt-4.1", "--book", str(company)]
    out, _ = run(capsys, *words, "--at", "2026-11-30")
    assert out.startswith("unpriced: currency: rule azure.gpt-4.1.GlobalStandard.2025-")
    assert out.endswith("is in USD, the book in EUR\n")


def test_azures_rows_replace_a_reported_price_that_spells_the_model_otherwise(
    rows: list[Row], capsys: Output, tmp_path: Path
) -> None:
    """Two spellings would be two models, and a call of one would miss Azure's own price."""
    names = {"Input Glbl": "0.31", "cached Glbl": "0.007", "Output Glbl": "1.21"}
    flash = [
        {
            **rows[0],
            "productName": "Azure Deepseek Models",
            "skuName": f"V4.1 Flash {name}",
            "meterName": f"V4.1 Flash {name} 1M Tokens",
            "unitOfMeasure": "1M",
            "effectiveStartDate": "2026-10-01T00:00:00Z",
            "retailPrice": float(price),
        }
        for name, price in names.items()
    ]
    dump, books = tmp_path / "dump.json", tmp_path / "books"
    dump.write_text(json.dumps({"Items": flash}, default=float), encoding="utf-8")
    question = ["price", "--usage", USAGE, "--at", "2026-11-30", "--json"]
    question += ["--model", "DeepSeek-V4.1-Flash"]
    reported = json.loads(run(capsys, *question)[0])
    assert reported["rules"] == ["reported.azure.deepseek-v4.1-flash.GlobalStandard.2026-11-29"]
    books.mkdir()
    run(capsys, "import-azure", str(dump), "--checked", "2026-11-30", "--write", str(books))
    files = map(str, sorted(books.iterdir()))
    answer = json.loads(run(capsys, *question, "--book", *files)[0])
    assert answer["rules"] == ["azure.deepseek-v4.1-flash.GlobalStandard.2026-10-01"]
    assert Decimal(answer["total"]) == (300 * Decimal("0.31") + 70 * Decimal("1.21")) / 1_000_000
