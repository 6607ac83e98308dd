"""Snapshots against each other: an unbroken chain, gapless numbers, corrections from the last bill.

Code of its own over plain JSON; no ledger is read.
"""

import hashlib
import json
from collections import Counter
from typing import Any

from table_api.invoicing.snapshots.archive import Archive, snapshot_name
from table_api.invoicing.snapshots.billing_month import BillingMonth
from table_api.invoicing.verification.findings import Findings
from table_api.storage.named_rows import UNREADABLE

Json = dict[str, Any]


class _Month:
    """A month's cells as billed so far: sums, revision and cost centre by key."""

    def __init__(self) -> None:
        self.sums: dict[str, Counter[str]] = {}
        self.rev: dict[str, int] = {}
        self.cost_centre: dict[str, str | None] = {}
        self.of_day: dict[tuple[str, str], str | None] = {}

    def put(self, cell: Json, additive: Json) -> None:
        key = cell["key"]
        self.sums[key] = Counter({name: int(value) for name, value in additive.items()})
        self.rev[key] = cell["rev"]
        self.cost_centre[key] = cell["cost_centre"]
        self.of_day.setdefault(_day(cell), cell["cost_centre"])


async def check_history(archive: Archive, month: BillingMonth, findings: Findings) -> None:
    """Fold all snapshots up to `month`, oldest first, and check the corrections of this one."""
    months: dict[str, _Month] = {}
    previous: BillingMonth | None = None
    digest, next_number = "", 1
    for each in await archive.months():
        if each > month:
            break
        content = await archive.blobs.read(snapshot_name(each))
        if content is None:
            findings.add(f"{snapshot_name(each)} does not stand")
            return
        try:
            snapshot = json.loads(content)
        except ValueError as error:
            findings.add(f"{snapshot_name(each)} is not JSON: {error}")
            return
        try:
            if each == month:
                _check_link(snapshot, previous, digest, next_number, findings)
                _check_corrections(snapshot, months, findings)
            next_number = snapshot["first_number"] + len(_cost_centres(snapshot))
            previous, digest = each, hashlib.sha256(content).hexdigest()
            _fold(snapshot, months)
        except UNREADABLE as error:
            findings.add(f"{snapshot_name(each)} cannot be read: {error!r}")
            return


def _fold(snapshot: Json, months: dict[str, _Month]) -> None:
    own = months.setdefault(snapshot["month"], _Month())
    for cell in snapshot["cells"]:
        own.put(cell, cell["additive"])
    for earlier in snapshot["earlier"]:
        state = months.setdefault(earlier["month"], _Month())
        for cell in earlier["cells"]:
            state.put(cell, cell["after"])


def _check_link(
    snapshot: Json,
    previous: BillingMonth | None,
    digest: str,
    next_number: int,
    findings: Findings,
) -> None:
    name = f"{snapshot_name(findings.month)}"
    expected = None if previous is None else {"month": str(previous), "sha256": digest}
    if snapshot["previous"] != expected:
        findings.add(f"{name} follows {snapshot['previous']}, the month before it is {expected}")
    if previous is not None and previous.moved(1) != findings.month:
        findings.add(f"{name} follows {previous}: a month between them is missing")
    if snapshot["first_number"] != next_number:
        findings.add(
            f"{name} starts with invoice {snapshot['first_number']}, the next is {next_number}"
        )


def _check_corrections(snapshot: Json, months: dict[str, _Month], findings: Findings) -> None:
    layer = "charge" if snapshot["pricing_currency"] == snapshot["billing_currency"] else "billed"
    for earlier in snapshot["earlier"]:
        billed = months.get(earlier["month"], _Month())
        for cell in earlier["cells"]:
            _check_cell(f"{earlier['month']} cell {cell['key']}", cell, billed, findings)
        exact: Counter[str | None] = Counter()
        for key, sums in billed.sums.items():
            exact[billed.cost_centre[key]] += sums[layer]
        for balance in earlier["balances"]:
            if int(balance["exact"]) != exact[balance["cost_centre"]]:
                findings.add(
                    f"{earlier['month']} was billed {exact[balance['cost_centre']]} pico-units to "
                    f"{balance['cost_centre']}, the snapshot says {balance['exact']}"
                )


def _check_cell(place: str, cell: Json, billed: _Month, findings: Findings) -> None:
    key = cell["key"]
    before = Counter({name: int(value) for name, value in cell["before"].items()})
    known = billed.sums.get(key, Counter())
    for name in sorted({*before, *known}):
        if before[name] != known[name]:
            findings.add(f"{place} had {name} = {known[name]}, the snapshot says {before[name]}")
    if cell["before_rev"] != billed.rev.get(key, 0):
        findings.add(
            f"{place} had revision {billed.rev.get(key, 0)}, the snapshot says {cell['before_rev']}"
        )
    first = billed.of_day.get(_day(cell), cell["cost_centre"])
    if first != cell["cost_centre"]:
        findings.add(f"{place} was billed to {first}, the snapshot bills {cell['cost_centre']}")


def _cost_centres(snapshot: Json) -> set[str | None]:
    used = {
        cell["cost_centre"]
        for cell in snapshot["cells"]
        if any(int(value) for value in cell["additive"].values())
    }
    return used | {
        cell["cost_centre"] for earlier in snapshot["earlier"] for cell in earlier["cells"]
    }


def _day(cell: Json) -> tuple[str, str]:
    return cell["facts"]["subject"], cell["facts"]["day"]
