"""What earlier closes billed: every cell as the last snapshot that names it has it."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date

from table_api.errors import Altered
from table_api.invoicing.snapshots.archive import Archive, snapshot_name
from table_api.invoicing.snapshots.billing_month import BillingMonth
from table_api.invoicing.snapshots.changes import Billed
from table_api.invoicing.snapshots.snapshot import PreviousSnapshot, Snapshot
from table_api.ledger.measures import decode_measures


@dataclass(frozen=True, slots=True, kw_only=True)
class BilledMonth:
    """A month as all closes up to now have billed it."""

    cells: Mapping[str, Billed]
    """By the cell's RowKey."""
    invoices: Mapping[str | None, str]
    """Numbers of the month's own invoices by cost centre; none where it was never closed."""


class BilledMonths:
    """Reads the snapshots of closed months, one at a time.

    Ask for every month once, the newest first: the first snapshot that names a cell is then its
    last one, and each snapshot says which one it follows.
    """

    def __init__(self, archive: Archive) -> None:
        self._archive = archive
        self._follows: PreviousSnapshot | None = None
        self._corrections: dict[str, dict[str, Billed]] = {}
        self.newest: PreviousSnapshot | None = None
        """The last close; None before any month was read."""
        self.next_number = 1
        """Of the first invoice after the last close."""
        self.lost = 0
        """Events that were counted as lost at the last close, since the consumers began."""

    async def closed(self, month: BillingMonth) -> BilledMonth:
        """A month with a snapshot. Altered when it is not the one that the next month follows."""
        snapshot, digest = await self._archive.standing_snapshot(month)
        found = PreviousSnapshot(month=str(month), sha256=digest)
        if self._follows not in (None, found):
            raise Altered(f"{snapshot_name(month)} is not the one that the next month follows")
        self._follows = snapshot.previous
        if self.newest is None:
            self.newest = found
            self.lost = snapshot.checks.lost_in_all
            self.next_number = snapshot.first_number + len(snapshot.cost_centres())
        self._keep_corrections(snapshot)
        own = {
            cell.key: _billed(cell.rev, cell.cost_centre, cell.facts, cell.additive)
            for cell in snapshot.cells
        }
        return BilledMonth(
            cells=own | self._corrections_of(month), invoices=snapshot.invoice_numbers()
        )

    def never_closed(self, month: BillingMonth) -> BilledMonth:
        """A month before the first close: all that was billed of it are corrections."""
        return BilledMonth(cells=self._corrections_of(month), invoices={})

    def _keep_corrections(self, snapshot: Snapshot) -> None:
        for earlier in snapshot.earlier:
            of_month = self._corrections.setdefault(earlier.month, {})
            for cell in earlier.cells:
                billed = _billed(cell.rev, cell.cost_centre, cell.facts, cell.after)
                of_month.setdefault(cell.key, billed)

    def _corrections_of(self, month: BillingMonth) -> dict[str, Billed]:
        return self._corrections.pop(str(month), {})


def _billed(
    rev: int,
    cost_centre: str | None,
    facts: Mapping[str, int | str],
    additive: Mapping[str, int | str],
) -> Billed:
    return Billed(
        rev=rev,
        cost_centre=cost_centre,
        subject=str(facts["subject"]),
        day=date.fromisoformat(str(facts["day"])),
        sums=decode_measures(additive),
    )
