"""Whose word a price is: Azure's own rows, then the vendor, then what others report."""

from pathlib import Path

import pytest

from pricing_rules.engine.explain import explain
from pricing_rules.engine.rating import rate
from pricing_rules.errors import InvalidBook
from pricing_rules.price_book.book import Book, compile_book, load_compiled
from pricing_rules.types import CallState, PricedCall
from tests.fixtures.builders import make_event, make_usage
from tests.pricing_rules.books import ALIAS, base_rule, compile_text

NARROW = ', deployment = ["GlobalStandard"], service_tier = "default"'
ZONES = """
[[zone]]
name = "us"
regions = ["eastus", "westus"]
[[zone]]
name = "eu"
regions = ["Sweden Central"]
"""
CACHED = '\n[[model]]\nprovider = "azure"\nname = "m"\ncached_tokens = "input"\n'


def of(kind: str, rule_id: str, price: str, match: str = "") -> str:
    rule = base_rule(rule_id, rates=f'rates = {{ input = "{price}" }}', match=match)
    return rule.replace('kind = "report"', f'kind = "{kind}"')


def call(book: Book, **changes: object) -> PricedCall:
    fields = {"deployment": "dep", "model": None, "usage": make_usage(input=1_000_000), **changes}
    return rate(make_event(**fields), book)


@pytest.mark.parametrize(
    ("kinds", "holds"),
    [
        (("azure-retail", "genai-prices", "litellm"), "azure-retail"),
        (("litellm", "genai-prices"), "genai-prices"),
        (("litellm",), "litellm"),
        (("report", "contract"), "contract"),
    ],
)
def test_the_most_trusted_price_holds_however_specific_another_is(
    kinds: tuple[str, ...], holds: str, tmp_path: Path
) -> None:
    rules = [
        of(kind, kind, str(price), NARROW if kind in ("report", "litellm") else "")
        for price, kind in enumerate(kinds, start=1)
    ]
    assert call(compile_text(tmp_path, ALIAS, *rules)).base_rule_id == holds


def test_of_one_origin_the_most_specific_rule_holds(tmp_path: Path) -> None:
    book = compile_text(tmp_path, ALIAS, of("litellm", "wide", "1"), of("report", "n", "2", NARROW))
    assert call(book).base_rule_id == "n"


def test_two_origins_may_price_one_call_and_two_rules_of_one_may_not(tmp_path: Path) -> None:
    compile_text(tmp_path, ALIAS, of("litellm", "a", "1"), of("azure-retail", "b", "2"))
    with pytest.raises(InvalidBook, match="overlaps 'a' in time with equal specificity"):
        compile_text(tmp_path, ALIAS, of("litellm", "a", "1"), of("report", "b", "2"))


def test_an_azure_price_that_ended_before_a_reported_one_begins_is_no_gap(tmp_path: Path) -> None:
    ended = of("azure-retail", "own", "1").replace(
        "\ncurrency", "\nvalid_to = 2026-02-01T00:00:00Z\ncurrency"
    )
    later = of("litellm", "reported", "2").replace("2026-01-01T", "2026-03-01T")
    book = compile_text(tmp_path, ALIAS, ended, later)
    assert call(book).base_rule_id == "reported"


def test_a_price_that_the_setting_leaves_out_is_named_and_never_used(tmp_path: Path) -> None:
    compile_text(tmp_path, ALIAS, of("litellm", "reported", "1"), of("genai-prices", "own", "2"))
    paths = sorted(tmp_path.glob("*.toml"))
    without = compile_book(paths, origins=("azure", "vendor"))
    assert call(without).base_rule_id == "own"
    alone = call(compile_book(paths, origins=("azure",)))
    assert alone.state is CallState.UNPRICED
    assert alone.reason == "only a vendor price, which PRICE_SOURCES leaves out: rule own"
    assert without.version != compile_book(paths).version, "it decides prices"
    assert call(load_compiled(without.to_bytes())) == call(without)


def test_a_fee_that_the_setting_leaves_out_is_not_charged_and_not_free(tmp_path: Path) -> None:
    fee = base_rule("fee", rates='rates = { web_search = "10" }').replace('"base"', '"fee"')
    usage = make_usage(input=1_000, web_search=2)
    book = compile_text(tmp_path, ALIAS, of("azure-retail", "own", "1"), fee)
    assert call(book, usage=usage).state is CallState.PRICED
    without = compile_book(sorted(tmp_path.glob("*.toml")), origins=("azure", "vendor"))
    assert call(without, usage=usage).reason == (
        "rule own has no rate for 2 web_search; "
        "only a reported price, which PRICE_SOURCES leaves out: rule fee"
    )


