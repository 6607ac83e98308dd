"""A snapshot as rows of FOCUS 1.4: Cost and Usage, Billing Period, Invoice Detail. Pure.

Usage rows have the grain of a day; their `BilledCost` adds up to the invoice line (the rounded
amount is spread over its days), `EffectiveCost` to the ledger. Corrections are deltas.
"""

import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace

from pricing_rules.money import divide_half_even, format_pico, spread
from table_api.invoicing.documents.groups import Group, groups_of
from table_api.invoicing.documents.invoices import RoundedLine, rounded_lines
from table_api.invoicing.documents.minor_units import pico_per_minor
from table_api.invoicing.documents.unit_lines import ExactLine, LineKey, daily_lines
from table_api.invoicing.focus.columns import FocusRow
from table_api.invoicing.focus.conversion import Conversion
from table_api.invoicing.focus.units import FOCUS_UNITS, FocusUnit
from table_api.invoicing.snapshots.snapshot import Snapshot

CONVERTED_SINCE = 4
"""Rules of a snapshot by which a line without a charge is converted at the rate of others."""
PLATFORM = "Platform"
COST_CENTRE = "Cost center"
NO_PAYMENT = "Internal charge-back, no payment"
_SERVICES = {"azure": ("Microsoft", "Azure OpenAI")}
"""Provider of the price book → who hosts it and the name of the service."""


@dataclass(frozen=True, slots=True, kw_only=True)
class _Charge:
    """One row of Cost and Usage before it is spelled."""

    group: Group
    invoiced: RoundedLine
    """The invoice line."""
    line: ExactLine
    """Its share of one day."""
    billed: int
    """Pico-units, share of the rounded line."""

    @property
    def correction(self) -> bool:
        return self.invoiced.kind == "correction"


def billing_period_rows(snapshot: Snapshot) -> list[FocusRow]:
    """The closed month."""
    return [
        {
            **_period(snapshot),
            "BillingPeriodCreated": snapshot.period_start,
            "BillingPeriodLastUpdated": snapshot.taken_at,
            "BillingPeriodStatus": "Closed",
        }
    ]


def invoice_detail_rows(snapshot: Snapshot) -> Iterator[FocusRow]:
    """One row per invoice line."""
    minor = pico_per_minor(snapshot.billing_currency)
    for group in groups_of(snapshot):
        for line in rounded_lines(snapshot, group):
            yield {
                **_period(snapshot),
                "BilledCost": _decimal(line.minor * minor),
                "BillingAccountId": snapshot.issuer,
                "BillingCurrency": snapshot.billing_currency,
                "ChargeCategory": "Usage",
                "InvoiceDetailCreated": snapshot.taken_at,
                "InvoiceDetailDescription": _description(
                    line.key, correction=line.kind == "correction"
                ),
                "InvoiceDetailGrain": _json(_grain(group, line.exact)),
                "InvoiceDetailId": _detail_id(line),
                "InvoiceDetailLastUpdated": snapshot.taken_at,
                "InvoiceId": group.number,
                "InvoiceIssueDate": snapshot.taken_at,
                "InvoiceIssueStatus": "Issued",
                "PaymentTerms": NO_PAYMENT,
                "ReferenceInvoiceId": line.corrects or group.number,
            }


def cost_and_usage_rows(snapshot: Snapshot) -> Iterator[FocusRow]:
    """One row per day, line and unit; a correction is a row of its own day."""
    conversion = Conversion(snapshot) if snapshot.rules >= CONVERTED_SINCE else None
    for group in groups_of(snapshot):
        for charge in _charges(snapshot, group):
            yield {
                **_period(snapshot),
                **_who(snapshot, charge),
                **_what(charge),
                **_costs(snapshot, charge, conversion),
                **_excluding(snapshot, charge),
            }


