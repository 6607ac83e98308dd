"""The verb `people import`. An import records what it does to past days."""

import asyncio
from collections.abc import Sequence
from dataclasses import asdict
from datetime import timedelta
from pathlib import Path
from typing import Any

from command_line.json_form import print_json
from pricing_rules.money import format_pico
from table_api.invoicing.settings import CONTAINER as INVOICES
from table_api.invoicing.snapshots.archive import Archive
from table_api.ledger.book_archive import CONTAINER as PRICE_BOOKS
from table_api.ledger.book_archive import BookArchive
from table_api.ledger.day_range import DayRange
from table_api.ledger.meta import read_meta
from table_api.monthly.reads import MonthlyReads
from table_api.people.csv_file import import_changes, read_people_csv
from table_api.people.people import People, PeopleDirectory, Person
from table_api.people.regroupings import Regrouping, Regroupings
from table_api.rerating.past_days import PastDays, first_changed_days
from table_api.settings import Settings
from table_api.storage.connection import open_container, open_tables
from table_api.storage.settings import StorageSettings
from table_api.storage.table_storage import TableStorage
from table_api.storage.timestamp import now_utc
from table_api.verbs.exit_codes import say

RECENT_DAYS = 92
"""Calls of so many days are looked at: whoever made none of them may be misspelt."""
UNSEEN_NAMED_MAX = 20


async def import_people(
    settings: Settings, file: Path, *, dry_run: bool, as_json: bool = False
) -> int:
    """Import a file. InvalidFile before anything is written."""
    async with open_tables(settings.storage) as storage:
        people = People(storage, now=now_utc)
        rows = read_people_csv(await asyncio.to_thread(file.read_bytes))
        before = await people.directory()
        moved = await _moved(storage, settings.storage, before, before.with_rows(rows))
        _print(list(import_changes(before, rows)), moved, as_json=as_json)
        for subject in await _unseen(storage, rows):
            say(
                f"no call of the last {RECENT_DAYS} days has subject {subject!r}: is it spelled so?"
            )
        if dry_run:
            say(f"nothing is written: {len(rows)} rows are good")
            return 0
        # 1. The record, 2. the people: a crash between them leaves a record too many, none too few.
        await Regroupings(storage).add(moved, at=now_utc())
        await people.save(rows)
    subjects = len({person.subject for person in rows})
    say(f"{len(rows)} rows of {subjects} subjects are stored in the table people")
    return 0


async def _unseen(storage: TableStorage, rows: Sequence[Person]) -> list[str]:
    """Subjects of these rows that no recent call has, the first ones; none before any call."""
    meta = await read_meta(storage)
    if meta is None or not meta.has_monthly:
        return []
    today = meta.calendar.day(now_utc())
    days = DayRange(today - timedelta(days=RECENT_DAYS), today + timedelta(days=1))
    found = await MonthlyReads(storage).subjects(days)
    seen = {subject for part in found for subject in part.subjects}
    unseen = sorted({person.subject for person in rows} - seen) if seen else []
    return unseen[:UNSEEN_NAMED_MAX]


async def _moved(
    storage: TableStorage,
    account: StorageSettings,
    before: PeopleDirectory,
    after: PeopleDirectory,
) -> list[Regrouping]:
    meta = await read_meta(storage)
    if meta is None or not first_changed_days(before, after):
        return []
    async with (
        open_container(account, INVOICES) as invoices,
        open_container(account, PRICE_BOOKS) as books,
    ):
        closed = {month.key for month in await Archive(invoices).months()}
        past = PastDays(storage=storage, meta=meta, books=BookArchive(books), closed=closed)
        return await past.regroupings(before, after)


def _print(changes: Sequence[str], moved: Sequence[Regrouping], *, as_json: bool) -> None:
    if as_json:
        cells = [change.split("\t") for change in changes]
        print_json({"changes": cells, "past_days": [_fields(each) for each in moved]})
        return
    for line in (*changes, *map(_line, moved)):
        print(line)


def _fields(moved: Regrouping) -> dict[str, Any]:
    """As JSON, with decimals as amounts."""
    fields = asdict(moved)
    del fields["recorded_at"]  # not stored yet
    return {**fields, "charge": format_pico(moved.charge), "delta": format_pico(moved.delta)}


def _line(moved: Regrouping) -> str:
    said = [
        "past days",
        moved.subject,
        f"{moved.first_day} to {moved.last_day}",
        f"{moved.before or '-'} → {moved.after or '-'}",
        f"{moved.calls} calls, {format_pico(moved.charge)} move in totals by cost centre",
        f"a run would change the price of {moved.repriced} calls by {format_pico(moved.delta)}",
    ]
    if moved.not_compared:
        said.append(f"{moved.not_compared} calls not compared: their book is not in the archive")
    if moved.closed:
        said.append("the month is closed: its invoices stay, corrections go where it was billed")
    return "\t".join(said)
