"""litellm's price map as reported prices: what its names and fields mean, and what is left."""

from collections.abc import Mapping
from datetime import UTC, date, datetime
from decimal import Decimal
from fractions import Fraction
from pathlib import Path

import pytest

from pricing_rules.errors import InvalidPriceSource
from pricing_rules.price_book.book import BASE_BOOKS, Book, compile_book, load_book
from pricing_rules.price_book.rules import DeploymentType, ServiceTier
from pricing_rules.price_sources.proposals import Change, ReadPrice
from pricing_rules.price_sources.quotes.litellm_import import Reported, propose_litellm, render_left
from pricing_rules.price_sources.quotes.litellm_names import NotSold, sold_as
from pricing_rules.price_sources.quotes.litellm_prices import (
    packaged_price_map,
    read_entry,
    read_price_map,
)
from pricing_rules.price_sources.rule_text import cached_text, rule_text
from pricing_rules.units import Unit
from tests.paths import SHARED
from tests.pricing_rules.books import base_rule, compile_text

MAP = SHARED / "data" / "litellm_azure_prices.json"
CHECKED = date(2026, 11, 29)
API = "https://prices.azure.com/api/retail/prices"
MODEL = {"litellm_provider": "azure", "mode": "chat"}
PRICES = {"input_cost_per_token": Decimal("2E-6"), "output_cost_per_token": Decimal("8E-6")}


def entry(**fields: object) -> dict[str, object]:
    return {**MODEL, **PRICES, **fields}


def proposed(price_map: Mapping[str, Mapping[str, object]], book: Book) -> Reported:
    return propose_litellm(price_map, book, version="1.0", checked=CHECKED)


def prices(reported: Reported) -> dict[str, ReadPrice]:
    return {p.rule_id: p.price for p in reported.proposals if p.price is not None}


@pytest.fixture
def empty(tmp_path: Path) -> Book:
    return compile_text(tmp_path, base_rule())


@pytest.mark.parametrize(
    ("key", "model", "version", "deployment", "zone"),
    [
        ("azure/gpt-9", "gpt-9", None, "GlobalStandard", None),
        ("azure_ai/gpt-9-2026-03-05", "gpt-9", "2026-03-05", "GlobalStandard", None),
        ("azure/global/gpt-9", "gpt-9", None, "GlobalStandard", None),
        ("azure/global-standard/gpt-9", "gpt-9", None, "GlobalStandard", None),
        ("azure/eu/gpt-9", "gpt-9", None, "DataZoneStandard", "eu"),
        ("azure/us/gpt-9-2026-03-05", "gpt-9", "2026-03-05", "DataZoneStandard", "us"),
        ("azure/apac/gpt-9", "gpt-9", None, "DataZoneStandard", "apac"),
        ("azure/us-gov/gpt-9", "gpt-9", None, "Standard", "us-gov"),
        ("azure/gpt-3.5-turbo", "gpt-35-turbo", None, "GlobalStandard", None),
        ("azure/gpt-35-turbo-16k-0613", "gpt-35-turbo-16k", "0613", "GlobalStandard", None),
        ("azure/gpt-4-1106-preview", "gpt-4", "1106-preview", "GlobalStandard", None),
        ("azure/gpt-4-turbo", "gpt-4", "turbo-2024-04-09", "GlobalStandard", None),
        ("azure/gpt-4-turbo-2024-04-09", "gpt-4", "turbo-2024-04-09", "GlobalStandard", None),
        ("azure/gpt-4.1", "gpt-4.1", None, "GlobalStandard", None),
        ("azure/ada", "text-embedding-ada-002", None, "GlobalStandard", None),
        ("azure_ai/deepseek-r1", "DeepSeek-R1", None, "GlobalStandard", None),
        ("azure_ai/mistral-large-2407", "mistral-large-2407", None, "GlobalStandard", None),
    ],
)
def test_a_name_is_place_model_and_version(
    key: str, model: str, version: str | None, deployment: str, zone: str | None
) -> None:
    sold = sold_as(key, {"deepseek-r1": "DeepSeek-R1"})
    assert (sold.model, sold.version) == (model, version)
    assert (sold.deployment, sold.zone) == (DeploymentType(deployment), zone)


