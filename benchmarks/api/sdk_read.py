"""The same rows by azure-data-tables: what whoever has no client of their own reads them with."""

import contextlib
import time
from collections.abc import AsyncIterator, Awaitable, Callable, Sequence

from azure.data.tables.aio import TableClient

from table_api.storage.keys import KeyRange


@contextlib.asynccontextmanager
async def sdk_read(
    connection_string: str, place: tuple[str, str, KeyRange], select: Sequence[str]
) -> AsyncIterator[Callable[[], Awaitable[float]]]:
    """A read of all rows at a place; it gives its CPU time in milliseconds."""
    table, partition, keys = place
    wanted = "PartitionKey eq @partition and RowKey ge @start and RowKey lt @stop"
    values = {"partition": partition, "start": keys.start, "stop": keys.stop}
    async with TableClient.from_connection_string(connection_string, table) as client:

        async def read() -> float:
            started = time.process_time()
            async for _ in client.query_entities(wanted, parameters=values, select=list(select)):
                pass
            return (time.process_time() - started) * 1e3

        yield read