ROUTER = ALIAS.replace('"dep"', '"router"').replace('"m"', '"chooser"') + 'rate_by = "reported"\n'


def fee(rule_id: str, unit: str, price: str, more: str = "", kind: str = "report") -> str:
    rates = f'rates = {{ {unit} = "{price}" }}'
    rule = base_rule(rule_id, rates=rates, match=more).replace('"base"', '"fee"')
    return rule.replace('kind = "report"', f'kind = "{kind}"')


@pytest.mark.parametrize(
    ("origins", "currency", "said"),
    [
        (("azure", "vendor", "reported"), "USD", None),
        (("azure", "vendor"), "USD", "only a reported price, which PRICE_SOURCES leaves out"),
        (("azure", "vendor", "reported"), "EUR", "rule fee is in EUR, the book in USD"),
    ],
)
def test_a_routed_call_is_never_priced_without_the_fee_that_its_router_has(
    origins: tuple[str, ...], currency: str, said: str | None, tmp_path: Path
) -> None:
    router = fee("fee", "router_input", "0.14").replace('"USD"', f'"{currency}"')
    router = router.replace('"m"', '"chooser"')
    compile_text(tmp_path, ALIAS, ROUTER, of("azure-retail", "own", "1"), router)
    book = compile_book(sorted(tmp_path.glob("*.toml")), origins=origins)
    priced = call(book, deployment="router", model="m")
    assert priced.state is (CallState.UNPRICED if said else CallState.PRICED)
    assert said is None or f"the router's fee: {said}" in (priced.reason or "")
    assert call(book).state is CallState.PRICED, "a call without a router"


def test_a_reported_fee_never_replaces_one_that_was_read(tmp_path: Path) -> None:
    own = fee("read", "web_search", "10", kind="azure-retail")
    narrow = fee("said", "web_search", "1", more=NARROW)
    book = compile_text(tmp_path, ALIAS, of("azure-retail", "own", "1"), own, narrow)
    priced = call(book, usage=make_usage(input=1_000, web_search=2))
    assert priced.base_rule_id == "own + read"


@pytest.mark.parametrize(
    ("region", "rule"), [("westus", "us"), ("Sweden Central", "eu"), ("japaneast", None)]
)
def test_a_price_of_a_zone_is_for_its_regions_alone(
    region: str, rule: str | None, tmp_path: Path
) -> None:
    rules = (of("litellm", zone, "1", f', zone = ["{zone}"]') for zone in ("us", "eu"))
    priced = call(compile_text(tmp_path, ALIAS, ZONES, *rules), region=region)
    assert priced.base_rule_id == rule
    if rule is None:
        assert f"region {region}" in (priced.reason or "")


def test_a_region_of_two_zones_is_refused(tmp_path: Path) -> None:
    twice = ZONES + '[[zone]]\nname = "asia"\nregions = ["westus"]\n'
    with pytest.raises(InvalidBook, match="region 'westus' is in zone 'us' and in 'asia'"):
        compile_text(tmp_path, ALIAS, twice, base_rule())


def test_cached_tokens_are_billed_as_input_where_the_book_says_so(tmp_path: Path) -> None:
    usage = make_usage(input=1_000, cache_read=500)
    rule = of("azure-retail", "r", "2")
    without = call(compile_text(tmp_path, ALIAS, rule), usage=usage)
    assert without.reason == "rule r has no rate for 500 cache_read"
    book = compile_text(tmp_path, ALIAS, rule, CACHED)
    priced = call(book, usage=usage)
    assert [(line.unit, line.unit_price) for line in priced.charges] == [
        ("input", 2_000_000),
        ("cache_read", 2_000_000),
    ]
    assert "cached tokens are billed as input: the model has no price for them" in explain(priced)
    assert call(book).reason is None, "a call without cached tokens"


def test_a_price_for_cached_tokens_is_stronger_than_that_word(tmp_path: Path) -> None:
    usage = make_usage(input=1_000, cache_read=500)
    priced = call(compile_text(tmp_path, ALIAS, base_rule(), CACHED), usage=usage)
    assert priced.reason is None
    assert [line.unit_price for line in priced.charges] == [2_000_000, 500_000]


def test_a_data_zone_price_without_a_region_asks_for_one(tmp_path: Path) -> None:
    zoned = of("litellm", "eu", "1", ', zone = ["eu"]')
    alias = ALIAS.replace("GlobalStandard", "DataZoneStandard")
    book = compile_text(tmp_path, alias, ZONES, zoned)
    assert call(book, region="swedencentral").state is CallState.PRICED
    assert "give the alias the region" in str(call(book, region=None).reason)
