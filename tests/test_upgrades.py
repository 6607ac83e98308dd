"""A ledger that the first release wrote is read, continued, closed and verified by today's code.

Its numbers are those that the first release itself came to: see tests/frozen/README.md.
"""

from collections.abc import Awaitable, Callable
from datetime import UTC, datetime
from decimal import Decimal
from typing import Any

import pytest

from pricing_rules.money import format_pico, parse_pico
from table_api.audit.ledger_audit import audit
from table_api.audit.schema import SCHEMA_AUDITED_MAX
from table_api.consumer_state.dead_letters import LetterState
from table_api.errors import LedgerMismatch
from table_api.invoicing.snapshots.billing_month import BillingMonth
from table_api.invoicing.snapshots.manifest import Entry
from table_api.ledger.meta import (
    META_PARTITION,
    META_ROW,
    META_TABLE,
    SCHEMA_VERSION,
    open_meta,
    read_meta,
)
from table_api.monthly.rebuild import rebuild_monthly
from table_api.open_calls.decision import PairingState
from table_api.open_calls.table import OpenCalls
from table_api.storage.table_storage import Upsert
from tests.fixtures.calls import all_rows
from tests.frozen.company import DIAGNOSTICS, FROZEN_AT, SETTINGS, USAGE, Company
from tests.frozen.dump import answers, events, expected

OCTOBER, NOVEMBER = BillingMonth(2026, 10), BillingMonth(2026, 11)
BOOKS: dict[str, str] = expected()["books"]
RUNS: dict[str, str] = expected()["runs"]
OTHER_SINCE = [
    f"/v1/invoices.months[0].files[{number}].{of_file}"
    for number in (1, 2)
    for of_file in ("bytes", "sha256")
]
"""Files of a month that is closed today. Cost and Usage has the column `x_CallsExcluding`. In both,
the cents of a person's lines add up to the rounding of the person's sum.
"""
RECOVERED = "00000000-0000-4000-8000-000000000330"
"""A call that was taken from the gateway's log; its usage event comes later."""


@pytest.fixture
async def company() -> Company:
    return await Company.first_wave()


def missing(wanted: Any, found: Any, place: str) -> list[str]:
    """What an answer of then says and the answer of today does not; today may say more."""
    if isinstance(wanted, dict) and isinstance(found, dict):
        return [
            text
            for name, value in wanted.items()
            for text in missing(value, found.get(name), f"{place}.{name}")
        ]
    if isinstance(wanted, list) and isinstance(found, list) and len(wanted) == len(found):
        pairs = zip(wanted, found, strict=True)
        return [
            text
            for index, (one, other) in enumerate(pairs)
            for text in missing(one, other, f"{place}[{index}]")
        ]
    return [] if wanted == found else [f"{place}: {wanted!r} then, {found!r} today"]


def now_without_a_price(text: str) -> bool:
    """A difference that the first release got wrong: 0 for calls that had no price before a run."""
    return text.startswith("/v1/reratings/") and text.endswith("before: '0' then, None today")


def now_listed(text: str, free: dict[str, int]) -> bool:
    """A sum that has the list price of the free calls, all of one person and day, and no more."""
    path, _, values = text.rpartition(": ")
    layer = path.rpartition(".cost.")[2]
    if layer not in free:
        return False
    then, today = (parse_pico(value.split("'")[1]) for value in values.split(" then, "))
    return today - then == free[layer]


async def assert_state(company: Company, moment: str) -> None:
    """Audit, verification and totals are those that the first release came to."""
    then = expected()[moment]
    report = await audit(company.storage, now=company.now)
    assert await company.problems() == []
    found = {name: getattr(report, name) for name in then["audit"]}
    assert found == then["audit"]
    path = "/v1/usage?from=2026-10-01&to=2026-12-02&group_by=day"
    usage = (await company.ask([path]))[path]
    free = await listed_for_nothing(company)
    cost = then["totals"]["cost"]
    cost |= {name: format_pico(parse_pico(cost[name]) + free[name]) for name in free}
    assert missing(then["totals"], usage["totals"], "totals") == []


async def listed_for_nothing(company: Company) -> dict[str, int]:
    """Pico-units of free calls by layer: the first release recorded none of them."""
    last = {
        key[1].split("|")[4]: row
        for key, row in sorted((await all_rows(company.storage)).items())
        if key[1].startswith("c|")
    }
    free = [row for row in last.values() if row["state"] == "zero"]
    assert all(int(row.get("charge", 0)) == 0 for row in free)
    return {name: sum(int(row.get(name, 0)) for row in free) for name in ("list", "contracted")}


async def test_it_opens_and_adds_up_and_its_closed_month_is_made_again_byte_for_byte(
    company: Company,
) -> None:
    await company.start(BOOKS["B"])
    await assert_state(company, "frozen")


async def test_the_api_answers_as_the_first_release_did(company: Company) -> None:
    then = answers("frozen")
    today = await company.ask(then)
    found = [text for path in then for text in missing(then[path], today[path], path)]
    assert len(then) > 40
    assert [text for text in found if not now_without_a_price(text)] == []


async def test_every_event_delivered_again_changes_no_row(company: Company) -> None:
    """But for the letters: their events were never posted."""
    before = await ledger_rows(company)
    letters = [entry async for entry in company.letters[USAGE].all()]
    open_ = {(e.partition, e.sequence_number) for e in letters if e.state is LetterState.OPEN}
    await company.start(BOOKS["D"])
    again = [
        event
        for event in events("before")
        if event.hub == USAGE and (event.partition, event.sequence_number) not in open_
    ]
    for event in again:
        await company.meter_again(event)
    assert len(again) > 200
    assert await ledger_rows(company) == before


