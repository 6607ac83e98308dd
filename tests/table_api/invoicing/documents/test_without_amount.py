"""Calls without an amount: their tokens are no line, no row of FOCUS, and nobody else's tokens."""

import csv
import io
from datetime import date

from msgspec.structs import replace

from pricing_rules.types import Rank
from table_api.invoicing.closing.month_files import documents_of
from table_api.invoicing.documents.document import Document, decode_document
from table_api.invoicing.documents.uncharged import (
    FAILED_IN_LOG,
    NOTHING_PRICED,
    PER_ANY_CALL,
    PER_CALL,
    PER_TOKEN,
    TOKENS_OF_OTHERS,
)
from table_api.ledger.posting import MeteredCall
from tests.fixtures.billing import NOVEMBER, OCTOBER, Billing
from tests.fixtures.builders import make_usage
from tests.fixtures.calls import make_call

DAY = date(2026, 10, 6)
LAB = "lab-model-x"
"""A deployment that no alias of the book names."""


async def invoice(billing: Billing, name: str) -> Document:
    return decode_document((await billing.files())[f"{name}.json"], name)


async def focus_quantities(billing: Billing, month: str) -> list[str]:
    text = (await billing.files())[f"{month}/focus/cost_and_usage.csv"].decode()
    return [row["ConsumedQuantity"] for row in csv.DictReader(io.StringIO(text))]


def reported_again(call: MeteredCall, tokens: int) -> MeteredCall:
    """A stronger report of a call that the gateway's log has reported."""
    event = call.priced.event
    return make_call(
        900,
        id=event.id,
        subject=event.subject,
        time=event.time,
        deployment=event.deployment,
        usage=make_usage(input=tokens, output=10),
        rank=Rank.MODEL_USAGE,
    )


async def test_late_tokens_of_an_unpriced_call_are_listed_and_are_no_line(
    billing: Billing,
) -> None:
    usage = make_usage(input=1_000, output=10)
    [call] = await billing.post(1, DAY, deployment=LAB, usage=usage, rank=Rank.GATEWAY_LOG)
    await billing.close(OCTOBER)
    await billing.ledger.post([reported_again(call, 9_000)])
    await billing.post(1, date(2026, 11, 5))
    await billing.close(NOVEMBER)
    document = await invoice(billing, "202611/invoices/INV-000002")
    assert {line.kind for line in document.lines} == {"usage"}, "8,000 tokens are no correction"
    [entry] = document.uncharged
    assert (entry.concern, entry.charge_month, entry.calls) == ("unpriced", "2026-10", 0)
    assert (entry.quantities, entry.estimate) == ({"input": 8_000}, "0.0032")
    assert "8000.0" not in await focus_quantities(billing, "202611")
    assert await billing.problems() == []


async def test_tokens_of_a_failed_call_are_listed_and_are_no_line(billing: Billing) -> None:
    await billing.post(5, DAY)
    usage = make_usage(input=500)
    await billing.post(1, DAY, usage=usage, rank=Rank.GATEWAY_LOG, status=500)
    await billing.close(OCTOBER)
    document = await invoice(billing, "202610/invoices/INV-000001")
    assert 500 not in [line.quantity for line in document.lines]
    [entry] = document.uncharged
    assert (entry.concern, entry.calls, entry.quantities) == ("failed", 1, {"input": 500})
    assert (entry.estimate, entry.basis) == (None, FAILED_IN_LOG)
    assert "500.0" not in await focus_quantities(billing, "202610")
    assert await billing.problems() == []


async def test_an_answer_of_the_cache_is_a_line_where_every_call_has_an_amount(
    billing: Billing,
) -> None:
    usage = make_usage(input=100_000)
    await billing.post(9, DAY, deployment=LAB, usage=usage, cache="hit")
    await billing.close(OCTOBER)
    document = await invoice(billing, "202610/invoices/INV-000001")
    assert [(line.quantity, line.list) for line in document.lines] == [(900_000, "0")]
    assert document.uncharged == ()


