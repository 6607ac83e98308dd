"""What public price maps were found to answer wrongly, each with our answer to the same question.

The amounts are USD for a million input, a million cached and a million output tokens.
"""

from datetime import UTC, datetime
from decimal import localcontext

import pytest

from pricing_rules.engine.rating import rate
from pricing_rules.engine.what_if import Question, answer
from pricing_rules.money import format_pico
from pricing_rules.price_book.book import Book, load_book
from pricing_rules.price_book.rules import DeploymentType
from pricing_rules.types import CallState, PricedCall
from tests.fixtures.builders import make_event
from tests.paths import ROOT

MILLION = 1_000_000
NOW = datetime(2026, 11, 1, tzinfo=UTC)
DEMO_BOOK = ROOT / "local_stack" / "demo_book.toml"


@pytest.fixture(scope="module")
def book() -> Book:
    return load_book([DEMO_BOOK])


def ask(
    book: Book,
    model: str,
    *,
    tier: str | None = None,
    kind: DeploymentType = DeploymentType.GLOBAL_STANDARD,
    at: datetime = NOW,
    cached: int = 0,
) -> PricedCall:
    usage = {
        "prompt_tokens": MILLION + cached,
        "prompt_tokens_details": {"cached_tokens": cached},
        "completion_tokens": MILLION,
    }
    question = Question(model=model, usage=usage, service_tier=tier, deployment_type=kind, at=at)
    return answer(question, book)


@pytest.mark.parametrize(
    ("model", "ours", "theirs"),
    [
        ("DeepSeek-R1", "6.75", "genai-prices: DeepSeek's own price by time of day, 0.685 to 2.74"),
        ("gpt-oss-120b", "0.75", "genai-prices: another host's 0.219"),
        ("o3-2025-04-16", "10", "tokencost: 50, the price before June 2025"),
        ("gpt-4o-2024-11-20", "12.5", "tokencost: 13.75, the Data Zone's"),
        ("gpt-4o-mini", "0.75", "tokencost: 0.825, the Data Zone's"),
    ],
)
def test_a_model_costs_what_azure_lists_and_not_what_others_say(
    book: Book, model: str, ours: str, theirs: str
) -> None:
    call = ask(book, model)
    assert format_pico(call.list) == ours, theirs


def test_batch_costs_the_batch_price_and_not_the_standard_one(book: Book) -> None:
    # genai-prices returns the standard 11.25 and 10 without a word
    assert format_pico(ask(book, "gpt-5", tier="batch").list) == "5.625"
    assert format_pico(ask(book, "o3", tier="batch").list) == "5"


@pytest.mark.parametrize("tier", ["flex", "batsh"])
def test_a_tier_without_a_price_is_unpriced_and_not_the_standard_price(
    book: Book, tier: str
) -> None:
    assert ask(book, "gpt-5", tier=tier).state is CallState.UNPRICED


def test_a_day_before_the_price_is_unpriced_and_not_todays_price(book: Book) -> None:
    # genai-prices answers 2025-05-01 with the price that Azure has had since 2025-06-01
    before = ask(book, "o3", at=datetime(2025, 5, 31, 23, 59, 59, tzinfo=UTC))
    since = ask(book, "o3", at=datetime(2025, 6, 1, tzinfo=UTC))
    assert before.state is CallState.UNPRICED
    assert since.state is CallState.PRICED


@pytest.mark.parametrize("model", ["o4-mini-deep-research", "gpt-4.1-mega", "gpt-4o-prod"])
def test_a_name_that_contains_a_models_name_is_not_that_model(book: Book, model: str) -> None:
    # genai-prices finds o4-mini in the first and charges 5.5 instead of 10
    assert ask(book, model).state is CallState.UNPRICED


@pytest.mark.parametrize("deployment", ["gpt-5-prod", "gpt-5-mini-eu", "o3-prod"])
def test_a_deployment_nobody_mapped_is_unpriced_and_not_free(book: Book, deployment: str) -> None:
    # litellm: (0.0, 0.0) for azure/gpt-5-prod, an exception for azure/gpt-4o-prod
    call = rate(make_event(deployment=deployment), book)
    assert call.state is CallState.UNPRICED
    assert "no alias for deployment" in str(call.reason)


@pytest.mark.parametrize(
    ("model", "kind", "cached"),
    [
        ("gpt-4.1-nano", DeploymentType.GLOBAL_STANDARD, "0.025"),
        ("gpt-4.1-nano", DeploymentType.DATA_ZONE_STANDARD, "0.028"),
        ("o4-mini", DeploymentType.DATA_ZONE_STANDARD, "0.303"),
        ("gpt-4o-mini-2024-07-18", DeploymentType.DATA_ZONE_STANDARD, "0.083"),
    ],
)
def test_a_zones_price_is_its_own_meter_and_no_percentage(
    book: Book, model: str, kind: DeploymentType, cached: str
) -> None:
    # 1.10 × Global would be 0.0275, 0.3025 and 0.0825
    call = ask(book, model, kind=kind, cached=MILLION)
    by_unit = {line.unit.value: format_pico(line.list) for line in call.charges}
    assert by_unit["cache_read"] == cached


def test_the_callers_decimal_context_changes_nothing(book: Book) -> None:
    # genai-prices: 76.6975 instead of 76.69753125 with a precision of 6
    with localcontext() as context:
        context.prec = 2
        narrow = load_book([DEMO_BOOK])
        call = rate(make_event(), narrow)
    assert narrow.version == book.version
    assert call.list == rate(make_event(), book).list


def test_embeddings_cost_the_price_of_their_deployments_type(book: Book) -> None:
    # litellm has the Data Zone's 0.143 and 0.022 under azure/
    for model, price in (("text-embedding-3-large", "0.13"), ("text-embedding-3-small", "0.02")):
        usage = {"prompt_tokens": MILLION, "total_tokens": MILLION}
        call = answer(Question(model=model, usage=usage, at=NOW), book)
        assert format_pico(call.list) == price
    zone = DeploymentType.DATA_ZONE_STANDARD
    for model, price in (("text-embedding-3-large", "0.143"), ("text-embedding-3-small", "0.022")):
        question = Question(model=model, usage=usage, deployment_type=zone, at=NOW)
        assert format_pico(answer(question, book).list) == price
