"""Whole tables with the types of their columns, by Microsoft's own client.

Only backups use it: the seam `TableStorage` reads an Int64 as text, and a copy has to know which
of the two a column was.
"""

from collections.abc import AsyncIterator, Mapping, Sequence
from typing import Any, Self

from azure.core.credentials_async import AsyncTokenCredential
from azure.core.exceptions import AzureError
from azure.data.tables import EdmType, EntityProperty
from azure.data.tables.aio import TableServiceClient

from table_api.errors import Rejected, Unavailable
from table_api.ledger.keys import CELL_ROWS, LEDGER_TABLE

Columns = dict[str, Any]
"""Text and booleans as they are, an Int64 as `{"int64": "5"}`: both keys are among them."""


class AzureTableCopies:
    """The tables of one account (or of Azurite). Close it."""

    def __init__(
        self, client: TableServiceClient, identity: AsyncTokenCredential | None = None
    ) -> None:
        self._client = client
        self._identity = identity

    @classmethod
    def from_connection_string(cls, text: str) -> Self:
        return cls(TableServiceClient.from_connection_string(text))

    @classmethod
    def from_url(cls, url: str, identity: AsyncTokenCredential) -> Self:
        """With an identity, which is closed with this."""
        return cls(TableServiceClient(endpoint=url, credential=identity), identity)

    async def names(self) -> list[str]:
        """Every table of the account."""
        try:
            return sorted([each.name async for each in self._client.list_tables()])
        except AzureError as error:
            raise Unavailable(f"tables cannot be listed: {error.__class__.__name__}") from error

    async def rows(self, table: str) -> AsyncIterator[Columns]:
        """Every row, in the order of its keys."""
        try:
            async for entity in self._client.get_table_client(table).list_entities():
                yield _columns(table, entity)
        except AzureError as error:
            raise Unavailable(f"table {table}: {error.__class__.__name__}") from error

    async def cells(self) -> AsyncIterator[Columns]:
        """Keys and `rev` of each cell of table `ledger`, in the order of the keys."""
        client = self._client.get_table_client(LEDGER_TABLE)
        found = client.query_entities(
            "RowKey ge @start and RowKey lt @stop",
            parameters={"start": CELL_ROWS.start, "stop": CELL_ROWS.stop},
            select=["PartitionKey", "RowKey", "rev"],
        )
        try:
            async for entity in found:
                yield _columns(LEDGER_TABLE, entity)
        except AzureError as error:
            raise Unavailable(f"table {LEDGER_TABLE}: {error.__class__.__name__}") from error

    async def create(self, table: str) -> None:
        """Make a table that is not there."""
        try:
            await self._client.create_table_if_not_exists(table)
        except AzureError as error:
            message = f"table {table} cannot be made: {error.__class__.__name__}"
            raise Unavailable(message) from error

    async def insert(self, table: str, rows: Sequence[Columns]) -> None:
        """Rows of one partition, all or none; none of them may be there."""
        changes: list[Any] = [
            ("create", {name: _read(value) for name, value in row.items()}) for row in rows
        ]
        try:
            await self._client.get_table_client(table).submit_transaction(changes)
        except AzureError as error:
            raise Rejected(f"table {table}, {rows[0]['PartitionKey']!r}: {error}") from error

    async def close(self) -> None:
        """Release connections."""
        await self._client.close()
        if self._identity is not None:
            await self._identity.close()


def _columns(table: str, entity: Mapping[str, Any]) -> Columns:
    where = f"{table} {entity.get('PartitionKey')} {entity.get('RowKey')}"
    return {name: _written(where, name, value) for name, value in entity.items()}


def _written(where: str, name: str, value: Any) -> Any:
    if isinstance(value, EntityProperty) and value.edm_type == EdmType.INT64:
        return {"int64": str(value.value)}
    if isinstance(value, str | bool):
        return value
    raise Rejected(f"row {where}: column {name} is of a type that no row of ours has: {value!r}")


def _read(value: Any) -> Any:
    if isinstance(value, dict):
        return EntityProperty(int(value["int64"]), EdmType.INT64)
    return value
