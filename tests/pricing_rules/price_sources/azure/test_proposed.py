"""Importing Azure's rows: what is new, changed, gone or cannot be used, and nothing unmapped."""

import json
from datetime import UTC, date, datetime
from decimal import Decimal, localcontext
from pathlib import Path
from typing import Any

import pytest

from pricing_rules.errors import InvalidPriceSource
from pricing_rules.price_book.book import Book, compile_book, load_book
from pricing_rules.price_book.rules import DeploymentType, ServiceTier
from pricing_rules.price_sources.azure.proposed import azure_prices, propose_azure
from pricing_rules.price_sources.azure.readings import Meter, MeterName, PromptBand
from pricing_rules.price_sources.azure.rows import (
    METER_TABLE,
    Dump,
    PriceRow,
    read_dump,
    read_meter_table,
)
from pricing_rules.price_sources.proposals import Change, Proposal, render
from pricing_rules.price_sources.rule_text import rule_text
from pricing_rules.units import Unit
from tests.paths import SHARED

DUMPS = SHARED / "data" / "azure_retail_prices"
CHECKED = date(2026, 11, 23)
NAMES = {
    "input": "GPT 5 Chat Inpt Glbl 1M Tokens",
    "cache_read": "GPT 5 Chat cchd Inpt Glbl 1M Tokens",
    "output": "GPT 5 Chat outpt Glbl 1M Tokens",
}
PRICES = {"input": "1.25", "cache_read": "0.125", "output": "10"}


def row(meter: str, price: str, **changes: Any) -> dict[str, Any]:
    return {
        "serviceName": "Cognitive Services",
        "productName": "Azure OpenAI GPT5",
        "currencyCode": "USD",
        "tierMinimumUnits": 0,
        "retailPrice": Decimal(price),
        "armRegionName": "eastus2",
        "effectiveStartDate": "2025-08-01T00:00:00Z",
        "meterName": meter,
        "unitOfMeasure": "1M" if " 1M " in meter else "1K",
        "type": "Consumption",
        **changes,
    }


def rows(**changes: Any) -> list[dict[str, Any]]:
    return [row(NAMES[unit], PRICES[unit], **changes) for unit in NAMES]


def write_dump(directory: Path, items: list[dict[str, Any]]) -> Path:
    path = directory / "dump.json"
    text = json.dumps({"Items": items}, default=str)
    # json has no decimals: the price is written as the number it is
    for item in items:
        text = text.replace(f'"{item["retailPrice"]}"', str(item["retailPrice"]))
    path.write_text(text, encoding="utf-8")
    return path


def proposals(directory: Path, items: list[dict[str, Any]], book: Book) -> list[Proposal]:
    """What the rows change; the rest of the family, which they leave out, is gone of course."""
    proposed = propose_azure([write_dump(directory, items)], book, checked=CHECKED)
    left_out = ("the source has it no more",)
    return [proposal for proposal in proposed if proposal.details != left_out]


@pytest.fixture(scope="module")
def book() -> Book:
    return load_book()


@pytest.mark.skipif(not DUMPS.exists(), reason="the dumps of Azure's price list are not here")
def test_the_shipped_book_is_what_the_dumps_say(book: Book) -> None:
    dumps = sorted(DUMPS.glob("*.json"))
    assert propose_azure(dumps, book, checked=date(2025, 8, 25)) == []


@pytest.mark.skipif(not DUMPS.exists(), reason="the dumps of Azure's price list are not here")
def test_an_empty_book_would_be_written_as_the_shipped_one(book: Book, tmp_path: Path) -> None:
    empty = tmp_path / "empty.toml"
    empty.write_text("", encoding="utf-8")
    added = propose_azure(
        sorted(DUMPS.glob("*.json")), compile_book([empty]), checked=date(2025, 8, 25)
    )
    assert {proposal.change for proposal in added} == {Change.ADDED}
    empty.write_text("\n".join(map(rule_text, added)), encoding="utf-8")
    retail = [card for card in book.content.cards if book.sources[card.id].kind == "azure-retail"]
    assert compile_book([empty]).content.cards == tuple(retail)
    assert len(retail) == 212


HEAD = METER_TABLE.read_text(encoding="utf-8").splitlines()[0]
LINE = "{name},m,,GlobalStandard,default,{band},input,gpt_5,"


@pytest.mark.parametrize(
    ("text", "band"),
    [
        ("", PromptBand()),
        ("<=272000", PromptBand(up_to=272_000)),
        (">272000", PromptBand(above=272_000)),
    ],
)
def test_the_meter_table_says_for_which_prompts_a_meter_is(
    text: str, band: PromptBand, tmp_path: Path
) -> None:
    path = tmp_path / "meters.csv"
    path.write_text(f"{HEAD}\n{LINE.format(name='a', band=text)}\n", encoding="utf-8")
    meter = read_meter_table(path)["a"]
    assert meter is not None
    assert meter.prompt_tokens == band


