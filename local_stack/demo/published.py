"""Publishes the ledger, and compares it with what Application Insights then holds.

The one side is the cells as they are stored, the other what the query `cells` answers: neither is
the publisher's own account of what it has sent.
"""

import asyncio
import sys
from collections.abc import Mapping
from datetime import UTC, datetime, timedelta

from local_stack.errors import LocalStackError
from local_stack.insights.addresses import WORKSPACE, query_url
from table_api.ledger.keys import CELL_ROWS
from table_api.ledger.measures import decode_measures
from table_api.storage.table_storage import TableStorage
from telemetry.queries import answers
from telemetry.queries.errors import QueryError
from telemetry.queries.logs_client import open_client

Cells = Mapping[tuple[str, str, str], tuple[int, int]]
"""Calls and pico-units, by charge day, subject and model; those without either are left out."""
PUBLISH_TRIES = 3
LATEST_DAYS = 2
"""Charge days end up to half a day after UTC's, and calls may be ahead by minutes."""


class NotPublished(LocalStackError):
    """The ledger could not be published, or Application Insights could not be asked."""


async def publish_and_compare(
    storage: TableStorage, environment: Mapping[str, str], insights_port: int
) -> tuple[int, int]:
    """As `compare`, after sending what is new. A call that was posted between the two, or a day
    that is not whole yet, is published by the next try."""
    for tried in range(PUBLISH_TRIES):
        await publish_ledger(environment, settle=tried > 0)
        rows, different = await compare(storage, insights_port)
        if not different:
            break
    return rows, different


async def publish_ledger(environment: Mapping[str, str], *, settle: bool = True) -> None:
    """Send all that is new, and see that every day is whole if the ledger is to settle.
    NotPublished when rows are left."""
    process = await asyncio.create_subprocess_exec(
        *(sys.executable, "-m", "table_api", "publish", *(["--settle"] if settle else [])),
        env=dict(environment),
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.STDOUT,
    )
    try:
        said, _ = await process.communicate()
    finally:
        if process.returncode is None:
            process.kill()
    if process.returncode != 0:
        raise NotPublished(f"publishing failed: {said.decode(errors='replace').strip()[-500:]}")


async def compare(storage: TableStorage, insights_port: int) -> tuple[int, int]:
    """The ledger rows that Application Insights holds, and the number of cells that differ."""
    ledger = await ledger_cells(storage)
    rows, insights = await insights_cells(ledger, insights_port)
    return rows, len(differing(ledger, insights))


def differing(ledger: Cells, insights: Cells) -> list[tuple[str, str, str]]:
    """The cells in which the two sides differ."""
    either = ledger.keys() | insights.keys()
    return sorted(cell for cell in either if ledger.get(cell) != insights.get(cell))


async def ledger_cells(storage: TableStorage) -> Cells:
    """The cells of the ledger, added up over their lines."""
    sums: dict[tuple[str, str, str], tuple[int, int]] = {}
    async for partition in storage.partitions("ledger"):
        async for page in storage.query("ledger", partition, CELL_ROWS):
            for row in page:
                cell = str(row["day"]), str(row["subject"]), str(row["model"])
                measures = decode_measures(row)
                calls, pico = sums.get(cell, (0, 0))
                sums[cell] = calls + measures["calls"], pico + measures.get("charge", 0)
    return {cell: both for cell, both in sums.items() if any(both)}


async def insights_cells(ledger: Cells, port: int) -> tuple[int, Cells]:
    """What the query answers of the days that the ledger has; and how many rows it found."""
    first = min((day for day, _, _ in ledger), default=None)
    start = datetime.now(UTC) if first is None else datetime.fromisoformat(first)
    stop = datetime.now(UTC) + timedelta(days=LATEST_DAYS)
    try:
        async with open_client(WORKSPACE, url=query_url(port)) as client:
            found = await client.ask(answers.CELLS, start=start.replace(tzinfo=UTC), stop=stop)
    except QueryError as error:
        raise NotPublished(str(error)) from error
    cells = {
        (f"{row.day:%Y-%m-%d}", row.user_id, row.model): (row.calls, row.pico)
        for row in found.rows
        if row.calls or row.pico
    }
    return sum(row.rows for row in found.rows), cells
