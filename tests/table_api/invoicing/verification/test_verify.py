"""Verification finds what was forged with care, and what is gone or new."""

import json
from datetime import date
from pathlib import Path
from typing import Any

import pytest
from msgspec.structs import replace

from pricing_rules.engine.rating import rate
from pricing_rules.price_book.book import load_book
from table_api.invoicing.closing.month_files import documents_of
from table_api.invoicing.errors import NotClosed
from table_api.invoicing.snapshots.snapshot import encode_snapshot, sha256
from table_api.invoicing.verification.findings import Findings
from table_api.invoicing.verification.lines import LineCheck
from table_api.invoicing.verification.verify import verify
from table_api.ledger.keys import CALL_ROWS
from table_api.ledger.posting import MeteredCall
from table_api.storage.memory_blobs import MemoryBlobStore
from table_api.storage.memory_tables import MemoryTableStorage
from tests.fixtures.billing import BOB, DECEMBER, EVE, NOVEMBER, OCTOBER, Billing
from tests.fixtures.builders import make_event
from tests.fixtures.calls import DEMO_BOOK, make_call
from tests.table_api.audit.test_ledger_audit import rows_of, write


@pytest.fixture
async def closed(billing: Billing) -> Billing:
    """Two closed months, the second with corrections."""
    await billing.post(30, date(2026, 10, 1))
    await billing.post(20, date(2026, 10, 31), subject=BOB, deployment="gpt-4o")
    await billing.post(1, date(2026, 10, 6), subject=EVE, deployment="lab-model-x")
    await billing.close(OCTOBER)
    await billing.post(30, date(2026, 10, 2))
    await billing.post(20, date(2026, 11, 4), subject=BOB)
    await billing.close(NOVEMBER)
    return billing


def store(billing: Billing) -> dict[str, bytes]:
    assert isinstance(billing.blobs, MemoryBlobStore)
    return billing.blobs.blobs


async def test_what_was_closed_verifies(closed: Billing) -> None:
    archive = (await closed.job()).archive
    findings = await verify(archive, closed.storage, NOVEMBER)
    assert findings.problems == []
    assert (findings.lines, findings.cells) == (6, 2)
    assert findings.render().startswith("2026-11 ok: ")


async def test_a_month_that_is_not_closed_cannot_be_verified(closed: Billing) -> None:
    with pytest.raises(NotClosed, match=r"202612/snapshot\.json does not stand"):
        await verify((await closed.job()).archive, closed.storage, DECEMBER)


async def test_a_forger_who_fixes_every_hash_is_caught_by_the_lines(closed: Billing) -> None:
    blobs = store(closed)
    name = "202610/invoices/INV-000002.json"
    invoice = json.loads(blobs[name])
    line = invoice["lines"][0]
    assert line["amount"] == "0.05"
    line["amount"] = "0.06"
    invoice["totals"]["amount"] = "0.17"
    invoice["subtotals"][0]["amount"] = "0.17"
    forge(blobs, name, invoice)
    problems = "\n".join(await closed.problems())
    assert "cost centre CC-200 Sales is billed 170000000000" in problems
    assert f"{name} line " in problems


async def test_cents_that_went_to_other_people_are_caught(billing: Billing) -> None:
    """The lines and the total add up, but not each person's lines to the person's rounding."""
    for day in range(1, 6):
        for deployment in ("gpt-4.1-mini", "gpt-4o", "gpt-5", "gpt-5-mini"):
            await billing.post(day, date(2026, 11, day), subject="many", deployment=deployment)
    await billing.post(90, date(2026, 11, 2), subject="few", deployment="gpt-4o")
    await billing.close(NOVEMBER)
    archive = (await billing.job()).archive
    snapshot, digest = await archive.standing_snapshot(NOVEMBER)
    other = documents_of(replace(snapshot, rules=2), digest)
    blobs = {f"202611/{file.name}": file.make() for file in other.files() if file.exact}
    findings = Findings(NOVEMBER)
    LineCheck(json.loads(encode_snapshot(snapshot)), blobs, findings).run()
    assert findings.problems
    assert any("to other people" in text or "and owes" in text for text in findings.problems), (
        findings.problems
    )


async def test_a_forged_snapshot_is_caught_by_the_calls(closed: Billing) -> None:
    blobs = store(closed)
    name = "202610/snapshot.json"
    snapshot = json.loads(blobs[name])
    snapshot["cells"][0]["additive"]["charge"] = "1"
    forge(blobs, name, snapshot)
    problems = await closed.problems()
    assert any("states charge = 1, its calls add to" in problem for problem in problems)


