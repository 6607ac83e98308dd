"""The verb `people erase`: one person out of every table, and what is left to do elsewhere.

Calls and totals stay under the subject's id: a ledger from which rows are taken adds up to nothing.
"""

import json
from unicodedata import normalize

from table_api.consumer_state.raw_usage import RawUsage
from table_api.errors import SettingsError, TableApiError
from table_api.invoicing.snapshots.take_snapshot import ledger_months
from table_api.ledger.keys import LEDGER_TABLE, subject_rows
from table_api.ledger.meta import read_meta
from table_api.owners.access_log import AccessLog
from table_api.owners.ownership import Owners
from table_api.people.people import People
from table_api.settings import Settings
from table_api.storage.blobs import BlobStore
from table_api.storage.connection import open_container, open_tables
from table_api.storage.named_rows import naming
from table_api.storage.settings import container_name
from table_api.storage.table_storage import TableStorage
from table_api.storage.timestamp import now_utc
from table_api.usage.cell_reads import partition_of
from table_api.verbs.exit_codes import say

NOT_REACHED = "events in Capture files and in Application Insights stay: docs/security.md says how"


async def erase_person(settings: Settings, subject: str, *, letters: str) -> int:
    """Erase a subject. Each step may be done again, so a failed run is repeated."""
    subject = normalize("NFC", subject)
    try:
        container_name(letters)
    except ValueError as error:
        raise SettingsError(f"DEAD_LETTER_CONTAINER is {letters!r}: {error}") from error
    async with (
        open_tables(settings.storage) as storage,
        open_container(settings.storage, letters) as container,
    ):
        people = People(storage, now=now_utc)
        # First, since it looks for the names: a run that fails midway must find them again.
        looks = await AccessLog(storage).erase(subject, await people.names(subject))
        names = await people.erase(subject)
        owned = await Owners(storage, now=now_utc).erase(subject)
        usages = await RawUsage(storage).erase(await _call_ids(storage, subject))
        found = await _letters_of(container, subject)
    for name in found:
        print(f"letter\t{letters}\t{name}")
    if not (names or owned or usages or looks or found):
        raise TableApiError(f"no row of subject {subject!r} has a name, nor has any other table")
    say(f"the name is erased from {names} rows; cost centres and all totals stay")
    say(f"erased: {owned} rows of owners, {usages} usage objects, {looks} rows of the access log")
    say(f"{len(found)} dead letters hold the subject: delete their blobs, named above")
    say(NOT_REACHED)
    return 0


async def _call_ids(storage: TableStorage, subject: str) -> set[str]:
    """The ids of all calls of a subject. AlteredRow names a row that has none."""
    meta = await read_meta(storage)
    if meta is None:
        return set()
    found: set[str] = set()
    for month in await ledger_months(storage):
        partition = partition_of(month.key, subject, meta.settings.shards)
        columns = ["PartitionKey", "RowKey", "call_id"]
        keys = subject_rows("c", subject)
        pages = storage.query(LEDGER_TABLE, partition, keys, select=columns)
        async for page in pages:
            for row in page:
                with naming(LEDGER_TABLE, row):
                    found.add(str(row["call_id"]))
    return found


async def _letters_of(container: BlobStore, subject: str) -> list[str]:
    """Dead letters whose body holds a subject, as it is or as JSON spells it."""
    await container.create_container()
    spelled = {subject.encode(), json.dumps(subject)[1:-1].encode()}
    names = [name async for name in container.names("")]
    found = []
    for name in names:
        body = await container.read(name) or b""
        if any(text in body for text in spelled):
            found.append(name)
    return found