def _charges(snapshot: Snapshot, group: Group) -> Iterator[_Charge]:
    minor = pico_per_minor(snapshot.billing_currency)
    days: dict[LineKey, list[ExactLine]] = {}
    for line in daily_lines(group.cells, snapshot.month, snapshot.rules):
        days.setdefault(replace(line.key, charge_day=None), []).append(line)
    for invoiced in rounded_lines(snapshot, group):
        for line, billed in _by_day(invoiced, days, snapshot.layer, minor):
            yield _Charge(group=group, invoiced=invoiced, line=line, billed=billed)


def _by_day(
    invoiced: RoundedLine, days: Mapping[LineKey, list[ExactLine]], layer: str, minor: int
) -> Iterator[tuple[ExactLine, int]]:
    total = invoiced.minor * minor
    if invoiced.kind == "correction":
        yield invoiced.exact, total
        return
    lines = days[invoiced.key]
    yield from zip(lines, spread(total, [line.billed(layer) for line in lines]), strict=True)


def _period(snapshot: Snapshot) -> dict[str, str | None]:
    return {
        "BillingPeriodStart": snapshot.period_start,
        "BillingPeriodEnd": snapshot.period_end,
        "InvoiceIssuerName": snapshot.issuer,
    }


def _who(snapshot: Snapshot, charge: _Charge) -> dict[str, str | None]:
    """Accounts, invoice, and when."""
    day = charge.line.key.charge_day or ""
    start, end = snapshot.days[day]
    return {
        "BillingAccountId": snapshot.issuer,
        "BillingAccountName": snapshot.issuer,
        "BillingAccountType": PLATFORM,
        "BillingCurrency": snapshot.billing_currency,
        "ChargeCategory": "Usage",
        "ChargeClass": "Correction" if charge.correction else None,
        "ChargeDescription": _description(charge.line.key, correction=charge.correction),
        "ChargeFrequency": "Usage-Based",
        "ChargePeriodStart": start,
        "ChargePeriodEnd": end,
        "InvoiceId": charge.group.number,
        "InvoiceDetailId": _detail_id(charge.invoiced),
        "ServiceProviderName": snapshot.issuer,
        "SubAccountId": charge.group.cost_centre,
        "SubAccountName": charge.group.cost_centre,
        "SubAccountType": COST_CENTRE if charge.group.cost_centre else None,
        "x_ConsumerId": charge.line.key.subject,
    }


def _what(charge: _Charge) -> dict[str, str | None]:
    """Service, resource, SKU and tags."""
    facts, key = charge.line.facts, charge.line.key
    unit = FOCUS_UNITS[key.unit]
    host, service = _SERVICES.get(facts.get("provider", ""), (None, facts.get("provider")))
    deployment, region = facts.get("deployment"), facts.get("region")
    sku = "/".join((key.model, facts.get("deployment_type", "-"), key.unit.value))
    tags = {name: facts[name] for name in ("product", "subscription") if name in facts}
    return {
        "HostProviderName": host,
        "PricingCategory": "Standard",
        "RegionId": region,
        "RegionName": region,
        "ResourceId": f"deployments/{deployment}" if deployment else None,
        "ResourceName": deployment,
        "ResourceType": "Model deployment" if deployment else None,
        "ServiceCategory": "AI and Machine Learning",
        "ServiceSubcategory": "Generative AI",
        "ServiceName": service or "Language models",
        "SkuId": sku,
        "SkuMeter": unit.meter,
        "SkuPriceDetails": _json(_price_details(key, facts, unit)),
        "SkuPriceId": "/".join((sku, facts.get("service_tier", "-"), facts.get("tier", "-"))),
        "Tags": _json(tags),
        "x_BaseRule": facts.get("base_rule"),
        "x_LineId": f"line-{key.line}",
    }


