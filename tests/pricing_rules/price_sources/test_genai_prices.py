"""genai-prices as a second opinion: equal where it knows Azure, and every difference is listed."""

from collections.abc import Iterator
from datetime import UTC, date, datetime
from decimal import Decimal
from pathlib import Path

import pytest
from genai_prices import Usage as GenaiUsage
from genai_prices import calc_price
from hypothesis import given, settings
from hypothesis import strategies as st
from msgspec.structs import replace

from pricing_rules.engine.rating import rate
from pricing_rules.money import PICO_PER_UNIT, format_pico
from pricing_rules.price_book.book import Book, load_book
from pricing_rules.price_book.rate_card import RateCard
from pricing_rules.price_sources.genai_import import propose_genai
from pricing_rules.price_sources.proposals import Change, Proposal, propose, render
from pricing_rules.price_sources.rule_text import rule_text
from pricing_rules.types import CallState, Usage
from pricing_rules.units import Unit
from tests.fixtures.builders import make_event
from tests.paths import ROOT
from tests.pricing_rules.price_book.test_terms import alias

DIFFERENCES = ROOT / "docs" / "price_differences.md"
NOW = datetime(2026, 12, 1, tzinfo=UTC)
SINCE, CHECKED = date(2026, 1, 1), date(2026, 10, 14)
BOOK = load_book()
GENAI_UNITS = {
    Unit.INPUT: "input_tokens",
    Unit.CACHE_READ: "cache_read_tokens",
    Unit.OUTPUT: "output_tokens",
}


def global_cards() -> Iterator[tuple[str, RateCard]]:
    """Azure's Global Standard price of each model at NOW, under the name genai-prices uses."""
    for card in BOOK.content.cards:
        values = dict(card.matches)
        current = card.valid_from <= NOW and (card.valid_to is None or card.valid_to > NOW)
        plain = values.get("deployment") == ("GlobalStandard",) and values["provider"] == ("azure",)
        plain = plain and values.get("service_tier") == ("default",)
        if current and plain and not values["model"][0].endswith("-ft"):
            version = values.get("versions", ("",))[0]
            name = values["model"][0]
            yield f"{name}-{version}" if version else name, card


def genai_pico(model: str, counts: dict[Unit, int]) -> int | None:
    """genai-prices' price in pico-dollars; None where it has no such model."""
    usage = GenaiUsage(
        input_tokens=counts.get(Unit.INPUT, 0) + counts.get(Unit.CACHE_READ, 0),
        cache_read_tokens=counts.get(Unit.CACHE_READ, 0),
        output_tokens=counts.get(Unit.OUTPUT, 0),
    )
    try:
        price = calc_price(usage, model, provider_id="azure", genai_request_timestamp=NOW)
    except LookupError:
        return None
    return int(price.total_price * PICO_PER_UNIT)


def our_price(card: RateCard, unit: Unit) -> int | None:
    """Pico-dollars; cached tokens of a model without a price for them are billed as input."""
    rates = card.tiers[0].rates
    model = dict(card.matches)["model"][0]
    if unit is Unit.CACHE_READ and ("azure", model) in BOOK.content.cached_as_input:
        return rates.get(unit, rates.get(Unit.INPUT))
    return rates.get(unit)


def found_differences() -> list[str]:
    """One line per model and unit where a million tokens cost something else there."""
    lines = []
    for model, card in sorted(global_cards(), key=lambda item: item[0]):
        if genai_pico(model, {Unit.INPUT: 1_000}) is None:
            continue
        for unit in GENAI_UNITS:
            ours = our_price(card, unit)
            counts = {unit: 1}
            theirs = genai_pico(model, counts)
            if ours != theirs and not (ours is None and theirs == 0):
                shown = "none" if ours is None else format_pico(ours * 1_000_000)
                lines.append(
                    f"| {model} | {unit} | {shown} | {format_pico((theirs or 0) * 1_000_000)} |"
                )
    return lines


def section(package: str) -> str:
    """The part of the page about a package."""
    page = DIFFERENCES.read_text(encoding="utf-8")
    return page.partition(f"\n## {package} ")[2].partition("\n## ")[0]


def test_every_difference_is_listed_with_its_reason() -> None:
    listed = [
        line
        for line in section("genai-prices").splitlines()
        if line.startswith("| ") and not line.startswith("| model |")
    ]
    found = found_differences()
    assert [line.rsplit("|", 2)[0] + "|" for line in listed] == found
    assert all(line.rsplit("|", 2)[1].strip() for line in listed), "a difference has no reason"


EQUAL = [
    "gpt-4o-2024-11-20", "gpt-4o-2024-08-06", "gpt-4o-mini-2024-07-18", "gpt-4.1",
    "gpt-4.1-mini", "gpt-4.1-nano", "gpt-5", "gpt-5-mini", "gpt-5-nano", "o1-2024-12-17",
    "o3-2025-04-16", "o3-mini-2025-01-31", "o4-mini-2025-04-16",
]  # fmt: skip


@pytest.fixture(scope="module")
def book(tmp_path_factory: pytest.TempPathFactory) -> Book:
    path = tmp_path_factory.mktemp("book") / "aliases.toml"
    names = {name: dict(card.matches) for name, card in global_cards()}
    path.write_text(
        "".join(
            alias(name, model=values["model"][0], version=values.get("versions", ("any",))[0])
            for name, values in names.items()
        ),
        encoding="utf-8",
    )
    return load_book([path])


