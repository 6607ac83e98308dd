"""What a ledger was made with, frozen at its creation: zone, currencies, shards, transitions.

Every process opens the ledger through `open_meta` and refuses to run when its own settings or its
tzdata would put a call into another partition, day or currency. What tzdata says of days to come
changes nothing until it is adopted: see `adopt_transitions`.
"""

from dataclasses import dataclass, replace
from datetime import UTC, datetime

import msgspec

from table_api.errors import AlreadyExists, ChangedMeanwhile, Contended, LedgerMismatch, NoLedger
from table_api.ledger.billing_calendar import (
    BillingCalendar,
    Transitions,
    check_begun,
    extended,
    zone_transitions,
)
from table_api.storage.keys import starting_with
from table_api.storage.table_storage import (
    Insert,
    Merge,
    Operation,
    Replace,
    Row,
    TableStorage,
    Value,
    etag_of,
)
from telemetry.log import Log

_log = Log("table_api")

META_TABLE = "meta"
META_PARTITION = "ledger"
META_ROW = "settings"
HISTORY_PREFIX = "transitions|"
"""Rows of transitions that were replaced."""
SCHEMA_VERSION = 1
"""Of keys, columns and their meaning. A release reads every earlier schema and no later one."""
YEARS_AHEAD = 2
"""Transitions are frozen to the end of next year; later years are appended when they come near."""
OPEN_TRIES_MAX = 10


@dataclass(frozen=True, slots=True, kw_only=True)
class LedgerSettings:
    """What the operator chooses when a ledger is made."""

    zone: str
    """IANA name of the billing time zone."""
    pricing_currency: str
    """ISO 4217 code of the list prices."""
    billing_currency: str
    """ISO 4217 code of what subjects owe."""
    shards: int = 16
    """Partitions per month; fixed for ever."""

    def check_currencies(self, what: str, *, pricing: str, billing: str) -> None:
        """LedgerMismatch when `what` acts by other currencies than the ledger's."""
        if (pricing, billing) != (self.pricing_currency, self.billing_currency):
            raise LedgerMismatch(
                f"{what} prices in {pricing} and bills in {billing}, the ledger prices in "
                f"{self.pricing_currency} and bills in {self.billing_currency}"
            )


@dataclass(frozen=True, slots=True, kw_only=True)
class LedgerMeta:
    """The frozen settings of an existing ledger."""

    settings: LedgerSettings
    transitions: Transitions
    created_at: str
    schema_version: int = SCHEMA_VERSION
    has_monthly: bool = True
    """Whether `monthly` has all of it: since it was made, or since it was rebuilt."""

    @property
    def calendar(self) -> BillingCalendar:
        """Charge days by the frozen transitions."""
        return BillingCalendar(self.settings.zone, self.transitions)


async def open_meta(
    storage: TableStorage, settings: LedgerSettings, *, now: datetime
) -> LedgerMeta:
    """Read the ledger's settings, or make it with these. LedgerMismatch when they differ."""
    await storage.create_table(META_TABLE)
    for _ in range(OPEN_TRIES_MAX):
        row = await storage.get(META_TABLE, META_PARTITION, META_ROW)
        try:
            if row is None:
                await _create(storage, settings, now)
                continue
            meta = _from_row(row)
            _check(meta, settings, now)
            if meta.transitions.until_year >= now.year + YEARS_AHEAD:
                return meta
            longer = extended(meta.settings.zone, meta.transitions, now.year + YEARS_AHEAD)
            change = Replace(META_ROW, _columns(replace(meta, transitions=longer)), etag_of(row))
            await storage.transact(META_TABLE, META_PARTITION, [change])
        except (AlreadyExists, ChangedMeanwhile):
            continue  # another process made or extended it between our read and our write
    raise LedgerMismatch(f"could not read the ledger's settings in {OPEN_TRIES_MAX} tries")


async def read_meta(storage: TableStorage) -> LedgerMeta | None:
    """The ledger's settings, or None when there is no ledger yet.

    LedgerMismatch when a later release has changed its schema: what reads it by other rules is
    not to be trusted.
    """
    row = await storage.get(META_TABLE, META_PARTITION, META_ROW)
    return _from_row(row) if row is not None else None


async def read_ledger_meta(storage: TableStorage) -> LedgerMeta:
    """The ledger's settings; NoLedger before it is made."""
    meta = await read_meta(storage)
    if meta is None:
        raise NoLedger("this storage holds no ledger: the first consumer makes it")
    return meta


async def note_monthly(storage: TableStorage) -> None:
    """Say that `monthly` has the whole ledger from now on."""
    for _ in range(OPEN_TRIES_MAX):
        row = await storage.get(META_TABLE, META_PARTITION, META_ROW)
        if row is None or row.get("has_monthly"):
            return
        change = Merge(META_ROW, {"has_monthly": True}, etag_of(row))
        try:
            await storage.transact(META_TABLE, META_PARTITION, [change])
        except ChangedMeanwhile:
            continue