def _costs(
    snapshot: Snapshot, charge: _Charge, conversion: Conversion | None
) -> dict[str, str | None]:
    """Quantities and amounts. List and contracted are recorded in the pricing currency only."""
    line, unit = charge.line, FOCUS_UNITS[charge.line.key.unit]
    amounts, quantity = line.amounts, line.quantity
    effective = line.billed(snapshot.layer)

    def converted(amount: int) -> int | None:
        """At the rate that took the line's charge into the billing currency, or else the day's."""
        if snapshot.layer == "charge":
            return amount
        if not amounts["charge"]:
            return conversion.converted(amount, line) if conversion else amount
        rate = amount * effective
        sign = -1 if amounts["charge"] < 0 else 1
        return divide_half_even(sign * rate, abs(amounts["charge"]))

    def price(amount: int | None) -> str | None:
        """Per pricing unit, to 12 decimals; null where a correction has no price."""
        if amount is None:
            return None
        if quantity == 0 or (amount < 0) != (quantity < 0):
            return None if quantity == 0 or amount else _decimal(0)
        return _decimal(divide_half_even(abs(amount) * unit.per_pricing, abs(quantity)))

    return {
        "BilledCost": _decimal(charge.billed),
        "ConsumedQuantity": _ratio(quantity, unit.per_consumed),
        "ConsumedUnit": unit.consumed,
        "ContractedCost": _known(converted(amounts["contracted"])),
        "ContractedUnitPrice": price(converted(amounts["contracted"])),
        "EffectiveCost": _decimal(effective),
        "ListCost": _known(converted(amounts["list"])),
        "ListUnitPrice": price(converted(amounts["list"])),
        "PricingCurrency": snapshot.pricing_currency,
        "PricingCurrencyContractedUnitPrice": price(amounts["contracted"]),
        "PricingCurrencyEffectiveCost": _decimal(amounts["charge"]),
        "PricingCurrencyListUnitPrice": price(amounts["list"]),
        "PricingQuantity": _ratio(quantity, unit.per_pricing),
        "PricingUnit": unit.pricing,
    }


def _excluding(snapshot: Snapshot, charge: _Charge) -> dict[str, str | None]:
    """Calls of the day and line whose cost leaves something out; each unit's row repeats them."""
    if snapshot.rules < 2:
        return {}
    return {"x_CallsExcluding": _ratio(charge.line.excluding, 1)}


def _price_details(
    key: LineKey, facts: Mapping[str, str], unit: FocusUnit
) -> dict[str, str | None]:
    return {
        "x_ModelId": key.model,
        "x_ModelVersion": facts.get("model_version"),
        "x_DeploymentType": facts.get("deployment_type"),
        "x_ServiceTier": facts.get("service_tier"),
        "x_ContextTier": facts.get("tier"),
        "x_TokenDirection": unit.direction,
        "x_TokenCacheAction": unit.cache,
    }


def _grain(group: Group, line: ExactLine) -> dict[str, str | None]:
    key = line.key
    return {
        "x_CostCentre": group.cost_centre,
        "x_ConsumerId": key.subject,
        "x_ModelId": key.model,
        "x_LineId": f"line-{key.line}",
        "x_Unit": key.unit.value,
        "x_ChargeMonth": key.charge_month,
        "x_ChargeDay": key.charge_day,
    }


def _description(key: LineKey, *, correction: bool) -> str:
    what = f"{FOCUS_UNITS[key.unit].meter} of {key.model}"
    return f"Correction for {key.charge_month}: {what}" if correction else what


def _detail_id(line: RoundedLine) -> str:
    return f"{line.invoice}-{line.number:05d}"


def _decimal(pico: int) -> str:
    """With a decimal point always: readers guess a column of whole numbers to be integers."""
    text = format_pico(pico)
    return text if "." in text else f"{text}.0"


def _known(pico: int | None) -> str | None:
    return None if pico is None else _decimal(pico)


def _ratio(quantity: int, per: int) -> str:
    """quantity / per, for a power of ten up to a million."""
    return _decimal(quantity * (10**12 // per))


def _json(values: Mapping[str, str | None]) -> str | None:
    known = {name: value for name, value in values.items() if value is not None}
    return json.dumps(known, ensure_ascii=False, sort_keys=True) if known else None
