"""What a deployment costs: as Bicep deploys it, prices with a source, and no unknown price as 0."""

import io
import json
import re
from datetime import date
from decimal import Decimal
from typing import Any
from urllib.error import URLError

import pytest

from bicep.hooks import costs, prices
from bicep.hooks.parameters import Parameters, parameters
from bicep.hooks.prices import PriceList, Row, Unreachable, list_price, price_of
from tests.paths import ROOT

HOURS, SECONDS = 730, 730 * 3600
MAIN = (ROOT / "bicep/main.bicep").read_text(encoding="utf-8")
TABLE = json.loads((ROOT / "bicep/prices.json").read_text(encoding="utf-8"))


def dated(given: Parameters) -> PriceList:
    return PriceList("eastus", costs.facts(given), ask=None)


def unreachable(row: Row, region: str) -> Decimal | None:
    raise Unreachable


def test_the_sums_are_those_of_the_page() -> None:
    given = parameters({})
    rest, missing = costs.total(costs.at_rest(given, dated(given)))
    calls, missing_calls = costs.total(costs.of_a_million(dated(given)))
    page = (ROOT / "docs/deploy.md").read_text(encoding="utf-8")
    assert (missing, missing_calls) == (1, 0)  # lists of zone-redundant blobs
    assert f"**{rest:.2f} USD a month**" in page
    assert f"**{calls:.2f} USD a million calls**" in page
    for what, amount, _ in [*costs.at_rest(given, dated(given)), *costs.of_a_million(dated(given))]:
        said = "not known" if amount is None else f"{amount:.2f}"
        assert f"| {what} | {said} |" in page


def test_parameters_are_those_of_the_files_and_of_azd() -> None:
    given = parameters({"GATEWAY_SKU": "StandardV2", "EXISTING_GATEWAY_ID": "/subscriptions/0"})
    assert given["gatewaySku"] == "StandardV2"
    assert given["existingGatewayId"] == "/subscriptions/0"
    assert given["capture"] is True
    assert given["throughputUnits"] == 1
    assert given["storageSku"] == "Standard_ZRS"
    assert parameters({})["gatewaySku"] == "BasicV2"
    assert parameters({})["existingGatewayId"] == ""


def test_quantities_follow_the_parameters() -> None:
    given = parameters({})
    before = dict((what, amount) for what, amount, _ in costs.at_rest(given, dated(given)))
    given |= {"throughputUnits": 2, "capture": False, "privateNetworking": True}
    after = dict((what, amount) for what, amount, _ in costs.at_rest(given, dated(given)))
    hubs = "Event Hubs, two namespaces, throughput units of each"
    assert after[f"{hubs}: 2"] == 2 * (before[f"{hubs}: 1"] or 0) == Decimal("87.60")
    assert any("Capture" in what for what in before)
    assert not any("Capture" in what for what in after)
    assert after["private endpoints (parameter `privateNetworking`)"] == Decimal("51.10")


def test_an_existing_gateway_costs_nothing_new() -> None:
    given = parameters({"EXISTING_GATEWAY_ID": "/subscriptions/0"})
    assert not any("API Management" in what for what, _, _ in costs.at_rest(given, dated(given)))


def test_an_unknown_price_is_said_and_not_added_as_zero() -> None:
    given = parameters({}) | {"storageSku": "Standard_LRS", "gatewaySku": "PremiumV2"}
    said = list(costs.lines("swedencentral", given, unreachable))
    assert "    unknown  API Management, 1 × PremiumV2 (no list price found)" in said
    assert any(line.startswith("    unknown  together (at least 2") for line in said)
    assert any("unknown  blobs, writes" in line for line in said)  # those of LRS are others
    assert any("Microsoft's price list did not answer" in line for line in said)


def test_the_list_of_the_region_goes_first_and_is_asked_once_when_it_is_silent() -> None:
    asked = []

    def ask(row: Row, region: str) -> Decimal | None:
        asked.append((row["meter"], region))
        return Decimal(1) if row["meter"] == "Basic v2 Unit" else None

    given = parameters({})
    found = costs.at_rest(given, PriceList("swedencentral", costs.facts(given), ask))
    assert found[0] == ("API Management, 1 × BasicV2", Decimal(730), "")
    assert found[1][2] == "eastus, 2026-07-23"
    assert ("Basic v2 Unit", "swedencentral") in asked
    assert ("Alerts System Log Monitored at 5 Minute Frequency", "Global") in asked
    asked.clear()

    def silent(row: Row, region: str) -> Decimal | None:
        asked.append((row["meter"], region))
        raise Unreachable

    costs.at_rest(given, PriceList("swedencentral", costs.facts(given), silent))
    assert len(asked) == 1


