"""The rate from the pricing into the billing currency where a line's own charge shows none. Pure.

What was charged in both currencies says it. The nearest sums that are not nothing do: those of the
cell, of all cells of the day, of the whole snapshot. Where nothing was charged at all, the snapshot
has the rate of each day by the book that was in use.
"""

from collections.abc import Iterator

import msgspec

from pricing_rules.money import divide_half_even
from table_api.invoicing.documents.unit_lines import ExactLine
from table_api.invoicing.snapshots.snapshot import Snapshot, StoredAdditive

_Place = tuple[str, ...]
_EVERYWHERE: _Place = ()


class Conversion:
    """The rates of one snapshot with two currencies."""

    def __init__(self, snapshot: Snapshot) -> None:
        self._sums: dict[_Place, tuple[int, int]] = {}
        """Charge and billed amount in pico-units of the two currencies."""
        self._rates = {} if snapshot.rates is msgspec.UNSET else snapshot.rates
        for cell in snapshot.cells:
            self._learn(snapshot.month, cell.facts, cell.key, cell.additive)
        for earlier in snapshot.earlier:
            for changed in earlier.cells:
                for sums in (changed.before, changed.after):
                    self._learn(earlier.month, changed.facts, changed.key, sums)

    def _learn(
        self, month: str, facts: dict[str, int | str], key: str, sums: StoredAdditive
    ) -> None:
        charge, billed = int(sums.get("charge", 0)), int(sums.get("billed", 0))
        if charge <= 0:
            return
        subject, model = str(facts["subject"]), str(facts["model"])
        line = key.rsplit("|", 1)[1]
        for place in _places(month, str(facts["day"]), subject, model, line):
            before = self._sums.get(place, (0, 0))
            self._sums[place] = before[0] + charge, before[1] + billed

    def converted(self, amount: int, line: ExactLine) -> int | None:
        """Pico-units of the billing currency, for a line of one day.

        None where nothing was charged in the snapshot, and no book said a rate.
        """
        if not amount:
            return 0
        key = line.key
        day = str(key.charge_day)
        for place in _places(key.charge_month, day, key.subject, key.model, key.line):
            if place in self._sums:
                charge, billed = self._sums[place]
                return divide_half_even(amount * billed, charge)
        if day in self._rates:
            numerator, denominator = self._rates[day]
            return divide_half_even(amount * numerator, denominator)
        return None


def _places(month: str, day: str, subject: str, model: str, line: str) -> Iterator[_Place]:
    """The nearest first."""
    yield month, day, subject, model, line
    yield month, day
    yield _EVERYWHERE
