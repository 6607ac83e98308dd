"""A snapshot sorted by who pays: one group per invoice. Pure."""

from dataclasses import dataclass, field

from table_api.invoicing.snapshots.snapshot import ChangedCell, Snapshot, SnapshotCell


@dataclass(slots=True, kw_only=True)
class Correction:
    """What changed in an earlier month for one cost centre."""

    month: str
    before: int
    """Exact pico-units up to the last close: their rounding is what was billed."""
    invoice: str | None
    """The invoice that is corrected; None where the cost centre had none for the month."""
    cells: list[ChangedCell] = field(default_factory=list)


@dataclass(slots=True, kw_only=True)
class Group:
    """Everything one invoice is made of."""

    cost_centre: str | None
    number: str
    """Of the invoice."""
    cells: list[SnapshotCell] = field(default_factory=list)
    corrections: list[Correction] = field(default_factory=list)


def groups_of(snapshot: Snapshot) -> list[Group]:
    """The groups in the order of their invoice numbers."""
    groups = {
        name: Group(cost_centre=name, number=number)
        for name, number in snapshot.invoice_numbers().items()
    }
    for cell in snapshot.cells:
        if cell.cost_centre in groups:  # else all it ever counted was taken back
            groups[cell.cost_centre].cells.append(cell)
    for earlier in snapshot.earlier:
        own = {
            balance.cost_centre: Correction(
                month=earlier.month, before=int(balance.exact), invoice=balance.invoice
            )
            for balance in earlier.balances
        }
        for changed in earlier.cells:
            own[changed.cost_centre].cells.append(changed)
        for name, correction in own.items():
            groups[name].corrections.append(correction)
    return list(groups.values())