def test_every_dated_price_has_its_source_and_day() -> None:
    for name, row in TABLE["prices"].items():
        assert row["source"], name
        assert row["region"], name
        assert row["on"] is None or date.fromisoformat(row["on"]), name
        assert row["on"] or re.search("no date|not found", row["source"]), name
        assert row["price"] is None or Decimal(row["price"]) > 0, name


def test_what_is_counted_has_a_row() -> None:
    given = parameters({})
    rest = json.loads((ROOT / "bicep/at_rest.json").read_text(encoding="utf-8"))
    skus = re.findall(r"'(\w+)'", re.findall(r"^@allowed\((.*)\)\nparam gatewaySku", MAIN, re.M)[0])
    wanted = {each["price"].format(**{**given, "gatewaySku": sku}) for each in rest for sku in skus}
    counts = json.loads((ROOT / "bicep/requests.json").read_text(encoding="utf-8"))
    counted = counts["requests"].keys() | counts["waiting"].keys()
    assert wanted | counted <= TABLE["prices"].keys()


def test_the_quantities_are_what_bicep_deploys() -> None:
    lines = json.loads((ROOT / "bicep/at_rest.json").read_text(encoding="utf-8"))
    quantities = {line["price"]: Decimal(line["quantity"]) for line in lines}
    assert quantities["Event Hubs, hour of a throughput unit"] == 2 * HOURS
    cpus, memory = Decimal(0), Decimal(0)
    for module in ("consumer", "consumer", "ui"):  # metering, pairing and the UI
        text = _module(module)
        [(cpu, size)] = re.findall(r"cpu: json\('([\d.]+)'\), memory: '([\d.]+)Gi'", text)
        assert re.search(r"minReplicas: 1\b", text)
        cpus, memory = cpus + Decimal(cpu), memory + Decimal(size)
    assert quantities["Container Apps, second of a vCPU"] == cpus * SECONDS
    assert quantities["Container Apps, second of a GiB"] == memory * SECONDS
    alerts = re.findall(r"^    every: '(\w+)'", _module("alerts"), re.M)
    written = (ROOT / "bicep/telemetry_alerts.json").read_text(encoding="utf-8")
    alerts += [each["every"] for each in json.loads(written)]
    often = alerts.count("PT5M")
    assert quantities["alert each 5 minutes, month"] == often
    assert quantities["alert each 15 minutes, month"] == len(alerts) - often
    targets = MAIN[MAIN.index("    targets: [") :].partition("\n    ]")[0].count("resourceId:")
    assert quantities["private endpoint, hour"] == targets * HOURS
    zones = re.findall(r"^  '(privatelink\..*)'", _module("network"), re.M)
    assert quantities["private DNS zone, month"] == len(zones)


def _module(name: str) -> str:
    return (ROOT / f"bicep/modules/{name}.bicep").read_text(encoding="utf-8")


def item(price: str, unit: str = "1 Hour", tier: str = "0", region: str = "eastus") -> Any:
    return {
        "retailPrice": Decimal(price),
        "unitOfMeasure": unit,
        "tierMinimumUnits": Decimal(tier),
        "armRegionName": region,
    }


def test_the_first_tier_that_is_not_free_counts_by_its_unit() -> None:
    assert price_of([item("0", "1M"), item("4", "1M", "5"), item("3", "1M", "50")]) == Decimal(
        "0.000004"
    )
    assert price_of([item("0.5", "10K")]) == Decimal("0.00005")
    assert price_of([item("0.2"), item("0.3")]) == Decimal("0.3")  # two meters of one name
    assert price_of([item("0.1666", "1/Day")]) == Decimal("0.1666")
    assert price_of([]) is None
    assert price_of([item("1", "each")]) is None


def test_microsofts_list_is_asked_by_meter_and_region(monkeypatch: pytest.MonkeyPatch) -> None:
    urls: list[str] = []

    def answer(url: str, timeout: float) -> io.BytesIO:
        urls.append(url)
        items = [{**item("0.01"), "retailPrice": 0.01, "tierMinimumUnits": 0.0}]
        text = json.dumps({"Items": [{**items[0], "armRegionName": "Global"}]}, default=str)
        return io.BytesIO(text.encode())

    monkeypatch.setattr(prices, "urlopen", answer)
    row = {"service": "Virtual Network", "meter": "Standard Private Endpoint", "sku": "Standard"}
    assert list_price(row, "Global") == Decimal("0.01")
    assert "armRegionName" not in urls[0]
    assert list_price(row, "swedencentral") == Decimal("0.01")
    assert "armRegionName+eq+%27swedencentral%27" in urls[1]
    assert "skuName+eq+%27Standard%27" in urls[1]

    def nothing(url: str, timeout: float) -> io.BytesIO:
        raise URLError("no way there")

    monkeypatch.setattr(prices, "urlopen", nothing)
    with pytest.raises(Unreachable):
        list_price(row, "eastus")
