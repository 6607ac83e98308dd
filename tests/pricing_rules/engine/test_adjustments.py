"""Modifiers: each rounds the call's total once, and its lines always add up."""

from pathlib import Path

import pytest

from pricing_rules.engine.rating import rate
from pricing_rules.price_book.book import Book
from pricing_rules.types import CallState, PricedCall
from tests.fixtures.builders import make_event, make_usage
from tests.pricing_rules.books import ALIAS, base_rule, compile_text, modifier, per

DISCOUNT = modifier("discount", "multiply", 'layer = "contracted"\nfactor = "0.9"')
MARKUP = modifier("markup", "multiply", 'layer = "charge"\nfactor = "1.1"')


def rated(directory: Path, *rules: str, **counts: int) -> PricedCall:
    book = compile_text(directory, ALIAS + base_rule() + "".join(rules))
    usage = make_usage(**(counts or {"input": 1_000, "output": 100}))
    return rate(make_event(deployment="dep", model=None, usage=usage), book)


def test_discount_comes_before_mark_up_whatever_their_order_in_the_file(tmp_path: Path) -> None:
    one = rated(tmp_path, DISCOUNT, MARKUP)
    other = rated(tmp_path, MARKUP, DISCOUNT)
    assert one.adjustments == other.adjustments
    assert [step.rule_id for step in one.adjustments] == ["discount", "markup"]
    assert (one.list, one.contracted, one.charge) == (2_800_000_000, 2_520_000_000, 2_772_000_000)


def test_order_decides_inside_a_layer(tmp_path: Path) -> None:
    minimum = modifier(
        "floor", "minimum", 'scope = "call"\ncurrency = "USD"\namount = "0.01"\norder = 10'
    )
    call = rated(tmp_path, MARKUP.replace('"1.1"', '"1.1"\norder = 20'), minimum)
    assert [step.rule_id for step in call.adjustments] == ["floor", "markup"]
    assert call.charge == 11_000_000_000


def test_a_total_is_rounded_half_even_once_and_spread_over_the_lines(tmp_path: Path) -> None:
    # 5 pico × 0.5 = 2.5 → 2; spread over three lines by largest remainder
    rates = 'rates = { input = "0.000001", cache_read = "0.000002", output = "0.000002" }'
    half = modifier("half", "multiply", 'layer = "charge"\nfactor = "0.5"')
    book = compile_text(tmp_path, ALIAS + base_rule(rates=rates) + half)
    usage = make_usage(input=1, cache_read=1, output=1)
    call = rate(make_event(deployment="dep", usage=usage), book)
    assert call.list == 5
    assert call.charge == 2
    assert [line.charge for line in call.charges] == [0, 1, 1]
    assert call.adjustments[0].delta == -3


def test_a_minimum_binds_only_below_it(tmp_path: Path) -> None:
    floor = modifier("floor", "minimum", 'scope = "call"\ncurrency = "USD"\namount = "0.0028"')
    at_the_floor = rated(tmp_path, floor)
    assert at_the_floor.adjustments == ()
    assert at_the_floor.charge == at_the_floor.list == 2_800_000_000
    below = rated(tmp_path, floor, input=1_000, output=99)
    assert below.list == 2_792_000_000
    assert below.charge == 2_800_000_000
    assert [step.delta for step in below.adjustments] == [8_000_000]


def test_a_fixed_price_replaces_the_units_it_names(tmp_path: Path) -> None:
    fixed = modifier(
        "contract",
        "fixed",
        'layer = "contracted"\ncurrency = "USD"\nunit = "1M"\nrates = { input = "1" }',
    )
    call = rated(tmp_path, fixed)
    assert [(line.unit, line.list, line.contracted) for line in call.charges] == [
        ("input", 2_000_000_000, 1_000_000_000),
        ("output", 800_000_000, 800_000_000),
    ]
    assert call.adjustments[0].delta == -1_000_000_000
    assert call.adjustments[0].factor == "input 0.000001"


def test_a_zero_rated_product_keeps_its_list_price_and_says_why(tmp_path: Path) -> None:
    free = modifier("gift", "zero", 'layer = "charge"\nnote = "paid centrally"')
    floor = modifier(
        "floor", "minimum", 'scope = "call"\ncurrency = "USD"\namount = "1"\norder = 900'
    )
    call = rated(tmp_path, free, floor)
    assert call.state is CallState.ZERO
    assert call.reason == "rule gift: paid centrally"
    assert call.list == call.contracted == 2_800_000_000
    assert call.charge == call.billed == 0
    assert [step.delta for step in call.adjustments] == [-2_800_000_000]


@pytest.mark.parametrize("month", [11, 12])
def test_a_month_without_an_fx_rate_is_unpriced(month: int, tmp_path: Path) -> None:
    fx = modifier(
        "fx",
        "fx",
        'pair = "USD-EUR"\nrate = "0.9"\nvalid_to = 2026-12-01T00:00:00Z\n'
        'source = { kind = "contract", checked = 2026-11-01 }',
    )
    text = '[book]\nbilling_currency = "EUR"\n' + ALIAS + base_rule() + fx
    book = compile_text(tmp_path, text)
    event = make_event(deployment="dep", time=make_event().time.replace(month=month))
    call = rate(event, book)
    if month == 11:
        assert call.billed * 10 == call.charge * 9
    else:
        assert call.state is CallState.UNPRICED
        assert call.reason == "currency: no rate USD-EUR at this time"


@pytest.fixture
def priced_apart(tmp_path: Path) -> Book:
    rates = 'rates = { input = "1", output = "2", reasoning = "4" }'
    return compile_text(tmp_path, ALIAS + base_rule(rates=rates))


