"""A storage in the midst of whose requests something else happens, or the process ends."""

from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from typing import Any

from table_api.storage.keys import KeyRange
from table_api.storage.table_storage import Operation, Row, TableStorage
from tests.fixtures.calls import PrefixedStorage


class Interrupted(PrefixedStorage):
    """Something else happens just before the n-th request."""

    def __init__(self, storage: TableStorage, number: int) -> None:
        super().__init__(storage, "")
        self._left = number
        self.meanwhile: Callable[[], Awaitable[None]] | None = None

    @property
    def is_over(self) -> bool:
        """Whether it has happened."""
        return self.meanwhile is None

    async def happen(self) -> None:
        self._left -= 1
        if self._left < 0:
            await self.now()

    async def now(self) -> None:
        """At the latest: it happens once."""
        if self.meanwhile is not None:
            meanwhile, self.meanwhile = self.meanwhile, None
            await meanwhile()

    async def transact(
        self, table: str, partition_key: str, operations: Sequence[Operation]
    ) -> list[str]:
        await self.happen()
        return await super().transact(table, partition_key, operations)

    async def get(self, table: str, partition_key: str, row_key: str) -> Row | None:
        await self.happen()
        return await super().get(table, partition_key, row_key)

    async def query(
        self, table: str, partition_key: str, keys: KeyRange, **options: Any
    ) -> AsyncIterator[list[Row]]:
        await self.happen()
        async for page in super().query(table, partition_key, keys, **options):
            yield page
