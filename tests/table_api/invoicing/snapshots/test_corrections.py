"""What comes after a close: billed on the next invoice, cent for cent, and no closed file moves."""

import asyncio
from datetime import date

from pricing_rules.money import divide_half_even, parse_pico
from pricing_rules.types import CountedAt, Rank
from table_api.audit.ledger_audit import audit
from table_api.invoicing.documents.document import Document, decode_document
from table_api.invoicing.documents.minor_units import pico_per_minor
from table_api.invoicing.settings import InvoicingSettings
from tests.fixtures.billing import (
    ANN,
    BOB,
    DECEMBER,
    NOVEMBER,
    OCTOBER,
    SALES,
    SEARCH,
    Billing,
    people,
)
from tests.fixtures.builders import make_usage
from tests.fixtures.calls import NOW, make_call

CENT = pico_per_minor("USD")
LATE = date(2026, 10, 5)


async def invoices(billing: Billing) -> list[Document]:
    return [
        decode_document(content, name)
        for name, content in (await billing.files()).items()
        if "/invoices/" in name and name.endswith(".json")
    ]


async def check_books(billing: Billing) -> None:
    """The sum of all invoices is the ledger's, unrounded and rounded by cost centre and month."""
    documents = await invoices(billing)
    unrounded = sum(parse_pico(document.totals.amount_unrounded) for document in documents)
    assert unrounded == (await audit(billing.storage, now=NOW)).charge
    exact: dict[tuple[str | None, str], int] = {}
    billed: dict[tuple[str | None, str], int] = {}
    for document in documents:
        for line in document.lines:
            key = (document.cost_centre, line.charge_month)
            exact[key] = exact.get(key, 0) + parse_pico(line.amount_unrounded)
            billed[key] = billed.get(key, 0) + parse_pico(line.amount)
    assert billed == {key: divide_half_even(sum_, CENT) * CENT for key, sum_ in exact.items()}
    assert await billing.problems() == []


async def test_a_call_after_the_close_is_a_correction_line_with_its_own_day_on_the_next_invoice(
    either_billing: Billing,
) -> None:
    billing = either_billing
    await billing.post(20, date(2026, 10, 3))
    await billing.close(OCTOBER)
    closed = await billing.files()
    await billing.post(50, LATE)
    await billing.post(10, date(2026, 11, 3))
    manifest = await billing.close(NOVEMBER)
    files = await billing.files()
    assert {name: files[name] for name in closed} == closed
    [entry] = manifest.invoices
    document = decode_document(files[f"202611/invoices/{entry.number}.json"], entry.number)
    assert [(part.charge_month, part.kind, part.amount) for part in document.subtotals] == [
        ("2026-11", "usage", "0.01"),
        ("2026-10", "correction", "0.06"),
    ]
    days = {line.charge_day for line in document.lines if line.kind == "correction"}
    assert days == {"2026-10-05"}
    await check_books(billing)


async def test_a_thousand_late_calls_of_a_third_of_a_cent_are_billed_to_the_cent(
    either_billing: Billing,
) -> None:
    """1000 x 750 input tokens of gpt-4.1-mini cost 0.0003 each, over five closes 200 a time."""
    billing = either_billing
    await billing.post(1, date(2026, 10, 3), usage=make_usage(input=750))
    await billing.close(OCTOBER)
    month = NOVEMBER
    for _ in range(5):
        await billing.post(200, LATE, usage=make_usage(input=7500))
        await billing.close(month)
        month = month.moved(1)
    documents = await invoices(billing)
    assert sum(parse_pico(document.totals.amount) for document in documents) == parse_pico("3.00")
    await check_books(billing)


async def test_cents_are_not_lost_when_they_come_one_third_at_a_time(billing: Billing) -> None:
    await billing.post(1, date(2026, 10, 3), usage=make_usage(input=7500))  # 0.003
    await billing.close(OCTOBER)
    amounts = []
    month = NOVEMBER
    for _ in range(9):
        await billing.post(1, LATE, usage=make_usage(input=7500))
        amounts.append((await billing.close(month)).amount)
        month = month.moved(1)
    # 0.003 × 1 is billed as 0.00, × 2 as 0.01, × 5 as 0.02, × 9 and × 10 as 0.03
    assert amounts == ["0.01", "0.00", "0.00", "0.01", "0.00", "0.00", "0.00", "0.01", "0.00"]
    await check_books(billing)


async def test_a_whole_cent_between_two_halves_can_be_closed_and_verifies(
    billing: Billing,
) -> None:
    """1.5, 2.5, 3.5 cents: billed are 2, 2 and 4 in all."""
    await billing.post(1, date(2026, 10, 3), usage=make_usage(input=37_500))
    amounts = [(await billing.close(OCTOBER)).amount]
    for month in (NOVEMBER, DECEMBER):
        await billing.post(1, LATE, usage=make_usage(input=25_000))
        amounts.append((await billing.close(month)).amount)
    assert amounts == ["0.02", "0.00", "0.02"]
    await check_books(billing)


