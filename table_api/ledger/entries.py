"""A call's chain as read: its LedgerEntry and its corrections, each with typed facts. Pure.

Only this file and `recorded_call` look into the columns of a chain row; `entry_columns` makes them.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import date, datetime
from typing import TypeVar

import msgspec

from pricing_rules.provider_usage.anthropic import is_anthropic
from pricing_rules.types import CallState, Caveats, Exclusion, Operation, Rank
from table_api.ledger.keys import LEDGER_TABLE, split_call_key
from table_api.ledger.measures import Measures, decode_measures
from table_api.ledger.posting import UNKNOWN_MODEL, Origin, Report
from table_api.storage.named_rows import UNREADABLE, unreadable
from table_api.storage.table_storage import Row, Value
from table_api.storage.timestamp import parse_time

T = TypeVar("T")


class Effect(msgspec.Struct, frozen=True, gc=False):
    """What one chain row did to one cell, in the transaction that gave the cell `rev`."""

    cell: str
    rev: int
    delta: Measures


@dataclass(frozen=True, slots=True)
class LedgerAdjustment:
    """A modifier's step between two layers, as recorded."""

    rule_id: str
    layer: str
    factor: str | None
    delta: int
    """Pico-units."""


@dataclass(frozen=True, slots=True, kw_only=True)
class LedgerEntry:
    """One row of a call's chain: the state of the call after it."""

    partition: str
    entry_key: str
    """RowKey of the chain's first row."""
    number: int
    """0 for the entry, n for its n-th correction."""
    row: Row
    """Every fact as stored; the columns are listed in docs/tables.md."""
    measures: Measures
    """What the call counts after this row."""
    effects: tuple[Effect, ...]
    adjustments: tuple[LedgerAdjustment, ...]

    def _as(self, read: Callable[[Row], T]) -> T:
        """What is read of the row; Altered names a row that somebody has damaged."""
        try:
            return read(self.row)
        except UNREADABLE as error:
            raise unreadable(LEDGER_TABLE, self.row, error) from error

    def text(self, column: str) -> str | None:
        """A fact as text, None when absent."""
        value = self.row.get(column)
        return None if value is None else str(value)

    @property
    def call_id(self) -> str:
        """The event's id."""
        return self._as(lambda row: str(row["call_id"]))

    @property
    def subject(self) -> str:
        """Who is billed."""
        return self._as(lambda row: str(row["subject"]))

    @property
    def time(self) -> datetime:
        """When the request reached the gateway."""
        return self._as(lambda row: parse_time(row["time"]))

    @property
    def day(self) -> date:
        """The charge day."""
        return self._as(lambda row: date.fromisoformat(str(row["day"])))

    @property
    def operation(self) -> Operation:
        """Which model API was called."""
        return self._as(lambda row: Operation(str(row["operation"])))

    @property
    def status(self) -> int:
        """HTTP status of the answer."""
        return self._as(lambda row: int(row["status"]))

    @property
    def stream(self) -> bool:
        """Whether the answer was streamed."""
        return self._as(lambda row: row["stream"] is True)

    @property
    def duration_ms(self) -> int | None:
        """How long the call took."""
        duration = self.row.get("duration_ms")
        return None if duration is None else self._as(lambda _: int(duration))

    @property
    def deployment(self) -> str | None:
        """The name in the request."""
        return self.text("deployment")

    @property
    def session(self) -> str | None:
        """As the caller named it."""
        return self.text("session")

    @property
    def model(self) -> str:
        """As the call's cell names it: canonical, else reported, else the deployment, else
        UNKNOWN_MODEL."""
        return model_of(self.row)

    @property
    def state(self) -> CallState:
        """What the cost stands on."""
        return self._as(lambda row: CallState(str(row["state"])))

    @property
    def has_cost(self) -> bool:
        """Whether the call was rated to a cost, be it nothing."""
        return self.state in (CallState.PRICED, CallState.ZERO)

    @property
    def reason(self) -> str | None:
        """Why the state is not `priced`."""
        return self.text("reason")

    @property
    def book_version(self) -> str:
        """Of the price book that rated it."""
        return self._as(lambda row: str(row["book_version"]))

    @property
    def cost_centre(self) -> str | None:
        """The subject's on the charge day, where a rule used it."""
        return self.text("cost_centre")

    @property
    def billing_currency(self) -> str | None:
        """Of the `billed` amounts; None in a ledger of one currency, which has none."""
        return self.text("billing_currency")

    @property
    def excludes(self) -> tuple[str, ...]:
        """What the cost leaves out (Exclusion)."""
        return self._as(excludes_of)

    @property
    def alias_unconfirmed(self) -> bool:
        """Whether the alias alone says which model served."""
        return self.row.get("alias_unconfirmed") is True

    @property
    def caveats(self) -> Caveats | None:
        """Why the counts alone may not set the price; None of nearly every call."""
        said = self.text("caveats")
        return None if said is None else self._as(lambda _: msgspec.json.decode(said, type=Caveats))

    @property
    def recorded_at(self) -> datetime:
        """When the row was written."""
        return self._as(lambda row: parse_time(row["recorded_at"]))

    @property
    def correction(self) -> str | None:
        """Why the chain went on with this row; None for the entry."""
        return self.text("correction")

    @property
    def run(self) -> str | None:
        """The re-rating run that wrote or undid it."""
        return self.text("run")

    @property
    def run_by(self) -> str | None:
        """Who approved or reverted the run."""
        return self.text("run_by")

    @property
    def rank(self) -> Rank:
        """How good the source of its usage is."""
        return self._as(lambda row: Rank(int(row["rank"])))

    @property
    def report(self) -> Report:
        """The report that this state stands on."""
        rank = self.rank
        return self._as(lambda row: Report((rank, int(row["tokens"])), str(row["fingerprint"])))

    @property
    def cell(self) -> str | None:
        """RowKey of the cell it counts in after this row; None for a moved call."""
        return self.text("cell")

    @property
    def origin(self) -> Origin:
        """Where the event stood that made this row."""
        return self._as(_origin)

    def stands_on(self, origin: Origin) -> bool:
        """Whether this very event is the report that the row has."""
        return (
            self.row["hub"],
            self.row["partition"],
            int(self.row["sequence_number"]),
        ) == (origin.hub, origin.partition, origin.sequence_number)


