"""One call worked by hand through every layer, and the wrong answers it must never give.

gpt-5.4, prompt of 128,000 tokens of which 100,000 cached, completion of 2,000 of which 1,500
reasoning; 12 % discount, 3 % mark-up for cost centre 4711, euro at 0.86234.
"""

import pytest

from pricing_rules.engine.explain import explain
from pricing_rules.engine.rating import rate
from pricing_rules.money import format_pico
from pricing_rules.price_book.book import BASE_BOOKS, Book, load_book
from pricing_rules.provider_usage.normalise import normalise
from pricing_rules.types import CallState, Operation, PricedCall
from tests.fixtures.builders import chat_usage, make_event

CONTOSO = BASE_BOOKS / "examples" / "contoso.toml"


@pytest.fixture(scope="module")
def book() -> Book:
    return load_book([CONTOSO])


def rated(book: Book, *, prompt: int, cost_centre: str | None = "4711") -> PricedCall:
    usage = normalise(
        Operation.CHAT_COMPLETIONS,
        chat_usage(prompt=prompt, cached=100_000, completion=2_000, reasoning=1_500),
    )
    event = make_event(deployment="gpt-5-4-prod", model="gpt-5.4-2026-03-05", usage=usage)
    return rate(event, book, cost_centre)


def layers(call: PricedCall) -> tuple[str, str, str, str]:
    return (
        format_pico(call.list),
        format_pico(call.contracted),
        format_pico(call.charge),
        format_pico(call.billed),
    )


def test_every_line_and_layer_is_what_was_worked_by_hand(book: Book) -> None:
    call = rated(book, prompt=128_000)
    assert call.state is CallState.PRICED
    assert call.tier == 0
    assert [(line.unit, line.quantity, line.unit_price, line.list) for line in call.charges] == [
        ("input", 28_000, 2_500_000, 70_000_000_000),
        ("cache_read", 100_000, 250_000, 25_000_000_000),
        ("output", 2_000, 15_000_000, 30_000_000_000),
    ]
    assert layers(call) == ("0.125", "0.11", "0.1133", "0.097703122")
    assert [(step.rule_id, step.layer, step.factor, step.delta) for step in call.adjustments] == [
        ("contoso.ea-2026", "contracted", "0.88", -15_000_000_000),
        ("contoso.platform-markup.4711", "charge", "1.03", 3_300_000_000),
        ("fx.USD-EUR.2026-11", "billed", "0.86234", 97_703_122_000),
    ]
    assert call.cost_centre == "4711"
    assert (call.pricing_currency, call.billing_currency) == ("USD", "EUR")


@pytest.mark.parametrize(
    ("prompt", "tier", "expected"),
    [
        (272_000, 0, ("0.485", "0.4268", "0.439604", "0.37908811336")),
        # 0.74645576020488 euro, rounded once to 12 decimals
        (272_001, 1, ("0.955005", "0.8404044", "0.865616532", "0.746455760205")),
        (300_000, 1, ("1.095", "0.9636", "0.992508", "0.85587934872")),
    ],
)
def test_the_whole_prompt_chooses_one_tier_for_every_token(
    book: Book, prompt: int, tier: int, expected: tuple[str, str, str, str]
) -> None:
    call = rated(book, prompt=prompt)
    assert call.tier == tier
    assert layers(call) == expected


@pytest.mark.parametrize(
    ("wrong", "mistake"),
    [
        ("0.35", "cached tokens at the full price"),
        ("0.1475", "reasoning added to the completion again"),
        ("0.375", "cached tokens added on top of the prompt"),
        ("0.25", "the priority tier's price"),
    ],
)
def test_no_known_mistake_is_made(book: Book, wrong: str, mistake: str) -> None:
    assert format_pico(rated(book, prompt=128_000).list) != wrong, mistake


def test_a_call_of_another_cost_centre_has_no_mark_up(book: Book) -> None:
    call = rated(book, prompt=128_000, cost_centre="9999")
    assert format_pico(call.charge) == "0.11"
    assert call.cost_centre is None


def test_a_month_before_the_first_fx_rate_is_unpriced(book: Book) -> None:
    september = make_event().time.replace(month=9)
    call = rate(make_event(deployment="gpt-5-4-prod", model=None, time=september), book)
    assert call.state is CallState.UNPRICED
    assert call.reason == "currency: no rate USD-EUR at this time"
    assert "no rate USD-EUR" in explain(call)


def test_the_explanation_shows_every_figure(book: Book) -> None:
    text = explain(rated(book, prompt=128_000))
    for figure in (
        "28,000", "2.5", "0.07", "0.025", "0.03", "0.125", "0.88", "-0.015", "1.03", "0.0033",
        "0.1133", "0.86234 USD-EUR", "EUR 0.097703122", "contoso.ea-2026", book.version,
    ):  # fmt: skip
        assert figure in text
