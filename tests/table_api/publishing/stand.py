"""A ledger in memory, the stand-in for Application Insights, and the publisher between them."""

from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from local_stack.insights.server import Served, serving
from table_api.errors import Retryable
from table_api.monthly.projected_ledger import ProjectedLedger
from table_api.publishing.follow import Publisher
from table_api.publishing.month_pass import Wanted
from table_api.publishing.outbox import Sent
from table_api.publishing.send import Exports, Sender
from table_api.storage.memory_tables import MemoryTableStorage
from table_api.storage.table_storage import TableStorage
from telemetry.exporting.providers import resource_of
from telemetry.exporting.pseudonym import Pseudonyms
from tests.fixtures.calls import open_ledger
from tests.fixtures.published import copies, differences
from tests.local_stack.insights.exporting import log_exporter

KEY = "0123456789abcdef0123456789abcdef"
NOW = datetime(2026, 11, 20, 12, tzinfo=UTC)
"""Some hours after the calls that the builders make."""
EVERYTHING = Wanted()


@dataclass(kw_only=True)
class Stand:
    """All of it; `now` moves when a test says so."""

    storage: MemoryTableStorage
    ledger: ProjectedLedger
    served: Served
    now: datetime = NOW
    key: str | None = None

    async def publisher(
        self, storage: TableStorage | None = None, exporter: Exports | None = None
    ) -> Publisher:
        """A publisher as a process has it when it starts."""
        return await Publisher.open(
            self.storage if storage is None else storage,
            Sender(exporter or log_exporter(self.served), waits_s=(0, 0)),
            names=Pseudonyms(self.key),
            resource=resource_of("publisher"),
            now=lambda: self.now,
        )

    async def publish(self, wanted: Wanted = EVERYTHING, **parts: Any) -> Sent:
        """One pass of a new process."""
        return await (await self.publisher(**parts)).publish(wanted)

    async def publish_until_done(self, wanted: Wanted = EVERYTHING, **parts: Any) -> None:
        """Passes until one ends well."""
        for _ in range(30):
            try:
                await self.publish(wanted, **parts)
            except Retryable:
                continue
            return
        raise AssertionError("no pass ended well")

    @property
    def events(self) -> Sequence[dict[str, Any]]:
        """The items in the stand-in."""
        return self.served.store.rows("AppEvents")

    @property
    def copies(self) -> int:
        """Items that were stored more than once."""
        return copies(self.events)

    async def differences(self) -> list[str]:
        """Ledger against stand-in."""
        return await differences(self.storage, self.events, key=self.key)


@asynccontextmanager
async def stand(key: str | None = None) -> AsyncIterator[Stand]:
    """An empty ledger and an empty stand-in."""
    found: list[Stand] = []
    storage = MemoryTableStorage(now=lambda: found[0].now if found else NOW)
    ledger = await open_ledger(storage)
    async with serving(now=lambda: found[0].now) as served:
        found.append(Stand(storage=storage, ledger=ledger, served=served, key=key))
        yield found[0]