def test_a_meter_with_two_lines_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "meters.csv"
    line = LINE.format(name="a", band="")
    path.write_text(f"{HEAD}\n{line}\n{line}\n", encoding="utf-8")
    with pytest.raises(InvalidPriceSource, match="'a' has two lines"):
        read_meter_table(path)


@pytest.mark.parametrize(
    ("line", "said"),
    [
        ("a,m,,Somewhere,default,,input,gpt_5,", "'Somewhere' is not a valid DeploymentType"),
        ("a,,,,,,,,", "neither a model nor a reason"),
    ],
)
def test_a_line_that_is_wrong_is_named(line: str, said: str, tmp_path: Path) -> None:
    path = tmp_path / "meters.csv"
    path.write_text(f"{HEAD}\n{line}\n", encoding="utf-8")
    with pytest.raises(InvalidPriceSource, match=f"meter 'a': .*{said}"):
        read_meter_table(path)


def test_a_dump_that_is_not_there_is_named(tmp_path: Path) -> None:
    with pytest.raises(InvalidPriceSource, match=r"absent\.json: cannot be read"):
        read_dump(tmp_path / "absent.json")


def test_an_unchanged_price_is_no_news(book: Book, tmp_path: Path) -> None:
    assert proposals(tmp_path, rows(), book) == []


def test_a_changed_price_is_a_new_rule_that_supersedes_the_old(book: Book, tmp_path: Path) -> None:
    items = rows()
    items[2] = row(NAMES["output"], "7", effectiveStartDate="2026-12-01T00:00:00Z")
    (change,) = proposals(tmp_path, items, book)
    assert change.change is Change.CHANGED
    assert change.details == ("output 10 → 7",)
    assert change.rule_id == "azure.gpt-5-chat.GlobalStandard.2026-12-01"
    assert change.supersedes == "azure.gpt-5-chat.GlobalStandard.2025-08-01"
    written = tmp_path / "written.toml"
    written.write_text(rule_text(change), encoding="utf-8")
    with_change = load_book([written])
    ends = {card.id: card.valid_to for card in with_change.content.cards}
    assert ends[change.supersedes] == datetime(2026, 12, 1, tzinfo=UTC)


def test_a_change_without_a_new_date_holds_from_the_day_it_was_seen(
    book: Book, tmp_path: Path
) -> None:
    items = rows()
    items[0] = row(NAMES["input"], "3")
    (change,) = proposals(tmp_path, items, book)
    assert change.price is not None
    assert change.price.valid_from == datetime(2026, 11, 23, tzinfo=UTC)


def test_what_the_source_has_no_more_is_listed_for_the_families_it_is_about(
    book: Book, tmp_path: Path
) -> None:
    gone = propose_azure([write_dump(tmp_path, rows())], book, checked=CHECKED)
    assert {p.change for p in gone} == {Change.GONE}
    assert all(p.price is None for p in gone)
    ids = {p.rule_id for p in gone}
    assert "azure.gpt-5-mini.GlobalBatch.2025-08-01" in ids
    assert "azure.gpt-5-chat.GlobalStandard.2025-08-01" not in ids
    assert all(rule_id.startswith("azure.gpt-5") for rule_id in ids)


def test_a_price_that_ends_is_listed(book: Book, tmp_path: Path) -> None:
    proposed = proposals(tmp_path, rows(effectiveEndDate="2026-11-30T23:59:00Z"), book)
    (ending,) = proposed
    assert ending.details == ("ends 2026-12-01T00:00:00+00:00 and nothing follows yet",)


def test_a_price_off_the_grid_is_listed_and_never_written(book: Book, tmp_path: Path) -> None:
    items = rows()
    items[2] = row(NAMES["output"], "0.0000001")
    (listed,) = proposals(tmp_path, items, book)
    assert listed.change is Change.OFF_GRID
    assert listed.price is None
    with pytest.raises(ValueError, match="writes no rule"):
        rule_text(listed)


def test_a_global_price_that_differs_by_region_is_a_rule_of_its_regions(
    book: Book, tmp_path: Path
) -> None:
    """The book's price for all regions is unchanged; a call from the others has their price."""
    others = ("usgovarizona", "usgovvirginia")
    elsewhere = [row(NAMES["input"], "1.72", armRegionName=region) for region in others]
    (added,) = proposals(tmp_path, [*rows(), *elsewhere], book)
    assert added.change is Change.ADDED
    assert added.rule_id == "azure.gpt-5-chat.GlobalStandard.usgovarizona+1.2025-08-01"
    text = rule_text(added)
    assert 'region = ["usgovarizona", "usgovvirginia"]' in text
    # What no region disputes is the same everywhere.
    assert 'rates = { input = "1.72", cache_read = "0.125", output = "10" }' in text
    written = tmp_path / "written.toml"
    written.write_text(text, encoding="utf-8")
    load_book([written])


