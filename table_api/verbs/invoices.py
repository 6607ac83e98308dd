"""The verbs of invoicing. Data goes to stdout, words to stderr."""

import sys
from collections.abc import Sequence
from dataclasses import asdict
from pathlib import Path
from typing import Any

import msgspec
from msgspec import UNSET

from command_line.json_form import print_json
from pricing_rules.money import format_pico
from table_api.invoicing.closing.close import CloseJob
from table_api.invoicing.closing.close_job import open_job
from table_api.invoicing.closing.export import Renditions, export_month
from table_api.invoicing.closing.missing_events import LETTERS_LOOKED_AT_MAX
from table_api.invoicing.closing.month_files import MonthDocuments
from table_api.invoicing.closing.scheduled import run_scheduled
from table_api.invoicing.errors import UnknownDocument
from table_api.invoicing.snapshots.billing_month import BillingMonth
from table_api.invoicing.snapshots.manifest import Manifest
from table_api.invoicing.snapshots.snapshot import Checks
from table_api.invoicing.verification.verify import verify_all
from table_api.settings import Settings
from table_api.verbs.exit_codes import FAILED, say


async def preview(settings: Settings, month: BillingMonth, *, as_json: bool = False) -> int:
    """Print a month's invoices as they would be now."""
    async with open_job(settings) as job:
        documents = await job.preview(month)
    if as_json:
        print_json(_preview_fields(documents))
    else:
        _print_preview(documents)
    return 0


async def close(
    settings: Settings, month: BillingMonth, *, forced: str | None, as_json: bool = False
) -> int:
    """Close a month, or finish a close that was interrupted."""
    async with open_job(settings) as job:
        _print_manifests([await job.close(month, forced=forced)], as_json=as_json)
    return 0


async def close_due(settings: Settings, *, scheduled: bool = False, as_json: bool = False) -> int:
    """Close every month that is over. Those that are closed are printed also where a later one is
    refused.
    """
    if scheduled:
        await run_scheduled(settings)
        return 0
    closed: list[Manifest] = []
    async with open_job(settings) as job:
        try:
            await job.close_due(tell=closed.append)
        finally:
            _print_manifests(closed, as_json=as_json)
    return 0


async def list_invoices(settings: Settings, *, as_json: bool) -> int:
    """Print the invoices of all closed months."""
    async with open_job(settings) as job:
        manifests = await job.archive.manifests()
    _print_manifests(manifests, as_json=as_json)
    return 0


async def show(settings: Settings, number: str) -> int:
    """Print one document as JSON."""
    async with open_job(settings) as job:
        sys.stdout.write((await _document(job, number)).decode())
    return 0


async def export(
    settings: Settings,
    month: BillingMonth,
    folder: Path,
    *,
    names: bool,
    parquet: bool,
    focus_1_2: bool,
) -> int:
    """Write a month's documents into a folder."""
    renditions = Renditions(names=names, parquet=parquet, focus_1_2=focus_1_2)
    async with open_job(settings) as job:
        count = await export_month(job, month, folder, renditions)
    say(f"{count} files of {month} are written to {folder}")
    return 0


async def verify(settings: Settings, month: BillingMonth | None, *, as_json: bool = False) -> int:
    """Verify one month or all of them. 1 when something differs."""
    async with open_job(settings) as job:
        months = await job.archive.months() if month is None else [month]
        report, found = await verify_all(job.archive, job.source.storage, months, now=job.now())
    clean = report.ok and all(findings.ok for findings in found)
    if as_json:
        months_found = [{**asdict(each), "month": str(each.month), "ok": each.ok} for each in found]
        audit = {**asdict(report), "ok": report.ok, "charge": format_pico(report.charge)}
        print_json({"ok": clean, "audit": audit, "months": months_found})
        return 0 if clean else FAILED
    print(report.render())
    for findings in found:
        print(findings.render())
    return 0 if clean else FAILED


async def _document(job: CloseJob, number: str) -> bytes:
    for manifest in await job.archive.manifests():
        for file in manifest.files_of(number):
            if file.name.endswith(".json"):
                return await job.archive.file(BillingMonth.parse(manifest.month), file)
    raise UnknownDocument(f"no closed month has a document {number!r}: `invoice list` shows them")


