"""What the publisher has sent, by charge day, subject and model: for who compares."""

from dataclasses import dataclass
from datetime import date, datetime

from table_api.ledger.day_range import DayRange
from table_api.ledger.measures import MEASURE_ORDER
from table_api.publishing.marks import PUBLISHED_TABLE, DayMark, read_mark_row
from table_api.storage.keys import EVERY_ROW
from table_api.storage.table_storage import TableStorage

CellName = tuple[date, str, str]
"""Charge day, subject and model."""
_CALLS, _CHARGE = MEASURE_ORDER.index("calls"), MEASURE_ORDER.index("charge")


@dataclass(frozen=True, slots=True, kw_only=True)
class PublishedCell:
    """What was sent of one cell."""

    calls: int
    charge: int
    """In pico-units."""
    refused: int
    """Rows that ingestion refused; they are not in the sums."""
    written_at: datetime
    """When the publisher last wrote of this subject's month and model."""


async def published_cells(storage: TableStorage, days: DayRange) -> dict[CellName, PublishedCell]:
    """Every cell of the days of which anything was sent. Raises Unavailable."""
    cells: dict[CellName, PublishedCell] = {}
    for month in days.months():
        async for page in storage.query(PUBLISHED_TABLE, month.month, EVERY_ROW):
            for row in page:
                found = read_mark_row(month.month, row)
                at = found.written_at
                for number, mark in found.days.items():
                    if at is not None and month.start <= number < month.stop:
                        day = date(int(month.month[:4]), int(month.month[4:]), number)
                        cells[day, found.subject, found.model] = _cell(mark, at)
    return cells


def _cell(mark: DayMark, at: datetime) -> PublishedCell:
    calls, charge = (
        mark.amounts[place] if place < len(mark.amounts) else 0 for place in (_CALLS, _CHARGE)
    )
    return PublishedCell(calls=calls, charge=charge, refused=mark.refused, written_at=at)
