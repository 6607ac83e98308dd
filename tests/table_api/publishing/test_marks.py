"""Marks as they are written: any number of rows of any size."""

from table_api.publishing.marks import DayMark, MarkRow, Marks
from table_api.storage.memory_tables import MemoryTableStorage
from table_api.storage.table_storage import OPERATIONS_MAX

SUBJECTS = OPERATIONS_MAX + 20
LINES = 100
"""Cells of a person's day with one model: each makes 15 characters of a day's revisions."""


def row_of(subject: int) -> MarkRow:
    row = MarkRow("202610", f"person-{subject}|gpt-4.1", f"person-{subject}", "gpt-4.1")
    for day in range(1, 32):
        row.mark(day, DayMark(revs={f"{line:012x}": 7 for line in range(LINES)}, rows=7 * LINES))
    return row


async def test_rows_of_a_busy_month_take_more_than_one_transaction_by_their_size() -> None:
    storage = MemoryTableStorage()
    marks = Marks(storage)
    await marks.create()
    await marks.write([[row_of(subject)] for subject in range(SUBJECTS)])
    seen = await marks.seen("202610")
    assert len(seen) == SUBJECTS
    [row] = (await marks.of_subject("202610", "person-7")).values()
    assert (row.day(31).rows, len(row.day(31).revs)) == (7 * LINES, LINES)
