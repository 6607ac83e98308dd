"""`rerate` from the command line on real edges: a month corrected, killed on the way."""

import json
import re
from decimal import Decimal
from pathlib import Path

import pytest

from consumers.rerating.stage import engine_version
from pricing_rules.money import format_pico
from tests.consumers.conftest import HUB, Stage
from tests.contracts.ledger import charge
from tests.fixtures.builders import call_id, make_body
from tests.fixtures.calls import DEMO_BOOK, all_rows
from tests.pricing_rules.books import modifier

CALLS = 900
KILLS = 3
LAB = """
[[deployment]]
name = "lab-model-x"
provider = "azure"
model = "gpt-4o"
version = "2024-11-20"
type = "GlobalStandard"
region = "swedencentral"
"""
ONE_CALL = Decimal("0.00811")  # 1024 x 2.50 + 1024 x 1.25 + 427 x 10 per million, gpt-4o
FX = modifier(
    "fx",
    "fx",
    'pair = "USD-EUR"\nrate = "0.9"\nsource = { kind = "contract", checked = 2026-11-01 }',
)
PERIOD = ("--from", "2026-11-01", "--to", "2026-12-01")


@pytest.fixture
def corrected_book(tmp_path: Path) -> Path:
    """The demonstration's deployments with the one that it leaves out."""
    path = tmp_path / "corrected.toml"
    path.write_text(DEMO_BOOK.read_text(encoding="utf-8") + LAB, encoding="utf-8")
    return path


async def metered(stage: Stage, count: int) -> None:
    """Calls of five subjects with a deployment that has no alias."""
    bodies = [
        make_body(id=call_id(n), subject=f"user-{n % 5}", deployment="lab-model-x")
        for n in range(count)
    ]
    stage.broker.append(HUB, bodies, partition="0")
    async with stage.consuming():
        await stage.counts(count)


async def said(stage: Stage, *arguments: str, code: int = 0) -> str:
    async with stage.process("rerate", *arguments) as verb:
        output = await verb.output()
        assert await verb.exit_code() == code, verb.lines
        return output + "\n".join(str(line["message"]) for line in verb.lines)


async def staged_run(stage: Stage, book: Path) -> str:
    text = await said(stage, "stage", "--book", str(book), *PERIOD, "--format", "json")
    found = re.search(r'"run": "(r[0-9a-f]{12})"', text)
    assert found is not None
    return found[1]


async def rows_of(stage: Stage, run: str) -> int:
    rows = (await all_rows(stage.storage)).values()
    return sum(row.get("run") == run and row["correction"] == "re-rating" for row in rows)


async def test_a_run_that_is_killed_three_times_is_applied_once(
    stage: Stage, corrected_book: Path
) -> None:
    await metered(stage, CALLS)
    assert await charge(stage.storage) == 0
    run = await staged_run(stage, corrected_book)
    await said(stage, "approve", run, "--by", "ada", "--why", "the alias was missing")
    for kill in range(KILLS):
        async with stage.process("rerate", "apply", run, "--batch-calls", "5") as applying:
            before = await rows_of(stage, run)

            async def went_on(before: int = before) -> bool:
                return await rows_of(stage, run) >= before + 15

            # Only patience: a loaded machine starts a process slowly.
            await stage.until(went_on, within_s=120)
            applying.kill()
            await applying.exit_code()
        # The kill fell in the middle: some calls are changed and some are not.
        assert before < await rows_of(stage, run) < CALLS, f"kill {kill} came too late"
        assert (await stage.audit()).ok
    assert "applied: 900 calls changed, 0 left alone" in await said(stage, "apply", run)
    assert await rows_of(stage, run) == CALLS
    assert Decimal(format_pico(await charge(stage.storage))) == CALLS * ONE_CALL
    assert "reverted: 900 calls changed" in await said(
        stage, "revert", run, "--by", "grace", "--why", "not yet"
    )
    assert await charge(stage.storage) == 0
    report = await stage.audit()
    assert (report.ok, report.calls) == (True, CALLS)


async def test_report_is_the_same_bytes_each_time_in_three_forms(
    stage: Stage, corrected_book: Path
) -> None:
    await metered(stage, 10)
    arguments = ("what-if", "--book", str(corrected_book), *PERIOD, "--format", "json")
    async with stage.process("rerate", *arguments) as verb:
        first = await verb.output()
    async with stage.process("rerate", *arguments) as verb:
        assert await verb.output() == first
    document = json.loads(first)
    assert document["engine_version"] == engine_version()
    assert Decimal(document["total"]["after"]) == 10 * ONE_CALL
    assert document["total"]["newly_priced"] == 10
    assert document["total"]["before"] is None
    assert {(line["model"], line["model_after"]) for line in document["lines"]} == {
        ("lab-model-x", "gpt-4o")
    }
    assert {line["before"] for line in document["lines"]} == {None}
    table = await said(stage, *arguments[:-1], "table")
    assert "lab-model-x -> gpt-4o" in table
    assert table.count("no price") == len(document["lines"]) + 1  # and the total
    lines = (await said(stage, *arguments[:-1], "csv")).splitlines()
    assert lines[0].startswith("day,subject,model,cost_centre,calls,changed,before,after,delta")
    assert {line.split(",")[6] for line in lines[1:]} == {""}
    assert "rerate" not in await said(stage, "list")


async def test_what_cannot_be_staged_is_refused_in_words(stage: Stage, tmp_path: Path) -> None:
    await metered(stage, 1)
    missing = await said(stage, "stage", "--book", str(tmp_path / "no.toml"), *PERIOD, code=1)
    assert "no.toml: cannot be read" in missing
    unknown = await said(stage, "stage", "--book-version", "0" * 64, *PERIOD, code=1)
    assert "is in the archive of price books" in unknown
    backwards = ("--from", "2026-12-01", "--to", "2026-11-01")
    assert "is not before" in await said(stage, "stage", *backwards, code=1)
    euro = tmp_path / "euro.toml"
    euro.write_text('[book]\nbilling_currency = "EUR"\n' + FX, encoding="utf-8")
    assert "bills in EUR" in await said(stage, "stage", "--book", str(euro), *PERIOD, code=1)
    assert "there is no run 'r0'" in await said(stage, "show", "r0", code=1)
