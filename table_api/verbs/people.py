"""`python -m table_api people import | erase`: what an import does to past days is kept too."""

import argparse
from collections.abc import Callable
from pathlib import Path
from typing import Any
from unicodedata import normalize

from pricing_rules.money import format_pico
from table_api.errors import TableApiError
from table_api.invoicing.settings import CONTAINER as INVOICES
from table_api.invoicing.snapshots.archive import Archive
from table_api.ledger.book_archive import CONTAINER as PRICE_BOOKS
from table_api.ledger.book_archive import BookArchive
from table_api.ledger.meta import read_meta
from table_api.people.csv_file import import_changes, read_people_csv
from table_api.people.people import People, PeopleDirectory
from table_api.people.regroupings import Regrouping, Regroupings
from table_api.rerating.past_days import PastDays, first_changed_days
from table_api.settings import Settings
from table_api.storage.connection import open_container, open_tables
from table_api.storage.settings import StorageSettings
from table_api.storage.table_storage import TableStorage
from table_api.storage.timestamp import now_utc

Say = Callable[[str], None]


def add_people_verbs(verbs: Any) -> None:
    """`people import` and `people erase` and their flags."""
    people = verbs.add_parser("people", help="who the subjects are")
    people_verbs = people.add_subparsers(dest="people_verb", required=True)
    people_import = people_verbs.add_parser(
        "import", help="insert or replace rows from a CSV file; when a line is bad, none of them"
    )
    people_import.add_argument(
        "file", type=Path, help="columns subject, display_name, cost_centre, valid_from"
    )
    people_import.add_argument(
        "--dry-run", action="store_true", help="say what would change, write nothing"
    )
    erase = people_verbs.add_parser("erase", help="forget a name; cost centre and totals stay")
    erase.add_argument("subject", help="as in the ledger")


async def run_people(flags: argparse.Namespace, settings: Settings, say: Say) -> None:
    """One of the verbs. InvalidPeopleFile before anything is written."""
    async with open_tables(settings.storage) as storage:
        people = People(storage, now=now_utc)
        if flags.people_verb == "erase":
            erased = await people.erase(normalize("NFC", flags.subject))
            if not erased:
                raise TableApiError(f"no row of subject {flags.subject!r} has a name")
            say(f"{erased} rows have no name any more; cost centres and all totals stay")
            return
        rows = read_people_csv(flags.file.read_bytes())
        standing = await people.directory()
        moved = await _moved(storage, settings.storage, standing, standing.with_rows(rows))
        for change in (*import_changes(standing, rows), *map(_line, moved)):
            print(change)
        if flags.dry_run:
            say(f"nothing is written: {len(rows)} rows are good")
            return
        # 1. The record, 2. the people: a crash between them leaves a record too many, none too few.
        await Regroupings(storage).add(moved, at=now_utc())
        await people.save(rows)
    subjects = len({person.subject for person in rows})
    say(f"{len(rows)} rows of {subjects} subjects stand in the table people")


async def _moved(
    storage: TableStorage,
    account: StorageSettings,
    standing: PeopleDirectory,
    after: PeopleDirectory,
) -> list[Regrouping]:
    meta = await read_meta(storage)
    if meta is None or not first_changed_days(standing, after):
        return []
    async with (
        open_container(account, INVOICES) as invoices,
        open_container(account, PRICE_BOOKS) as books,
    ):
        closed = {month.key for month in await Archive(invoices).months()}
        past = PastDays(storage=storage, meta=meta, books=BookArchive(books), closed=closed)
        return await past.regroupings(standing, after)


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
