"""Every client a verb needs, opened from settings and closed together."""

import contextlib
from collections.abc import AsyncIterator
from dataclasses import dataclass

from azure.core.credentials_async import AsyncTokenCredential

from consumers.dead_letters.blob_letters import BlobDeadLetters
from consumers.receiving.checkpoints import Checkpoints
from consumers.receiving.hub import EventHub, HubAddress
from consumers.settings import Settings
from table_api.consumer_state.dead_letters import DeadLetterIndex
from table_api.consumer_state.progress import ProgressTable
from table_api.ledger.book_archive import CONTAINER as PRICE_BOOKS_CONTAINER
from table_api.ledger.book_archive import BookArchive
from table_api.open_calls.purging.purged_hours import COUNTED_CALLS_CONTAINER, PurgedHours
from table_api.rerating.runs_table import DOCUMENTS_CONTAINER
from table_api.storage.azure_blobs import AzureBlobStore
from table_api.storage.azure_tables import AzureTableStorage
from table_api.storage.connection import open_container, open_tables, own_identity


@dataclass(frozen=True, slots=True, kw_only=True)
class Clients:
    """Every client that a verb may need. Nothing has been asked of any of them yet."""

    hub: EventHub
    tables: AzureTableStorage
    progress: ProgressTable
    checkpoints: Checkpoints
    checkpoint_container: AzureBlobStore
    dead_letters: BlobDeadLetters
    price_books: BookArchive
    purged_hours: PurgedHours
    rerating_documents: AzureBlobStore


@contextlib.asynccontextmanager
async def open_clients(settings: Settings) -> AsyncIterator[Clients]:
    """Clients by connection string where one is set, else by the process's Azure identity."""
    async with contextlib.AsyncExitStack() as stack:
        identity = None
        if not (settings.eventhub_connection_string and settings.storage_connection_string):
            identity = await stack.enter_async_context(own_identity())

        def blobs(container: str) -> AzureBlobStore:
            store = open_container(settings.storage, container, identity)
            stack.push_async_callback(store.close)
            return store

        hub = EventHub(_address(settings, identity))
        stack.push_async_callback(hub.close)
        tables = await stack.enter_async_context(open_tables(settings.storage, identity))
        progress = ProgressTable(tables)
        # Before the checkpoints, which are in it: a bad connection string is named here.
        checkpoint_container = blobs(settings.checkpoint_container)
        text = settings.storage_connection_string
        checkpoints = Checkpoints.open(
            settings.checkpoint_container,
            account=text or settings.blobs_url or "",
            credential=None if text else identity,
            hub=hub,
            progress=progress,
        )
        stack.push_async_callback(checkpoints.close)
        yield Clients(
            hub=hub,
            tables=tables,
            progress=progress,
            checkpoints=checkpoints,
            checkpoint_container=checkpoint_container,
            dead_letters=BlobDeadLetters(
                blobs(settings.dead_letter_container),
                DeadLetterIndex(tables, settings.eventhub_name),
                settings.eventhub_name,
            ),
            price_books=BookArchive(blobs(PRICE_BOOKS_CONTAINER)),
            purged_hours=PurgedHours(blobs(COUNTED_CALLS_CONTAINER)),
            rerating_documents=blobs(DOCUMENTS_CONTAINER),
        )


def _address(settings: Settings, identity: AsyncTokenCredential | None) -> HubAddress:
    return HubAddress(
        hub=settings.eventhub_name,
        group=settings.consumer_group,
        connection_string=settings.eventhub_connection_string,
        namespace=settings.eventhub_namespace,
        credential=identity,
    )