async def adopt_transitions(
    storage: TableStorage, *, by: str, why: str, now: datetime
) -> datetime | None:
    """Replace what lies ahead by this machine's tzdata; gives from when it differed.

    What was replaced is kept, with who did it and why, in the same transaction. LedgerMismatch when
    the difference has begun, Contended when other processes changed the row at every try.
    """
    for _ in range(OPEN_TRIES_MAX):
        row = await storage.get(META_TABLE, META_PARTITION, META_ROW)
        meta = await read_ledger_meta(storage)
        frozen, zone = meta.transitions, meta.settings.zone
        differs = check_begun(zone, frozen, now)
        if row is None or differs is None:
            return None
        history = storage.query(META_TABLE, META_PARTITION, starting_with(HISTORY_PREFIX))
        number = sum([len(page) async for page in history]) + 1
        replaced: dict[str, Value] = {
            "transitions": str(row["transitions"]),
            "transitions_until_year": frozen.until_year,
            "replaced_at": now.astimezone(UTC).isoformat(),
            "by": by,
            "why": why,
        }
        own = zone_transitions(zone, frozen.until_year)
        text = msgspec.json.encode(own.offsets).decode()
        changes: list[Operation] = [
            Merge(META_ROW, {"transitions": text}, etag_of(row)),
            Insert(f"{HISTORY_PREFIX}{number:04d}", replaced),
        ]
        try:
            await storage.transact(META_TABLE, META_PARTITION, changes)
        except (AlreadyExists, ChangedMeanwhile):
            continue
        return differs
    raise Contended(f"the ledger's settings were changed by others in {OPEN_TRIES_MAX} tries")


async def _create(storage: TableStorage, settings: LedgerSettings, now: datetime) -> None:
    meta = LedgerMeta(
        settings=settings,
        transitions=zone_transitions(settings.zone, now.year + YEARS_AHEAD),
        created_at=now.astimezone(UTC).isoformat(),
    )
    await storage.transact(META_TABLE, META_PARTITION, [Insert(META_ROW, _columns(meta))])


def _check(meta: LedgerMeta, settings: LedgerSettings, now: datetime) -> None:
    for name in ("zone", "pricing_currency", "billing_currency", "shards"):
        stands, wanted = getattr(meta.settings, name), getattr(settings, name)
        if stands != wanted:
            raise LedgerMismatch(
                f"the ledger was made with {name} {stands!r}, this process is set to {wanted!r}"
            )
    differs = check_begun(meta.settings.zone, meta.transitions, now)
    if differs is not None:
        _log.warning(
            "tzdata_differs",
            f"this machine's tzdata disagrees with the frozen transitions of {meta.settings.zone} "
            f"from {differs} on; see `adopt-transitions`",
        )


def _columns(meta: LedgerMeta) -> dict[str, Value]:
    return {
        "zone": meta.settings.zone,
        "pricing_currency": meta.settings.pricing_currency,
        "billing_currency": meta.settings.billing_currency,
        "shards": meta.settings.shards,
        "schema_version": meta.schema_version,
        "created_at": meta.created_at,
        "transitions": msgspec.json.encode(meta.transitions.offsets).decode(),
        "transitions_until_year": meta.transitions.until_year,
        "has_monthly": meta.has_monthly,
    }


def _from_row(row: Row) -> LedgerMeta:
    schema = _readable_schema(row)  # first: a later one may have renamed every other column
    try:
        offsets = msgspec.json.decode(str(row["transitions"]), type=tuple[tuple[int, int], ...])
        if not offsets:
            raise ValueError("there is no transition")
        return LedgerMeta(
            settings=LedgerSettings(
                zone=str(row["zone"]),
                pricing_currency=str(row["pricing_currency"]),
                billing_currency=str(row["billing_currency"]),
                shards=int(row["shards"]),
            ),
            transitions=Transitions(offsets, int(row["transitions_until_year"])),
            created_at=str(row["created_at"]),
            schema_version=schema,
            has_monthly=bool(row.get("has_monthly", False)),
        )
    except (KeyError, ValueError, msgspec.DecodeError) as error:
        raise LedgerMismatch(
            f"the ledger's settings in table meta are damaged: {error!r}"
        ) from error


def _readable_schema(row: Row) -> int:
    """A row without one is of the first releases, which had schema 1."""
    found = str(row.get("schema_version", 1))
    if not (found.isascii() and found.isdigit() and 1 <= int(found) <= SCHEMA_VERSION):
        raise LedgerMismatch(
            f"the ledger has schema {found}, this release reads schemas 1 to {SCHEMA_VERSION}: "
            "install the release that wrote it, or a later one; nothing was changed"
        )
    return int(found)
