"""The ledger that the lists are measured on: one subject's calls, and everybody's `monthly`."""

import asyncio
import random
from collections.abc import Sequence
from datetime import UTC, datetime

from table_api.ledger.keys import LEDGER_TABLE
from table_api.monthly.projected_day import MONTHLY_TABLE, day_columns
from table_api.monthly.projected_ledger import ProjectedLedger
from table_api.storage.keys import starting_with
from table_api.storage.parallel import chunks
from table_api.storage.table_storage import OPERATIONS_MAX, Insert, TableStorage, Upsert, Value
from tests.fixtures.builders import call_id
from tests.fixtures.calls import SETTINGS, make_call

NOW = datetime(2026, 11, 30, 12, tzinfo=UTC)
SUBJECT = "user-0000@example.com"
MODELS = ("gpt-4.1-mini", "gpt-4o", "gpt-5-mini")
CALLS_OF_SUBJECT = 90
SEED = 20261127
IN_FLIGHT = 4


async def fill(storage: TableStorage, rows: int, subjects: int) -> str:
    """Post one subject's calls through the ledger, add other rows to the same partition, and write
    everybody's `monthly`. Returns the subject's partition.
    """
    ledger = await ProjectedLedger.open(storage, SETTINGS, now=lambda: NOW)
    calls = [
        make_call(
            number,
            id=call_id(number),
            subject=SUBJECT,
            deployment=MODELS[number % 3],
            time=NOW.replace(day=1 + number // 3 % 30),
        )
        for number in range(CALLS_OF_SUBJECT)
    ]
    await ledger.post(calls)
    partition = ledger.place(calls[0]).partition
    pages = storage.query(LEDGER_TABLE, partition, starting_with("c|"), rows_max=1)
    [call] = [row async for page in pages for row in page][:1]
    columns = {name: call[name] for name in call if name not in ("PartitionKey", "RowKey")}
    columns.pop("Timestamp")
    foreign = [Insert(f"c|user-x|01|{number:08d}|x", columns) for number in range(rows)]
    await insert(storage, LEDGER_TABLE, partition, foreign)
    chance = random.Random(SEED)
    everybody = [monthly_row(chance, number) for number in range(subjects)]
    await insert(storage, MONTHLY_TABLE, "202611", everybody)
    return partition


def monthly_row(chance: random.Random, number: int, *, last_day: int = 30) -> Insert:
    """A row of somebody with one model and ten days of calls."""
    subject, model = f"person-{number:05d}@example.com", MODELS[number % 3]
    columns: dict[str, Value] = {"subject": subject, "model": model}
    total, active = [0] * 7, 0
    for day in chance.sample(range(1, last_day + 1), 10):
        calls = chance.randint(1, 200)
        tokens = calls * chance.randint(500, 3_000)
        charge = tokens * 700_000
        amounts = [calls, charge, charge, charge, tokens, tokens // 5, tokens // 3]
        total = [whole + part for whole, part in zip(total, amounts, strict=True)]
        active |= 1 << day
        of_day, of_revs = day_columns(day)
        columns[of_day] = ",".join(map(str, amounts))
        columns[of_revs] = f"0123456789ab:{calls}"
    columns |= {"total": ",".join(map(str, total)), "active": active}
    return Insert(f"{subject}|{model}", columns)


async def change(storage: TableStorage, chance: random.Random, subjects: int, count: int) -> None:
    """Write so many of everybody's rows anew, with other numbers."""
    writes = []
    for number in chance.sample(range(subjects), count):
        row = monthly_row(chance, number)
        assert not isinstance(row.columns, bytes)
        writes.append(Upsert(row.row_key, row.columns))
    for part in chunks(writes, OPERATIONS_MAX):
        await storage.transact(MONTHLY_TABLE, "202611", part)


async def insert(storage: TableStorage, table: str, partition: str, rows: Sequence[Insert]) -> None:
    """Insert rows in whole transactions, several at once."""
    free = asyncio.Semaphore(IN_FLIGHT)

    async def write(start: int) -> None:
        async with free:
            await storage.transact(table, partition, rows[start : start + OPERATIONS_MAX])

    await asyncio.gather(*map(write, range(0, len(rows), OPERATIONS_MAX)))
