"""Taking a snapshot: reads the ledger, the people and the earlier snapshots. Writes nothing.

No lock is needed against the consumers: a cell is read whole at some revision, and what reaches
it later is billed as a correction by the next close.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta

from msgspec import UNSET
from msgspec.structs import replace

from pricing_rules.price_book.tier_rates import RULES_JOINED_BY
from table_api.invoicing.errors import CloseRefused
from table_api.invoicing.settings import InvoicingSettings
from table_api.invoicing.snapshots.archive import Archive
from table_api.invoicing.snapshots.billed_months import BilledMonth, BilledMonths
from table_api.invoicing.snapshots.billing_month import BillingMonth, iso, period_of, start_of
from table_api.invoicing.snapshots.changes import (
    Comparison,
    changed_month,
    outside,
    place_of,
    regrouped,
)
from table_api.invoicing.snapshots.listed_rates import Rates, listed_rates
from table_api.invoicing.snapshots.price_sources import price_sources
from table_api.invoicing.snapshots.snapshot import (
    RULES,
    Checks,
    EarlierMonth,
    Outside,
    PreviousSnapshot,
    Regrouped,
    Snapshot,
    snapshot_cell,
)
from table_api.ledger.billing_calendar import BillingCalendar
from table_api.ledger.cells import Cell, read_cell
from table_api.ledger.keys import CELL_ROWS, LEDGER_TABLE, month_partitions
from table_api.ledger.measures import decode_measures
from table_api.ledger.meta import LedgerMeta, LedgerSettings
from table_api.people.people import PeopleDirectory
from table_api.storage.named_rows import naming
from table_api.storage.table_storage import TableStorage

CELLS_MAX = 1_000_000
"""Cells of one month: about 2 GB while the snapshot is made."""


@dataclass(frozen=True, slots=True, kw_only=True)
class BillingSource:
    """What a snapshot is taken of."""

    storage: TableStorage
    meta: LedgerMeta
    people: PeopleDirectory
    archive: Archive
    cells_max: int = CELLS_MAX
    """More cells of one month than this are refused."""


@dataclass(frozen=True, slots=True, kw_only=True)
class _History:
    """What the earlier months have become, and what the last close left."""

    previous: PreviousSnapshot | None
    first_number: int
    lost: int
    earlier: tuple[EarlierMonth, ...]
    outside: tuple[Outside, ...]
    regrouped: tuple[Regrouped, ...]


async def take_snapshot(
    source: BillingSource,
    month: BillingMonth,
    settings: InvoicingSettings,
    *,
    checks: Checks,
    now: datetime,
) -> Snapshot:
    """The month as it is now. `checks` say as `lost` only what no later event has shown yet.

    CloseRefused when a cell cannot be billed, Altered when a cell or an earlier snapshot was
    changed.
    """
    ledger = source.meta.settings
    start, end = period_of(source.meta.calendar, month)
    cells = await _read_cells(source, month)
    history = await _history(source, month, settings)
    days = _days(source.meta.calendar, cells, history.earlier)
    return Snapshot(
        month=str(month),
        previous=history.previous,
        first_number=history.first_number,
        taken_at=iso(now),
        zone=ledger.zone,
        period_start=iso(start),
        period_end=iso(end),
        days=days,
        pricing_currency=ledger.pricing_currency,
        billing_currency=ledger.billing_currency,
        issuer=settings.issuer,
        prefix=settings.prefix,
        look_back_months=settings.look_back_months,
        checks=replace(checks, lost=_lost_since(history.lost, checks.lost_in_all) + checks.lost),
        cells=tuple(
            snapshot_cell(key, cells[key], source.people.cost_centre(*place_of(cells[key])))
            for key in sorted(cells)
        ),
        earlier=history.earlier,
        outside=history.outside,
        regrouped=history.regrouped,
        rules=RULES,
        prices=await price_sources(source.storage, _rules(cells, history.earlier)) or UNSET,
        rates=await _rates(source, cells, history.earlier, days) or UNSET,
    )


async def _rates(
    source: BillingSource,
    cells: Mapping[str, Cell],
    earlier: Sequence[EarlierMonth],
    days: Mapping[str, tuple[str, str]],
) -> Rates:
    """None in a ledger of one currency."""
    if _layer(source.meta.settings) == "charge":
        return {}
    changed = [cell for month in earlier for cell in month.cells]
    sums = [
        *(cell.measures for cell in cells.values()),
        *(decode_measures(each) for cell in changed for each in (cell.before, cell.after)),
    ]
    return await listed_rates(source.storage, sums, days)


def _lost_since(before: int, now: int) -> int:
    """Events counted as lost since a close. Where the counters have gone back, as of a damaged row
    of `progress`, all that they count is new.
    """
    return now - before if now >= before else now


def _rules(cells: Mapping[str, Cell], earlier: Sequence[EarlierMonth]) -> set[str]:
    """Base rules and fees by which these cells were rated."""
    facts = [cell.facts for cell in cells.values()]
    changed = [cell.facts for month in earlier for cell in month.cells]
    named = {str(each.get("base_rule")) for each in (*facts, *changed)}
    return {rule for joined in named for rule in joined.split(RULES_JOINED_BY)}


def _days(
    calendar: BillingCalendar, cells: Mapping[str, Cell], earlier: Sequence[EarlierMonth]
) -> dict[str, tuple[str, str]]:
    days = {place_of(cell)[1] for cell in cells.values()}
    days |= {
        date.fromisoformat(str(cell.facts["day"])) for month in earlier for cell in month.cells
    }
    return {
        day.isoformat(): (
            iso(start_of(calendar, day)),
            iso(start_of(calendar, day + timedelta(days=1))),
        )
        for day in sorted(days)
    }


async def ledger_months(storage: TableStorage) -> list[BillingMonth]:
    """Months with rows in the ledger, oldest first."""
    keys = {partition.split("|")[0] async for partition in storage.partitions(LEDGER_TABLE)}
    return sorted(BillingMonth.of_key(key) for key in keys)


async def _history(
    source: BillingSource, month: BillingMonth, settings: InvoicingSettings
) -> _History:
    """Compares every earlier month with what was billed of it, the newest first."""
    closed = [each for each in await source.archive.months() if each < month]
    # A month between closed ones has a snapshot; one that is not closed yet is not corrected.
    never_closed = [
        each for each in await ledger_months(source.storage) if closed and each < closed[0]
    ]
    corrected_from = month.moved(-settings.look_back_months)
    bills = BilledMonths(source.archive)
    earlier: list[EarlierMonth] = []
    left: list[Outside] = []
    moved: list[Regrouped] = []
    for each in sorted({*closed, *never_closed}, reverse=True):
        bill = await bills.closed(each) if each in closed else bills.never_closed(each)
        comparison = await _comparison(source, each, bill)
        if each < corrected_from:
            left += filter(None, [outside(comparison)])
        else:
            earlier += filter(None, [changed_month(comparison)])
            moved += regrouped(comparison)
    return _History(
        previous=bills.newest,
        first_number=bills.next_number,
        lost=bills.lost,
        earlier=tuple(reversed(earlier)),
        outside=tuple(reversed(left)),
        regrouped=tuple(moved),
    )


async def _comparison(source: BillingSource, month: BillingMonth, bill: BilledMonth) -> Comparison:
    return Comparison(
        month=str(month),
        billed=bill.cells,
        cells=await _read_cells(source, month),
        invoices=bill.invoices,
        cost_centre_on=source.people.cost_centre,
        layer=_layer(source.meta.settings),
    )


async def _read_cells(source: BillingSource, month: BillingMonth) -> dict[str, Cell]:
    """All cells of a month by RowKey. CloseRefused when one is in no currency of the ledger,
    Altered when one cannot be read.
    """
    cells: dict[str, Cell] = {}
    for partition in month_partitions(month.key, source.meta.settings.shards):
        async for page in source.storage.query(LEDGER_TABLE, partition, CELL_ROWS):
            for row in page:
                with naming(LEDGER_TABLE, row):
                    cell = read_cell(row)
                    place_of(cell)  # a day that is none has to be named here too
                    cells[str(row["RowKey"])] = cell
            if len(cells) > source.cells_max:
                raise CloseRefused(f"month {month} has more than {source.cells_max:,} cells")
    for key, cell in cells.items():
        _check_currency(f"{month.key} {key}", cell, source.meta.settings)
    return cells


def _layer(settings: LedgerSettings) -> str:
    return "charge" if settings.pricing_currency == settings.billing_currency else "billed"


def _check_currency(place: str, cell: Cell, settings: LedgerSettings) -> None:
    if not any(cell.measures.values()):
        return  # nothing is billed of it, and its facts stay what its first call made them
    currency = str(cell.facts.get("currency"))
    if currency != settings.pricing_currency:
        raise CloseRefused(
            f"cell {place} is in {currency}, the ledger's prices are in {settings.pricing_currency}"
        )
    billing = str(cell.facts.get("billing_currency", settings.pricing_currency))
    if billing != settings.billing_currency and cell.measures.get("charge", 0):
        raise CloseRefused(
            f"cell {place} is billed in {billing}, the ledger bills in "
            f"{settings.billing_currency}: its calls were rated without an exchange rate"
        )
