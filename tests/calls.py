"""Rated calls ready to post, and storages that fail on purpose."""

from collections.abc import AsyncIterator, Sequence
from datetime import UTC, datetime
from functools import cache
from typing import Any

from pricing_rules.engine.rating import rate
from pricing_rules.price_book.book import Book, load_book
from table_api.errors import Unavailable
from table_api.ledger.ledger import Ledger
from table_api.ledger.meta import LedgerSettings
from table_api.ledger.posting import MeteredCall, Origin
from table_api.storage.keys import KeyRange
from table_api.storage.table_storage import Operation, Row, TableStorage
from tests.builders import ENQUEUED_TIME, make_event
from tests.paths import ROOT

NOW = datetime(2026, 11, 23, 12, tzinfo=UTC)
SETTINGS = LedgerSettings(
    zone="Europe/Berlin", pricing_currency="USD", billing_currency="USD", shards=4
)
DEMO_BOOK = ROOT / "local_stack/demo_book.toml"


@cache
def book() -> Book:
    """The shipped prices with the demonstration's deployments."""
    return load_book([DEMO_BOOK])


def make_call(sequence_number: int = 1, *, partition: str = "0", **changes: Any) -> MeteredCall:
    """A rated call; `changes` are fields of its event."""
    return MeteredCall(
        priced=rate(make_event(**changes), book()),
        origin=Origin(
            hub="llm-usage",
            partition=partition,
            sequence_number=sequence_number,
            enqueued_time=ENQUEUED_TIME,
        ),
    )


async def open_ledger(storage: TableStorage) -> Ledger:
    """A ledger with the settings of the tests."""
    return await Ledger.open(storage, SETTINGS, now=lambda: NOW)


class PrefixedStorage:
    """A storage whose tables have a prefix: it keeps the ledgers of one Azurite apart."""

    def __init__(self, storage: TableStorage, prefix: str) -> None:
        self._storage = storage
        self._prefix = prefix

    async def create_table(self, table: str) -> None:
        await self._storage.create_table(self._prefix + table)

    async def transact(
        self, table: str, partition_key: str, operations: Sequence[Operation]
    ) -> list[str]:
        return await self._storage.transact(self._prefix + table, partition_key, operations)

    async def get(self, table: str, partition_key: str, row_key: str) -> Row | None:
        return await self._storage.get(self._prefix + table, partition_key, row_key)

    def query(
        self,
        table: str,
        partition_key: str,
        keys: KeyRange,
        *,
        select: Sequence[str] | None = None,
        rows_max: int | None = None,
    ) -> AsyncIterator[list[Row]]:
        return self._storage.query(
            self._prefix + table, partition_key, keys, select=select, rows_max=rows_max
        )

    def partitions(self, table: str) -> AsyncIterator[str]:
        return self._storage.partitions(self._prefix + table)

    async def close(self) -> None:
        await self._storage.close()


class QueriedStorage(PrefixedStorage):
    """Keeps the key range of every query, in their order."""

    def __init__(self, storage: TableStorage) -> None:
        super().__init__(storage, "")
        self.queries: list[KeyRange] = []

    def query(
        self, table: str, partition_key: str, keys: KeyRange, **options: Any
    ) -> AsyncIterator[list[Row]]:
        self.queries.append(keys)
        return super().query(table, partition_key, keys, **options)


class FaultyStorage(PrefixedStorage):
    """A storage whose transactions fail as told: one of `before`, `after` or None for each in turn.

    `before` loses the request, `after` loses the answer to a transaction that was done.
    """

    def __init__(self, storage: TableStorage, faults: Sequence[str | None]) -> None:
        super().__init__(storage, "")
        self._faults = list(faults)

    async def transact(
        self, table: str, partition_key: str, operations: Sequence[Operation]
    ) -> list[str]:
        fault = self._faults.pop(0) if self._faults else None
        if fault == "before":
            raise Unavailable("connection lost before the request")
        etags = await super().transact(table, partition_key, operations)
        if fault == "after":
            raise Unavailable("connection lost before the answer")
        return etags


async def all_rows(storage: TableStorage, table: str = "ledger") -> dict[tuple[str, str], Row]:
    """Every row of a table by its keys, without what differs from run to run."""
    found = {}
    async for partition in storage.partitions(table):
        async for page in storage.query(table, partition, KeyRange("", "~")):
            for row in page:
                key = (str(row.pop("PartitionKey")), str(row.pop("RowKey")))
                row.pop("Timestamp")
                found[key] = row
    return found