async def test_a_changed_call_of_the_ledger_is_caught(closed: Billing) -> None:
    storage = closed.storage
    assert isinstance(storage, MemoryTableStorage)
    row = next(row for row in await rows_of(storage, CALL_ROWS) if "|bob|" in str(row["RowKey"]))
    await write(storage, row, {"charge_output": "1"})
    problems = await closed.problems()
    assert any("d|bob|31|gpt-4o" in text and "charge_output" in text for text in problems)


@pytest.mark.parametrize(
    ("change", "words"),
    [
        (lambda b: b.pop("202610/invoices/INV-000002.csv"), "INV-000002.csv is named by"),
        (lambda b: b.update({"202610/invoices/INV-000009.json": b"{}"}), "is not named by"),
        (lambda b: b.update({"202610/manifest.json": b"[]"}), "holds no object"),
        (lambda b: b.update({"202610/manifest.json": b"{"}), "manifest.json is not JSON"),
        (lambda b: b.update({"202610/snapshot.json": b'{"month":1}'}), "makes no documents"),
        (lambda b: b.pop("202610/statements/ST-202610-00001.json"), "does not stand"),
        (
            lambda b: b.update({"202610/manifest.json": b'{"files":["x"]}'}),
            "manifest.json cannot be read",
        ),
        (
            lambda b: b.update({"202610/manifest.json": b'{"files":null}'}),
            "manifest.json cannot be read",
        ),
    ],
)
async def test_a_file_that_is_gone_new_or_no_document_is_named(
    closed: Billing, change: Any, words: str
) -> None:
    change(store(closed))
    archive = (await closed.job()).archive
    problems = (await verify(archive, closed.storage, OCTOBER)).problems
    assert any(words in problem for problem in problems), problems


async def test_an_earlier_snapshot_that_cannot_be_read_is_named(closed: Billing) -> None:
    store(closed)["202610/snapshot.json"] = b'{"month": "2026-10"}'
    archive = (await closed.job()).archive
    problems = (await verify(archive, closed.storage, NOVEMBER)).problems
    assert any(text.startswith("202610/snapshot.json cannot be read: ") for text in problems)


async def test_a_snapshot_that_follows_another_one_is_caught(closed: Billing) -> None:
    blobs = store(closed)
    snapshot = json.loads(blobs["202611/snapshot.json"])
    snapshot["first_number"] = 9
    snapshot["previous"]["sha256"] = "0" * 64
    snapshot["earlier"][0]["balances"][0]["exact"] = "5"
    snapshot["earlier"][0]["cells"][0]["before_rev"] = 1
    forge(blobs, "202611/snapshot.json", snapshot)
    problems = "\n".join(await closed.problems())
    for words in (
        "starts with invoice 9, the next is 4",
        "follows {'month'",
        "the snapshot says 5",
    ):
        assert words in problems


def forge(blobs: dict[str, bytes], name: str, content: dict[str, Any]) -> None:
    """Write a file as this program would, and its hash into the manifest."""
    month = name[:6]
    blobs[name] = json.dumps(content, sort_keys=True, indent=1, ensure_ascii=False).encode() + b"\n"
    manifest = json.loads(blobs[f"{month}/manifest.json"])
    for file in manifest["files"]:
        if f"{month}/{file['name']}" == name:
            file["sha256"], file["bytes"] = sha256(blobs[name]), len(blobs[name])
    if name.endswith("snapshot.json"):
        manifest["snapshot_sha256"] = sha256(blobs[name])
    blobs[f"{month}/manifest.json"] = (
        json.dumps(manifest, sort_keys=True, indent=1, ensure_ascii=False).encode() + b"\n"
    )


async def test_a_deployment_that_changes_its_model_version_within_a_day_is_no_alarm(
    billing: Billing, tmp_path: Path
) -> None:
    """Both calls count in one cell, which has the version of the first."""
    alias = {"name": "auto", "provider": "azure", "model": "gpt-4o", "type": "GlobalStandard"}
    text = "\n".join(f'{name} = "{value}"' for name, value in alias.items())
    file = tmp_path / "book.toml"
    file.write_text(f"{DEMO_BOOK.read_text()}\n[[deployment]]\n{text}\n")
    book = load_book([file])
    for number, model in enumerate(("gpt-4o-2099-01-01", "gpt-4o-2099-02-02"), start=1):
        made = make_call(number, id=f"call-{number}")
        day = made.priced.event.time.replace(month=10)
        event = make_event(id=f"call-{number}", time=day, deployment="auto", model=model)
        await billing.ledger.post([MeteredCall(priced=rate(event, book), origin=made.origin)])
    await billing.close(OCTOBER)
    rows = await rows_of(billing.storage, CALL_ROWS)  # type: ignore[arg-type]
    assert {row["model_version"] for row in rows} == {"2099-01-01", "2099-02-02"}
    assert len({row["cell"] for row in rows}) == 1
    assert await billing.problems() == []
