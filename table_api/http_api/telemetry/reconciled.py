"""The three sides compared, cell by cell and then by day. Pure.

A cell that the publisher has not sent is `behind`. One that was sent some minutes ago may still be
on its way: it is `arriving`. Any other cell in which Application Insights is not as the ledger
`differs`, and so does one of which ingestion refused a row, since no pass sends that by itself, and
one that only Application Insights has.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta

from pricing_rules.money import format_pico
from table_api.http_api.conventions.models import Fields
from table_api.http_api.visible.insights import ThreeSides
from table_api.publishing.published_days import CellName, PublishedCell
from telemetry.queries.answers import Cell

ARRIVES_WITHIN = timedelta(minutes=10)
"""Application Insights shows an item after one to five minutes."""
KEPT = timedelta(days=90)
"""Application Insights keeps items for 90 days unless it is told otherwise."""
NOTHING = 0, 0


@dataclass(slots=True)
class _Sums:
    """Of one day: calls and pico-units of each side, and how many cells are in each state."""

    ledger: list[int] = field(default_factory=lambda: [0, 0])
    published: list[int] = field(default_factory=lambda: [0, 0])
    insights: list[int] = field(default_factory=lambda: [0, 0])
    cells: int = 0
    behind: int = 0
    arriving: int = 0
    differing: int = 0
    refused: int = 0
    copies: int = 0
    conflicts: int = 0
    sampled: int = 0


def reconciled_days(sides: ThreeSides, now: datetime) -> Iterator[Fields]:
    """The lines of models.Reconciliation, each as models.ReconciledDay."""
    days: dict[date, _Sums] = {}
    for name in sides.ledger.keys() | sides.published.keys() | sides.insights.keys():
        _add(days.setdefault(name[0], _Sums()), sides, name, now)
    for day in sorted(days):
        yield _line(day, days[day], now)


def _add(sums: _Sums, sides: ThreeSides, name: CellName, now: datetime) -> None:
    cells = sides.ledger.get(name, ())
    ledger = sum(cell.totals.calls for cell in cells), sum(cell.totals.charge for cell in cells)
    sent = sides.published.get(name)
    published = (sent.calls, sent.charge) if sent else NOTHING
    items = sides.insights.get(name, ())
    held = sum(item.calls for item in items), sum(item.pico for item in items)
    for total, part in (
        (sums.ledger, ledger), (sums.published, published), (sums.insights, held),
    ):  # fmt: skip
        total[0] += part[0]
        total[1] += part[1]
    _count_items(sums, items)
    sums.cells += 1
    sums.refused += sent.refused if sent else 0
    if held == ledger:
        return
    if published != ledger and not (sent and sent.refused):
        sums.behind += 1
    elif published == ledger and _is_recent(sent, now):
        sums.arriving += 1
    else:
        sums.differing += 1


def _count_items(sums: _Sums, items: Sequence[Cell]) -> None:
    for item in items:
        sums.copies += item.copies
        sums.conflicts += item.conflicts
        sums.sampled += item.sampled


def _is_recent(sent: PublishedCell | None, now: datetime) -> bool:
    return sent is not None and now < sent.written_at + ARRIVES_WITHIN


def _line(day: date, sums: _Sums, now: datetime) -> Fields:
    fields: Fields = {"day": day, "state": _state(day, sums, now)}
    for side in ("ledger", "published", "insights"):
        calls, pico = getattr(sums, side)
        fields |= {f"{side}_calls": calls, f"{side}_charge": format_pico(pico)}
    return fields | {
        "cells": sums.cells,
        "behind_cells": sums.behind,
        "arriving_cells": sums.arriving,
        "differing_cells": sums.differing,
        "refused_rows": sums.refused,
        "copies": sums.copies,
        "conflicts": sums.conflicts,
        "sampled": sums.sampled,
    }


def _state(day: date, sums: _Sums, now: datetime) -> str:
    if not (sums.behind or sums.arriving or sums.differing):
        return "equal"
    if day < (now - KEPT).date():
        return "not_kept"
    if sums.differing:
        return "differs"
    return "behind" if sums.behind else "arriving"