def test_groups_of_regions_that_the_book_does_not_know_are_each_a_rule(
    book: Book, tmp_path: Path
) -> None:
    items = [
        row("5.9 opt Dz 1M Tokens", price, armRegionName=region)
        for region, price in [("eastus2", "16.5"), ("westeurope", "16.5"), ("japaneast", "18")]
    ]
    added = proposals(tmp_path, items, book)
    assert [(p.price.regions, p.details) for p in added if p.price] == [
        (("eastus2", "westeurope"), ("output 16.5",)),
        (("japaneast",), ("output 18",)),
    ]


def test_two_prices_of_one_region_are_a_conflict(book: Book, tmp_path: Path) -> None:
    (conflict,) = proposals(tmp_path, [*rows(), row(NAMES["input"], "2")], book)
    assert conflict.change is Change.CONFLICT
    assert "input is 1.25 per 1M" in conflict.details[0]


def test_a_regional_price_is_a_rule_of_its_region(book: Book, tmp_path: Path) -> None:
    items = [
        row("gpt 4.1 Inp regnl Tokens", "0.00242", armRegionName="swedencentral"),
        row("gpt 4.1 Outp regnl Tokens", "0.00968", armRegionName="swedencentral"),
    ]
    (added,) = proposals(tmp_path, items, book)
    assert added.change is Change.ADDED
    assert added.rule_id == "azure.gpt-4.1.Standard.swedencentral.2025-08-01"
    assert 'region = ["swedencentral"]' in rule_text(added)


def mapped(name: str, unit: Unit, *, price: str, band: PromptBand) -> tuple[PriceRow, Meter]:
    meter = Meter(
        name=name,
        model="gpt-5.6-sol",
        version=None,
        deployment=DeploymentType.GLOBAL_STANDARD,
        service_tier=ServiceTier.PRIORITY if " PP " in name else ServiceTier.DEFAULT,
        prompt_tokens=band,
        unit=unit,
        family="gpt_5",
    )
    start = datetime(2026, 9, 1, tzinfo=UTC)
    return PriceRow(
        name=MeterName(meter=name, product="Azure OpenAI GPT5", counted="1M"),
        per_million=Decimal(price),
        currency="USD",
        region="eastus2",
        valid_from=start,
        valid_to=None,
    ), meter


def test_meters_of_prompt_bands_and_service_tiers_become_tiers_and_rules() -> None:
    """The newer meter names: context band, cache write, processing tier."""

    short, long = PromptBand(up_to=272_000), PromptBand(above=272_000)
    default, priority = azure_prices(
        [
            mapped("5.6 sol ShortCo inp Std Gl 1M Tokens", Unit.INPUT, price="2", band=short),
            mapped("5.6 sol LongCo inp Std Gl 1M Tokens", Unit.INPUT, price="4", band=long),
            mapped(
                "5.6 sol ShortCo Cd Wr Std Gl 1M Tokens",
                Unit.CACHE_WRITE_5M,
                price="2.5",
                band=short,
            ),
            mapped(
                "5.6 sol LongCo Cd Wr Std Gl 1M Tokens", Unit.CACHE_WRITE_5M, price="5", band=long
            ),
            mapped("5.6 sol opt Std Gl 1M Tokens", Unit.OUTPUT, price="10", band=PromptBand()),
            mapped("5.6 sol opt PP Gl 1M Tokens", Unit.OUTPUT, price="20", band=PromptBand()),
        ],
        CHECKED,
        {},
    )
    assert default.tiers == (
        (272_000, {"cache_write_5m": Decimal("2.5"), "input": Decimal(2), "output": Decimal(10)}),
        (None, {"cache_write_5m": Decimal(5), "input": Decimal(4), "output": Decimal(10)}),
    )
    assert priority.service_tier is ServiceTier.PRIORITY
    assert priority.rule_id == "azure.gpt-5.6-sol.GlobalStandard.priority.2026-09-01"


def test_a_meter_of_any_size_is_of_the_prompts_that_no_other_meter_has(
    book: Book, tmp_path: Path
) -> None:
    """Azure names the long price alone: "5.4 inp" is the price of short prompts then."""
    items = [
        row("6.1-sol inp Gl 1M Tokens", "2"),
        row("6.1-sol longco inp Gl 1M Tokens", "4"),
        row("6.1-sol opt Gl 1M Tokens", "10"),
        row("6.1-sol longco opt Gl 1M Tokens", "15"),
    ]
    (added,) = proposals(tmp_path, items, book)
    assert added.price is not None
    assert added.price.tiers == (
        (272_000, {"input": Decimal(2), "output": Decimal(10)}),
        (None, {"input": Decimal(4), "output": Decimal(15)}),
    )