async def test_tokens_that_may_be_of_free_calls_make_no_estimate(billing: Billing) -> None:
    await billing.post(5, DAY)
    hits = make_usage(input=100_000, output=1_000)
    await billing.post(9, DAY, deployment=LAB, usage=hits, cache="hit")
    await billing.post(1, DAY, deployment=LAB, usage=make_usage(input=1_000, output=10))
    await billing.close(OCTOBER)
    [entry] = (await invoice(billing, "202610/invoices/INV-000001")).uncharged
    assert (entry.concern, entry.calls) == ("unpriced", 1)
    assert entry.quantities == {"input": 901_000, "output": 9_010}
    # 5,120 input, 5,120 cached and 2,135 output tokens of five calls came to 0.005976.
    assert (entry.estimate, entry.basis) == ("0.0011952", f"{PER_ANY_CALL}; {TOKENS_OF_OTHERS}")
    assert await billing.problems() == []


async def test_tokens_that_may_be_of_failed_calls_make_no_estimate(billing: Billing) -> None:
    await billing.post(5, DAY)
    usage = make_usage(output_image=7)
    await billing.post(1, DAY, usage=usage)
    failed = make_usage(input=1_000_000)
    await billing.post(1, DAY, usage=failed, rank=Rank.GATEWAY_LOG, status=500)
    await billing.close(OCTOBER)
    unpriced, both = (await invoice(billing, "202610/invoices/INV-000001")).uncharged[::-1]
    assert (unpriced.concern, unpriced.calls, both.concern) == ("unpriced", 1, "failed")
    assert unpriced.quantities == {"input": 1_000_000, "output_image": 7}
    assert (unpriced.estimate, unpriced.basis) == ("0.0011952", f"{PER_CALL}; {TOKENS_OF_OTHERS}")
    assert await billing.problems() == []


async def test_tokens_stay_theirs_next_to_calls_that_used_none(billing: Billing) -> None:
    await billing.post(5, DAY)
    await billing.post(1, DAY, deployment=LAB, usage=make_usage(input=1_000, output=10))
    await billing.post(1, DAY, deployment=LAB, usage=None)
    await billing.post(1, DAY, deployment=LAB, usage=None, rank=Rank.PENDING)
    await billing.close(OCTOBER)
    entries = (await invoice(billing, "202610/invoices/INV-000001")).uncharged
    [entry] = [entry for entry in entries if entry.concern == "unpriced"]
    assert (entry.estimate, entry.basis) == ("0.000416", PER_TOKEN)


async def test_an_estimate_names_the_units_that_it_leaves_out(billing: Billing) -> None:
    await billing.post(5, DAY)
    usage = make_usage(input=100, output_image=50_000)
    await billing.post(1, DAY, deployment=LAB, usage=usage)
    await billing.post(1, DAY, deployment="other", usage=make_usage(output_image=50_000))
    await billing.close(OCTOBER)
    lab, other = (await invoice(billing, "202610/invoices/INV-000001")).uncharged
    assert lab.estimate == "0.00004"
    assert lab.basis == f"{PER_TOKEN}; without output_image: none was priced in the month"
    assert (other.estimate, other.basis) == (None, NOTHING_PRICED)


async def test_a_month_of_earlier_rules_is_made_as_it_was(billing: Billing) -> None:
    await billing.post(5, DAY)
    usage = make_usage(input=500)
    await billing.post(1, DAY, usage=usage, rank=Rank.GATEWAY_LOG, status=500)
    usage = make_usage(input=100, output_image=50_000)
    await billing.post(1, DAY, deployment=LAB, usage=usage)
    await billing.close(OCTOBER)
    snapshot, digest = await (await billing.job()).archive.standing_snapshot(OCTOBER)
    [document] = documents_of(replace(snapshot, rules=3), digest).invoices
    assert 500 in [line.quantity for line in document.lines]
    shown = [(each.concern, each.quantities, each.basis) for each in document.uncharged]
    assert shown[-1] == ("unpriced", {"input": 100, "output_image": 50_000}, PER_TOKEN)
    assert shown[0][:2] == ("failed", {})
