"""Verification of a closed month: documents from lines, lines from cells, cells from chains.

What is re-added is re-added with code of its own: of the writers it takes the number type and the
names of blobs. Beside that, every stored file must be what the snapshot makes today.
"""

import hashlib
import json
from collections.abc import Iterator, Sequence
from datetime import datetime
from typing import Any

from table_api.audit.ledger_audit import AuditReport, audit
from table_api.errors import Altered
from table_api.invoicing.closing.month_files import MonthDocuments, documents_of, stored_file
from table_api.invoicing.errors import NotClosed
from table_api.invoicing.snapshots.archive import Archive, file_name, manifest_name, snapshot_name
from table_api.invoicing.snapshots.billing_month import BillingMonth
from table_api.invoicing.snapshots.manifest import File, encode_manifest
from table_api.invoicing.snapshots.snapshot import decode_snapshot
from table_api.invoicing.verification.findings import Findings
from table_api.invoicing.verification.history import check_history
from table_api.invoicing.verification.ledger import check_ledger
from table_api.invoicing.verification.lines import LineCheck
from table_api.storage.named_rows import UNREADABLE
from table_api.storage.table_storage import TableStorage


async def verify(archive: Archive, storage: TableStorage, month: BillingMonth) -> Findings:
    """Verify one month against the ledger and all snapshots before it. NotClosed without one."""
    findings = Findings(month)
    blobs = await _read_month(archive, month)
    snapshot = _parsed(snapshot_name(month), blobs, findings)
    manifest = _parsed(manifest_name(month), blobs, findings)
    if snapshot is None or manifest is None:
        return findings
    digest = hashlib.sha256(blobs[snapshot_name(month)]).hexdigest()
    if manifest.get("snapshot_sha256") != digest:
        findings.add(f"{snapshot_name(month)} has sha256 {digest}, not the one in the manifest")
    try:
        _check_files(month, blobs, manifest, findings)
    except UNREADABLE as error:
        findings.add(f"{manifest_name(month)} cannot be read: {error!r}")
    _check_remade(month, blobs, findings)
    try:
        LineCheck(snapshot, blobs, findings).run()
        await check_history(archive, month, findings)
        await check_ledger(storage, snapshot, findings)
    except UNREADABLE as error:  # a field is gone or is of another kind
        findings.add(f"{month.key}: a snapshot or an invoice cannot be read: {error!r}")
    return findings


async def verify_all(
    archive: Archive, storage: TableStorage, months: Sequence[BillingMonth], *, now: datetime
) -> tuple[AuditReport, list[Findings]]:
    """The ledger's own cells from its chains, once, and each month. NotClosed without one."""
    report = await audit(storage, now=now)
    return report, [await verify(archive, storage, month) for month in months]


async def _read_month(archive: Archive, month: BillingMonth) -> dict[str, bytes]:
    blobs = {}
    async for name in archive.blobs.names(f"{month.key}/"):
        content = await archive.blobs.read(name)
        if content is not None:
            blobs[name] = content
    for name in (snapshot_name(month), manifest_name(month)):
        if name not in blobs:
            raise NotClosed(f"{name} does not stand: run `invoice close {month}`")
    return blobs


def _parsed(name: str, blobs: dict[str, bytes], findings: Findings) -> dict[str, Any] | None:
    try:
        content = json.loads(blobs[name])
    except ValueError as error:
        findings.add(f"{name} is not JSON: {error}")
        return None
    if not isinstance(content, dict):
        findings.add(f"{name} holds no object")
        return None
    return content


def _check_files(
    month: BillingMonth, blobs: dict[str, bytes], manifest: dict[str, Any], findings: Findings
) -> None:
    """Every file of the manifest stands with its hash, and no other file stands."""
    listed = {snapshot_name(month), manifest_name(month)}
    for file in manifest.get("files", []):
        name = file_name(month, str(file.get("name")))
        listed.add(name)
        if name not in blobs:
            findings.add(f"{name} is named by the manifest and does not stand")
            continue
        findings.files += 1
        digest = hashlib.sha256(blobs[name]).hexdigest()
        if file.get("sha256") != digest:
            findings.add(f"{name} has sha256 {digest}, the manifest says {file.get('sha256')}")
        if file.get("bytes") != len(blobs[name]):
            findings.add(f"{name} has {len(blobs[name])} bytes, the manifest says otherwise")
    for name in sorted(set(blobs) - listed):
        findings.add(f"{name} stands and is not named by the manifest")


def _check_remade(month: BillingMonth, blobs: dict[str, bytes], findings: Findings) -> None:
    """Make everything once more from the snapshot and compare byte for byte."""
    name = snapshot_name(month)
    try:
        snapshot = decode_snapshot(blobs[name], name)
        documents = documents_of(snapshot, hashlib.sha256(blobs[name]).hexdigest())
        files = list(_remade(month, blobs, documents, findings))
        manifest = documents.manifest(sorted(files, key=lambda file: file.name))
    except (Altered, *UNREADABLE) as error:
        findings.add(f"{name} makes no documents any more: {error!r}")
        return
    place = manifest_name(month)
    _compare(place, blobs[place], encode_manifest(manifest), findings)


def _remade(
    month: BillingMonth, blobs: dict[str, bytes], documents: MonthDocuments, findings: Findings
) -> Iterator[File]:
    for file in documents.files():
        place = file_name(month, file.name)
        if place not in blobs:
            findings.add(f"{place} is made by the snapshot and does not stand")
            continue
        if file.exact:
            _compare(place, blobs[place], file.make(), findings)
        yield stored_file(file, blobs[place])


def _compare(place: str, standing: bytes, made: bytes, findings: Findings) -> None:
    """Name the first line that differs."""
    if standing == made:
        return
    for number, (found, expected) in enumerate(_paired(standing, made), start=1):
        if found != expected:
            findings.add(f"{place} line {number} reads {found!r}, the snapshot makes {expected!r}")
            return


def _paired(standing: bytes, made: bytes) -> Iterator[tuple[str, str]]:
    left = standing.decode("utf-8", "replace").split("\n")
    right = made.decode("utf-8", "replace").split("\n")
    longest = max(len(left), len(right))
    left += ["(nothing)"] * (longest - len(left))
    right += ["(nothing)"] * (longest - len(right))
    for found, expected in zip(left, right, strict=True):
        yield found.strip()[:120], expected.strip()[:120]
