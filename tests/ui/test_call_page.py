"""The page of one call: the sum as a sentence, its steps, its life, and ids to copy."""

from datetime import date
from decimal import Decimal

from msgspec.structs import replace

from tests.fixtures.calls import book
from tests.ui.stand import ADA, Stand
from tests.ui.test_pages import opened, words
from ui.api.usage_answers import Adjustment, CallDetail, Cost, Explanation, Line
from ui.figures.call_life import life
from ui.figures.call_sum import sentence, steps
from ui.page_parts.call.facts import exact_text
from ui.page_parts.call.rule import source_facts
from ui.usage_views.call import counted_by


def first_call(stand: Stand, day: date) -> CallDetail:
    return stand.client.call(stand.call_ids(ADA, day)[0])


def line(unit: str, amount: str) -> Line:
    money = Decimal(amount)
    return Line(
        unit=unit,
        quantity=1,
        unit_price_per_million=money,
        list=money,
        contracted=money,
        charge=money,
    )


def discounted(call: CallDetail) -> CallDetail:
    """The call at 10 of list price, 2 less by contract and 1 more by charge-back."""
    return replace(
        call,
        model="m",
        units={"input": 1, "cache_read": 2, "output": 1_000},
        cost=Cost(list=Decimal(10), contracted=Decimal(8), charge=Decimal(9)),
        explanation=Explanation(
            lines=[line("input", "4"), line("output", "6")],
            adjustments=[
                Adjustment(rule_id="contract-1", layer="contract", delta=Decimal(-2)),
                Adjustment(rule_id="overhead", layer="chargeback", delta=Decimal(1)),
            ],
            book_version="b",
        ),
    )


def test_the_sum_is_a_sentence(stand: Stand, today: date) -> None:
    call = discounted(first_call(stand, today))
    assert sentence(call) == (
        "This call of m used 3 prompt tokens (2 of them cached) and 1,000 output tokens. At list "
        "price that is 10 USD; contract rules take off 2 USD, charge-back rules add 1 USD, so "
        "**9 USD** is charged."
    )
    assert sentence(replace(call, cost=None, units={})) == "It has no charge."


def test_reasoning_that_is_priced_apart_is_output_too(stand: Stand, today: date) -> None:
    units = {"input": 10, "output": 100, "reasoning": 400}
    call = replace(first_call(stand, today), units=units)
    assert "used 10 prompt tokens and 500 output tokens" in sentence(call)


def test_the_steps_lead_from_list_prices_to_the_charge(stand: Stand, today: date) -> None:
    call = discounted(first_call(stand, today))
    assert [(step.label, int(step.start), int(step.end), step.kind) for step in steps(call)] == [
        ("input", 0, 4, "list"),
        ("output", 4, 10, "list"),
        ("contract-1", 10, 8, "less"),
        ("overhead", 8, 9, "more"),
        ("charge", 0, 9, "charge"),
    ]


def test_steps_that_miss_the_charge_are_not_drawn(stand: Stand, today: date) -> None:
    call = discounted(first_call(stand, today))
    assert call.cost
    assert steps(replace(call, cost=replace(call.cost, charge=Decimal("9.01")))) == []
    assert steps(replace(call, cost=None)) == []


def test_real_steps_end_at_the_exact_charge(stand: Stand, today: date) -> None:
    call = first_call(stand, today)
    assert call.cost
    assert steps(call)[-1].end == call.cost.charge


def test_its_life_goes_from_the_request_to_the_last_correction(stand: Stand, today: date) -> None:
    stand.rerate(2, today)
    moments = life(first_call(stand, today))
    assert moments[0].what == "Request reached the gateway"
    assert [each.what for each in moments][-3:] == [
        "Event reached Event Hubs",
        "Call was recorded",
        "Correction was recorded",
    ]


def test_the_page_has_all_of_it(stand: Stand, today: date) -> None:
    stand.rerate(2, today)
    call = first_call(stand, today)
    app = opened(call=call.id)
    assert not app.exception
    assert "This call of" in words(app)
    assert "Correction was recorded" in words(app)
    assert app.code[0].value == call.call_id


def test_a_value_is_copied_as_it_is() -> None:
    assert exact_text("subscription:a|b") == "`subscription:a|b`"
    assert exact_text("gpt") == "gpt"
    assert "`" not in exact_text("a:b`c").replace("\\`", "")


def test_the_page_says_who_counted_the_tokens(stand: Stand, today: date) -> None:
    call = first_call(stand, today)
    assert counted_by(call) == "the model's own answer"
    logged = replace(call, tokens_from="gateway_log", tokens_corrected=True)
    assert counted_by(logged) == "the gateway's log, corrected after the first record"
    assert counted_by(replace(call, tokens_from="estimated")) == "an estimate of the gateway"
    assert counted_by(replace(call, tokens_from=None)) is None
    page = opened(call=call.id)
    assert "Tokens from: the model's own answer" in words(page)


def test_the_rule_has_its_source_its_age_and_a_way_to_the_prices(stand: Stand, today: date) -> None:
    stand.publish_prices(book(), age_days_max=10_000)
    call = first_call(stand, today)
    prices = stand.client.prices(history=True, model=call.model)
    price = next(each for each in prices.data if each.rule == call.explanation.base_rule_id)
    facts = source_facts(call.explanation, prices)
    assert price.source.kind in str(facts["Source of the price"])
    assert "another" not in str(facts["Source of the price"])
    assert f"{price.age_days} days ago" in str(facts["Checked"])
    page = opened(call=call.id)
    assert not page.exception
    assert "Source of the price: " in words(page)
    assert "days ago" in words(page)
    (link,) = [each.proto for each in page.get("page_link") if "Prices" in each.proto.label]
    assert f"model={call.model}" in link.query_string


def test_a_rule_that_the_book_in_use_does_not_have_is_said_so(stand: Stand, today: date) -> None:
    stand.publish_prices(book(), age_days_max=10_000)
    explanation = first_call(stand, today).explanation
    prices = stand.client.prices(history=True)
    gone = source_facts(replace(explanation, base_rule_id="base.gone"), prices)
    assert gone == {"Source of the price": "the price book in use does not list this rule"}
    earlier = source_facts(replace(explanation, book_version="0" * 64), prices)
    assert "the call was priced by another" in str(earlier["Source of the price"])