@pytest.mark.parametrize(
    ("key", "reason"),
    [
        ("azure/hd/1024-x-1024/dall-e-3", "size and quality of a picture"),
        ("azure_ai/doc-intelligence/prebuilt-read", "a service of its own"),
        ("azure/mars/gpt-9", "'mars' is no place that is known"),
        ("azure/us/eu/gpt-9", "'us' is no place that is known"),
    ],
)
def test_what_is_no_deployment_is_named_with_the_reason(key: str, reason: str) -> None:
    with pytest.raises(NotSold, match=reason):
        sold_as(key, {})


def test_every_price_class_is_read_exactly() -> None:
    read = read_entry(
        "azure/gpt-9",
        entry(
            cache_read_input_token_cost=Decimal("1.375E-7"),
            cache_creation_input_token_cost=Decimal("0.0000025"),
            cache_creation_input_token_cost_above_1hr=Decimal("0.000004"),
            input_cost_per_token_above_272k_tokens=Decimal("0.000004"),
            output_cost_per_token_above_272k_tokens=Decimal("0.000012"),
            input_cost_per_token_batches=Decimal("0.000001"),
            output_cost_per_token_batches=Decimal("0.000004"),
            input_cost_per_audio_token=Decimal("0.00004"),
            search_context_cost_per_query={"low": Decimal("0.01"), "high": Decimal("0.01")},
        ),
    )
    search = {Unit.WEB_SEARCH: Decimal(10_000)}
    first: dict[Unit, Decimal] = {
        Unit.INPUT: Decimal(2),
        Unit.OUTPUT: Decimal(8),
        Unit.CACHE_READ: Decimal("0.1375"),
        Unit.CACHE_WRITE_5M: Decimal("2.5"),
        Unit.CACHE_WRITE_1H: Decimal(4),
        Unit.INPUT_AUDIO: Decimal(40),
    }
    second = {Unit.INPUT: Decimal(4), Unit.OUTPUT: Decimal(12)}
    assert read.tiers[ServiceTier.DEFAULT] == ((272_000, first | search), (None, second | search))
    batch = {Unit.INPUT: Decimal(1), Unit.OUTPUT: Decimal(4)}
    assert read.tiers[ServiceTier.BATCH] == ((None, batch | search),)
    assert read.unread == ()


@pytest.mark.parametrize(
    ("field", "unit", "price", "per_million"),
    [
        ("ocr_cost_per_page", Unit.PAGE, "0.0015", "1500"),
        ("output_cost_per_video_per_second", Unit.VIDEO_SECOND, "0.1", "100000"),
        ("input_cost_per_character", Unit.CHARACTER, "0.000015", "15"),
        ("input_cost_per_query", Unit.RERANK_SEARCH, "0.002", "2000"),
        ("output_cost_per_image", Unit.IMAGE, "0.04", "40000"),
        ("input_cost_per_second", Unit.AUDIO_MS, "0.0001", "0.1"),
        # The rounded forms of 1.02, 2.04 and 3 per hour.
        ("input_cost_per_second", Unit.AUDIO_MS, "0.000283333333333", "17/60"),
        ("input_cost_per_second", Unit.AUDIO_MS, "0.0002833333333333333", "17/60"),
        ("input_cost_per_second", Unit.AUDIO_MS, "0.000566666666667", "17/30"),
        ("input_cost_per_second", Unit.AUDIO_MS, "0.000833333333333", "5/6"),
        # No price per hour is rounded to these: they are what they say.
        ("input_cost_per_second", Unit.AUDIO_MS, "0.000283333333334", "0.283333333334"),
        ("input_cost_per_second", Unit.AUDIO_MS, "0.0001234567", "0.1234567"),
        ("input_cost_per_second", Unit.AUDIO_MS, "0.000000001", "0.000001"),
    ],
)
def test_what_is_no_token_has_a_unit_of_its_own(
    field: str, unit: Unit, price: str, per_million: str
) -> None:
    fields = {"litellm_provider": "azure_ai", "mode": "ocr", field: Decimal(price)}
    [(bound, rates)] = read_entry("azure_ai/x", fields).tiers[ServiceTier.DEFAULT]
    assert (bound, rates) == (None, {unit: Fraction(per_million)})


