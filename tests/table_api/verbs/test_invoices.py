"""`python -m table_api invoice …` on Azurite: data on stdout, words on stderr, exit codes."""

import asyncio
import json
from pathlib import Path

import pytest
from azure.storage.blob import BlobServiceClient

from table_api.__main__ import main
from table_api.open_calls.keys import OPEN_CALLS_TABLE, SWEEP
from table_api.storage.azure_tables import AzureTableStorage
from table_api.storage.table_storage import Delete
from tests.fixtures.billing import SALES
from tests.table_api.verbs.months import FIRST, RUNNING, SECOND

KEY = SECOND.replace("-", "")


def test_a_month_without_evidence_that_the_hubs_were_read_is_refused_and_previewed(
    account: str, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    for variable in ("CONSUMER_GROUP", "PAIRING_GROUP"):
        monkeypatch.setenv(variable, "other")
    assert main(["invoice", "close", FIRST]) == 1
    refusal = capsys.readouterr().err
    assert "group other of llm-usage was never read: no `consumers run` has run" in refusal
    assert "group other of apim-diagnostics was never read: no `consumers pair` has run" in refusal
    assert "'A close is refused' in docs/operations.md" in refusal
    assert main(["invoice", "preview", FIRST]) == 0
    assert "not closable yet: group other of llm-usage was never read" in capsys.readouterr().err
    asyncio.run(_forget_the_sweeper(account))
    assert main(["invoice", "close-due", "--invoice-without-pairing", "true"]) == 1
    refusal = capsys.readouterr().err
    assert "no `consumers run` has run" in refusal
    assert "no `consumers pair` has run" not in refusal


def test_a_month_goes_from_preview_to_verified_export(
    account: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    def run(*arguments: str) -> tuple[int, str, str]:
        code = main(["invoice", *arguments])
        captured = capsys.readouterr()
        return code, captured.out, captured.err

    code, out, err = run("preview", SECOND)
    assert (code, "INV-000001\tCC-200 Sales\t0.02\tUSD" in out) == (0, True)
    assert "0 calls wait for their usage" in err
    preview = json.loads(run("preview", SECOND, "--json")[1])
    assert (preview["amount"], preview["open_calls"], preview["not_closable_yet"]) == (
        "0.02",
        0,
        [],
    )
    assert [each["number"] for each in preview["invoices"]] == ["INV-000001"]
    assert preview["invoices"][0]["lines"]
    code, _, err = run("close", SECOND)
    assert (code, f"comes after {FIRST}, which is not closed yet" in err) == (1, True)
    assert run("close", FIRST)[:2] == (
        0, f"{FIRST}\tINV-000001\tCC-100 Search\t0.02\tUSD\n{FIRST}\ttotal\t\t0.02\tUSD\n"
    )  # fmt: skip
    assert json.loads(run("close", FIRST, "--json")[1])[0]["amount"] == "0.02"
    due = json.loads(run("close-due", "--json")[1])
    assert [each["month"] for each in due] == [SECOND]
    assert [(each["number"], each["cost_centre"]) for each in due[0]["invoices"]] == [
        ("INV-000002", "CC-200 Sales")
    ]
    assert json.loads(run("close-due", "--json")[1]) == []  # nothing is due
    assert run("close-due")[:2] == (0, "")
    assert "INV-000002" in run("list")[1]
    months = {each["month"]: each for each in json.loads(run("list", "--json")[1])}
    assert months[FIRST]["amount"] == "0.02"
    assert months[FIRST]["invoices"][0]["number"] == "INV-000001"
    assert json.loads(run("show", "INV-000002")[1])["cost_centre"] == SALES
    assert run("show", "INV-000009")[0] == 1
    code, out, _ = run("verify")
    assert (code, f"{FIRST} ok" in out) == (0, True)
    found = json.loads(run("verify", "--json")[1])
    assert (found["ok"], found["audit"]["ok"]) == (True, True)
    assert [(each["month"], each["ok"]) for each in found["months"]] == [
        (FIRST, True), (SECOND, True)
    ]  # fmt: skip
    folder = tmp_path / "october"
    code, _, err = run("export", SECOND, str(folder), "--names", "--parquet", "--focus-1-2")
    assert code == 0
    assert "Bob" in (folder / "invoices/INV-000002.csv").read_text(encoding="utf-8-sig")
    assert (folder / "focus/cost_and_usage.parquet").stat().st_size > 0
    assert "ProviderName" in (folder / "focus/cost_and_usage_1_2.csv").read_text()
    assert (folder / f"statements/ST-{KEY}-00001.pdf").exists()
    _alter(account)
    code, out, _ = run("verify", SECOND)
    assert (code, "INV-000002.json" in out) == (1, True)


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (["close", "2031-01"], "is not over"),
        (["export", RUNNING, "/nowhere"], "is not closed"),
        (["verify", RUNNING], "does not stand"),
    ],
)
@pytest.mark.usefixtures("account")
def test_what_cannot_be_done_is_said_in_one_line(
    capsys: pytest.CaptureFixture[str], arguments: list[str], words: str
) -> None:
    assert main(["invoice", *arguments]) == 1
    assert words in capsys.readouterr().err


def test_a_month_that_is_none_is_refused_by_the_parser(
    capsys: pytest.CaptureFixture[str],
) -> None:
    assert main(["invoice", "close", "11/2026"]) == 2
    said = capsys.readouterr().err
    assert "MONTH: '11/2026' is not a month; expected YYYY-MM, as in 2026-11" in said


async def _forget_the_sweeper(connection_string: str) -> None:
    async with AzureTableStorage.from_connection_string(connection_string) as storage:
        partition, row_key = SWEEP
        await storage.transact(OPEN_CALLS_TABLE, partition, [Delete(row_key)])


def _alter(connection_string: str) -> None:
    """Change a digit of a stored document, as somebody with the account's key could."""
    with BlobServiceClient.from_connection_string(connection_string) as service:
        blob = service.get_blob_client("invoices", f"{KEY}/invoices/INV-000002.json")
        content = blob.download_blob().readall()
        blob.upload_blob(content.replace(b'"0.02"', b'"0.03"'), overwrite=True)
