"""Captured events and a metered ledger in memory, for tests of replays."""

import asyncio
from dataclasses import dataclass
from pathlib import Path

from consumers.dead_letters.letter_store import MemoryDeadLetters
from consumers.metering.metering import Metering
from consumers.pairing.intake import UsageIntake
from consumers.replay.capture_files import DirectoryFiles
from consumers.replay.capture_source import CaptureSource
from consumers.replay.differences import WatchingPoster
from consumers.replay.replay import Replay, Tally
from consumers.replay.source import Period
from table_api.consumer_state.replay_positions import ReplayPositions
from table_api.storage.memory_tables import MemoryTableStorage
from tests.consumers.metering.call_ratings import rating
from tests.consumers.pairing.world import HandTime, Outbox, World
from tests.fixtures.calls import NOW, book, open_ledger
from tests.fixtures.reratings import History

HUB = "llm-usage"
ALWAYS = Period()


@dataclass(frozen=True, kw_only=True)
class ReplayWorld:
    """One ledger and its dead letters."""

    history: History
    letters: MemoryDeadLetters

    @classmethod
    async def empty(cls) -> "ReplayWorld":
        history = History.over(MemoryTableStorage())
        await open_ledger(history.storage)
        await history.books.keep(book())
        return cls(history=history, letters=MemoryDeadLetters())

    async def watching(self, *, dry_run: bool = False) -> WatchingPoster:
        return WatchingPoster(await self.history.ledger(), self.history.books, dry_run=dry_run)

    def metering(self, poster: WatchingPoster, *, dry_run: bool = False) -> Metering:
        return Metering(
            hub=HUB,
            rating=rating(self.history.storage),
            ledger=poster,
            dead_letters=MemoryDeadLetters() if dry_run else self.letters,
            now=lambda: NOW,
        )

    async def hearing(self) -> UsageIntake:
        """Pairing that remembers every call of these tests, and has passed all of them."""
        world = World(self.history.storage, await self.history.ledger(), Outbox(), HandTime())
        await world.calls.create()
        await world.calls.set_swept(NOW)
        return world.usage

    async def replay(
        self,
        files: Path,
        *,
        poster: WatchingPoster | None = None,
        period: Period = ALWAYS,
        dry_run: bool = False,
        ended: asyncio.Event | None = None,
    ) -> Tally:
        """All Capture files under a directory."""
        watching = poster or await self.watching(dry_run=dry_run)
        source = CaptureSource(DirectoryFiles(files), HUB, period)
        replay = Replay(
            source,
            self.metering(watching, dry_run=dry_run),
            None if dry_run else ReplayPositions(self.history.storage, "r"),
            pairing=None if dry_run else await self.hearing(),
            ended=ended or asyncio.Event(),
            progressed=lambda read: None,
        )
        return await replay.run(await source.partitions())