@pytest.mark.parametrize(
    ("fields", "what", "reason"),
    [
        ({"output_cost_per_token_flex": Decimal("1E-6")}, "prices of the flex tier", "for input"),
        ({"cache_read_input_token_cost": 0}, "cache_read_input_token_cost", "0 is no price"),
        (
            {"input_cost_per_token": Decimal("0.0032")},
            "input_cost_per_token",
            "0.0032 for a token: no model costs so much",
        ),
        ({"thought_cost": Decimal(1)}, "thought_cost", "no such price is known"),
        ({"tiered_pricing": [{"range": [0, 1]}]}, "tiered_pricing", "no such price is known"),
        ({"regional_uplift_multiplier_eu": 2}, "regional_uplift_multiplier_eu", "no such price"),
        (
            {"search_context_cost_per_query": {"low": Decimal(1), "high": Decimal(2)}},
            "search_context_cost_per_query",
            "searches of several prices",
        ),
    ],
)
def test_what_cannot_be_read_is_listed_and_not_dropped(
    fields: dict[str, object], what: str, reason: str, empty: Book
) -> None:
    reported = proposed({"azure/gpt-9": entry(**fields)}, empty)
    [left] = [left for left in reported.left if left.what == what]
    assert reason in left.reason
    assert f"azure/gpt-9 {what}" in render_left(reported.left)


def test_what_a_model_can_do_is_no_price() -> None:
    able = {"max_tokens": 8192, "supports_vision": True, "supported_endpoints": ["/v1/responses"]}
    assert read_entry("azure/gpt-9", entry(**able)) == read_entry("azure/gpt-9", entry())


@pytest.mark.parametrize("price", ["free", True, -1, None])
def test_a_price_that_is_no_number_is_listed_and_leaves_the_other_entries(
    price: object, empty: Book
) -> None:
    broken = entry(input_cost_per_token=price)
    reported = proposed({"azure/gpt-8": broken, "azure/gpt-9": entry()}, empty)
    assert [proposal.price.model for proposal in reported.proposals if proposal.price] == ["gpt-9"]
    assert f"{price!r} is no number" in render_left(reported.left)
    assert {left.key for left in reported.left} == {"azure/gpt-8"}


@pytest.mark.parametrize(
    "fields",
    [
        {"output_cost_multiplier": 2},
        {"tiered_pricing": [{"range": [0, 1]}]},
        {"input_cost_per_token_above_272k_tokens": 0, "output_cost_per_token_above_272k_tokens": 0},
        {"input_cost_per_token_above_272k_tokens": None},
        {"cache_read_input_token_cost": "1E-7"},
        {"cache_read_input_token_cost": Decimal("3E-6")},
        {"input_cost_per_second": Decimal("0.0001")},
    ],
)
def test_what_may_change_the_other_prices_holds_them_back(
    fields: dict[str, object], empty: Book
) -> None:
    reported = proposed({"azure/gpt-9": entry(**fields)}, empty)
    assert reported.proposals == ()
    assert {left.key for left in reported.left} == {"azure/gpt-9"}


@pytest.mark.parametrize("price", [0, -1, True, "free", None])
def test_a_search_is_never_free_by_the_map(price: object) -> None:
    read = read_entry("azure/gpt-9", entry(search_context_cost_per_query={"low": price}))
    assert Unit.WEB_SEARCH not in read.tiers[ServiceTier.DEFAULT][0][1]
    assert read.unread == (("search_context_cost_per_query", "a search without a price above 0"),)


def test_reasoning_tokens_of_a_price_of_their_own_have_it() -> None:
    read = read_entry("azure/gpt-9", entry(output_cost_per_reasoning_token=Decimal("5E-5")))
    assert read.tiers[ServiceTier.DEFAULT][0][1][Unit.REASONING] == 50


@pytest.mark.parametrize(
    ("cached", "as_input"),
    [(None, ("gpt-9",)), (0, ()), ("1E-7", ()), (Decimal("3E-6"), ())],
)
def test_cached_tokens_are_billed_as_input_only_where_the_map_says_nothing_of_them(
    cached: object, as_input: tuple[str, ...], empty: Book
) -> None:
    batches = {f"{name}_batches": price for name, price in PRICES.items()}
    price_map = {"azure/gpt-9": entry(cache_read_input_token_cost=cached, **batches)}
    assert proposed(price_map, empty).cached_as_input == as_input


def test_rules_are_dated_by_the_version_or_by_the_day_of_the_report(empty: Book) -> None:
    reported = prices(
        proposed(
            {
                "azure/gpt-9": entry(),
                "azure/eu/gpt-9-2026-03-05": entry(),
                "azure/gpt-8": entry(),
            },
            empty,
        )
    )
    dated = reported["reported.azure.gpt-9.GlobalStandard.2026-03-05"]
    assert dated.note == "begins on the date of version 2026-03-05, which is assumed"
    undated = reported["reported.azure.gpt-8.GlobalStandard.2026-11-29"]
    assert undated.note == "begins on the day of the report: its start is not known"
    assert "reported.azure.gpt-9.2026-03-05.DataZoneStandard.eu.2026-03-05" in reported


