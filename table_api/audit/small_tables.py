"""The rows of `people`, and those of `progress` with what they counted, against the ledger.

Each event that metering counts as posted made the first row of a chain, and each that it counts as
corrected made a later one. Progress is saved after the ledger and read before it here, so at every
moment the ledger has at least so many rows that came from the events of that partition. It may have
more: what was posted just before a crash is counted as a duplicate, and a replay is not counted.
"""

from collections import Counter
from datetime import date, datetime

from table_api.audit.problems import Problems
from table_api.storage.keys import EVERY_ROW, encode_part
from table_api.storage.table_storage import Row, TableStorage

Source = tuple[str, str, str]
"""Hub, partition, and `posted` or `corrected`."""

_COUNTED = {"posted": "calls", "corrected": "corrections"}
_OF_EVENTS = ("stronger report", "moved")
"""Corrections that events make. Most moves are counted nowhere; after a lost answer one may be."""
_TIMES = ("hub_created_at", "recorded_at")


async def audit_people(storage: TableStorage, problems: Problems) -> None:
    """Every row can be read, and is of the subject and day that its key names."""
    async for page in storage.query("people", "people", EVERY_ROW):
        for row in page:
            where = f"people {row['RowKey']}"
            with problems.naming(where):
                first = date.fromisoformat(str(row["valid_from"])).isoformat()
                if row["RowKey"] != f"{encode_part(str(row['subject']))}|{first}":
                    problems.add(f"{where} names a subject or day that is not its key's")


async def read_counts(storage: TableStorage, problems: Problems) -> list[tuple[str, Source, int]]:
    """What each group counted of each partition, and from which row that is."""
    counts: list[tuple[str, Source, int]] = []
    async for partition in storage.partitions("progress"):
        async for page in storage.query("progress", partition, EVERY_ROW):
            for row in page:
                where = f"progress {partition} {row['RowKey']}"
                with problems.naming(where):
                    hub, of_hub = str(row["hub"]), str(row["partition"])
                    keys = f"{encode_part(hub)}|{encode_part(str(row['group']))}"
                    if (partition, row["RowKey"]) != (keys, encode_part(of_hub)):
                        problems.add(f"{where} names a hub, group or partition not its key's")
                    counts += [
                        (where, (hub, of_hub, name), _checked(row, name)) for name in _COUNTED
                    ]
    return counts


def _checked(row: Row, name: str) -> int:
    for column in _TIMES:
        datetime.fromisoformat(str(row[column]))
    if "enqueued_time" in row:
        datetime.fromisoformat(str(row["enqueued_time"]))
    numbers = [int(value) for column, value in row.items() if column.startswith("n_")]
    if any(number < 0 for number in numbers) or int(row["sequence_number"]) < -1:
        raise ValueError("a count is negative")
    return int(row.get(f"n_{name}", 0))


def source_of(row: Row, number: int) -> Source | None:
    """Which count the row is one of, if metering counted it; `number` is its place in the chain."""
    if number == 0 and row["state"] != "moved":
        kind = "posted"
    elif number > 0 and row["correction"] in _OF_EVENTS:
        kind = "corrected"
    else:
        return None
    return str(row["hub"]), str(row["partition"]), kind


def check_counts(
    counts: list[tuple[str, Source, int]], rows: Counter[Source], problems: Problems
) -> None:
    """The ledger has at least what each group counted."""
    for where, source, counted in counts:
        if rows[source] < counted:
            kind = source[2]
            problems.add(
                f"{where} counted {counted} events as {kind}, the ledger has {rows[source]} "
                f"{_COUNTED[kind]} from them"
            )