def _origin(row: Row) -> Origin:
    return Origin(
        hub=str(row["hub"]),
        partition=str(row["partition"]),
        sequence_number=int(row["sequence_number"]),
        enqueued_time=parse_time(row["enqueued_time"]),
    )


def read_entry(row: Row) -> LedgerEntry:
    """A chain row. Altered names one that cannot be read, here or when a fact is asked for."""
    try:
        return _read_entry(row)
    except UNREADABLE as error:
        raise unreadable(LEDGER_TABLE, row, error) from error


def _read_entry(row: Row) -> LedgerEntry:
    entry_key, number = split_call_key(str(row["RowKey"]))
    measures = decode_measures(row)
    if "effects" in row:
        effects = tuple(
            Effect(str(cell), int(rev), decode_measures(delta))
            for cell, rev, delta in msgspec.json.decode(str(row["effects"]))
        )
    else:
        effects = (Effect(str(row["cell"]), int(row["rev"]), measures),)
    return LedgerEntry(
        partition=str(row["PartitionKey"]),
        entry_key=entry_key,
        number=number,
        row=row,
        measures=measures,
        effects=effects,
        adjustments=_adjustments(str(row["adjustments"])) if "adjustments" in row else (),
    )


def _adjustments(text: str) -> tuple[LedgerAdjustment, ...]:
    return tuple(
        LedgerAdjustment(rule_id, layer, factor, int(delta))
        for rule_id, layer, factor, delta in msgspec.json.decode(text)
    )


_NAMES = ("model", "reported_model", "deployment")
MODEL_COLUMNS = (*_NAMES, "cell")
"""What `model_of` looks at: a read of some columns has to ask for them."""
EXCLUDES_COLUMNS = ("excludes", "state", "rank", "operation", *MODEL_COLUMNS)
"""What `excludes_of` looks at."""


def model_of(row: Mapping[str, Value]) -> str:
    """`LedgerEntry.model` of a row that was read in part."""
    if not row.get("model") and str(row.get("cell")).split("|")[3:4] == [UNKNOWN_MODEL]:
        return UNKNOWN_MODEL  # the cell leaves out a name that anybody may make up
    for column in _NAMES:
        if name := row.get(column):
            return str(name)
    return UNKNOWN_MODEL


def excludes_of(row: Mapping[str, Value]) -> tuple[str, ...]:
    """`LedgerEntry.excludes` of a row that was read in part. The oldest rows do not say it."""
    said = row.get("excludes")
    if said is not None:
        return tuple(str(said).split(","))
    return (Exclusion.CACHE_WRITE,) if _excludes_cache_writes(row) else ()


def _excludes_cache_writes(row: Mapping[str, Value]) -> bool:
    """Whether the row has a cost, of Anthropic's usage, from the gateway's log."""
    if row["state"] != CallState.PRICED or int(row["rank"]) != Rank.GATEWAY_LOG:
        return False
    return is_anthropic(str(row["operation"]), (str(row.get(name) or "") for name in _NAMES))
