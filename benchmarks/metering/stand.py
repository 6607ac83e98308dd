"""Where metering is measured: a broker, an Azurite, and each side as a process of its own."""

import asyncio
import contextlib
import json
import os
import signal
import sys
import time
from collections import Counter
from collections.abc import AsyncIterator
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from uuid import uuid4

from azure.eventhub.extensions.checkpointstoreblobaio import BlobCheckpointStore

from benchmarks.metering.traffic import (
    DRAIN_GROUP,
    GROUP,
    HUB,
    LOG_HUB,
    PAIRING_GROUP,
    PARTITIONS,
    Traffic,
)
from consumers.receiving.hub import HubAddress
from local_stack.broker import Broker, BrokerConfig, HubConfig, running_broker
from local_stack.demo import azurite
from table_api.audit.ledger_audit import audit
from table_api.consumer_state.progress import Count, ProgressTable
from table_api.storage.azure_blobs import AzureBlobStore
from table_api.storage.azure_tables import AzureTableStorage
from table_api.storage.keys import starting_with
from tests.fixtures.calls import DEMO_BOOK
from tests.fixtures.waiting import until

POLL_S = 0.1
SIDE_S_MAX = 1_200.0
BALANCING_S = "2"
TICKS_PER_S = os.sysconf("SC_CLK_TCK")