def test_reasoning_is_priced_apart_only_where_a_rule_does(priced_apart: Book) -> None:
    usage = make_usage(input=10, output=100, reasoning=30)
    call = rate(make_event(deployment="dep", usage=usage), priced_apart)
    assert [(line.unit, line.quantity) for line in call.charges] == [
        ("input", 10),
        ("output", 70),
        ("reasoning", 30),
    ]
    all_reasoning = make_usage(output=30, reasoning=30)
    call = rate(make_event(deployment="dep", usage=all_reasoning), priced_apart)
    assert [line.unit for line in call.charges] == ["reasoning"]


def test_a_price_per_call_is_charged_once(tmp_path: Path) -> None:
    rates = 'rates = { request = "0.01", image = "0.04" }'
    book = compile_text(tmp_path, ALIAS + per("1", base_rule(rates=rates)))
    call = rate(make_event(deployment="dep", usage=make_usage(image=2)), book)
    assert {line.unit: line.list for line in call.charges} == {
        "image": 80_000_000_000,
        "request": 10_000_000_000,
    }


def test_audio_priced_by_the_hour_is_exact_to_the_millisecond(tmp_path: Path) -> None:
    rates = 'rates = { audio_ms = "0.36" }'
    book = compile_text(tmp_path, ALIAS + per("hour", base_rule(rates=rates)))
    call = rate(make_event(deployment="dep", usage=make_usage(audio_ms=9_000)), book)
    assert call.list == 900_000_000


def fixed(unit: str, price: str, layer: str = "contracted") -> str:
    """A fixed price for one of a unit."""
    body = f'layer = "{layer}"\ncurrency = "USD"\nunit = "1"\nrates = {{ {unit} = "{price}" }}'
    return modifier("fixed", "fixed", body)


def fee(unit: str, price: str) -> str:
    """A fee for a million of a unit, of every model."""
    rule = base_rule("fee", rates=f'rates = {{ {unit} = "{price}" }}')
    return rule.replace('kind = "base"', 'kind = "fee"')


def lines(call: PricedCall) -> list[tuple[str, int, int, int]]:
    return [(line.unit, line.quantity, line.list, line.charge) for line in call.charges]


@pytest.mark.parametrize("layer", ["contracted", "charge"])
def test_a_fixed_price_per_call_is_charged_once_and_has_no_list_price(
    layer: str, tmp_path: Path
) -> None:
    call = rated(tmp_path, fixed("request", "0.01", layer))
    assert lines(call)[-1] == ("request", 1, 0, 10_000_000_000)
    assert (call.list, call.charge) == (2_800_000_000, 12_800_000_000)
    assert [step.delta for step in call.adjustments] == [10_000_000_000]
    assert call.base_rule_id == "base.m"


def test_a_fixed_price_of_reasoning_takes_it_out_of_output(tmp_path: Path) -> None:
    rule = fixed("reasoning", "0.001")
    call = rated(tmp_path, rule, input=1_000, output=100, reasoning=90)
    assert lines(call)[1:] == [
        ("output", 10, 80_000_000, 80_000_000),
        ("reasoning", 90, 720_000_000, 90_000_000_000),
    ]
    assert call.list == 2_800_000_000, "at list price reasoning costs what output does"
    assert [line.unit for line in rated(tmp_path, rule).charges] == ["input", "output"]


def test_a_fee_of_each_call_and_of_reasoning_is_part_of_the_list_price(tmp_path: Path) -> None:
    call = rated(tmp_path, fee("request", "10000"))
    assert lines(call)[-1] == ("request", 1, 10_000_000_000, 10_000_000_000)
    assert call.base_rule_id == "base.m + fee"
    call = rated(tmp_path, fee("reasoning", "4"), output=100, reasoning=90)
    assert lines(call) == [
        ("output", 10, 80_000_000, 80_000_000),
        ("reasoning", 90, 360_000_000, 360_000_000),
    ]


def test_a_fee_never_replaces_what_the_base_rule_says_of_each_call(tmp_path: Path) -> None:
    rates = 'rates = { input = "2", output = "8", request = "500" }'
    rules = ALIAS + base_rule(rates=rates) + fee("request", "10000")
    event = make_event(deployment="dep", model=None, usage=make_usage(input=1_000))
    call = rate(event, compile_text(tmp_path, rules))
    assert [line.list for line in call.charges if line.unit == "request"] == [500_000_000]
    assert call.base_rule_id == "base.m"


def test_a_fee_and_a_tool_of_one_rule_are_named_once(tmp_path: Path) -> None:
    both = fee("request", '10000", web_search = "10000')
    call = rated(tmp_path, both, input=1_000, web_search=2)
    assert [line.unit for line in call.charges] == ["input", "web_search", "request"]
    assert call.base_rule_id == "base.m + fee"


def test_no_call_is_priced_without_the_fee_that_it_has(tmp_path: Path) -> None:
    call = rated(tmp_path, fee("request", "10000").replace('"USD"', '"EUR"'))
    assert call.state is CallState.UNPRICED
    assert call.reason == "the fee of each call: rule fee is in EUR, the book in USD"


@pytest.mark.parametrize("rule", [fixed("request", "0.01"), fee("request", "10000")])
def test_a_fee_of_each_call_is_no_word_of_tokens(rule: str, tmp_path: Path) -> None:
    """A call whose usage counts nothing is `no_usage`: the fee alone would look like its price."""
    book = compile_text(tmp_path, ALIAS + base_rule() + rule)
    call = rate(make_event(deployment="dep", model=None, usage=make_usage()), book)
    assert (call.state, call.charges) == (CallState.NO_USAGE, ())


def test_a_fixed_price_of_what_a_router_read_makes_no_router(tmp_path: Path) -> None:
    call = rated(tmp_path, fixed("router_input", "0.01"))
    assert [line.unit for line in call.charges] == ["input", "output"]
