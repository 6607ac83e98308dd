"""What holds for every call: lines add up, scale, ignore order, and nothing ever raises."""

import random
import tempfile
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from pricing_rules.engine.rating import rate
from pricing_rules.errors import InvalidUsage
from pricing_rules.price_book.book import BASE_BOOKS, Book, load_book
from pricing_rules.provider_usage.normalise import normalise
from pricing_rules.types import Caller, CallState, Operation, Usage, UsageEvent
from pricing_rules.units import Unit
from tests.fixtures.builders import make_event
from tests.paths import ROOT
from tests.pricing_rules.books import compile_text
from tests.pricing_rules.provider_usage.test_normalise import ANY_USAGE

DEMO_BOOK = ROOT / "local_stack" / "demo_book.toml"
CONTOSO = BASE_BOOKS / "examples" / "contoso.toml"

PLAIN = load_book([DEMO_BOOK])
LAYERED = load_book([DEMO_BOOK, CONTOSO])

CHAT_UNITS = (Unit.INPUT, Unit.CACHE_READ, Unit.OUTPUT)
counts = st.dictionaries(
    st.sampled_from(CHAT_UNITS), st.integers(min_value=1, max_value=10**12), min_size=1
)
deployments = st.sampled_from(
    ["gpt-4o", "gpt-4.1-nano", "gpt-5", "o3", "gpt-5-4-prod", "chat-eu", "gpt-5-ptu"]
)


def event(deployment: str, quantities: dict[Unit, int], **changes: Any) -> UsageEvent:
    return make_event(deployment=deployment, model=None, usage=Usage(counts=quantities), **changes)


@settings(deadline=None)
@given(deployments, counts)
def test_the_lines_of_every_layer_sum_to_what_the_rules_say(
    deployment: str, quantities: dict[Unit, int]
) -> None:
    call = rate(event(deployment, quantities), LAYERED, "4711")
    assert call.state in (CallState.PRICED, CallState.ZERO)
    assert all(line.list == line.quantity * line.unit_price for line in call.charges)
    assert {line.unit: line.quantity for line in call.charges} == quantities
    deltas = {layer: 0 for layer in ("list", "contracted", "charge")}
    for step in call.adjustments:
        if step.layer != "billed":
            deltas[step.layer] += step.delta
    assert call.contracted == call.list + deltas["contracted"] + deltas["list"]
    assert call.charge == call.contracted + deltas["charge"]
    assert call.billed == call.adjustments[-1].delta


@settings(deadline=None)
@given(deployments, counts, counts)
def test_two_calls_of_one_tier_cost_what_their_sum_does(
    deployment: str, one: dict[Unit, int], other: dict[Unit, int]
) -> None:
    together = {unit: one.get(unit, 0) + other.get(unit, 0) for unit in {*one, *other}}
    calls = [rate(event(deployment, quantities), LAYERED) for quantities in (one, other, together)]
    if len({call.tier for call in calls}) == 1:
        assert calls[0].list + calls[1].list == calls[2].list


@settings(deadline=None)
@given(st.sampled_from(["gpt-4o", "gpt-5", "o3"]), counts, st.integers(1, 10**6))
def test_a_call_of_so_many_times_the_tokens_costs_so_many_times_as_much(
    deployment: str, quantities: dict[Unit, int], factor: int
) -> None:
    scaled = {unit: count * factor for unit, count in quantities.items()}
    once = rate(event(deployment, quantities), PLAIN)
    assert rate(event(deployment, scaled), PLAIN).charge == factor * once.charge


@settings(deadline=None)
@given(deployments, counts)
def test_the_order_of_the_counts_is_irrelevant(
    deployment: str, quantities: dict[Unit, int]
) -> None:
    backwards = dict(reversed(quantities.items()))
    one = rate(event(deployment, quantities), LAYERED, "4711")
    other = rate(event(deployment, backwards), LAYERED, "4711")
    assert (one.charges, one.adjustments) == (other.charges, other.adjustments)


@settings(deadline=None, max_examples=10)
@given(st.randoms(use_true_random=False))
def test_the_order_of_the_rules_is_irrelevant(dealer: random.Random) -> None:
    text = CONTOSO.read_text(encoding="utf-8")
    head, *rules = text.split("[[rule]]")
    dealer.shuffle(rules)
    shuffled = head + "".join(f"[[rule]]{rule}" for rule in rules)
    assert _version(shuffled) == _version(text)


def _version(text: str) -> str:
    with tempfile.TemporaryDirectory() as directory:
        base = [path.read_text(encoding="utf-8") for path in BASE_BOOKS.glob("*.toml")]
        return compile_text(Path(directory), *base, text).version


anything = st.one_of(st.none(), st.text(max_size=12), st.sampled_from(["gpt-4o", "default", "o3"]))


@settings(deadline=None)
@given(
    operation=st.sampled_from(list(Operation)),
    usage=st.none() | ANY_USAGE,
    status=st.integers(100, 599),
    time=st.datetimes(timezones=st.just(UTC)),
    names=st.lists(anything, min_size=5, max_size=5),
)
def test_any_call_gets_a_price_or_a_named_reason_and_nothing_raises(
    operation: Operation,
    usage: dict[str, Any] | None,
    status: int,
    time: datetime,
    names: list[str | None],
) -> None:
    try:
        counted = normalise(operation, usage) if usage is not None else None
    except InvalidUsage:
        return
    deployment, model, region, tier, product = names
    call = rate(
        make_event(
            operation=operation,
            usage=counted,
            status=status,
            time=time,
            deployment=deployment,
            model=model,
            region=region,
            service_tier=tier,
            caller=Caller(product=product),
        ),
        LAYERED,
        product,
    )
    if call.state is CallState.PRICED:
        assert call.reason is None
        assert call.charges
    else:
        assert call.reason
    if call.state in (CallState.UNPRICED, CallState.NO_USAGE):
        assert call.charges == ()


@pytest.mark.parametrize("book", [PLAIN, LAYERED], ids=["plain", "layered"])
def test_a_unit_counted_and_not_priced_is_never_free(book: Book) -> None:
    for unit in Unit:
        if unit in (*CHAT_UNITS, Unit.REASONING):
            continue
        call = rate(event("gpt-5", {Unit.INPUT: 1, unit: 1}), book)
        assert call.state is CallState.UNPRICED
        assert f"1 {unit}" in str(call.reason)