@settings(deadline=None)
@given(
    model=st.sampled_from(EQUAL),
    plain=st.integers(0, 200_000),
    cached=st.integers(0, 72_000),
    output=st.integers(1, 100_000),
)
def test_a_known_model_costs_the_same_to_the_last_digit(
    book: Book, model: str, plain: int, cached: int, output: int
) -> None:
    counts = {Unit.INPUT: plain, Unit.CACHE_READ: cached, Unit.OUTPUT: output}
    counts = {unit: count for unit, count in counts.items() if count}
    event = make_event(deployment=model, model=None, usage=Usage(counts=counts), time=NOW)
    call = rate(event, book)
    assert call.state is CallState.PRICED
    assert call.list == genai_pico(model, counts)


def test_the_vendor_prices_in_the_book_are_the_packages() -> None:
    assert propose_genai("anthropic", BOOK, since=SINCE, checked=CHECKED) == []


def test_azure_prices_of_the_package_that_we_have_are_ours() -> None:
    changes = {
        proposal.change for proposal in propose_genai("azure", BOOK, since=SINCE, checked=CHECKED)
    }
    assert changes == {Change.ADDED}


def test_long_context_tiers_service_tiers_and_dates_are_taken_over() -> None:
    proposals = propose_genai("openai", BOOK, since=SINCE, checked=CHECKED)
    by_id = {proposal.rule_id: proposal for proposal in proposals}
    priority = by_id["openai.gpt-6-sol.GlobalStandard.priority.2026-10-12"].price
    assert priority is not None
    assert [(bound, str(rates[Unit.INPUT])) for bound, rates in priority.tiers] == [
        (272_000, "4"),
        (None, "8"),
    ]
    assert "added     openai.gpt-6-sol.GlobalStandard.2026-01-01" in render(proposals)


def test_a_tiered_price_is_written_as_it_was_read_and_noticed_when_it_changes(
    tmp_path: Path,
) -> None:
    proposals = propose_genai("openai", BOOK, since=SINCE, checked=CHECKED)
    sol = next(p for p in proposals if p.rule_id == "openai.gpt-6-sol.GlobalStandard.2026-01-01")
    assert sol.price is not None
    written = tmp_path / "openai.toml"
    written.write_text(rule_text(sol), encoding="utf-8")
    with_sol = load_book([written])
    assert propose([sol.price], with_sol, in_scope=()) == []
    flat = replace(sol.price, tiers=sol.price.tiers[-1:])
    dearer = replace(sol.price, tiers=(sol.price.tiers[0], (None, {Unit.INPUT: Decimal(9)})))
    assert propose([flat], with_sol, in_scope=())[0].details == (
        "tiers up to [272000, None] → [None]",
    )
    assert "input 4 → 9" in propose([dearer], with_sol, in_scope=())[0].details


def found(provider: str, since: date = SINCE) -> dict[str, Proposal]:
    proposals = propose_genai(provider, BOOK, since=since, checked=CHECKED)
    by_id = {proposal.rule_id: proposal for proposal in proposals}
    assert len(by_id) == len(proposals), "two prices have one id"
    return by_id


@pytest.mark.parametrize(
    "provider", ["openai", "mistral", "perplexity", "google", "x-ai", "cohere", "deepseek"]
)
def test_all_that_is_proposed_for_a_provider_is_a_book(provider: str, tmp_path: Path) -> None:
    texts = [rule_text(each) for each in found(provider).values() if each.price is not None]
    path = tmp_path / "provider.toml"
    path.write_text("\n".join(texts), encoding="utf-8")
    assert len(load_book([path]).content.cards) == len(BOOK.content.cards) + len(texts)


def test_a_dated_model_is_a_version_with_its_own_price() -> None:
    prices = {rule_id: each.price for rule_id, each in found("openai").items()}
    dated = prices["openai.gpt-4o.2024-05-13.GlobalStandard.2026-01-01"]
    plain = prices["openai.gpt-4o.GlobalStandard.2026-01-01"]
    assert dated is not None
    assert plain is not None
    assert (dated.version, dated.tiers[0][1][Unit.INPUT]) == ("2024-05-13", Decimal(5))
    assert (plain.version, plain.tiers[0][1][Unit.INPUT]) == (None, Decimal("2.5"))


def test_a_tier_has_the_price_of_each_of_its_days() -> None:
    batch = [
        (each.price.valid_from.date(), each.price.valid_to, each.price.tiers[0][1][Unit.INPUT])
        for each in found("google").values()
        if each.price is not None
        and each.price.model == "gemini-4-argon"
        and each.price.service_tier == "batch"
    ]
    assert sorted(batch) == [
        (date(2026, 10, 14), NOW, Decimal(1)),
        (date(2026, 12, 1), None, Decimal(2)),
    ]


def test_a_price_per_call_is_part_of_the_rule() -> None:
    price = found("perplexity")["perplexity.sonar.GlobalStandard.2026-01-01"].price
    assert price is not None
    assert price.tiers[0][1][Unit.REQUEST] == 12_000


@pytest.mark.parametrize(
    ("provider", "model", "why"),
    [
        ("perplexity", "sonar-deep-research", "nothing reads output_citation_mtok"),
        ("deepseek", "deepseek-chat", "its price depends on the time of day"),
    ],
)
def test_a_model_of_which_anything_is_unread_is_listed_and_has_no_price(
    provider: str, model: str, why: str
) -> None:
    proposals = found(provider)
    listed = proposals[f"{provider}/{model}"]
    assert (listed.change, listed.details, listed.price) == (Change.UNREAD, (why,), None)
    assert not any(each.price and each.price.model == model for each in proposals.values())
