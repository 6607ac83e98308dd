"""Where metering is measured: a broker, Azurite, and sides as processes beside them."""

import asyncio
import os
import sys
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from uuid import uuid4

from benchmarks.metering.traffic import GROUP, HUB, PARTITIONS, fill
from local_stack import azurite
from local_stack.broker import Broker, BrokerConfig, HubConfig
from table_api.audit import audit
from table_api.azure_storage import AzureTableStorage
from table_api.progress import Count, ProgressTable
from tests.calls import DEMO_BOOK

POLL_S = 0.1
SIDE_S_MAX = 1_200.0
BALANCING_S = "2"


@dataclass(frozen=True, slots=True)
class Side:
    """What one side took; more than one process is summed."""

    events: int
    cpu_s: float
    wall_s: float

    @property
    def cpu_us_per_event(self) -> float:
        return self.cpu_s / self.events * 1e6

    @property
    def events_per_s(self) -> float:
        return self.events / self.wall_s


@dataclass(slots=True)
class Stand:
    """Broker and Azurite of one comparison."""

    broker: Broker
    environment: dict[str, str]
    filled: int = 0
    rss_mib: list[tuple[int, float]] | None = None

    def fill(self, events: int) -> None:
        """More events in the hub."""
        fill(self.broker, events, first=self.filled)
        self.filled += events

    async def side(self, side: str, events: int, *options: str) -> Side:
        """A side that ends of itself."""
        started = time.monotonic()
        process = await self._start(side, events, *options)
        output, _ = await asyncio.wait_for(process.communicate(), SIDE_S_MAX)
        return Side(events, float(output), time.monotonic() - started)

    async def meter(self, events: int, processes: int = 1) -> Side:
        """Metering until all that is in the hub is durable: `events` of it were not before."""
        started = time.monotonic()
        running = [await self._start("meter", events) for _ in range(processes)]
        await self._durable(running[0].pid)
        took = time.monotonic() - started
        for process in running:
            process.terminate()
        outputs = [(await process.communicate())[0] for process in running]
        return Side(events, sum(map(float, outputs)), took)

    async def verify(self) -> None:
        """A fast wrong ledger is no result."""
        storage = AzureTableStorage.from_connection_string(
            self.environment["STORAGE_CONNECTION_STRING"]
        )
        found = await audit(storage, now=datetime.now(UTC))
        await storage.close()
        if not found.ok or found.calls != self.filled:
            raise SystemExit(f"{self.filled} events: {found.render()}")

    async def _start(self, side: str, events: int, *options: str) -> asyncio.subprocess.Process:
        module = ("-m", "benchmarks.metering.sides", side, "--events", str(events))
        return await asyncio.create_subprocess_exec(
            sys.executable,
            *module,
            *options,
            env={**os.environ, **self.environment},
            stdout=asyncio.subprocess.PIPE,
        )

    async def _durable(self, pid: int) -> None:
        """Wait until all events are in the progress rows."""
        storage = AzureTableStorage.from_connection_string(
            self.environment["STORAGE_CONNECTION_STRING"]
        )
        table, received = ProgressTable(storage), 0
        while received < self.filled:
            await asyncio.sleep(POLL_S)
            rows = await table.of_group(HUB, GROUP)
            received = sum(row.counts[Count.RECEIVED] for row in rows)
            if self.rss_mib is not None:
                self.rss_mib.append((received, resident_mib(pid)))
        await storage.close()


def resident_mib(pid: int) -> float:
    """Resident memory of a process in MiB."""
    pages = int(Path(f"/proc/{pid}/statm").read_text().split()[1])
    return pages * os.sysconf("SC_PAGE_SIZE") / 2**20


@asynccontextmanager
async def standing() -> AsyncIterator[Stand]:
    """A fresh broker and a fresh Azurite."""
    config = BrokerConfig(
        hubs=(HubConfig(name=HUB, partitions=PARTITIONS, consumer_groups=(GROUP,)),)
    )
    with azurite.running() as ports:
        async with Broker.running(config=config) as broker:
            environment = {
                "EVENTHUB_CONNECTION_STRING": broker.connection_string,
                "STORAGE_CONNECTION_STRING": ports.connection_string,
                "PRICE_BOOKS": str(DEMO_BOOK),
                "CHECKPOINT_CONTAINER": uuid4().hex,
                "LOAD_BALANCING_INTERVAL_S": BALANCING_S,
            }
            yield Stand(broker, environment)
