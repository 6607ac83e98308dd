"""Failed calls in the documents: listed, with no estimate, by the rules of the snapshot."""

from datetime import date
from typing import Any

from msgspec.structs import replace

from pricing_rules.types import Rank
from table_api.invoicing.closing.month_files import documents_of
from table_api.invoicing.documents.document import Document, decode_document
from table_api.invoicing.documents.uncharged import FAILED, PER_CALL
from tests.fixtures.billing import NOVEMBER, OCTOBER, Billing
from tests.fixtures.builders import make_usage
from tests.fixtures.calls import make_call

DAY = date(2026, 10, 6)
Shown = list[tuple[str, int, str | None, str]]


def shown(document: Document) -> Shown:
    return [(each.concern, each.calls, each.estimate, each.basis) for each in document.uncharged]


async def test_failed_calls_are_listed_apart_and_have_no_estimate(billing: Billing) -> None:
    await billing.post(5, DAY)
    await billing.post(1, DAY, usage=None)
    await billing.post(2, DAY, usage=None, status=500)
    await billing.post(1, DAY, usage=None, status=400)
    await billing.close(OCTOBER)
    for name in ("invoices/INV-000001", "statements/ST-202610-00001"):
        document = decode_document((await billing.files())[f"202610/{name}.json"], name)
        assert shown(document) == [
            ("failed", 3, None, FAILED),
            ("no_usage", 1, "0.0011952", PER_CALL),
        ]
    assert await billing.problems() == []


async def test_a_month_of_earlier_rules_estimates_them_as_it_did(billing: Billing) -> None:
    await billing.post(5, DAY)
    await billing.post(3, DAY, usage=None, status=500)
    await billing.close(OCTOBER)
    snapshot, digest = await (await billing.job()).archive.standing_snapshot(OCTOBER)
    [invoice] = documents_of(replace(snapshot, rules=2), digest).invoices
    assert shown(invoice) == [("no_usage", 3, "0.0035856", PER_CALL)]


async def test_late_tokens_of_a_failed_call_take_it_off_the_list(billing: Billing) -> None:
    await billing.post(5, DAY)
    [failed] = await billing.post(1, DAY, usage=None, status=500)
    await billing.close(OCTOBER)
    event = failed.priced.event
    call: dict[str, Any] = {
        "id": event.id,
        "subject": event.subject,
        "time": event.time,
        "status": 500,
    }
    late = make_call(900, **call, usage=make_usage(input=1_000_000), rank=Rank.MODEL_USAGE)
    await billing.ledger.post([late])
    await billing.close(NOVEMBER)
    name = "202611/invoices/INV-000002.json"
    document = decode_document((await billing.files())[name], name)
    assert shown(document) == [("failed", -1, None, FAILED)]
    assert document.totals.amount == "0.40"
    assert await billing.problems() == []