def test_an_unread_meter_is_listed_with_a_line_and_refuses_nothing(
    book: Book, tmp_path: Path
) -> None:
    items = [*rows(), row("gpt 4.1 turbo Inp glbl Tokens", "1"), row("DS30 1M Tokens", "1")]
    unread = proposals(tmp_path, items, book)
    assert [(proposal.change, proposal.rule_id) for proposal in unread] == [
        (Change.UNREAD, "DS30 1M Tokens"),
        (Change.UNREAD, "gpt 4.1 turbo Inp glbl Tokens"),
    ]
    assert unread[1].details == (
        "no model of Azure OpenAI GPT5 is spelled 'gpt 4.1 turbo'",
        "meters.csv: gpt 4.1 turbo Inp glbl Tokens,,,,default,,,,",
    )


def test_what_is_not_sold_by_token_is_left_out(tmp_path: Path) -> None:
    items = [
        row("Provisioned Managed Global Unit", "1", unitOfMeasure="1/Hour"),
        row(NAMES["input"], "260", type="Reservation"),
        row("Sora 720p glbl Video", "1", unitOfMeasure="1 Second"),
        row("Image-Dall-E-3 Std LowRes-regnl EP Images", "4", unitOfMeasure="100"),
    ]
    assert read_dump(write_dump(tmp_path, items)) == Dump([], [])


def test_other_services_of_the_same_name_need_no_line_in_the_meter_table(tmp_path: Path) -> None:
    translator = row("S1 Characters", "10", productName="Translator Text", unitOfMeasure="1M")
    vision = row("S1 Transactions", "1", productName="Computer Vision")
    assert read_dump(write_dump(tmp_path, [translator, vision])).rows == []
    new_model = row("Kimi K3 Outp glbl Tokens", "1", productName="Moonshot models")
    call = row("gpt-9 Calls", "1", serviceName="Foundry Models", productName="Anything")
    assert len(read_dump(write_dump(tmp_path, [new_model, call])).rows) == 2


def test_a_unit_that_nobody_knows_is_listed(book: Book, tmp_path: Path) -> None:
    items = [*rows(), row("gpt 9 Inp glbl Tokens", "1", unitOfMeasure="10K")]
    (listed,) = proposals(tmp_path, items, book)
    assert (listed.change, listed.rule_id) == (Change.UNREAD, "gpt 9 Inp glbl Tokens")
    assert listed.details[0].startswith("it is priced per '10K', expected one of 1K, 1M")


@pytest.mark.parametrize("price", ["0", "-0.002"])
def test_a_price_of_nothing_is_listed_and_never_written(
    price: str, book: Book, tmp_path: Path
) -> None:
    (listed,) = proposals(tmp_path, [row(NAMES["input"], price), *rows()[1:]], book)
    assert listed.change is Change.CONFLICT
    assert listed.price is None
    assert "expected above 0" in listed.details[0]


def test_a_date_without_a_time_zone_is_refused(tmp_path: Path) -> None:
    with pytest.raises(InvalidPriceSource, match="effectiveStartDate"):
        read_dump(write_dump(tmp_path, rows(effectiveStartDate="2025-08-01T00:00:00")))


def test_the_callers_decimal_context_does_not_round_a_price(tmp_path: Path) -> None:
    dump = write_dump(tmp_path, [row(NAMES["input"], "0.12345")])
    with localcontext() as context:
        context.prec = 2
        (read,) = read_dump(dump).rows
    assert read.per_million == Decimal("0.12345")


def test_prices_in_two_currencies_are_refused(book: Book, tmp_path: Path) -> None:
    with pytest.raises(InvalidPriceSource, match="prices in EUR and USD: import each by itself"):
        proposals(tmp_path, [*rows(), *rows(currencyCode="EUR")], book)


@pytest.mark.parametrize("text", ["{", '{"Rows": []}', "[1]"])
def test_a_file_that_is_no_dump_is_refused(text: str, tmp_path: Path) -> None:
    path = tmp_path / "dump.json"
    path.write_text(text, encoding="utf-8")
    with pytest.raises(InvalidPriceSource):
        read_dump(path)


def test_the_review_says_what_changes_and_counts_it(book: Book, tmp_path: Path) -> None:
    items = rows()
    items[2] = row(NAMES["output"], "7", effectiveStartDate="2026-12-01T00:00:00Z")
    text = render(proposals(tmp_path, items, book))
    assert "changed   azure.gpt-5-chat.GlobalStandard.2026-12-01" in text
    counts = "0 added, 1 changed, 0 gone, 0 off-grid, 0 conflict, 0 unread, 0 contradicted"
    assert text.endswith(counts)
