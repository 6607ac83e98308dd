"""How far a replay is, in table `replays`: a row per partition while it runs, none after it."""

from table_api.storage.keys import EVERY_ROW, encode_part
from table_api.storage.table_storage import Delete, TableStorage, Upsert

REPLAYS_TABLE = "replays"


class ReplayPositions:
    """The positions of one replay. Losing them costs time only. Methods may raise Unavailable."""

    def __init__(self, storage: TableStorage, replay: str) -> None:
        self._storage = storage
        self._replay = replay

    async def load(self) -> dict[str, str]:
        """Position by partition; empty before the first batch and after the end."""
        await self._storage.create_table(REPLAYS_TABLE)
        found: dict[str, str] = {}
        async for page in self._storage.query(REPLAYS_TABLE, self._replay, EVERY_ROW):
            found.update((str(row["partition"]), str(row["position"])) for row in page)
        return found

    async def save(self, partition: str, position: str) -> None:
        """All before the position is durable."""
        row = Upsert(encode_part(partition), {"partition": partition, "position": position})
        await self._storage.transact(REPLAYS_TABLE, self._replay, [row])

    async def clear(self) -> None:
        """The replay has ended: the same one again starts from its beginning."""
        for partition in await self.load():
            row = Delete(encode_part(partition))
            await self._storage.transact(REPLAYS_TABLE, self._replay, [row])
