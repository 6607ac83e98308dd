"""The snapshot of a closed month: everything its documents are made of, as one canonical JSON.

Counts and quantities are integers, amounts are strings of pico-units, as in the ledger.
"""

import hashlib
from collections.abc import Mapping

import msgspec

from table_api.errors import Altered
from table_api.ledger.cells import Cell
from table_api.ledger.measures import Measures, decode_measures, encode_measures
from table_api.storage.table_storage import Value

SCHEMA = "llm-chargeback/snapshot/1"
RULES = 5
"""How documents are made of a snapshot, from now on. 1 had no `x_CallsExcluding` in FOCUS. 2 spread
the cents of an invoice over its lines at once and estimated failed calls. 3 spreads the cents over
people first, and lists failed calls apart. 4 makes no line of what calls without an amount used,
estimates it only where the tokens are theirs alone, and converts the list price of free calls. 5
adds tokens to nothing else in the CSV of an invoice.
"""
INVOICE_DIGITS = 6

StoredAdditive = dict[str, int | str]


class _Stored(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A part of a snapshot as stored."""


class SnapshotCell(_Stored, frozen=True, kw_only=True):
    """A cell of the closed month, cumulative at its revision."""

    key: str
    """RowKey in the ledger."""
    rev: int
    cost_centre: str | None
    """Of the subject on the charge day, when the month was closed."""
    facts: dict[str, int | str]
    additive: StoredAdditive

    @property
    def sums(self) -> Measures:
        """The additive columns as numbers."""
        return decode_measures(self.additive)


class ChangedCell(_Stored, frozen=True, kw_only=True):
    """A cell of an earlier month whose sums differ from what was snapshotted last."""

    key: str
    rev: int
    before_rev: int
    """0 for a cell that was in no snapshot."""
    cost_centre: str | None
    """The one that was billed first; for a subject and day without bill, today's."""
    facts: dict[str, int | str]
    before: StoredAdditive
    after: StoredAdditive

    @property
    def delta(self) -> Measures:
        """after − before, without what did not change."""
        before, after = decode_measures(self.before), decode_measures(self.after)
        names = sorted({*before, *after})
        changes = {name: after.get(name, 0) - before.get(name, 0) for name in names}
        return {name: change for name, change in changes.items() if change}


class Balance(_Stored, frozen=True, kw_only=True):
    """What an earlier month had come to for a cost centre before this close."""

    cost_centre: str | None
    exact: str
    """Pico-units of the billing currency; its rounding is what all earlier invoices add up to."""
    invoice: str | None
    """The month's own invoice of the cost centre; None where it had none."""


class EarlierMonth(_Stored, frozen=True, kw_only=True):
    """What changed in an earlier month since it was snapshotted last."""

    month: str
    balances: tuple[Balance, ...]
    """Of the cost centres with changed cells."""
    cells: tuple[ChangedCell, ...]


class Outside(_Stored, frozen=True, kw_only=True):
    """A month before the look-back that changed: listed on no invoice, kept here in sight."""

    month: str
    cells: int
    amount: str
    """Pico-units of the billing currency that are not billed."""


class Regrouped(_Stored, frozen=True, kw_only=True):
    """A billed subject and day whose cost centre is another today: the bill stays as it is."""

    subject: str
    first_day: str
    last_day: str
    billed: str | None
    today: str | None


class Checks(_Stored, frozen=True, kw_only=True, omit_defaults=True):
    """What was looked at before the close, and why it was done all the same."""

    audit_problems: tuple[str, ...]
    audited_calls: int
    open_calls: int
    forced: str | None
    """The operator's reason for closing in spite of what was found."""
    unread: tuple[str, ...] = ()
    """What does not show that it read the hubs past the month's end."""
    without_pairing: bool = False
    """Whether the operator said that pairing is not used."""
    dead_letters: int = 0
    """Open ones that may be calls of the month or of an earlier one: nobody knows which."""
    dead_letters_of_month: int = 0
    """Among them those that may be of the month: only these stand against the close."""
    dead_letters_complete: bool = True
    """False when a hub had more open ones since the month began than were looked at."""
    lost: int = 0
    """Events that retention took before they were read, since the last close that counted them; at
    least. Closes by rules before 4 did not. What a hub that holds nothing says to be gone is among
    them at each close, until a later event counts it.
    """
    lost_in_all: int = 0
    """Those that were counted since the consumers began: what is only said to be gone may come."""


class PreviousSnapshot(_Stored, frozen=True, kw_only=True):
    """The month closed before this one."""

    month: str
    sha256: str


class PriceSource(_Stored, frozen=True, kw_only=True, omit_defaults=True):
    """Where the price of a rule is from."""

    source: str
    """Kind: azure-retail, report, …"""
    checked: str
    """Day on which the price was last compared with the source, as known at the close."""
    version: str | None = None
    url: str | None = None
    region: str | None = None


class Snapshot(_Stored, frozen=True, kw_only=True):
    """A closed month."""

    schema: str = SCHEMA
    month: str
    previous: PreviousSnapshot | None
    first_number: int
    """Of this month's first invoice; numbers go on without a gap from month to month."""
    taken_at: str
    zone: str
    period_start: str
    period_end: str
    """Exclusive, like every end."""
    days: dict[str, tuple[str, str]]
    """First instant of each charge day below, and of the next one, by the frozen transitions."""
    pricing_currency: str
    billing_currency: str
    issuer: str
    prefix: str
    look_back_months: int
    checks: Checks
    cells: tuple[SnapshotCell, ...]
    earlier: tuple[EarlierMonth, ...]
    outside: tuple[Outside, ...]
    regrouped: tuple[Regrouped, ...]
    rules: int = 1
    """See RULES: a month that was closed by earlier rules is made by them for ever."""
    prices: dict[str, PriceSource] | msgspec.UnsetType = msgspec.UNSET
    """By base rule of the cells above. Nothing depends on it; earlier closes do not have it."""
    rates: dict[str, tuple[int, int]] | msgspec.UnsetType = msgspec.UNSET
    """Into the billing currency, by charge day: numerator and denominator. Only where nothing above
    was charged, so that no cell says a rate; earlier closes do not have it."""

    @property
    def layer(self) -> str:
        """The layer that is billed."""
        return "charge" if self.pricing_currency == self.billing_currency else "billed"

    def invoice_numbers(self) -> dict[str | None, str]:
        """`INV-000017` by cost centre: gapless over all months."""
        return {
            name: f"{self.prefix}-{self.first_number + index:0{INVOICE_DIGITS}d}"
            for index, name in enumerate(self.cost_centres())
        }

    def cost_centres(self) -> list[str | None]:
        """Those with an invoice, in the order of their numbers: by name, the nameless one last."""
        found = {cell.cost_centre for cell in self.cells if any(cell.sums.values())}
        found |= {cell.cost_centre for month in self.earlier for cell in month.cells}
        return sorted(found, key=lambda name: (name is None, name or ""))


_decoder = msgspec.json.Decoder(Snapshot)


def encode_snapshot(snapshot: Snapshot) -> bytes:
    """Canonical bytes: sorted keys, no spaces, one line."""
    return msgspec.json.encode(snapshot, order="sorted") + b"\n"


def decode_snapshot(content: bytes, name: str) -> Snapshot:
    """The snapshot of these bytes. Altered when they are not what `encode_snapshot` writes."""
    try:
        snapshot = _decoder.decode(content)
    except (msgspec.DecodeError, UnicodeDecodeError) as error:
        raise Altered(f"{name} is not a snapshot: {error}") from error
    if snapshot.schema != SCHEMA:
        raise Altered(f"{name} has schema {snapshot.schema!r}, this program reads {SCHEMA!r}")
    return snapshot


def sha256(content: bytes) -> str:
    """Hex digest."""
    return hashlib.sha256(content).hexdigest()


def snapshot_cell(key: str, cell: Cell, cost_centre: str | None) -> SnapshotCell:
    """A cell of the ledger as the snapshot keeps it."""
    return SnapshotCell(
        key=key,
        rev=cell.rev,
        cost_centre=cost_centre,
        facts=stored_facts(cell.facts),
        additive=stored(cell.measures),
    )


def stored(additive: Measures) -> StoredAdditive:
    """Measures columns as the ledger stores them."""
    return {name: _number(value) for name, value in encode_measures(additive).items()}


def _number(value: Value) -> int | str:
    return value if isinstance(value, str) else int(value)


def stored_facts(facts: Mapping[str, Value]) -> dict[str, int | str]:
    """Facts of a cell; the ledger's reads give every integer as text, whatever storage it is."""
    return {name: str(value) for name, value in sorted(facts.items())}
