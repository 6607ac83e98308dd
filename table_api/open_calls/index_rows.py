"""Rows of many calls out of the index by hour, unless that has far more rows of other calls."""

from collections.abc import Collection, Iterable
from datetime import datetime

from table_api.open_calls.keys import OPEN_CALLS_TABLE, hour_ranges, second_of_hour
from table_api.storage.keys import KeyRange
from table_api.storage.table_storage import ROWS_PER_PAGE, Row, TableStorage

COPIED = ("RowKey", "call_id", "fact", "decision")
"""Columns of the index."""


async def index_rows(
    storage: TableStorage,
    call_ids: Collection[str],
    spans: Iterable[tuple[datetime, datetime]],
    *,
    pages_max: int,
) -> list[Row] | None:
    """None when the spans have more than about `pages_max` pages.

    The first full page shows how dense the rows are, and so how many pages there are: at most this
    one is read for nothing.
    """
    ranges = [
        (partition, keys)
        for span in spans
        for partitions, keys in hour_ranges(*span)
        for partition in partitions
    ]
    if len(ranges) > pages_max:
        return None  # each has one page at least
    rows: list[Row] = []
    counted = False
    for partition, keys in ranges:
        async for page in storage.query(OPEN_CALLS_TABLE, partition, keys, select=COPIED):
            if len(page) >= ROWS_PER_PAGE and not counted:
                counted = True
                if _pages([keys for _, keys in ranges], page, keys) > pages_max:
                    return None
            rows += [row for row in page if row.get("call_id") in call_ids]
    return rows


def _pages(ranges: Iterable[KeyRange], page: list[Row], of_range: KeyRange) -> int:
    """How many pages all the ranges have, if all are as dense as the first page of one of them."""
    seconds = second_of_hour(str(page[-1]["RowKey"])) - second_of_hour(of_range.start)
    per_page = max(seconds, 1)
    lengths = (second_of_hour(each.stop) - second_of_hour(each.start) for each in ranges)
    return sum(max(1, -(-length // per_page)) for length in lengths)
