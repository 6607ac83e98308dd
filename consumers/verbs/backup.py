"""The verbs `ledger backup` and `ledger restore`."""

from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager
from pathlib import Path

from command_line.json_form import print_json
from consumers.backup.azure_copies import AzureTableCopies
from consumers.backup.folder import Containers, back_up
from consumers.backup.restoring import restore as restore_folder
from consumers.settings import Settings
from table_api.invoicing.settings import CONTAINER as INVOICES
from table_api.ledger.book_archive import CONTAINER as PRICE_BOOKS
from table_api.open_calls.purging.purged_hours import COUNTED_CALLS_CONTAINER
from table_api.rerating.runs_table import DOCUMENTS_CONTAINER
from table_api.storage.connection import open_container, own_identity
from table_api.storage.timestamp import now_utc


async def backup(settings: Settings, folder: Path, *, as_json: bool = False) -> int:
    """Copy tables and documents into a folder."""
    async with _opened(settings) as (tables, containers):
        _say(await back_up(tables, containers, folder, now=now_utc()), as_json=as_json)
    return 0


async def restore(settings: Settings, folder: Path, *, as_json: bool = False) -> int:
    """Write a backup into an account without rows, or go on with a restore that was ended."""
    async with _opened(settings) as (tables, containers):
        _say(await restore_folder(tables, containers, folder), as_json=as_json)
    return 0


def _say(counts: dict[str, int], *, as_json: bool) -> None:
    if as_json:
        print_json(counts)
        return
    for name, count in counts.items():
        print(f"{count:>10,}  {name}")


@asynccontextmanager
async def _opened(settings: Settings) -> AsyncIterator[tuple[AzureTableCopies, Containers]]:
    """The account's tables and its containers of documents."""
    names = (
        INVOICES, PRICE_BOOKS, DOCUMENTS_CONTAINER, COUNTED_CALLS_CONTAINER,
        settings.dead_letter_container,
    )  # fmt: skip
    storage = settings.storage
    async with AsyncExitStack() as stack:
        if storage.connection_string is not None:
            tables = AzureTableCopies.from_connection_string(storage.connection_string)
        else:
            assert storage.tables_url is not None  # one of the two is set
            tables = AzureTableCopies.from_url(storage.tables_url, own_identity())
        stack.push_async_callback(tables.close)
        containers = {name: open_container(storage, name) for name in names}
        for each in containers.values():
            stack.push_async_callback(each.close)
        yield tables, containers
