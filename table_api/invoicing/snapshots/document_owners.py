"""Whose documents a closed month has. Kept, because a closed month never changes."""

from collections.abc import Iterable
from dataclasses import dataclass
from sys import intern

from table_api.invoicing.snapshots.archive import Archive
from table_api.invoicing.snapshots.billing_month import BillingMonth
from table_api.invoicing.snapshots.manifest import Manifest

NAMES_KEPT_MAX = 1_000_000
"""Owners of all months together: a name of 10,000 people in 60 months is one text and 60 places."""


@dataclass(frozen=True, slots=True, kw_only=True)
class MonthOwners:
    """Whose documents one month has."""

    cost_centres: frozenset[str]
    """Those with an invoice."""
    subjects: frozenset[str]
    """Those with a statement."""


class DocumentOwners:
    """Those of each closed month that somebody has asked about. Of a SharedArchive all who ask at
    the same moment share a read.
    """

    def __init__(self) -> None:
        self._kept: dict[BillingMonth, MonthOwners] = {}
        self._names = 0

    async def of(self, archive: Archive, month: BillingMonth) -> MonthOwners | None:
        """None while the month is not closed. The first question about it reads its manifest."""
        if (kept := self._kept.get(month)) is not None:
            return kept
        manifest = await archive.manifest(month)
        if manifest is None:
            return None
        if (kept := self._kept.get(month)) is not None:
            return kept  # of another one who waited for the same read
        found = _owners_of(manifest)
        names = len(found.cost_centres) + len(found.subjects)
        if self._names + names <= NAMES_KEPT_MAX:
            self._kept[month] = found
            self._names += names
        return found


def _owners_of(manifest: Manifest) -> MonthOwners:
    return MonthOwners(
        cost_centres=_names(each.cost_centre for each in manifest.invoices),
        subjects=_names(each.subject for each in manifest.statements),
    )


def _names(found: Iterable[str | None]) -> frozenset[str]:
    """One text for the same name in all months."""
    return frozenset(intern(each) for each in found if each is not None)
