"""The verbs `people import-owners` and `people owners`."""

import asyncio
from pathlib import Path

from command_line.json_form import print_json
from table_api.owners.csv_file import import_changes, read_owners_csv
from table_api.owners.ownership import Kind, Owners
from table_api.people.cost_centres import cost_centres, nobody_has
from table_api.people.people import People
from table_api.settings import Settings
from table_api.storage.connection import open_tables
from table_api.storage.timestamp import now_utc
from table_api.verbs.exit_codes import say


async def import_owners(
    settings: Settings, file: Path, *, dry_run: bool, as_json: bool = False
) -> int:
    """Import a file. InvalidFile before anything is written."""
    async with open_tables(settings.storage) as storage:
        owners = Owners(storage, now=now_utc)
        rows = read_owners_csv(await asyncio.to_thread(file.read_bytes))
        changes = list(import_changes(await owners.all(), rows))
        if as_json:
            print_json({"changes": [change.split("\t") for change in changes]})
        for change in () if as_json else changes:
            print(change)
        known = cost_centres(await People(storage, now=now_utc).directory())
        named = {row.name for row in rows if row.kind is Kind.COST_CENTRE}
        for name in sorted(named - known if known else ()):
            say(f"{name!r}: {nobody_has(name, known)}")
        if dry_run:
            say(f"nothing is written: {len(rows)} rows are good")
            return 0
        await owners.save(rows)
    say(f"{len(rows)} rows are stored in the table owners")
    return 0


async def list_owners(settings: Settings, *, as_json: bool) -> int:
    """Print every row as a line of an owners file."""
    async with open_tables(settings.storage) as storage:
        rows = await Owners(storage, now=now_utc).all()
    if as_json:
        print_json(rows)
        return 0
    for row in rows:
        print(row.owner, row.kind, row.name, row.valid_from, row.valid_until or "", sep="\t")
    return 0
