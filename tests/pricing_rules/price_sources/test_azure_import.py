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
from pricing_rules.price_sources.azure_import import azure_prices, propose_azure
from pricing_rules.price_sources.azure_prices import (
    METER_TABLE,
    Meter,
    PriceRow,
    PromptBand,
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
PRICES = {"input": "0.00125", "cache_read": "0.000125", "output": "0.01"}


def row(meter: str, price: str, **changes: Any) -> dict[str, Any]:
    return {
        "serviceName": "Cognitive Services",
        "productName": "Azure OpenAI",
        "currencyCode": "USD",
        "tierMinimumUnits": 0,
        "retailPrice": Decimal(price),
        "armRegionName": "eastus2",
        "effectiveStartDate": "2025-08-01T00:00:00Z",
        "meterName": meter,
        "unitOfMeasure": "1K",
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


def test_every_meter_has_one_line_and_no_price_two_meters() -> None:
    table = read_meter_table()
    priced = [meter for meter in table.values() if meter]
    keys = {
        (meter.model, meter.version, meter.deployment, meter.unit, meter.prompt_tokens)
        for meter in priced
    }
    assert len(keys) == len(priced) == 566
    assert METER_TABLE.name == "azure_meters.csv"


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


def test_a_meter_that_stands_twice_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "meters.csv"
    line = LINE.format(name="a", band="")
    path.write_text(f"{HEAD}\n{line}\n{line}\n", encoding="utf-8")
    with pytest.raises(InvalidPriceSource, match="'a' stands twice"):
        read_meter_table(path)


def test_a_dump_that_is_not_there_is_named(tmp_path: Path) -> None:
    with pytest.raises(InvalidPriceSource, match=r"absent\.json: cannot be read"):
        read_dump(tmp_path / "absent.json")


def test_an_unchanged_price_is_no_news(book: Book, tmp_path: Path) -> None:
    assert proposals(tmp_path, rows(), book) == []


def test_a_changed_price_is_a_new_rule_that_supersedes_the_old(book: Book, tmp_path: Path) -> None:
    items = rows()
    items[2] = row(NAMES["output"], "0.007", effectiveStartDate="2026-12-01T00:00:00Z")
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
    items[0] = row(NAMES["input"], "0.003")
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
    items[0] = row(NAMES["input"], "0.0000000001")
    (listed,) = proposals(tmp_path, items, book)
    assert listed.change is Change.OFF_GRID
    assert listed.price is None
    with pytest.raises(ValueError, match="writes no rule"):
        rule_text(listed)


def test_one_price_in_two_regions_must_agree_for_global_deployments(
    book: Book, tmp_path: Path
) -> None:
    elsewhere = row(NAMES["input"], "0.0021", armRegionName="swedencentral")
    (conflict,) = proposals(tmp_path, [*rows(), elsewhere], book)
    assert conflict.change is Change.CONFLICT
    assert "swedencentral" in conflict.details[0]


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
        meter=name,
        per_million=Decimal(price),
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
    )
    assert default.tiers == (
        (272_000, {"cache_write_5m": Decimal("2.5"), "input": Decimal(2), "output": Decimal(10)}),
        (None, {"cache_write_5m": Decimal(5), "input": Decimal(4), "output": Decimal(10)}),
    )
    assert priority.service_tier is ServiceTier.PRIORITY
    assert priority.rule_id == "azure.gpt-5.6-sol.GlobalStandard.priority.2026-09-01"


def test_an_unmapped_token_meter_stops_the_import(book: Book, tmp_path: Path) -> None:
    items = [*rows(), row("gpt 9 Inp glbl Tokens", "1"), row("gpt 9 Outp glbl Tokens", "1")]
    with pytest.raises(InvalidPriceSource, match=r"2 meters are not in azure_meters\.csv.*gpt 9"):
        proposals(tmp_path, items, book)


def test_what_is_not_sold_by_token_is_left_out(tmp_path: Path) -> None:
    items = [
        row("Provisioned Managed Global Unit", "1", unitOfMeasure="1/Hour"),
        row(NAMES["input"], "260", type="Reservation"),
        row("Sora 720p glbl Video", "1", unitOfMeasure="1 Second"),
        row("Image-Dall-E-3 Std LowRes-regnl EP Images", "4", unitOfMeasure="100"),
    ]
    assert read_dump(write_dump(tmp_path, items)) == []


def test_other_services_of_the_same_name_need_no_line_in_the_meter_table(tmp_path: Path) -> None:
    translator = row("S1 Characters", "10", productName="Translator Text", unitOfMeasure="1M")
    vision = row("S1 Transactions", "1", productName="Computer Vision")
    assert read_dump(write_dump(tmp_path, [translator, vision])) == []
    new_model = row("Kimi K3 Outp glbl Tokens", "1", productName="Moonshot models")
    call = row("gpt-9 Calls", "1", serviceName="Foundry Models", productName="Anything")
    assert len(read_dump(write_dump(tmp_path, [new_model, call]))) == 2


def test_a_unit_that_nobody_knows_stops_the_import(tmp_path: Path) -> None:
    items = [*rows(), row("gpt 9 Inp glbl Tokens", "1", unitOfMeasure="10K")]
    with pytest.raises(InvalidPriceSource, match="'gpt 9 Inp glbl Tokens' is priced per '10K'"):
        read_dump(write_dump(tmp_path, items))


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
    dump = write_dump(tmp_path, [row(NAMES["input"], "0.00012345")])
    with localcontext() as context:
        context.prec = 2
        (read,) = read_dump(dump)
    assert read.per_million == Decimal("0.12345")


@pytest.mark.parametrize(
    "changes", [{"currencyCode": "EUR"}, {"tierMinimumUnits": 1000}], ids=["currency", "volume"]
)
def test_rows_that_are_no_plain_dollar_price_are_refused(
    changes: dict[str, Any], tmp_path: Path
) -> None:
    with pytest.raises(InvalidPriceSource, match="expected USD and 0"):
        read_dump(write_dump(tmp_path, rows(**changes)))


@pytest.mark.parametrize("text", ["{", '{"Rows": []}', "[1]"])
def test_a_file_that_is_no_dump_is_refused(text: str, tmp_path: Path) -> None:
    path = tmp_path / "dump.json"
    path.write_text(text, encoding="utf-8")
    with pytest.raises(InvalidPriceSource):
        read_dump(path)


def test_the_review_says_what_changes_and_counts_it(book: Book, tmp_path: Path) -> None:
    items = rows()
    items[2] = row(NAMES["output"], "0.007", effectiveStartDate="2026-12-01T00:00:00Z")
    text = render(proposals(tmp_path, items, book))
    assert "changed   azure.gpt-5-chat.GlobalStandard.2026-12-01" in text
    assert text.endswith("0 added, 1 changed, 0 gone, 0 off-grid, 0 conflict")