@dataclass(frozen=True, slots=True)
class Took:
    """What handling some events took."""

    events: int
    cpu_s: float
    """CPU time of the side alone, summed over its processes."""
    wall_s: float
    azurite_cpu_s: float = 0.0

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
    azurite: int
    """Id of its process."""
    partitions: int = PARTITIONS
    """Of each hub."""
    traffic: Traffic = field(default_factory=Traffic)

    async def side(self, side: str, events: int, *options: str) -> Took:
        """Run a side that ends by itself and prints what it took."""
        process = await self._start(side, "--events", str(events), *options)
        output, _ = await asyncio.wait_for(process.communicate(), SIDE_S_MAX)
        handled, cpu_s, wall_s = output.split()
        return Took(int(handled), float(cpu_s), float(wall_s))

    @contextlib.asynccontextmanager
    async def metering(
        self, processes: int = 1, *, samples: Path | None = None
    ) -> AsyncIterator["Metering"]:
        """Run the product in this many processes, each with its share of the partitions. One
        process may write samples of itself into a file.
        """
        options = [] if samples is None else ["--samples", str(samples)]
        running = [await self._start("meter", *options) for _ in range(processes)]
        storage = AzureTableStorage.from_connection_string(
            self.environment["STORAGE_CONNECTION_STRING"]
        )
        try:
            async with asyncio.timeout(SIDE_S_MAX):
                await self._shared_by(processes, HUB, GROUP)
            yield Metering(self, storage, [each.pid for each in running], samples)
        finally:
            await storage.close()
            for process in running:
                process.terminate()
            for process in running:
                await process.wait()

    @contextlib.asynccontextmanager
    async def pairing(self) -> AsyncIterator[None]:
        """Run pairing in one process."""
        process = await self._start("pair")
        try:
            async with asyncio.timeout(SIDE_S_MAX):
                for hub in (HUB, LOG_HUB):
                    await self._shared_by(1, hub, PAIRING_GROUP)
            yield
        finally:
            process.terminate()
            await process.wait()

    async def verify(self) -> None:
        """Check the ledger: a fast wrong one is no result."""
        storage = AzureTableStorage.from_connection_string(
            self.environment["STORAGE_CONNECTION_STRING"]
        )
        found = await audit(storage, now=datetime.now(UTC))
        await storage.close()
        if not found.ok or found.calls != self.traffic.made:
            raise SystemExit(f"{self.traffic.made} events: {found.render()}")

    async def _shared_by(self, processes: int, hub: str, group: str) -> None:
        """Wait until every process has its share of the partitions."""
        address = HubAddress(
            hub=hub, group=group, connection_string=self.environment["EVENTHUB_CONNECTION_STRING"]
        )
        store = BlobCheckpointStore.from_connection_string(
            self.environment["STORAGE_CONNECTION_STRING"], self.environment["CHECKPOINT_CONTAINER"]
        )
        shares: list[int] = []
        async with store:
            while shares != [self.partitions // processes] * processes:
                await asyncio.sleep(POLL_S)
                owned = await store.list_ownership(address.host, hub, group)
                shares = list(Counter(each["owner_id"] for each in owned).values())

    async def _start(self, side: str, *options: str) -> asyncio.subprocess.Process:
        return await asyncio.create_subprocess_exec(
            *(sys.executable, "-m", "benchmarks.metering.sides", side, *options),
            env={**os.environ, **self.environment},
            stdout=asyncio.subprocess.PIPE,
        )


@dataclass(slots=True)
class Metering:
    """Processes of the product; they are ready."""

    stand: Stand
    storage: AzureTableStorage
    pids: list[int]
    samples: Path | None = None

    async def take(self, events: int, rss_mib: list[tuple[int, float]] | None = None) -> Took:
        """Give them events, and wait until all are durable. `rss_mib` gets the memory of the first
        process by events received. The seconds end with the last transaction of the ledger: the
        save that shows it comes later, at its own time.
        """
        stand = self.stand
        made = stand.traffic.make(events)
        started, cpu_s, azurite_cpu_s = time.time(), self._cpu_s(), cpu_s_of(stand.azurite)
        progress = ProgressTable(self.storage)
        for subject, body in made:
            stand.broker.append(HUB, [body], partition_key=subject)
        del made
        received = 0
        while received < stand.traffic.made:
            await asyncio.sleep(POLL_S)
            rows = await progress.of_group(HUB, GROUP)
            received = sum(row.counts[Count.RECEIVED] for row in rows)
            if rss_mib is not None:
                rss_mib.append((received, resident_mib(self.pids[0])))
        cpu_s, azurite_cpu_s = self._cpu_s() - cpu_s, cpu_s_of(stand.azurite) - azurite_cpu_s
        return Took(events, cpu_s, await self._last_write() - started, azurite_cpu_s)

    async def _last_write(self) -> float:
        """When the last call was counted: each transaction of calls changes a daily cell."""
        last = ""
        async for partition in self.storage.partitions("ledger"):
            cells = starting_with("d|")
            async for page in self.storage.query("ledger", partition, cells, select=["Timestamp"]):
                last = max(last, *(str(row["Timestamp"]) for row in page), last)
        return datetime.fromisoformat(last).timestamp()

    async def sampled(self) -> "Counter[str]":
        """The samples that the first process has taken of itself so far."""
        samples = self.samples
        assert samples is not None
        samples.unlink(missing_ok=True)
        os.kill(self.pids[0], signal.SIGUSR1)

        async def written() -> bool:
            return samples.exists()

        await until(written)
        return Counter(json.loads(samples.read_text()))

    def _cpu_s(self) -> float:
        return sum(map(cpu_s_of, self.pids))


def cpu_s_of(pid: int) -> float:
    """Processor time that a process has taken by now."""
    fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / TICKS_PER_S  # proc(5): utime, stime


def resident_mib(pid: int) -> float:
    """Resident memory of a process in MiB."""
    pages = int(Path(f"/proc/{pid}/statm").read_text().split()[1])
    return pages * os.sysconf("SC_PAGE_SIZE") / 2**20


@contextlib.asynccontextmanager
async def standing(
    *, heap_mib: int = azurite.HEAP_MIB, partitions: int = PARTITIONS
) -> AsyncIterator[Stand]:
    """A fresh broker and a fresh Azurite, which keeps all rows in its heap."""
    config = BrokerConfig(
        hubs=tuple(
            HubConfig(name=hub, partitions=partitions, consumer_groups=groups)
            for hub, groups in (
                (HUB, (GROUP, DRAIN_GROUP, PAIRING_GROUP)),
                (LOG_HUB, (PAIRING_GROUP,)),
            )
        )
    )
    with azurite.running(heap_mib=heap_mib) as ports:
        assert ports.process is not None
        async with running_broker(config=config) as broker:
            environment = {
                "EVENTHUB_CONNECTION_STRING": broker.connection_string,
                "STORAGE_CONNECTION_STRING": ports.connection_string,
                "PRICE_BOOKS": str(DEMO_BOOK),
                "CHECKPOINT_CONTAINER": uuid4().hex,
                "LOAD_BALANCING_INTERVAL_S": BALANCING_S,
            }
            async with AzureBlobStore.from_connection_string(
                ports.connection_string, environment["CHECKPOINT_CONTAINER"]
            ) as container:
                await container.create_container()
            yield Stand(broker, environment, ports.process, partitions)
