"""Cost and Usage as FOCUS 1.2, for tools that read no later version. Pure.

A projection of the 1.4 rows: what 1.3 split into service and host provider is one provider again,
and what 1.2 does not know is left out. Rendered when asked for, not stored.
"""

from collections.abc import Iterable, Iterator

from table_api.invoicing.focus.columns import COST_AND_USAGE, FocusRow, Kind

SINCE_1_3 = frozenset({"HostProviderName", "InvoiceDetailId", "ServiceProviderName"})
COST_AND_USAGE_1_2: dict[str, Kind] = dict(
    sorted(
        {
            **{name: kind for name, kind in COST_AND_USAGE.items() if name not in SINCE_1_3},
            "CommitmentDiscountStatus": "string",
            "ProviderName": "string",
            "PublisherName": "string",
        }.items()
    )
)
"""In the order of their names. CommitmentDiscountStatus is always null: it stands here because the
rules of ConsumedQuantity name it."""


def as_focus_1_2(rows: Iterable[FocusRow]) -> Iterator[FocusRow]:
    """Rows of 1.4 as rows of 1.2.

    The provider is the issuer: by a rule of 1.2 nothing is billed by anybody else
    (BilledCost-C-005). Who publishes must not be null.
    """
    for row in rows:
        kept = {name: value for name, value in row.items() if name not in SINCE_1_3}
        provider = row["ServiceProviderName"]
        kept["ProviderName"] = provider
        kept["PublisherName"] = row["HostProviderName"] or provider
        yield kept