def test_equal_versions_share_a_rule_and_others_have_their_own(empty: Book) -> None:
    dearer = entry(input_cost_per_token=Decimal("3E-6"))
    with_batch = entry(
        input_cost_per_token_batches=Decimal("1E-6"), output_cost_per_token_batches=Decimal("4E-6")
    )
    same = proposed({"azure/gpt-9": entry(), "azure/gpt-9-2026-03-05": with_batch}, empty)
    assert sorted(prices(same)) == [
        "reported.azure.gpt-9.2026-03-05.GlobalBatch.2026-03-05",
        "reported.azure.gpt-9.GlobalStandard.2026-03-05",
    ]
    other = proposed(
        {
            "azure/gpt-9": entry(),
            "azure/gpt-9-2026-01-01": entry(),
            "azure/gpt-9-2026-03-05": dearer,
        },
        empty,
    )
    assert sorted(prices(other)) == [
        "reported.azure.gpt-9.2026-01-01.GlobalStandard.2026-01-01",
        "reported.azure.gpt-9.2026-03-05.GlobalStandard.2026-03-05",
    ]
    assert [left.key for left in other.left] == ["azure/gpt-9"]
    assert "an undated price would be a guess" in other.left[0].reason


@pytest.mark.parametrize(
    ("source", "other_source", "taken"),
    [
        (API, "https://ai.azure.com/catalog", "2"),
        (None, "https://ai.azure.com/catalog", "5"),
        (API, API, None),
        (None, None, None),
    ],
)
def test_of_two_prices_the_one_with_the_better_source_is_taken(
    source: str | None, other_source: str | None, taken: str | None, empty: Book
) -> None:
    other = entry(input_cost_per_token=Decimal("5E-6"), source=other_source)
    reported = proposed({"azure/gpt-9": entry(source=source), "azure_ai/gpt-9": other}, empty)
    inputs = [price.tiers[0][1][Unit.INPUT] for price in prices(reported).values()]
    assert inputs == ([Decimal(taken)] if taken else [])
    assert len(reported.left) == (1 if taken else 2)
    assert "have two prices" in reported.left[0].reason


def test_what_two_entries_agree_on_is_kept_where_only_another_unit_differs(empty: Book) -> None:
    one, other = ({"low": Decimal(price)} for price in ("0.01", "0.014"))
    price_map = {
        "azure/gpt-9": entry(search_context_cost_per_query=one),
        "azure_ai/gpt-9": entry(search_context_cost_per_query=other),
    }
    reported = proposed(price_map, empty)
    [price] = prices(reported).values()
    assert price.tiers[0][1] == {Unit.INPUT: Decimal(2), Unit.OUTPUT: Decimal(8)}
    assert [left.what for left in reported.left] == ["default tier, web_search"] * 2


def test_azures_own_price_stays_and_the_contradiction_is_named(tmp_path: Path) -> None:
    own = base_rule(rates='rates = { input = "3" }').replace('"m"', '"gpt-9"')
    book = compile_text(tmp_path, own.replace('kind = "report"', 'kind = "azure-retail"'))
    reported = proposed({"azure/gpt-9-2026-03-05": entry()}, book)
    [proposal] = reported.proposals
    assert proposal.change is Change.CONTRADICTED
    assert (proposal.rule_id, proposal.details) == ("base.m", ("input 3, reported 2",))


def test_a_zone_has_no_price_of_the_vendors_list() -> None:
    """The list is that of Global: in a data zone the same model costs more."""
    dear = entry(input_cost_per_token=Decimal("5.5E-6"), output_cost_per_token=Decimal("2.75E-5"))
    reported = proposed({"azure_ai/us/claude-opus-5-5": dear}, load_book())
    [price] = prices(reported).values()
    assert price.tiers[0][1] == {Unit.INPUT: Decimal("5.5"), Unit.OUTPUT: Decimal("27.5")}
    assert price.source_kind == "litellm"


def test_a_price_that_ends_in_a_fraction_becomes_a_price_per_hour(empty: Book) -> None:
    fields = {**MODEL, "mode": "realtime", "input_cost_per_second": Decimal("0.000833333333333")}
    [proposal] = proposed({"azure/gpt-live": fields}, empty).proposals
    assert (proposal.change, proposal.details) == (Change.ADDED, ("audio_ms 0.833333333333",))
    assert 'unit = "hour"' in rule_text(proposal)
    assert 'rates = { audio_ms = "3" }' in rule_text(proposal)


