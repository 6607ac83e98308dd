"""The tutorials show a corrected month by the figures of the demonstration's own documents."""

import asyncio
import re
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from pathlib import Path
from typing import Any, NamedTuple

import httpx
import pytest

from chargeback_client.verbs.why import explain
from local_stack.demo.corrected_month import FACTOR, MODEL, CorrectedMonth, correct
from local_stack.traffic.people import people
from local_stack.traffic.usage_event import OutgoingEvent
from local_stack.traffic.workload import Workload, needs_no_log
from pricing_rules.decoding.usage_event import decode
from pricing_rules.engine.rating import rate
from pricing_rules.money import PICO_DIGITS
from pricing_rules.price_book.book import Book, load_book
from pricing_rules.types import UsageEvent
from table_api.http_api.app import create_app
from table_api.invoicing.documents.document import Document, decode_document
from table_api.invoicing.snapshots.billing_month import BillingMonth
from table_api.ledger.posting import MeteredCall, Origin
from table_api.rerating.run import Rerating
from table_api.rerating.runs_table import Reratings
from table_api.storage.memory_blobs import MemoryBlobStore
from table_api.storage.memory_tables import MemoryTableStorage
from tests.fixtures.billing import OCTOBER, SEPTEMBER, Billing, open_billing
from tests.fixtures.billing import people as import_people
from tests.fixtures.calls import DEMO_BOOK
from tests.paths import ROOT

FIRST_RUN = datetime(2026, 11, 30, tzinfo=UTC)
AMARA = next(person for person in people() if person.name == "Amara Okafor")
CENT = Decimal("0.01")
MOVES = re.compile(r"^[0-9T:.-]+Z: |, book [0-9a-f]{12}|, [\w-]+…?$", re.MULTILINE)
"""When the run was applied, the version of the book, and where the ledger keeps the call."""


class Story(NamedTuple):
    """Both months' documents by cost centre or subject, the run, and one call."""

    september: dict[str, Document]
    october: dict[str, Document]
    run: Rerating
    call: dict[str, Any]


def page(name: str) -> str:
    return (ROOT / "docs" / name).read_text(encoding="utf-8")


def cells_of(line: str) -> list[str]:
    return [cell.strip() for cell in line.strip("|").split("|")]


def shown_call() -> tuple[str, str]:
    """The command's words about one call, and what it prints."""
    [(asked, printed)] = re.findall(r"\$ chargeback why (.*?)\n(.*?)```", EMPLOYEES, re.DOTALL)
    return asked, printed


FINANCE, EMPLOYEES = page("for_finance.md"), page("for_employees.md")


async def post(billing: Billing, events: Iterator[OutgoingEvent], book: Book, first: int) -> None:
    calls = []
    for number, event in enumerate(events, first):
        decoded = decode(event.body, enqueued_time=FIRST_RUN)
        assert isinstance(decoded, UsageEvent)
        if decoded.time < datetime(2026, 11, 2, tzinfo=UTC):
            origin = Origin(
                hub="llm-usage", partition="0", sequence_number=number, enqueued_time=decoded.time
            )
            calls.append(MeteredCall(priced=rate(decoded, book, None), origin=origin))
    await billing.ledger.post(calls)


async def documents(billing: Billing, month: BillingMonth) -> dict[str, Document]:
    job = await billing.job()
    manifest = await job.archive.manifest(month)
    assert manifest is not None
    found = [
        decode_document(await job.archive.file(month, file), file.name)
        for file in manifest.files
        if re.fullmatch(r"(invoices|statements)/.*\.json", file.name)
    ]
    return {str(each.subject or each.cost_centre): each for each in found}


async def one_call(billing: Billing, asked: str) -> dict[str, Any]:
    """As the verb `why` asks for it."""
    name, _, day = asked.split()
    app = create_app(billing.storage, billing.blobs, now=lambda: FIRST_RUN)
    transport = httpx.ASGITransport(app)
    async with httpx.AsyncClient(transport=transport, base_url="http://localhost") as api:
        stop = (datetime.fromisoformat(day) + timedelta(days=1)).date()
        query = {"q": name, "from": day, "to": stop.isoformat()}
        [found] = (await api.get("/v1/calls", params=query)).json()["data"]
        call: dict[str, Any] = (await api.get(f"/v1/calls/{found['id']}")).json()
    return call