async def ledger_rows(company: Company) -> list[dict[Any, Any]]:
    return [await all_rows(company.storage, table) for table in ("ledger", "monthly")]


async def test_a_stronger_report_has_the_price_of_the_archived_book(company: Company) -> None:
    """Book C asks a fifth less for the model. The call was rated with book B."""
    await company.start(BOOKS["C"])
    await company.deliver(e for e in events("later") if RECOVERED in e.body.decode().lower())
    entry, correction = [
        row
        for (_, key), row in sorted((await all_rows(company.storage)).items())
        if RECOVERED in key
    ]
    assert (entry["book_version"], correction["book_version"]) == (BOOKS["B"], BOOKS["B"])
    assert (entry["rank"], correction["rank"]) == ("1", "2")
    # (1,024 × $0.40 + 1,024 × $0.10 + 427 × $1.60) per million, less 12 %, at 0.86234 EUR
    assert correction["list"] == "1195200000"
    assert correction["charge"] == "1051776000"
    assert correction["billed"] == "906988516"
    assert (await audit(company.storage, now=company.now)).ok


async def test_calls_wait_and_letters_lie_as_they_were_left(company: Company) -> None:
    calls = await OpenCalls(company.storage).calls(
        datetime(2026, 11, 27, 11, tzinfo=UTC), FROZEN_AT
    )
    assert [call.state for call in calls] == [PairingState.WAITING] * 4
    letters = [entry async for entry in company.letters[USAGE].all()]
    letters += [entry async for entry in company.letters[DIAGNOSTICS].all()]
    states = [entry.state for entry in letters]
    assert (states.count(LetterState.OPEN), states.count(LetterState.REDRIVEN)) == (6, 1)
    for letter in letters:
        body = await company.letters[letter.hub].body(letter.id)
        assert len(body) == letter.body_bytes


OF_LINES = "rounded from its own sum; the first release rounded its lines with everybody's"


def cents(entry: Entry) -> str:
    """The amount of an invoice; of a statement that it is within a cent of its own sum."""
    if entry.subject is None:
        return entry.amount
    assert abs(Decimal(entry.amount) - Decimal(entry.amount_unrounded)) < Decimal("0.01")
    return OF_LINES


async def test_it_goes_on_and_closes_the_next_month_as_the_first_release_did(
    company: Company,
) -> None:
    documents = dict(company.blobs["invoices"].blobs)
    assert await company.go_on() == expected()["later"]["redriven"]
    manifest = await (await company.job()).close(NOVEMBER)

    then = expected()["later"]["november"]
    assert (manifest.amount, manifest.amount_unrounded, manifest.currency) == (
        then["amount"],
        then["amount_unrounded"],
        then["currency"],
    )
    assert [
        [entry.number, entry.cost_centre, entry.subject, cents(entry), entry.amount_unrounded,
         entry.lines]
        for entry in (*manifest.invoices, *manifest.statements)
    ] == [
        [number, centre, subject, OF_LINES if subject else amount, unrounded, lines]
        for number, centre, subject, amount, unrounded, lines in then["documents"]
    ]  # fmt: skip
    await assert_state(company, "later")
    wanted = answers("later")
    today = await company.ask(wanted)
    found = [text for path in wanted for text in missing(wanted[path], today[path], path)]
    free = await listed_for_nothing(company)
    found = [text for text in found if not now_without_a_price(text)]
    others = [text.rpartition(": ")[0] for text in found if not now_listed(text, free)]
    assert others == OTHER_SINCE

    await company.revert(RUNS["applied"])
    await assert_state(company, "taken_back")
    standing = company.blobs["invoices"].blobs
    assert {name: standing[name] for name in documents} == documents


Opener = Callable[[Company], Awaitable[object]]


async def ask_the_api(company: Company) -> None:
    [answer] = (await company.ask(["/v1/usage"])).values()
    assert answer["type"] == "urn:problem:later-schema"
    raise LedgerMismatch(answer["detail"])


OPENERS: dict[str, Opener] = {
    "a consumer": lambda company: company.start(BOOKS["B"]),
    "a verb": lambda company: read_meta(company.storage),
    "the close and verify": lambda company: company.job(),
    "audit": lambda company: audit(company.storage, now=company.now),
    "rebuild": lambda company: rebuild_monthly(company.storage),
    "the API": ask_the_api,
}


@pytest.mark.parametrize("opener", OPENERS)
@pytest.mark.parametrize("schema", [SCHEMA_VERSION + 1, 0, "two"])
async def test_every_reader_refuses_a_ledger_of_a_later_schema(
    company: Company, opener: str, schema: int | str
) -> None:
    await change_settings(company, schema_version=schema)
    before = await ledger_rows(company)
    with pytest.raises(LedgerMismatch, match=rf"has schema {schema}, this release .* 1 to 1: "):
        await OPENERS[opener](company)
    assert await ledger_rows(company) == before


async def test_a_ledger_that_names_no_schema_is_of_the_first_releases(company: Company) -> None:
    await change_settings(company, schema_version=None)
    meta = await open_meta(company.storage, SETTINGS, now=FROZEN_AT)
    assert meta.schema_version == 1
    await company.start(BOOKS["B"])
    await assert_state(company, "frozen")


def test_the_audit_reads_what_this_release_writes() -> None:
    assert SCHEMA_AUDITED_MAX == SCHEMA_VERSION


async def change_settings(company: Company, **changes: Any) -> None:
    row = await company.storage.get(META_TABLE, META_PARTITION, META_ROW)
    assert row is not None
    columns = {name: value for name, value in {**row, **changes}.items() if value is not None}
    await company.storage.transact(META_TABLE, META_PARTITION, [Upsert(META_ROW, columns)])
