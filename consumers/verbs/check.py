"""The verb `check`: one OK line per dependency, and by which way each is entered."""

import asyncio
import logging
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

from azure.core.exceptions import AzureError
from azure.eventhub import EventData
from azure.eventhub.aio import EventHubConsumerClient, PartitionContext

from command_line.json_form import print_json
from consumers.errors import ConsumersError, GroupUnreachable
from consumers.metering.open_metering import ledger_settings
from consumers.receiving.hub import make_client
from consumers.receiving.receiver import EARLIEST
from consumers.running.clients import Clients, open_clients
from consumers.settings import Settings
from pricing_rules.errors import PricingError
from pricing_rules.price_book.book import load_book
from pricing_rules.price_sources.ages import ages
from table_api.consumer_state.progress import PROGRESS_TABLE
from table_api.errors import LedgerMismatch, TableApiError
from table_api.ledger.meta import open_meta, read_meta
from table_api.storage.timestamp import now_utc
from telemetry.log import redact

TRIES_MAX = 3
RETRY_DELAY_S = 1.0
ATTACH_S_MAX = 15.0


@dataclass(frozen=True, slots=True)
class Finding:
    """What one dependency said."""

    name: str
    ok: bool
    said: str
    warns: bool = False
    """It works, and someone should look at it."""

    @property
    def word(self) -> str:
        """The word that its line begins with."""
        return "WARN  " if self.warns else "OK    " if self.ok else "FAILED"

    def fields(self) -> dict[str, Any]:
        """As JSON has it. Libraries and services choose the words, which may hold a key."""
        state = "warning" if self.warns else "ok" if self.ok else "failed"
        return {"name": self.name, "state": state, "said": redact(self.said)}


async def findings(settings: Settings, clients: Clients) -> AsyncIterator[Finding]:
    """Every dependency in turn; a failed one is tried TRIES_MAX times."""
    hub_way = _way(settings.eventhub_connection_string)
    storage_way = _way(settings.storage_connection_string)
    hub = await _ask(f"event hub (by {hub_way})", lambda: _hub(clients))
    yield hub
    if hub.ok:
        yield await _ask(f"consumer group (by {hub_way})", lambda: _group(clients))
    else:
        yield Finding(f"consumer group (by {hub_way})", False, "not asked: no hub")
    yield await _ask(f"blob storage (by {storage_way})", lambda: _blobs(settings, clients))
    yield await _ask(f"table storage (by {storage_way})", lambda: _tables(clients))
    yield await _ask("ledger", lambda: _ledger(settings, clients))
    yield await _ask("price book", lambda: _book(settings))
    found = price_ages(settings)
    if found is not None:
        yield found


def _way(connection_string: str | None) -> str:
    return "connection string" if connection_string else "identity"


async def _ask(name: str, ask: Callable[[], Awaitable[str]]) -> Finding:
    said = ""
    for attempt in range(TRIES_MAX):
        if attempt:
            await asyncio.sleep(RETRY_DELAY_S)
        try:
            return Finding(name, True, await ask())
        except (LedgerMismatch, PricingError) as error:
            return Finding(name, False, str(error))  # another try changes nothing
        except (ConsumersError, TableApiError, AzureError, OSError) as error:
            said = f"{error} ({TRIES_MAX} tries)"
    return Finding(name, False, said)


async def _hub(clients: Clients) -> str:
    state = await clients.hub.state()
    address = clients.hub.address
    return f"{address.host}/{address.hub}, {len(state.partitions)} partitions"


async def _group(clients: Clients) -> str:
    """Read without an epoch, which disturbs no owner.

    The SDK is silent about a refused attach, so only an event proves the way, or an owner that
    keeps us off. Where there is no event, there is no proof.
    """
    state = await clients.hub.state()
    partitions = await clients.hub.partitions(state.partitions)
    filled = next((each for each in partitions if not each.empty), None)
    group = clients.hub.address.group
    if filled is None:
        return f"{group}, not proven: the hub holds no event to read"
    with _silent_sdk():
        async with make_client(clients.hub.address) as client:
            said = await _first_word(client, filled.partition)
    if said is None:
        raise GroupUnreachable(
            f"{group}: partition {filled.partition} holds events and gives none within "
            f"{ATTACH_S_MAX:.0f} s: is there such a group, and may we listen?"
        )
    return f"{group}, {said}"


@contextmanager
def _silent_sdk() -> Iterator[None]:
    """What the SDK logs of a refused attach is what the finding says in words."""
    sdk = logging.getLogger("azure.eventhub")
    before = sdk.level
    sdk.setLevel(logging.CRITICAL)
    try:
        yield
    finally:
        sdk.setLevel(before)


async def _first_word(client: EventHubConsumerClient, partition: str) -> str | None:
    said: asyncio.Queue[str] = asyncio.Queue()

    async def on_events(_context: PartitionContext, _events: list[EventData]) -> None:
        said.put_nowait("read an event")

    async def on_error(_context: PartitionContext | None, error: Exception) -> None:
        if "stolen" in str(error).lower():
            said.put_nowait("in use by its owner")

    reading = asyncio.create_task(
        client.receive_batch(
            on_events, partition_id=partition, starting_position=EARLIEST, on_error=on_error
        )
    )
    try:
        async with asyncio.timeout(ATTACH_S_MAX):
            return await said.get()
    except TimeoutError:
        return None
    finally:
        reading.cancel()
        await asyncio.wait({reading})


async def _blobs(settings: Settings, clients: Clients) -> str:
    await clients.checkpoint_container.create_container()
    positions = await clients.checkpoints.positions()
    return f"container {settings.checkpoint_container}, {len(positions)} checkpoints"


async def _tables(clients: Clients) -> str:
    await clients.progress.create()
    address = clients.hub.address
    rows = await clients.progress.of_group(address.hub, address.group)
    return f"table {PROGRESS_TABLE}, {len(rows)} partitions"


async def _ledger(settings: Settings, clients: Clients) -> str:
    if await read_meta(clients.tables) is None:
        return "none yet: the first `run` makes it"
    meta = await open_meta(clients.tables, ledger_settings(settings), now=now_utc())
    fixed = meta.settings
    return f"{fixed.zone}, {fixed.pricing_currency}, {fixed.shards} shards"


async def _book(settings: Settings) -> str:
    book = load_book(settings.price_books, origins=settings.price_sources.split(","))
    return f"version {book.version[:12]}, {len(book.deployments)} deployments"


def price_ages(settings: Settings) -> Finding | None:
    """How old the prices of the book's deployments are; None where the book cannot be read."""
    try:
        book = load_book(settings.price_books, origins=settings.price_sources.split(","))
    except PricingError:
        return None
    found = ages(book, at=now_utc(), days_max=settings.price_age_days_max)
    if found.old:
        return Finding("prices", True, f"{found} (PRICE_AGE_DAYS_MAX)", warns=True)
    return Finding("prices", True, f"{found.prices} in use, the oldest of {found.oldest_checked}")


async def check(settings: Settings, *, as_json: bool = False) -> int:
    """Print a line per dependency. 1 when one fails."""
    found = []
    async with open_clients(settings) as clients:
        async for finding in findings(settings, clients):
            found.append(finding)
            if not as_json:
                print(f"{finding.word} {finding.name}: {redact(finding.said)}")
    if as_json:
        print_json([each.fields() for each in found])
    return 0 if all(each.ok for each in found) else 1
