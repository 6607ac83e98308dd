"""Capture files of a broker through the path of live traffic, whole and damaged."""

import asyncio
import io
import random
from collections.abc import AsyncIterator, Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

import fastavro
import msgspec
import pytest

from consumers.errors import ReplayRefused
from consumers.replay.capture_file import read_capture
from consumers.replay.capture_files import DirectoryFiles
from consumers.replay.capture_source import CaptureSource
from consumers.replay.differences import staged
from consumers.replay.source import Period
from consumers.rerating.stage import Staging, keep_staging
from local_stack.broker import Broker, BrokerConfig, HubConfig, running_broker
from pricing_rules.provider_usage.normalise import normalise
from pricing_rules.types import Operation, Usage
from pricing_rules.units import Unit
from table_api.consumer_state.replay_positions import ReplayPositions
from table_api.ledger.book_archive import BookArchive
from table_api.rerating.pairs import decode_pairs
from table_api.storage.memory_blobs import MemoryBlobStore
from tests.consumers.replay.world import HUB, ReplayWorld
from tests.contracts.ledger import charge
from tests.fixtures.builders import ENQUEUED_TIME, call_id, chat_usage, make_body
from tests.fixtures.calls import NOW, all_rows, book
from tests.fixtures.damage import damage

CONFIG = BrokerConfig(hubs=(HubConfig(name=HUB, partitions=2, consumer_groups=("g",)),))
CALLS = 200


@pytest.fixture
async def broker() -> AsyncIterator[Broker]:
    async with running_broker(config=CONFIG, clock=lambda: ENQUEUED_TIME) as running:
        yield running


@pytest.fixture
async def world() -> ReplayWorld:
    return await ReplayWorld.empty()


def fill(broker: Broker, count: int, *, first: int = 0) -> None:
    """Calls on both partitions."""
    for partition in ("0", "1"):
        numbers = range(first + int(partition), first + count, 2)
        bodies = [make_body(id=call_id(number)) for number in numbers]
        broker.append(HUB, bodies, partition=partition)


def capture(broker: Broker, directory: Path) -> list[Path]:
    return broker.capture(HUB, directory)


async def test_missing_calls_are_posted_and_standing_ones_are_duplicates(
    broker: Broker, world: ReplayWorld, tmp_path: Path
) -> None:
    fill(broker, CALLS)
    capture(broker, tmp_path)
    assert (await world.replay(tmp_path)).counts == {"posted": CALLS}
    rows = await all_rows(world.history.storage)
    again = await world.replay(tmp_path)
    assert (again.counts, again.findings) == ({"duplicates": CALLS}, [])
    assert await all_rows(world.history.storage) == rows
    assert await world.history.flaws() == []


async def test_dry_run_says_what_would_be_and_writes_nothing(
    broker: Broker, world: ReplayWorld, tmp_path: Path
) -> None:
    fill(broker, 10)
    broker.append(HUB, [b"{"], partition="0")
    capture(broker, tmp_path)
    before = await all_rows(world.history.storage)
    tally = await world.replay(tmp_path, dry_run=True)
    assert tally.counts == {"posted": 10, "dead_lettered": 1}
    assert await all_rows(world.history.storage) == before
    assert [letter async for letter in world.letters.all()] == []


async def test_what_is_damaged_is_named_and_all_else_is_read(
    broker: Broker, world: ReplayWorld, tmp_path: Path
) -> None:
    fill(broker, CALLS)
    corrupt, torn = capture(broker, tmp_path)
    content = corrupt.read_bytes()
    sync = content[-16:]
    blocks = content.count(sync) - 1
    assert blocks > 2
    # The second block's count of records becomes nonsense.
    second = content.index(sync, content.index(sync) + 16) + 16
    corrupt.write_bytes(content[:second] + b"\xff\xff\xff" + content[second + 3 :])
    torn.write_bytes(torn.read_bytes()[:-100])
    empty = torn.parent / "59.avro"
    empty.write_bytes(b"")
    tally = await world.replay(tmp_path)
    found = sorted(tally.findings)
    assert len(found) == 3
    assert f"partition 0: {corrupt} block at bytes {second} to " in found[0]
    assert any(f"{torn} ends amid the block at byte" in each for each in found)
    assert any(f"{empty} is no Avro file: 0 bytes" in each for each in found)
    assert CALLS * (blocks - 1) // (2 * blocks) < tally.events < CALLS
    assert tally.counts == {"posted": tally.events}


