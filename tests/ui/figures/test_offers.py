"""What the price book has for a model, and which of it metering would take."""

from datetime import UTC, date, datetime
from decimal import Decimal

import pytest

from ui.api.price_answers import Price, PriceSource, PriceTier
from ui.figures.offers import (
    ANY,
    Dimension,
    Offer,
    deployed_offer,
    first_offer,
    narrowed,
    options_of,
    question_of,
)

MODEL = "m"
ZONES = {"eu": ["francecentral", "swedencentral"], "us": ["eastus2"]}


def price(type_: str, tier: str = "default", *deployments: str, **matches: str) -> Price:
    """A price of the model on one deployment type."""
    found = {"deployment": [type_], "service_tier": [tier]}
    return Price(
        rule=f"base.{type_}.{tier}",
        provider="azure",
        model=MODEL,
        matches={**found, **{name: [value] for name, value in matches.items()}},
        currency="USD",
        valid_from=datetime(2026, 1, 1, tzinfo=UTC),
        valid_to=None,
        tiers=[PriceTier(up_to_prompt_tokens=None, per_million={"input": Decimal(2)})],
        source=PriceSource(kind="report"),
        checked=date(2026, 11, 1),
        age_days=1,
        old=False,
        deployments=list(deployments),
    )


def test_the_type_of_a_deployment_comes_first_and_else_global_standard() -> None:
    prices = [price("DataZoneStandard"), price("GlobalStandard"), price("Standard")]
    types = options_of(prices, Dimension.TYPE, ZONES)
    assert types == ["GlobalStandard", "DataZoneStandard", "Standard"]
    deployed = [*prices, price("Standard", "default", "mine")]
    assert options_of(deployed, Dimension.TYPE, ZONES)[0] == "Standard"
    batch = [*prices, price("Standard", "batch", "mine")]
    assert options_of(batch, Dimension.TYPE, ZONES)[0] == "GlobalStandard", "not what it pays"


def test_each_choice_leaves_fewer() -> None:
    prices = [price("GlobalStandard"), price("Standard", region="eastus2")]
    assert options_of(prices, Dimension.REGION, ZONES) == [ANY, "eastus2"]
    regional = narrowed(prices, Dimension.TYPE, "Standard", ZONES)
    assert options_of(regional, Dimension.REGION, ZONES) == ["eastus2"]


def test_a_price_of_a_zone_is_one_of_each_of_its_regions() -> None:
    prices = [price("DataZoneStandard", zone="eu"), price("DataZoneStandard", zone="us")]
    regions = options_of(prices, Dimension.REGION, ZONES)
    assert regions == ["eastus2", "francecentral", "swedencentral"]
    (us,) = narrowed(prices, Dimension.REGION, "eastus2", ZONES)
    assert us.matches["zone"] == ["us"]


def test_the_newest_version_comes_first_and_is_asked_about_by_name() -> None:
    prices = [
        price("GlobalStandard", versions="2024-08-06"),
        price("GlobalStandard", versions="2024-11-20"),
    ]
    assert options_of(prices, Dimension.VERSION, ZONES) == ["2024-11-20", "2024-08-06"]
    assert question_of(first_offer(MODEL, prices, ZONES), {}).model == "m-2024-11-20"


@pytest.mark.parametrize("type_", ["Standard", "DataZoneStandard"])
def test_the_calls_of_a_deployment_are_priced_as_it_is_deployed(type_: str) -> None:
    prices = [
        price("GlobalStandard"),
        price(type_, "batch", "mine"),
        price(type_, "default", "mine"),
    ]
    found = deployed_offer("mine", MODEL, prices, ZONES)
    assert found == Offer(
        model=MODEL, provider="azure", deployment_type=type_, service_tier="default"
    )
    gone = deployed_offer("gone", MODEL, prices, ZONES)
    assert gone == first_offer(MODEL, prices, ZONES)


def test_a_deployment_is_the_same_in_upper_case() -> None:
    """The book has names in lower case, and a call has what its caller wrote."""
    prices = [
        price("GlobalStandard", "default", "another"),
        price("DataZoneStandard", "default", "mine-eu"),
    ]
    assert deployed_offer("Mine-EU", MODEL, prices, ZONES).deployment_type == "DataZoneStandard"


def test_of_two_prices_of_a_deployment_the_more_specific_one_is_its_own() -> None:
    prices = [
        price("DataZoneStandard", "default", "mine"),
        price("DataZoneStandard", "default", "mine", zone="eu"),
    ]
    assert deployed_offer("mine", MODEL, prices, ZONES).region == "francecentral"


def test_a_model_without_a_price_is_asked_about_by_its_name() -> None:
    assert first_offer("gone", [], ZONES) == Offer(model="gone")
    assert deployed_offer("mine", "gone", [], ZONES) == Offer(model="gone")
