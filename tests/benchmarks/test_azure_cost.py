"""A million calls by a price list: every kind of request has a price, and none is taken for 0."""

from decimal import Decimal

import pytest

from benchmarks.azure_cost import Counted, cost, kind_of
from benchmarks.faults.storage_proxy import Asked
from bicep.hooks.prices import PriceList

ACCOUNT = "/devstoreaccount1"
PRICES = PriceList("", {"redundancy": "ZRS"}, ask=None)


@pytest.mark.parametrize(
    ("service", "method", "path", "body", "kind"),
    [
        ("blob", "PUT", "/c/ns/llm-usage/metering/checkpoint/0", b"", "blobs, writes: checkpoint"),
        ("blob", "PUT", "/c/ns/llm-usage/metering/ownership/0", b"", "blobs, writes: ownership"),
        ("blob", "GET", "/c", b"", "blobs, lists"),
        ("blob", "GET", "/c/ns/llm-usage/metering/checkpoint/0", b"", "blobs, reads"),
        (
            "table", "POST", "/$batch",
            b"POST http://127.0.0.1:1/devstoreaccount1/ledger HTTP/1.1",
            "tables, requests: transaction of ledger",
        ),
        (
            "table", "POST", "/$batch",
            b"MERGE http://127.0.0.1:1/devstoreaccount1/monthly(PartitionKey='a') HTTP/1.1",
            "tables, requests: transaction of monthly",
        ),
        ("table", "GET", "/people()", b"", "tables, requests: GET people"),
    ],
)  # fmt: skip
def test_a_request_is_counted_by_what_it_is_for(
    service: str, method: str, path: str, body: bytes, kind: str
) -> None:
    asked = Asked(service=service, method=method, path=ACCOUNT + path, body=body)
    assert kind_of(asked) == kind
    assert kind.partition(":")[0] in PRICES.names


def test_the_cost_is_scaled_to_a_million_calls() -> None:
    requests = {
        "blobs, writes: checkpoint": 3,
        "blobs, writes: ownership": 1,
        "Event Hubs, events in": 2_500,
    }
    counted = Counted(calls=1_000, seconds=36.0, requests=requests, namespaces=2)
    assert cost(counted, PRICES) == {
        "blobs, writes": Decimal("0.025"),  # 4,000 writes at 0.0625 for 10,000
        "Event Hubs, hour of a throughput unit": Decimal("0.60"),  # ten hours of each of two
        "Event Hubs, events in": Decimal("0.070"),  # a streamed call has several
    }


@pytest.mark.parametrize("unpriced", ["queues, reads", "blobs, lists"])
def test_a_request_without_a_price_is_not_taken_for_zero(unpriced: str) -> None:
    counted = Counted(calls=1, seconds=1.0, requests={unpriced: 1})
    assert cost(counted, PRICES)[unpriced] is None