async def test_a_stronger_report_of_a_billed_call_is_billed_by_its_difference(
    billing: Billing,
) -> None:
    calls = await billing.post(
        9, LATE, rank=Rank.GATEWAY_LOG, usage=make_usage(input=90_000), deployment="gpt-4o"
    )
    await billing.close(OCTOBER)
    closed = await billing.files()
    event = calls[0].priced.event
    stronger = make_call(99, id=event.id, time=event.time, subject=ANN, usage=make_usage(input=9))
    await billing.ledger.post([stronger])
    manifest = await billing.close(NOVEMBER)
    assert manifest.amount == "-0.22"  # 0.225 at gpt-4o, and next to nothing at gpt-4.1-mini
    files = await billing.files()
    assert {name: files[name] for name in closed} == closed
    await check_books(billing)


async def test_a_replay_of_a_closed_month_bills_nothing(billing: Billing) -> None:
    calls = await billing.post(40, LATE)
    await billing.close(OCTOBER)
    await billing.ledger.post(calls)
    manifest = await billing.close(NOVEMBER)
    assert manifest.invoices == ()
    await check_books(billing)


async def test_a_moved_cost_centre_leaves_the_closed_month_and_its_corrections_where_they_were(
    either_billing: Billing,
) -> None:
    billing = either_billing
    await billing.post(20, LATE)
    await billing.close(OCTOBER)
    closed = await billing.files()
    await people(billing.storage, [(ANN, "Ann", SALES, "2026-01-01")])
    await billing.post(20, LATE)
    await billing.post(20, date(2026, 11, 5))
    manifest = await billing.close(NOVEMBER)
    assert [(entry.cost_centre, entry.amount) for entry in manifest.invoices] == [
        (SEARCH, "0.03"),  # 0.0239 again for October: 0.05 of which 0.02 is billed
        (SALES, "0.02"),
    ]
    snapshot, _ = await (await billing.job()).archive.standing_snapshot(NOVEMBER)
    [line] = snapshot.regrouped
    assert (line.subject, line.billed, line.today, line.first_day) == (
        ANN, SEARCH, SALES, "2026-10-05",
    )  # fmt: skip
    files = await billing.files()
    assert {name: files[name] for name in closed} == closed
    await check_books(billing)


async def test_a_month_outside_the_look_back_is_listed_and_not_billed(billing: Billing) -> None:
    billing.settings = InvoicingSettings(look_back_months=1)
    await billing.post(20, LATE)
    await billing.close(OCTOBER)
    await billing.close(NOVEMBER)
    await billing.post(20, LATE)
    manifest = await billing.close(DECEMBER)
    snapshot, _ = await (await billing.job()).archive.standing_snapshot(DECEMBER)
    assert manifest.invoices == ()
    [left] = snapshot.outside
    assert (left.month, left.cells, left.amount) == ("2026-10", 1, str(parse_pico("0.023904")))
    assert await billing.problems() == []


async def test_calls_before_the_first_closed_month_are_corrections(billing: Billing) -> None:
    await billing.post(20, date(2026, 10, 3))
    await billing.close(OCTOBER)
    await billing.post(20, date(2026, 9, 3), subject=BOB)
    manifest = await billing.close(NOVEMBER)
    [entry] = manifest.invoices
    assert (entry.cost_centre, entry.amount, entry.lines) == (SALES, "0.02", 3)
    await check_books(billing)


async def test_a_close_while_calls_arrive_loses_none(either_billing: Billing) -> None:
    billing = either_billing
    await billing.post(30, date(2026, 10, 3))

    async def post() -> None:
        for number in range(12):
            await billing.post(5, LATE, subject=(ANN, BOB)[number % 2])
            await asyncio.sleep(0)

    # Both audits read the same partitions that are being written.
    await asyncio.gather(post(), billing.close(OCTOBER))
    await billing.close(NOVEMBER)
    await check_books(billing)


async def test_what_was_taken_back_is_credited(billing: Billing) -> None:
    """A call moves from one subject to another after its month was billed."""
    calls = await billing.post(
        3, LATE, rank=Rank.GATEWAY_LOG, usage=make_usage(input=250_000), subject="unattributed"
    )
    await billing.close(OCTOBER)
    event = calls[0].priced.event
    mover = make_call(
        99,
        id=event.id,
        time=event.time,
        rank=Rank.GATEWAY_LOG,
        usage=make_usage(input=250_000),
        subject=BOB,
        replaces=CountedAt(subject="unattributed", time=event.time),
    )
    await billing.ledger.post([mover])
    manifest = await billing.close(NOVEMBER)
    assert [(entry.cost_centre, entry.amount) for entry in manifest.invoices] == [
        (SALES, "0.10"),
        (None, "-0.10"),
    ]
    await check_books(billing)
