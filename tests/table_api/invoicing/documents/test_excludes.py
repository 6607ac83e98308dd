"""Calls whose cost leaves something out are counted on the documents of their month."""

import csv
import io
import json
from datetime import date

from msgspec.structs import replace

from pricing_rules.types import Rank, Usage
from pricing_rules.units import Unit
from table_api.invoicing.closing.month_files import documents_of
from table_api.invoicing.documents.document import Uncharged, decode_document
from table_api.invoicing.documents.uncharged import INCOMPLETE
from table_api.invoicing.snapshots.snapshot import RULES, decode_snapshot
from tests.fixtures.billing import NOVEMBER, OCTOBER, Billing
from tests.fixtures.calls import make_call

COUNTS = {Unit.INPUT: 2048, Unit.OUTPUT: 427}
FROM_LOG = {"rank": Rank.GATEWAY_LOG, "usage": Usage(counts=COUNTS, excludes=("details",))}
DAY = date(2026, 10, 6)


async def uncharged(billing: Billing, name: str) -> tuple[Uncharged, ...]:
    return decode_document((await billing.files())[name], name).uncharged


def focus(content: bytes) -> list[dict[str, str]]:
    return list(csv.DictReader(io.StringIO(content.decode("utf-8-sig"))))


async def test_they_are_counted_and_charged(billing: Billing) -> None:
    await billing.post(3, DAY, **FROM_LOG)
    await billing.post(2, DAY)
    await billing.close(OCTOBER)
    [entry] = await uncharged(billing, "202610/invoices/INV-000001.json")
    assert (entry.concern, entry.calls, entry.estimate) == ("excludes", 3, None)
    assert (entry.quantities, entry.basis) == ({}, INCOMPLETE)
    assert entry in await uncharged(billing, "202610/statements/ST-202610-00001.json")
    files = await billing.files()
    assert b",excludes," in files["202610/invoices/INV-000001.csv"]
    rows = focus(files["202610/focus/cost_and_usage.csv"])
    assert {row["x_CallsExcluding"] for row in rows} == {"3.0"}
    assert await billing.problems() == []


async def test_a_later_report_that_knows_all_takes_them_back(billing: Billing) -> None:
    calls = await billing.post(2, DAY, **FROM_LOG)
    await billing.close(OCTOBER)
    event = calls[0].priced.event
    whole = Usage(counts={**COUNTS, Unit.CACHE_READ: 1024})
    stronger = make_call(
        9, id=event.id, time=event.time, subject=event.subject, usage=whole, rank=Rank.MODEL_USAGE
    )
    await billing.ledger.post([stronger])
    await billing.close(NOVEMBER)
    [entry] = await uncharged(billing, "202611/invoices/INV-000002.json")
    assert (entry.concern, entry.charge_month, entry.calls) == ("excludes", "2026-10", -1)
    assert await billing.problems() == []


async def test_a_month_of_earlier_rules_is_made_by_them(billing: Billing) -> None:
    """Its snapshot says nothing of rules and has no such count."""
    await billing.post(3, DAY, **FROM_LOG)
    await billing.close(OCTOBER)
    content = json.loads((await billing.files())["202610/snapshot.json"])
    assert content.pop("rules") == RULES
    for cell in content["cells"]:
        assert cell["additive"].pop("excluding") == 3
    old = decode_snapshot(json.dumps(content).encode(), "old")
    assert old.rules == 1
    made = documents_of(old, "0" * 64)
    assert [each.uncharged for each in (*made.invoices, *made.statements)] == [(), ()]
    [usage] = [file for file in made.files() if file.name == "focus/cost_and_usage.csv"]
    rows = focus(usage.make())
    assert rows
    assert not any("x_CallsExcluding" in row for row in rows)
    today = documents_of(replace(old, rules=2), "0" * 64)
    assert made.invoices == today.invoices