def test_a_price_off_the_grid_becomes_no_rule(empty: Book) -> None:
    second = Decimal("0.0008333333333333335")
    fields = {**MODEL, "mode": "realtime", "input_cost_per_second": second}
    [proposal] = proposed({"azure/gpt-live": fields}, empty).proposals
    assert (proposal.change, proposal.price) == (Change.OFF_GRID, None)


def test_what_is_written_compiles_to_what_was_read(tmp_path: Path, empty: Book) -> None:
    audio = {**MODEL, "mode": "audio_transcription", "input_cost_per_second": Decimal("0.0001")}
    reported = proposed({"azure/gpt-9": entry(), "azure/hear": audio}, empty)
    path = tmp_path / "reported.toml"
    text = "\n".join(rule_text(p) for p in reported.proposals)
    path.write_text(text + "".join(map(cached_text, reported.cached_as_input)), encoding="utf-8")
    book = compile_book([path])
    rates = {dict(card.matches)["model"][0]: card.tiers[0].rates for card in book.content.cards}
    assert rates == {
        "gpt-9": {"input": 2_000_000, "output": 8_000_000},
        "hear": {"audio_ms": 100_000},
    }
    assert book.content.cached_as_input == (("azure", "gpt-9"),)
    [gone] = proposed({"azure/gpt-9": entry()}, book).proposals
    assert (gone.change, gone.rule_id) == (
        Change.GONE, "reported.azure.hear.GlobalStandard.2026-11-29",
    )  # fmt: skip
    again = proposed({"azure/gpt-9": entry(), "azure/hear": audio}, book)
    assert (again.proposals, again.cached_as_input) == ((), ())
    source = book.sources["reported.azure.gpt-9.GlobalStandard.2026-11-29"]
    assert (source.kind, source.version, source.checked) == ("litellm", "1.0", "2026-11-29")


def test_the_map_of_the_installed_package_is_read_without_importing_it(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with pytest.raises(InvalidPriceSource, match="litellm is not installed"):
        packaged_price_map()
    package = tmp_path / "litellm"
    package.mkdir()
    (package / "__init__.py").write_text("raise RuntimeError('imported')", encoding="utf-8")
    text = '{"azure/x": {"litellm_provider": "azure", "input_cost_per_token": 1e-07}, "y": {}}'
    name = "model_prices_and_context_window_backup.json"
    (package / name).write_text(text, encoding="utf-8")
    info = tmp_path / "litellm-9.9.dist-info"
    info.mkdir()
    (info / "METADATA").write_text("Name: litellm\nVersion: 9.9\n", encoding="utf-8")
    monkeypatch.syspath_prepend(tmp_path)
    path, version = packaged_price_map()
    assert version == "9.9"
    assert read_price_map(path)["azure/x"]["input_cost_per_token"] == Decimal("1E-7")


@pytest.mark.parametrize("text", ["[1]", "{", "{}", '{"x": {"litellm_provider": "openai"}}'])
def test_a_file_that_is_no_price_map_is_refused(text: str, tmp_path: Path) -> None:
    path = tmp_path / "map.json"
    path.write_text(text, encoding="utf-8")
    with pytest.raises(InvalidPriceSource, match=r"map\.json"):
        read_price_map(path)


@pytest.mark.skipif(not MAP.exists(), reason="litellm's price map is not here")
def test_the_shipped_books_are_what_the_map_says() -> None:
    """Nothing to add or change; each rule from the map is still what the map says."""
    reported = propose_litellm(read_price_map(MAP), load_book(), version="1.106.2", checked=CHECKED)
    changes = {proposal.change for proposal in reported.proposals}
    assert changes == {Change.CONTRADICTED}
    assert reported.cached_as_input == ()
    without = [path for path in sorted(BASE_BOOKS.glob("*.toml")) if "reported_" not in path.name]
    fresh = prices(
        propose_litellm(
            read_price_map(MAP), compile_book(without), version="1.106.2", checked=CHECKED
        )
    )
    cards = {card.id: card for card in load_book().content.cards}
    shipped = {rule_id for rule_id in cards if rule_id.startswith("reported.")}
    assert fresh.keys() == shipped
    assert all(cards[rule_id].valid_from <= datetime.now(UTC) for rule_id in shipped)
