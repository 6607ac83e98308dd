"""The journal: what was acknowledged is there after a restart, and the numbers go on."""

import json
import resource
from datetime import timedelta
from pathlib import Path

import pytest

from local_stack.broker import BrokerConfig, HubConfig, running_broker
from local_stack.broker.errors import ConfigError, JournalError
from local_stack.broker.faults.faults import Gap, Recreate, Trim
from local_stack.broker.store.journal import Journal, Record
from tests.local_stack.broker.conftest import CONFIG, HandClock

PARTITION = Path("h/0")


def segments(data: Path) -> list[Path]:
    return sorted((data / PARTITION).glob("*.segment"))


async def stored(data: Path, *bodies: bytes) -> list[tuple[int, int, bytes]]:
    """What partition 0 holds after one more run of the broker: numbers, offsets, bodies."""
    async with running_broker(config=CONFIG, data=data) as broker:
        if bodies:
            broker.append("h", bodies, partition="0")
        return [
            (event.sequence_number, event.offset, event.body) for event in broker.read("h", "0")
        ]


async def test_a_restart_keeps_events_and_goes_on_counting(tmp_path: Path) -> None:
    first = await stored(tmp_path, b"0", b"1")
    second = await stored(tmp_path, b"2")
    assert second[:2] == first
    assert [(number, body) for number, _, body in second] == [(0, b"0"), (1, b"1"), (2, b"2")]
    offsets = [offset for _, offset, _ in second]
    assert offsets == sorted(set(offsets))


async def test_the_numbers_go_on_when_all_events_are_gone(tmp_path: Path) -> None:
    async with running_broker(config=CONFIG, data=tmp_path) as broker:
        broker.append("h", [b"0", b"1"], partition="0")
        broker.inject(Gap(partition="0", count=3))
        broker.inject(Trim(partition="0"))
    async with running_broker(config=CONFIG, data=tmp_path) as broker:
        assert broker.read("h", "0") == []
        assert broker.log("h", "0").last_sequence_number == 4
        broker.append("h", [b"5"], partition="0")
        assert broker.read("h", "0")[0].sequence_number == 5


async def test_a_hub_made_anew_stays_new_after_a_restart(tmp_path: Path) -> None:
    async with running_broker(config=CONFIG, data=tmp_path) as broker:
        broker.append("h", [b"old"], partition="0")
        broker.inject(Recreate())
    assert await stored(tmp_path, b"new") == [(0, 0, b"new")]


@pytest.mark.parametrize("cut", [1, 20, 100])
async def test_a_torn_last_record_is_dropped_and_written_over(tmp_path: Path, cut: int) -> None:
    await stored(tmp_path, b"kept")
    await stored(tmp_path, b"torn")
    (segment,) = segments(tmp_path)
    segment.write_bytes(segment.read_bytes()[:-cut])
    assert [body for _, _, body in await stored(tmp_path)] == [b"kept"]
    after = await stored(tmp_path, b"new")
    assert [(number, body) for number, _, body in after] == [(0, b"kept"), (1, b"new")]


async def test_a_flipped_byte_before_the_last_record_is_an_error(tmp_path: Path) -> None:
    await stored(tmp_path, b"first")
    await stored(tmp_path, b"second")
    (segment,) = segments(tmp_path)
    data = bytearray(segment.read_bytes())
    data[40] ^= 0xFF
    segment.write_bytes(data)
    with pytest.raises(JournalError, match=r"from byte 0 to \d+ is damaged"):
        await stored(tmp_path)


async def test_a_torn_segment_that_is_not_the_last_is_an_error(tmp_path: Path) -> None:
    await stored(tmp_path, b"first")
    (segment,) = segments(tmp_path)
    segment.write_bytes(segment.read_bytes()[:-1])
    (tmp_path / PARTITION / f"{1:020d}-{100:020d}.segment").touch()
    with pytest.raises(JournalError, match="is damaged"):
        await stored(tmp_path)


async def test_a_changed_number_of_partitions_is_refused(tmp_path: Path) -> None:
    await stored(tmp_path, b"x")
    config = BrokerConfig(hubs=(HubConfig(name="h", partitions=3),))
    with pytest.raises(JournalError, match="has 2 partitions, the configuration 3"):
        async with running_broker(config=config, data=tmp_path):
            pass


async def test_a_directory_is_one_brokers_at_a_time(tmp_path: Path) -> None:
    async with running_broker(config=CONFIG, data=tmp_path):
        with pytest.raises(ConfigError, match="in use by another broker"):
            async with running_broker(config=CONFIG, data=tmp_path):
                pass


async def test_retention_drops_old_events_in_memory_and_on_disk(
    tmp_path: Path, clock: HandClock
) -> None:
    config = BrokerConfig(hubs=CONFIG.hubs, retention=timedelta(hours=1))
    async with running_broker(config=config, data=tmp_path, clock=clock) as broker:
        broker.append("h", [b"old"], partition="0")
        clock.advance(timedelta(minutes=59))
        broker.append("h", [b"young"], partition="0")
        clock.advance(timedelta(minutes=1, seconds=1))
        assert [event.body for event in broker.read("h", "0")] == [b"young"]
        clock.advance(timedelta(hours=1))
        assert broker.read("h", "0") == []
    async with running_broker(config=config, data=tmp_path, clock=clock) as broker:
        assert broker.read("h", "0") == []
        assert broker.log("h", "0").last_sequence_number == 1


def test_a_batch_the_disk_cannot_hold_is_not_written_at_all(tmp_path: Path) -> None:
    batch = [Record(number, 40 * number, 0, b"x" * 40) for number in range(3)]
    journal, *_ = Journal.load(tmp_path)
    unlimited = resource.getrlimit(resource.RLIMIT_FSIZE)
    try:
        resource.setrlimit(resource.RLIMIT_FSIZE, (100, unlimited[1]))
        with pytest.raises(JournalError, match="100 of 216 bytes written"):
            journal.append(batch)
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, unlimited)
    journal.append(batch[:1])
    journal.close()
    journal, records, *_ = Journal.load(tmp_path)
    journal.close()
    assert records == batch[:1]


def test_full_segments_are_followed_by_new_ones_and_trimmed_whole(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("local_stack.broker.store.journal.SEGMENT_BYTES_MAX", 100)
    journal, *_ = Journal.load(tmp_path)
    for number in range(6):
        journal.append([Record(number, 40 * number, 0, b"x" * 40)])
    journal.close()
    assert len(list(tmp_path.glob("*.segment"))) == 3
    journal, records, sequence_number, offset = Journal.load(tmp_path)
    assert [record.sequence_number for record in records] == list(range(6))
    assert (sequence_number, offset) == (6, 240)
    journal.trim(3)
    assert len(list(tmp_path.glob("*.segment"))) == 2
    journal.trim(6)
    journal.close()
    assert len(list(tmp_path.glob("*.segment"))) == 1
    (tmp_path / "note").write_text(json.dumps("other files are left alone"))
    Journal.load(tmp_path)[0].close()
