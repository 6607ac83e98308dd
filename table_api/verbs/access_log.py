"""The verb `access-log`."""

from datetime import timedelta

from command_line.json_form import print_json
from table_api.owners.access_log import KEPT_DAYS, Access, AccessLog, Position
from table_api.settings import Settings
from table_api.storage.connection import open_tables
from table_api.storage.timestamp import now_utc, timestamp
from table_api.verbs.exit_codes import say

PAGE = 1_000


async def show_access_log(settings: Settings, *, days: int, as_json: bool = False) -> int:
    """Print the rows of the last days, the newest first."""
    rows: list[Access] = []
    stop = now_utc().date() + timedelta(days=1)
    after: Position | None = None
    async with open_tables(settings.storage) as storage:
        log = AccessLog(storage)
        while True:
            page, after = await log.newest(
                stop - timedelta(days=days), stop, after=after, limit=PAGE
            )
            rows += page if as_json else ()
            for row in () if as_json else page:
                count = "everybody" if row.count is None else row.count
                fields = (timestamp(row.at), row.caller, " ".join(row.roles) or "-", row.path)
                print(*fields, row.query or "-", count, " ".join(row.subjects) or "-", sep="\t")
            if after is None:
                break
    if as_json:
        print_json(rows)
    return 0


async def purge_access_log(settings: Settings) -> int:
    """Delete rows older than KEPT_DAYS."""
    async with open_tables(settings.storage) as storage:
        deleted = await AccessLog(storage).purge(now_utc().date())
    say(f"{deleted} rows older than {KEPT_DAYS} days are deleted from the access log")
    return 0
