"""A call's chain: its LedgerEntry and its corrections, as rows and back. Pure."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

import msgspec

from pricing_rules.provider_usage.anthropic import is_anthropic
from pricing_rules.types import CallState, PricedCall, Rank
from table_api.ledger.keys import split_call_key
from table_api.ledger.measures import Measures, decode_additive, encode_additive
from table_api.ledger.posting import Origin, Posting, Report
from table_api.storage.table_storage import Row, Value
from table_api.storage.timestamp import parse_time, timestamp


class Effect(msgspec.Struct, frozen=True, gc=False):
    """What one chain row did to one cell, in the transaction that gave the cell `rev`."""

    cell: str
    rev: int
    delta: Measures


@dataclass(frozen=True, slots=True)
class Because:
    """Why a chain goes on."""

    correction: str
    """`stronger report`, `moved`, `re-rating` or `revert`."""
    run: str | None = None
    """Re-rating run."""
    by: str | None = None
    """Who approved or reverted the run."""


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
    additive: Measures
    """What the call counts after this row."""
    effects: tuple[Effect, ...]
    adjustments: tuple[LedgerAdjustment, ...]

    def text(self, column: str) -> str | None:
        """A fact as text, None when absent."""
        value = self.row.get(column)
        return None if value is None else str(value)

    @property
    def has_cost(self) -> bool:
        """Whether the call was rated to a cost, be it nothing."""
        return self.row["state"] in (CallState.PRICED, CallState.ZERO)

    @property
    def report(self) -> Report:
        """The report that this state stands on."""
        strength = (int(self.row["rank"]), int(self.row["tokens"]))
        return Report(strength, str(self.row["fingerprint"]))

    @property
    def cell(self) -> str | None:
        """RowKey of the cell it counts in after this row; None for a moved call."""
        return self.text("cell")

    @property
    def time(self) -> datetime:
        """When the request reached the gateway."""
        return parse_time(self.row["time"])

    @property
    def origin(self) -> Origin:
        """Where the event stood that made this row."""
        return Origin(
            hub=str(self.row["hub"]),
            partition=str(self.row["partition"]),
            sequence_number=int(self.row["sequence_number"]),
            enqueued_time=parse_time(self.row["enqueued_time"]),
        )

    def stands_on(self, origin: Origin) -> bool:
        """Whether this very event is the report that the row has."""
        return (
            self.row["hub"],
            self.row["partition"],
            int(self.row["sequence_number"]),
        ) == (origin.hub, origin.partition, origin.sequence_number)


def entry_columns(
    posting: Posting, effects: Sequence[Effect], *, recorded_at: datetime
) -> dict[str, Value]:
    """The columns of a new entry. Its effect is its own state, so it needs no column of its own."""
    columns = _state_columns(posting, effects, recorded_at)
    if posting.cell is None:
        columns["effects"] = "[]"
    return columns


def correction_columns(
    posting: Posting, effects: Sequence[Effect], *, because: Because, recorded_at: datetime
) -> dict[str, Value]:
    """The columns of a correction: the state after it, and what it changed."""
    columns = _state_columns(posting, effects, recorded_at)
    columns["correction"] = because.correction
    if because.run is not None:
        columns["run"] = because.run
    if because.by is not None:
        columns["run_by"] = because.by
    columns["effects"] = msgspec.json.encode(
        [[effect.cell, effect.rev, encode_additive(effect.delta)] for effect in effects]
    ).decode()
    return columns


def _state_columns(
    posting: Posting, effects: Sequence[Effect], recorded_at: datetime
) -> dict[str, Value]:
    columns = _facts(posting)
    columns.update(encode_additive(posting.additive))
    columns["fingerprint"] = posting.report.fingerprint
    columns["day"] = posting.day.isoformat()
    if posting.cell is not None:
        columns["cell"] = posting.cell
        [columns["rev"]] = [effect.rev for effect in effects if effect.cell == posting.cell]
    columns["recorded_at"] = timestamp(recorded_at)
    return columns


def _facts(posting: Posting) -> dict[str, Value]:
    """What is said of the call beside sums; what is not known makes no column."""
    priced, origin = posting.call.priced, posting.call.origin
    event = priced.event
    usage, caller, replaced = event.usage, event.caller, event.replaces
    one_currency = priced.billing_currency == priced.pricing_currency
    facts: dict[str, Value | None] = {
        "call_id": event.id,
        "subject": event.subject,
        "time": timestamp(event.time),
        "state": priced.state.value,
        "status": event.status,
        "stream": event.stream,
        "operation": event.operation.value,
        "rank": int(event.rank),
        "tokens": posting.report.strength[1],
        "book_version": priced.book_version,
        "currency": priced.pricing_currency,
        "hub": origin.hub,
        "partition": origin.partition,
        "sequence_number": origin.sequence_number,
        "enqueued_time": timestamp(origin.enqueued_time),
        "source": event.source,
        "billing_currency": None if one_currency else priced.billing_currency,
        "reasoning": (usage.reasoning or None) if usage else None,
        "adjustments": _adjustments_text(priced) if priced.adjustments else None,
        "reason": priced.reason,
        "base_rule": priced.base_rule_id,
        "tier": priced.tier,
        "provider": priced.provider,
        "model": priced.model,
        "model_version": priced.version,
        "deployment_type": priced.deployment_type,
        "cost_centre": priced.cost_centre,
        "reported_model": event.model,
        "deployment": event.deployment,
        "api": event.api,
        "region": event.region,
        "service_tier": event.service_tier,
        "product": caller.product,
        "subscription": caller.subscription,
        "tenant": caller.tid,
        "application": caller.azp,
        "response_id": event.response_id,
        "session": event.session,
        "traceparent": event.traceparent,
        "duration_ms": event.duration_ms,
        "completed_from": ",".join(event.completed_from) or None,
        "replaced_subject": replaced.subject if replaced else None,
        "replaced_time": timestamp(replaced.time) if replaced else None,
    }
    return {name: value for name, value in facts.items() if value is not None}


def _adjustments_text(priced: PricedCall) -> str:
    return msgspec.json.encode(
        [[step.rule_id, step.layer, step.factor, str(step.delta)] for step in priced.adjustments]
    ).decode()


def read_entry(row: Row) -> LedgerEntry:
    """A chain row as read from the ledger."""
    entry_key, number = split_call_key(str(row["RowKey"]))
    additive = decode_additive(row)
    if "effects" in row:
        effects = tuple(
            Effect(str(cell), int(rev), decode_additive(delta))
            for cell, rev, delta in msgspec.json.decode(str(row["effects"]))
        )
    else:
        effects = (Effect(str(row["cell"]), int(row["rev"]), additive),)
    return LedgerEntry(
        partition=str(row["PartitionKey"]),
        entry_key=entry_key,
        number=number,
        row=row,
        additive=additive,
        effects=effects,
        adjustments=tuple(
            LedgerAdjustment(rule_id, layer, factor, int(delta))
            for rule_id, layer, factor, delta in msgspec.json.decode(
                str(row.get("adjustments", "[]"))
            )
        ),
    )


def model_of(row: Row) -> str:
    """The model that the call's cell has: canonical, else reported, else the deployment."""
    names = (row.get(column) for column in ("model", "reported_model", "deployment"))
    return next((str(name) for name in names if name), "unknown")


_NAMES = ("model", "reported_model", "deployment")
COLUMNS = ("state", "rank", "operation", *_NAMES)
"""What a read has to ask for."""


def excludes_cache_writes(row: Mapping[str, Value]) -> bool:
    """Of a chain's row: whether it has a cost, of Anthropic's usage, from the gateway's log."""
    if row["state"] != CallState.PRICED or int(row["rank"]) != Rank.GATEWAY_LOG:
        return False
    return is_anthropic(str(row["operation"]), (str(row.get(name) or "") for name in _NAMES))