@pytest.fixture(scope="module")
def story(tmp_path_factory: pytest.TempPathFactory) -> Story:
    """The story as it happens in a demonstration."""
    return asyncio.run(happens(tmp_path_factory.mktemp("rules") / "wrong_price.toml"))


async def happens(rule: Path) -> Story:
    """What the demonstration does to September and October, in memory."""
    storage = MemoryTableStorage()
    billing = await open_billing(storage, MemoryBlobStore())
    known = [(each.subject, each.name, each.cost_centre, "2026-01-01") for each in people()]
    await import_people(storage, known)
    workload = Workload(now=FIRST_RUN)
    september = CorrectedMonth.before(workload)
    september.write_rule(rule)
    right = load_book([DEMO_BOOK])
    await post(billing, september.events(), load_book([DEMO_BOOK, rule]), 0)
    await billing.close(SEPTEMBER)
    scope = september.scope
    await correct(storage, billing.ledger, right, scope, documents=MemoryBlobStore())
    await post(billing, filter(needs_no_log, workload.events()), right, 10_000)
    await billing.close(OCTOBER)
    [run] = await Reratings(storage).all()
    call = await one_call(billing, shown_call()[0])
    return Story(await documents(billing, SEPTEMBER), await documents(billing, OCTOBER), run, call)


def part(document: Document, kind: str) -> Decimal:
    return sum((Decimal(each.amount) for each in document.subtotals if each.kind == kind), CENT * 0)


def test_the_table_for_finance_has_the_amounts_of_the_invoices(story: Story) -> None:
    rows = [cells_of(line) for line in FINANCE.splitlines() if line.startswith("| ")]
    [heading, *centres, total] = rows
    assert heading == [
        "cost centre", "September's invoice", "October's usage", "credit", "October's invoice",
    ]  # fmt: skip
    assert [centre for centre, *_ in centres] == sorted({each.cost_centre for each in people()})
    for centre, *amounts in centres:
        october = story.october[centre]
        assert list(map(Decimal, amounts)) == [
            Decimal(story.september[centre].totals.amount),
            part(october, "usage"),
            part(october, "correction"),
            Decimal(october.totals.amount),
        ]
    sums = [sum(map(Decimal, column)) for column in zip(*(row[1:] for row in centres), strict=True)]
    assert list(map(Decimal, total[1:])) == sums


def test_the_story_for_finance_is_that_of_the_run(story: Story) -> None:
    text = " ".join(FINANCE.split())
    billed = sum(
        Decimal(story.september[each.cost_centre].totals.amount)
        for each in {person.cost_centre: person for person in people()}.values()
    )
    assert f"with six invoices over {billed} USD" in text
    assert f"a mark-up of {(Decimal(FACTOR) - 1) * 100:.0f} % on `{MODEL}`" in text
    run = story.run
    assert f"Of {run.calls} calls of the model, {run.changed} changed" in text
    before, after = (Decimal(each).scaleb(-PICO_DIGITS) for each in (run.before, run.after))
    assert f"{after.quantize(CENT)} USD in place of {before.quantize(CENT)}." in text
    assert f"The other {['no', 'one', 'two', 'three', 'four'][run.calls - run.changed]} had" in text
    assert run.approved is not None
    assert f"{run.approved.by} approved the run" in text
    assert f"credit the difference, {(before - after).quantize(CENT)} USD" in text


def test_the_story_for_employees_is_that_of_amaras_statements(story: Story) -> None:
    text = " ".join(EMPLOYEES.split())
    september, october = (each[AMARA.subject] for each in (story.september, story.october))
    assert f"statement of September is {september.totals.amount} USD" in text
    assert f"October has a credit of {-part(october, 'correction')} USD" in text


def test_the_call_for_employees_is_explained_as_the_command_does(
    story: Story, capsys: pytest.CaptureFixture[str]
) -> None:
    explain(story.call)
    assert MOVES.sub("", shown_call()[1]) == MOVES.sub("", capsys.readouterr().out)
