"""The reference of the public samples: one aggregate row per user and day, read, added to and
written back for every event with azure-data-tables. It has no ledger, no prices and no duplicates.
"""

import asyncio
import os
import random
from itertools import accumulate
from uuid import uuid4

from azure.core import MatchConditions
from azure.core.exceptions import (
    ResourceExistsError,
    ResourceModifiedError,
    ResourceNotFoundError,
)
from azure.data.tables import UpdateMode
from azure.data.tables.aio import TableClient

from benchmarks.metering.traffic import SEED, USERS, subject_of

DAY = "2026-11-27"


async def upsert_each(events: int, in_flight: int) -> None:
    """Add `events` calls, so many at once; events are made, not received, in its favour."""
    chance = random.Random(SEED)
    steps = list(accumulate(1 / (rank + 1) for rank in range(USERS)))
    ranks = iter(chance.choices(range(USERS), cum_weights=steps, k=events))
    table = TableClient.from_connection_string(
        os.environ["STORAGE_CONNECTION_STRING"], table_name=f"naive{uuid4().hex}"
    )
    async with table:
        await table.create_table()

        async def worker() -> None:
            for rank in ranks:
                await _add(table, subject_of(rank), tokens=2_475)

        await asyncio.gather(*(worker() for _ in range(in_flight)))


async def _add(table: TableClient, subject: str, *, tokens: int) -> None:
    """Read, add, write on the condition that nobody wrote meanwhile; else again."""
    while True:
        try:
            row = await table.get_entity(subject, DAY)
        except ResourceNotFoundError:
            new = {"PartitionKey": subject, "RowKey": DAY, "calls": 1, "tokens": tokens}
            try:
                await table.create_entity(new)
            except ResourceExistsError:
                continue
            return
        row["calls"] += 1
        row["tokens"] += tokens
        try:
            await table.update_entity(
                row,
                mode=UpdateMode.REPLACE,
                etag=row.metadata["etag"],
                match_condition=MatchConditions.IfNotModified,
            )
        except ResourceModifiedError:
            continue
        return
