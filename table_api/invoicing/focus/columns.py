"""The columns of the three FOCUS 1.4 datasets, and their CSV form. Owns no value."""

import csv
import io
from collections.abc import Iterable, Mapping
from typing import Literal

Kind = Literal["string", "decimal", "instant"]
FocusRow = Mapping[str, str | None]
"""A value is text in its FOCUS form; None is null. A column that is not named is null."""

COST_AND_USAGE: dict[str, Kind] = {
    "BilledCost": "decimal",
    "BillingAccountId": "string",
    "BillingAccountName": "string",
    "BillingAccountType": "string",
    "BillingCurrency": "string",
    "BillingPeriodEnd": "instant",
    "BillingPeriodStart": "instant",
    "ChargeCategory": "string",
    "ChargeClass": "string",
    "ChargeDescription": "string",
    "ChargeFrequency": "string",
    "ChargePeriodEnd": "instant",
    "ChargePeriodStart": "instant",
    "ConsumedQuantity": "decimal",
    "ConsumedUnit": "string",
    "ContractedCost": "decimal",
    "ContractedUnitPrice": "decimal",
    "EffectiveCost": "decimal",
    "HostProviderName": "string",
    "InvoiceDetailId": "string",
    "InvoiceId": "string",
    "InvoiceIssuerName": "string",
    "ListCost": "decimal",
    "ListUnitPrice": "decimal",
    "PricingCategory": "string",
    "PricingCurrency": "string",
    "PricingCurrencyContractedUnitPrice": "decimal",
    "PricingCurrencyEffectiveCost": "decimal",
    "PricingCurrencyListUnitPrice": "decimal",
    "PricingQuantity": "decimal",
    "PricingUnit": "string",
    "RegionId": "string",
    "RegionName": "string",
    "ResourceId": "string",
    "ResourceName": "string",
    "ResourceType": "string",
    "ServiceCategory": "string",
    "ServiceName": "string",
    "ServiceProviderName": "string",
    "ServiceSubcategory": "string",
    "SkuId": "string",
    "SkuMeter": "string",
    "SkuPriceDetails": "string",
    "SkuPriceId": "string",
    "SubAccountId": "string",
    "SubAccountName": "string",
    "SubAccountType": "string",
    "Tags": "string",
    "x_BaseRule": "string",
    "x_CallsExcluding": "decimal",
    "x_ConsumerId": "string",
    "x_LineId": "string",
}
BILLING_PERIOD: dict[str, Kind] = {
    "BillingPeriodCreated": "instant",
    "BillingPeriodEnd": "instant",
    "BillingPeriodLastUpdated": "instant",
    "BillingPeriodStart": "instant",
    "BillingPeriodStatus": "string",
    "InvoiceIssuerName": "string",
}
INVOICE_DETAIL: dict[str, Kind] = {
    "BilledCost": "decimal",
    "BillingAccountId": "string",
    "BillingCurrency": "string",
    "BillingPeriodEnd": "instant",
    "BillingPeriodStart": "instant",
    "ChargeCategory": "string",
    "InvoiceDetailCreated": "instant",
    "InvoiceDetailDescription": "string",
    "InvoiceDetailGrain": "string",
    "InvoiceDetailId": "string",
    "InvoiceDetailLastUpdated": "instant",
    "InvoiceId": "string",
    "InvoiceIssueDate": "instant",
    "InvoiceIssueStatus": "string",
    "InvoiceIssuerName": "string",
    "PaymentDueDate": "instant",
    "PaymentTerms": "string",
    "ReferenceInvoiceId": "string",
}
DATASETS = {
    "cost_and_usage": COST_AND_USAGE,
    "billing_period": BILLING_PERIOD,
    "invoice_detail": INVOICE_DETAIL,
}
"""By the name of the file."""
SINCE_RULES_2 = frozenset({"x_CallsExcluding"})
"""What the files of a snapshot with the first rules do not have."""


def columns_of(dataset: str, rules: int) -> Mapping[str, Kind]:
    """The columns of a month's file, by the rules of its snapshot."""
    columns = DATASETS[dataset]
    if rules >= 2:
        return columns
    return {name: kind for name, kind in columns.items() if name not in SINCE_RULES_2}


def focus_csv(columns: Mapping[str, Kind], rows: Iterable[FocusRow]) -> bytes:
    """UTF-8 CSV; null is the empty field."""
    text = io.StringIO()
    writer = csv.DictWriter(text, list(columns), restval="", lineterminator="\r\n")
    writer.writeheader()
    writer.writerows(rows)
    return text.getvalue().encode("utf-8")