def _shown(manifest: Manifest) -> dict[str, object]:
    return {
        "month": manifest.month,
        "amount": manifest.amount,
        "currency": manifest.currency,
        "invoices": [
            {"number": each.number, "cost_centre": each.cost_centre, "amount": each.amount}
            for each in manifest.invoices
        ],
    }


def _preview_fields(documents: MonthDocuments) -> dict[str, Any]:
    """The preview for programs: each invoice as `invoice show` has it."""
    snapshot, manifest = documents.snapshot, documents.manifest(())
    return {
        **_shown(manifest),
        "amount_unrounded": manifest.amount_unrounded,
        "invoices": [msgspec.to_builtins(document) for document in documents.invoices],
        "not_billed": [
            {"month": left.month, "cells": left.cells, "amount": format_pico(int(left.amount))}
            for left in snapshot.outside
        ],
        "regrouped": [msgspec.to_builtins(line) for line in snapshot.regrouped],
        "audit_problems": snapshot.checks.audit_problems,
        "not_closable_yet": snapshot.checks.unread,
        "open_calls": snapshot.checks.open_calls,
        "dead_letters": snapshot.checks.dead_letters,
        "dead_letters_of_month": snapshot.checks.dead_letters_of_month,
        "dead_letters_complete": snapshot.checks.dead_letters_complete,
        "lost": snapshot.checks.lost,
    }


def _print_manifests(manifests: Sequence[Manifest], *, as_json: bool) -> None:
    if as_json:
        print_json([_shown(manifest) for manifest in manifests])
        return
    for manifest in manifests:
        _print_manifest(manifest)


def _print_manifest(manifest: Manifest) -> None:
    if manifest.checks is not UNSET:
        _say_missing(manifest.checks)
    for entry in manifest.invoices:
        _print_row(manifest.month, entry.number, entry.cost_centre, entry.amount, manifest.currency)
    _print_row(manifest.month, "total", "", manifest.amount, manifest.currency)


def _print_row(
    month: str, number: str, cost_centre: str | None, amount: str, currency: str
) -> None:
    name = "(no cost centre)" if cost_centre is None else cost_centre
    print(f"{month}\t{number}\t{name}\t{amount}\t{currency}")


def _say_missing(checks: Checks) -> None:
    if checks.dead_letters or not checks.dead_letters_complete:
        more = "" if checks.dead_letters_complete else "; not all were looked at"
        least = "at least " if checks.dead_letters >= LETTERS_LOOKED_AT_MAX else ""
        say(
            f"dead letters: {least}{checks.dead_letters:,} are open, "
            f"{checks.dead_letters_of_month:,} of them of the month{more}"
        )
    if checks.lost:
        say(f"lost: {checks.lost:,} events since the last close that counted them, at least")


def _calls(number: int) -> str:
    return "1 call" if number == 1 else f"{number:,} calls"


def _print_preview(documents: MonthDocuments) -> None:
    snapshot, manifest = documents.snapshot, documents.manifest(())
    _print_manifest(manifest)
    for document in documents.invoices:
        for part in document.subtotals:
            if part.kind == "correction":
                say(f"{document.number}: {part.amount} corrects {part.charge_month}")
        for entry in document.uncharged:
            if entry.calls < 0:
                say(
                    f"{document.number}: {_calls(-entry.calls)} of {entry.charge_month}, no "
                    f"longer {entry.concern}, {entry.subject} {entry.model}"
                )
                continue
            say(
                f"{document.number}: {_calls(entry.calls)} {entry.concern}, {entry.subject} "
                f"{entry.model}, estimate {entry.estimate or 'none'}"
            )
    for left in snapshot.outside:
        say(f"not billed: {left.cells} cells of {left.month} lie outside the look-back")
    for line in snapshot.regrouped:
        say(
            f"{line.subject}, {line.first_day} to {line.last_day}: billed to {line.billed}, now "
            f"belongs to {line.today}; corrections still go to {line.billed}"
        )
    for problem in snapshot.checks.audit_problems:
        say(f"audit: {problem}")
    for reason in snapshot.checks.unread:
        say(f"not closable yet: {reason}")
    waiting = snapshot.checks.open_calls
    its = "s for its" if waiting == 1 else " for their"
    say(f"{_calls(waiting)} wait{its} usage")
