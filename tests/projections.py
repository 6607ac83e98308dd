"""What `monthly` must say, added up from the ledger's cells by other code than the writer's."""

from collections import Counter

from table_api.storage.table_storage import Row, TableStorage
from table_api.usage.daily_usage import read_daily_usage
from tests.calls import all_rows

COUNTED = ("calls", "charge", "contracted", "list", "q_input", "q_output", "q_cache_read", "errors")
"""The first columns of a day's text; the tests post nothing that needs more, but `unpriced`."""

Days = dict[tuple[str, str, int], tuple[dict[str, int], Counter[str]]]
"""(month, RowKey, day) → revision by line, and amounts by column."""


async def days_of_cells(storage: TableStorage) -> Days:
    """What the cells say."""
    days: Days = {}
    for (partition, key), row in (await all_rows(storage, "ledger")).items():
        if key.startswith("d|"):
            _, subject, day, model, line = key.split("|")
            place = (partition[:6], f"{subject}|{model}", int(day))
            revs, amounts = days.setdefault(place, ({}, Counter()))
            revs[line] = int(row["rev"])
            amounts.update({name: int(row.get(name) or 0) for name in COUNTED})
            assert read_daily_usage(row).subject  # a row that readers understand
    return days


async def days_of_monthly(storage: TableStorage) -> Days:
    """What the projection says; its sums must be those of its days."""
    days: Days = {}
    for (month, key), row in (await all_rows(storage, "monthly")).items():
        total: Counter[str] = Counter()
        active = 0
        for day in range(1, 32):
            if f"r{day:02d}" in row:
                revs, amounts = revs_of(row, day), amounts_of(row, f"d{day:02d}")
                days[month, key, day] = (revs, amounts)
                total.update(amounts)
                active |= bool(amounts["calls"]) << day
        assert amounts_of(row, "total") == total, (month, key)
        assert int(row["active"]) == active, (month, key)
    return days


def revs_of(row: Row, day: int) -> dict[str, int]:
    """Revision by line of a day."""
    parts = str(row[f"r{day:02d}"]).split(",")
    return {part.split(":")[0]: int(part.split(":")[1]) for part in parts}


def amounts_of(row: Row, column: str) -> Counter[str]:
    """Amounts of a column by name."""
    numbers = [int(number) for number in str(row[column]).split(",") if number]
    return Counter(dict(zip(COUNTED, numbers, strict=False)))


async def assert_projected(storage: TableStorage) -> None:
    """Every cell is in `monthly` at its revision, and nothing else is."""
    assert await days_of_monthly(storage) == await days_of_cells(storage)
