"""One changed digit, anywhere in a file or in the ledger, is found and its place is named."""

import re
from collections.abc import Collection
from datetime import date
from typing import Any

import pytest

from pricing_rules.types import Rank
from table_api.audit.ledger_audit import audit
from table_api.ledger.measures import MEASURE_AMOUNTS, MEASURE_INTEGERS
from table_api.storage.memory_blobs import MemoryBlobStore
from table_api.storage.memory_tables import MemoryTableStorage
from tests.fixtures.billing import ANN, BOB, EVE, NOVEMBER, OCTOBER, Billing
from tests.fixtures.builders import make_usage
from tests.fixtures.calls import make_call
from tests.table_api.audit.test_ledger_audit import KEYS

SAMPLES_PER_FILE = 12
COUNTED = {*MEASURE_INTEGERS, *MEASURE_AMOUNTS, "rev", "cell", "effects"}
LINE = {"day", "model", "model_version", "deployment", "base_rule", "tier"}
"""What an invoice line says of its calls."""
KEYED = {"call_id", "time", "tokens", "rank"}
"""What the audit holds against a row's key and counts."""
NOT_COVERED = {
    *("book_version", "duration_ms", "enqueued_time", "fingerprint", "partition", "reason"),
    *("recorded_at", "reported_model", "response_id", "sequence_number", "status", "tenant"),
}
"""Of a call's row: evidence that no amount stands on."""


@pytest.fixture
async def closed(billing: Billing) -> Billing:
    """Two months; in the second late calls, and a stronger report that changes cells."""
    await billing.post(3, date(2026, 10, 1))
    await billing.post(2, date(2026, 10, 31), subject=BOB, deployment="gpt-4o")
    await billing.post(1, date(2026, 10, 6), subject=EVE, deployment="lab-model-x")
    [weak] = await billing.post(
        1, date(2026, 10, 7), rank=Rank.GATEWAY_LOG, usage=make_usage(input=9_000),
        deployment="gpt-4o",
    )  # fmt: skip
    await billing.close(OCTOBER)
    event = weak.priced.event
    await billing.ledger.post(
        [make_call(99, id=event.id, time=event.time, subject=ANN, usage=make_usage(input=9))]
    )
    await billing.post(2, date(2026, 10, 2))
    await billing.post(1, date(2026, 11, 4), subject=BOB)
    await billing.close(NOVEMBER)
    assert await billing.problems() == []
    return billing


def flipped(text: str) -> list[str]:
    """The text with one digit changed, for each of its digits."""
    return [
        text[: found.start()] + ("1" if found[0] == "0" else "0") + text[found.end() :]
        for found in re.finditer("[0-9]", text)
    ]


async def test_a_digit_of_any_file_is_found_and_the_file_is_named(closed: Billing) -> None:
    assert isinstance(closed.blobs, MemoryBlobStore)
    blobs = closed.blobs.blobs
    kinds = set()
    for name, content in list(blobs.items()):
        kinds.add(re.sub(r"[0-9]", "", name))
        places = [match.start() for match in re.finditer(rb"[0-9]", content)]
        for place in places[:: max(1, len(places) // SAMPLES_PER_FILE)]:
            digit = b"0" if content[place : place + 1] != b"0" else b"1"
            blobs[name] = content[:place] + digit + content[place + 1 :]
            problems = await closed.problems()
            assert any(name in text for text in problems), f"{name} at {place}: {problems}"
        blobs[name] = content
    assert kinds == {
        "/snapshot.json", "/manifest.json", "/statements/ST--.json",
        *(f"/invoices/INV-.{ending}" for ending in ("json", "csv", "xlsx", "pdf")),
        *(f"/focus/{each}.csv" for each in ("cost_and_usage", "billing_period", "invoice_detail")),
    }  # fmt: skip


async def test_a_digit_of_any_sum_or_line_fact_of_the_ledger_is_found_and_its_place_is_named(
    closed: Billing,
) -> None:
    assert isinstance(closed.storage, MemoryTableStorage)
    seen: set[str] = set()
    for (table, _), rows in closed.storage._rows.items():
        for key, row in rows.items() if table == "ledger" else ():
            for name in [each for each in row if each not in {*KEYS, *NOT_COVERED}]:
                if flipped(str(row[name])):
                    seen.add(name)
                    await check_flips(closed, key, row, name)
    assert seen <= {*COUNTED, *LINE, *KEYED}
    assert {
        *LINE,
        *KEYED,
        "rev",
        "cell",
        "effects",
        "calls",
        "unpriced",
        "q_input",
        "charge",
    } <= seen


async def check_flips(closed: Billing, key: str, row: dict[str, Any], name: str) -> None:
    """Every digit of a long column would take minutes: the ends and some between. The audit and the
    months look at the first; at the others the months look where the audit has not named the row.
    """
    value, places = row[name], {key, str(row.get("cell", key))}
    texts = flipped(str(value))
    for number, text in enumerate(texts[:: max(1, len(texts) // 5)]):
        row[name] = type(value)(text)
        problems = await audited(closed) if number else []
        if not names(problems, places):
            problems = await closed.problems()
        assert names(problems, places), f"{key} {name} = {text}: {problems}"
    row[name] = value


async def audited(closed: Billing) -> Collection[str]:
    """What the audit finds: a part of `closed.problems()`, and the quickest."""
    return (await audit(closed.storage, now=closed.now)).problems


def names(problems: Collection[str], places: Collection[str]) -> bool:
    return any(place in problem for problem in problems for place in places)
