"""Pairing and metering on one storage, with a clock and hubs that a test moves by hand."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta

from consumers.dead_letters.letter_store import MemoryDeadLetters
from consumers.errors import HubUnavailable
from consumers.metering.metering import Metering
from consumers.pairing.decide import Waits
from consumers.pairing.diagnostics_intake import DiagnosticsIntake
from consumers.pairing.intake import Intake, Pairing, UsageIntake
from consumers.pairing.settlement import Settlement
from consumers.pairing.stream_time import Passed, StreamTime
from consumers.pairing.sweeper import Sweeper
from consumers.receiving.handler import Received
from table_api.consumer_state.progress import ProgressTable
from table_api.ledger.entries import LedgerEntry, read_entry
from table_api.ledger.keys import CALL_ROWS
from table_api.monthly.projected_ledger import ProjectedLedger
from table_api.open_calls.counted_calls import CountedCalls
from table_api.open_calls.decision import Decision
from table_api.open_calls.purging.purged_hours import PurgedHours
from table_api.open_calls.table import OpenCalls
from table_api.storage.blobs import BlobStore
from table_api.storage.memory_blobs import MemoryBlobStore
from table_api.storage.table_storage import TableStorage
from tests.consumers.metering.call_ratings import rating
from tests.fixtures.calls import open_ledger

USAGE, DIAGNOSTICS = "llm-usage", "apim-diagnostics"
WAITS = Waits(grace=timedelta(minutes=15), timeout=timedelta(hours=1))
KEEP = timedelta(days=14)
FAR_AHEAD = datetime.max.replace(tzinfo=UTC)
"""The clock of a process for which every call is old."""


class HandTime(StreamTime):
    """Stream time as the test says."""

    def __init__(self) -> None:
        self.latest = None
        self.present = None

    async def look(self) -> Passed:
        return Passed(self.latest, False)


@dataclass
class Outbox:
    """A Publisher whose events a test delivers; it fails as told: `before`, `after`, or None."""

    sent: list[bytes] = field(default_factory=list)
    faults: list[str | None] = field(default_factory=list)

    async def publish(self, decisions: Sequence[Decision]) -> None:
        fault = self.faults.pop(0) if self.faults else None
        if fault == "before":
            raise HubUnavailable("nothing was sent")
        self.sent.extend(decision.event.encode() for decision in decisions)
        if fault == "after":
            raise HubUnavailable("the answer was lost")


class World:
    """One process of pairing, one of metering. `of(other)` is a second process on the same
    tables.
    """

    def __init__(
        self,
        storage: TableStorage,
        ledger: ProjectedLedger,
        outbox: Outbox,
        stream_time: HandTime,
        blobs: BlobStore | None = None,
    ) -> None:
        self.blobs = blobs or MemoryBlobStore()
        self.storage = storage
        self.ledger = ledger
        self.outbox = outbox
        self.stream_time = stream_time
        self.calls = OpenCalls(storage)
        self.letters = MemoryDeadLetters()
        self.pairing = Pairing(
            calls=self.calls,
            settlement=Settlement(self.calls, outbox, WAITS, now=lambda: FAR_AHEAD),
            stream_time=stream_time,
            waits=WAITS,
            counted=self.counted(before=FAR_AHEAD),
            keep=KEEP,
            now=lambda: FAR_AHEAD,
        )
        self.sweeper = Sweeper(self.pairing, interval_s=1)
        self.usage = UsageIntake(USAGE, self.pairing, self.letters)
        self.diagnostics = DiagnosticsIntake(DIAGNOSTICS, self.pairing, self.letters)
        self._sequence_number = 0

    @classmethod
    async def over(cls, storage: TableStorage, failing: TableStorage | None = None) -> "World":
        """`failing` is the same storage with faults: what pairing is given."""
        await OpenCalls(storage).create()
        ledger = await open_ledger(storage)
        world = cls(failing or storage, ledger, Outbox(), HandTime())
        await ProgressTable(storage).create()
        return world

    def other(self) -> "World":
        """Another process of pairing."""
        return World(self.storage, self.ledger, self.outbox, self.stream_time, self.blobs)

    def counted(self, *, before: datetime) -> CountedCalls:
        """What a process finds that has just started."""
        return CountedCalls(self.calls, PurgedHours(self.blobs), before=before)

    async def pair(self, intake: Intake, body: bytes, enqueued_time: datetime) -> None:
        """One event. Raises what the worker would try again after."""
        await self.pair_batch(intake, [body], enqueued_time)

    async def pair_batch(
        self, intake: Intake, bodies: Sequence[bytes], enqueued_time: datetime
    ) -> None:
        """Several at once."""
        await intake.prepare("0", [self.received(body, enqueued_time) for body in bodies])()

    async def meter(self, bodies: Sequence[bytes], enqueued_time: datetime) -> None:
        """A batch of the usage hub by metering."""
        events = [self.received(body, enqueued_time) for body in bodies]
        await self.metering(enqueued_time).prepare("0", events)()

    def metering(self, now: datetime) -> Metering:
        return Metering(
            hub=USAGE,
            rating=rating(self.storage),
            ledger=self.ledger,
            dead_letters=self.letters,
            now=lambda: now,
        )

    async def sweep(self, stream_time: datetime) -> None:
        """When the stream has come this far."""
        self.stream_time.latest = max(stream_time, self.stream_time.latest or stream_time)
        await self.sweeper.sweep()

    async def standing(self) -> dict[str, list[LedgerEntry]]:
        return await standing_calls(self.storage)

    def received(self, body: bytes, enqueued_time: datetime) -> Received:
        self._sequence_number += 1
        return Received(self._sequence_number, "0", enqueued_time, body)


async def standing_calls(storage: TableStorage) -> dict[str, list[LedgerEntry]]:
    """By call id, the last row of each chain that is not moved."""
    chains: dict[tuple[str, str], LedgerEntry] = {}
    async for partition in storage.partitions("ledger"):
        async for page in storage.query("ledger", partition, CALL_ROWS):
            for row in page:
                entry = read_entry(row)
                chains[partition, entry.entry_key] = entry
    standing: dict[str, list[LedgerEntry]] = {}
    for entry in chains.values():
        if entry.row["state"] != "moved":
            standing.setdefault(str(entry.row["call_id"]), []).append(entry)
    return standing