async def test_period_is_of_the_enqueued_time(
    broker: Broker, world: ReplayWorld, tmp_path: Path
) -> None:
    fill(broker, 4)
    capture(broker, tmp_path)
    late = Period(from_time=ENQUEUED_TIME.replace(year=2027))
    assert (await world.replay(tmp_path, period=late)).events == 0
    exact = Period(from_time=ENQUEUED_TIME.replace(microsecond=446000), to_time=NOW)
    assert (await world.replay(tmp_path, period=exact)).events == 4


async def test_ended_replay_goes_on_after_the_last_file_that_was_done(
    broker: Broker, world: ReplayWorld, tmp_path: Path
) -> None:
    fill(broker, 10)
    first, _ = capture(broker, tmp_path)
    positions = ReplayPositions(world.history.storage, "r")
    await positions.load()
    await positions.save("0", str(first))
    assert (await world.replay(tmp_path)).counts == {"posted": 5}
    assert await positions.load() == {}
    ended = asyncio.Event()
    ended.set()
    assert not (await world.replay(tmp_path, ended=ended)).complete


@pytest.mark.parametrize("codec", ["null", "deflate"])
async def test_whatever_bytes_are_damaged_the_file_is_named_and_the_replay_goes_on(
    broker: Broker, world: ReplayWorld, tmp_path: Path, codec: str
) -> None:
    fill(broker, CALLS)
    damaged, _ = capture(broker, tmp_path)
    with damaged.open("rb") as file:
        reader = fastavro.reader(file)
        schema, records = reader.writer_schema, list(reader)
    assert schema is not None
    whole = io.BytesIO()
    fastavro.writer(whole, schema, records, codec=codec, sync_interval=4_000)
    content = whole.getvalue()
    chance = random.Random(6)
    for _ in range(150):
        broken = bytearray(content)
        for _ in range(chance.choice((1, 3, 40))):
            broken[chance.randrange(len(broken))] = chance.randrange(256)
        named: list[str] = []
        events = list(read_capture(bytes(broken), named.append))
        assert len(events) + 100 * len(named) >= len(records), "lost, and not named"
    # After the header and the first block: a count of records, or what deflate calls a stream.
    second = content.index(content[-16:], content.index(content[-16:]) + 16) + 16
    damaged.write_bytes(content[:second] + b"\xff" * 12 + content[second + 12 :])
    tally = await world.replay(tmp_path)
    assert any(str(damaged) in each and "block at bytes" in each for each in tally.findings)
    damaged.write_bytes(content.replace(b'"record"', b'"rekord"'))
    tally = await world.replay(tmp_path)
    [header] = tally.findings
    assert header.endswith("the header cannot be read")
    assert tally.events == CALLS // 2


async def test_a_file_that_is_gone_meanwhile_is_named(
    broker: Broker, world: ReplayWorld, tmp_path: Path
) -> None:
    fill(broker, 10)
    gone, _ = capture(broker, tmp_path)
    source = CaptureSource(Going(tmp_path, gone), HUB, Period())
    named: list[str] = []
    await source.partitions()
    events = [batch.events async for batch in source.batches("0", None, named.append)]
    assert (sum(map(len, events)), len(named)) == (0, 1)
    assert f"{gone} cannot be read" in named[0]


class Going(DirectoryFiles):
    """A directory whose file is deleted after it was listed."""

    def __init__(self, path: Path, gone: Path) -> None:
        super().__init__(path)
        self._gone = gone

    async def names(self) -> dict[str, int]:
        found = await super().names()
        self._gone.unlink()
        return found


async def test_where_the_book_is_not_archived_the_replay_says_that_it_compared_nothing(
    broker: Broker, world: ReplayWorld, tmp_path: Path
) -> None:
    fill(broker, 10)
    capture(broker, tmp_path)
    await world.replay(tmp_path)
    empty = replace(
        world.history, documents=MemoryBlobStore(), books=BookArchive(MemoryBlobStore())
    )
    watching = await ReplayWorld(history=empty, letters=world.letters).watching()
    await world.replay(tmp_path, poster=watching)
    why = f"10 calls: their book {book().version} is not in the archive, or is damaged"
    assert watching.not_compared == [why]


