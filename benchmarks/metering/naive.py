"""The reference of the public samples: one aggregate row per user and day, read, added to and
written back for every event with azure-data-tables. It has no ledger, no prices and no duplicates.
"""

import asyncio
import os
import random
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from uuid import uuid4

from azure.core import MatchConditions
from azure.core.exceptions import (
    ResourceExistsError,
    ResourceModifiedError,
    ResourceNotFoundError,
)
from azure.data.tables import UpdateMode
from azure.data.tables.aio import TableClient

from benchmarks.metering.traffic import SEED, USERS, ZIPF, subject_of

DAY = "2026-11-27"


Upsert = Callable[[int], Awaitable[None]]
"""Adds this many calls."""


@asynccontextmanager
async def upsert_each(in_flight: int) -> AsyncIterator[Upsert]:
    """This many calls at once. In its favour, events are made here and not received."""
    chance = random.Random(SEED)
    table = TableClient.from_connection_string(
        os.environ["STORAGE_CONNECTION_STRING"], table_name=f"naive{uuid4().hex}"
    )

    async def upsert(events: int) -> None:
        ranks = iter(chance.choices(range(USERS), cum_weights=ZIPF, k=events))

        async def worker() -> None:
            for rank in ranks:
                await _add(table, subject_of(rank), tokens=2_475)

        await asyncio.gather(*(worker() for _ in range(in_flight)))

    async with table:
        await table.create_table()
        yield upsert


async def _add(table: TableClient, subject: str, *, tokens: int) -> None:
    """Read, add, and write on the condition that nobody wrote meanwhile; otherwise try again."""
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