async def test_files_that_say_no_hub_or_another_one_are_refused(
    broker: Broker, world: ReplayWorld, tmp_path: Path
) -> None:
    with pytest.raises(ReplayRefused, match=r"holds no \.avro file"):
        await world.replay(tmp_path)
    fill(broker, 2)
    first, second = capture(broker, tmp_path)
    for path in (first, second):
        moved = tmp_path / "moved" / "ns/other/0/2026/11/20/09/30" / path.name
        moved.parent.mkdir(parents=True, exist_ok=True)
        moved.write_bytes(path.read_bytes())
    with pytest.raises(ReplayRefused, match=r"files of the hubs .'other'., none of llm-usage"):
        await world.replay(tmp_path / "moved")
    (tmp_path / "stray.avro").write_bytes(b"")
    with pytest.raises(ReplayRefused, match=r"stray\.avro does not end in HUB/PARTITION"):
        await world.replay(tmp_path)


async def test_a_decoders_mistake_is_found_by_replay_and_mended_by_a_run(
    broker: Broker, world: ReplayWorld, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The decoder once forgot cached tokens: their calls stand as if all input were plain."""
    bodies = [
        make_body(id=call_id(number), usage=chat_usage(cached=1024 * (number % 2)))
        for number in range(6)
    ]
    broker.append(HUB, bodies, partition="0")
    capture(broker, tmp_path)
    with monkeypatch.context() as patch:
        patch.setattr("pricing_rules.decoding.reported_usage.normalise", _without_cached)
        await world.replay(tmp_path)
    wrong = await charge(world.history.storage)
    watching = await world.watching()
    tally = await world.replay(tmp_path, poster=watching)
    assert (tally.counts["duplicates"], len(watching.found)) == (6, 3)
    staging = staged(watching.found, ("USD", "USD"))
    events = [pair.event for pair in decode_pairs(staging.pairs)]
    assert [event and event.caller.oid for event in events] == [None] * 3
    run = await _staged_and_approved(world, staging)
    assert await charge(world.history.storage) == wrong
    applied = await world.history.apply(run)
    assert (applied.written.done, applied.written.left) == (3, 0)
    right = await ReplayWorld.empty()
    await right.replay(tmp_path)
    assert await charge(world.history.storage) == await charge(right.history.storage) < wrong
    again = await world.watching()
    await world.replay(tmp_path, poster=again)
    assert again.found == []
    with pytest.raises(ReplayRefused, match="nothing differs"):
        staged(again.found, ("USD", "USD"))
    await world.history.revert(run)
    assert await charge(world.history.storage) == wrong


def _without_cached(operation: Operation, usage: Mapping[str, Any], model: str | None) -> Usage:
    right = normalise(operation, usage, model)
    counts = dict(right.counts)
    counts[Unit.INPUT] += counts.pop(Unit.CACHE_READ, 0)
    return msgspec.structs.replace(right, counts=counts)


async def _staged_and_approved(world: ReplayWorld, staging: Staging) -> str:
    history = world.history
    run = await keep_staging(staging, history.reratings, history.documents, at=NOW)
    await history.reratings.approve(run.run, by="ada", why="a decoder's mistake", at=NOW)
    return run.run


async def test_an_event_that_fails_is_named_and_the_rest_is_replayed(
    broker: Broker, world: ReplayWorld, tmp_path: Path
) -> None:
    broker.append(HUB, [make_body(id=call_id(0), subject="ann")], partition="0")
    capture(broker, tmp_path)
    await world.replay(tmp_path)
    await damage(world.history.storage, "ledger", "d|ann|", rev="x")
    bodies = [make_body(id=call_id(n), subject=f"user-{n}") for n in range(1, 5)]
    bodies[2] = make_body(id=call_id(3), subject="ann")
    broker.append(HUB, bodies, partition="0")
    capture(broker, tmp_path)
    tally = await world.replay(tmp_path)
    assert (tally.complete, tally.events) == (True, 4)
    # What was posted before the batch failed is met again in its halves.
    assert tally.counts["posted"] + tally.counts["duplicates"] == 3
    rows = await all_rows(world.history.storage)
    assert len([key for _, key in rows if key.startswith("c|")]) == 4
    assert len(tally.findings) == 1
    assert "partition 0: event 3 fails: ValueError at cells.py" in tally.findings[0]
    assert [letter async for letter in world.letters.all()] == []
