"""Whose documents a closed month has is read once."""

import asyncio

import msgspec
import pytest

from table_api.errors import Unavailable
from table_api.invoicing.snapshots.archive import Archive, manifest_name
from table_api.invoicing.snapshots.billing_month import BillingMonth
from table_api.invoicing.snapshots.document_owners import DocumentOwners
from table_api.invoicing.snapshots.manifest import Entry, Manifest, encode_manifest
from table_api.invoicing.snapshots.shared_archive import MONTHS_AT_ONCE, SharedArchive
from table_api.storage.memory_blobs import MemoryBlobStore

MONTH = BillingMonth.parse("2026-10")
MONTHS = [MONTH.moved(-back) for back in range(12)]


def entry(number: str, **of: str) -> Entry:
    return Entry(number=number, amount="1.00", amount_unrounded="1", lines=1, **of)


MANIFEST = Manifest(
    month=str(MONTH),
    snapshot_sha256="0" * 64,
    issued_at="2026-11-01T08:00:00Z",
    currency="USD",
    amount="2.00",
    amount_unrounded="2",
    invoices=(entry("INV-1", cost_centre="R&D"), entry("INV-2")),
    statements=(entry("STM-1", subject="ann"), entry("STM-2", subject="ben")),
    files=(),
)


class CountedBlobs(MemoryBlobStore):
    """Counts its reads."""

    reads = 0

    async def read(self, name: str) -> bytes | None:
        self.reads += 1
        return await super().read(name)


async def test_a_month_that_is_closed_is_read_once_and_one_that_is_not_each_time() -> None:
    blobs, owners = CountedBlobs(), DocumentOwners()
    archive = Archive(blobs)
    for reads in (1, 2):
        assert await owners.of(archive, MONTH) is None
        assert blobs.reads == reads
    content = encode_manifest(MANIFEST)
    await blobs.create(manifest_name(MONTH), content, content_type="application/json")
    for _ in range(3):
        found = await owners.of(archive, MONTH)
        assert found is not None
        assert sorted(found.cost_centres) == ["R&D"]
        assert sorted(found.subjects) == ["ann", "ben"]
    assert blobs.reads == 3


class SlowBlobs(CountedBlobs):
    """Gives others a turn in each read. It fails while `down`, and counts reads at once."""

    down = False
    at_once = 0
    most_at_once = 0

    async def read(self, name: str) -> bytes | None:
        self.at_once += 1
        self.most_at_once = max(self.most_at_once, self.at_once)
        try:
            await asyncio.sleep(0.01)
            content = await super().read(name)
            if self.down:
                raise Unavailable(name)
        finally:
            self.at_once -= 1
        return content


@pytest.fixture
async def slow() -> SlowBlobs:
    """A year of closed months."""
    blobs = SlowBlobs()
    for month in MONTHS:
        content = encode_manifest(msgspec.structs.replace(MANIFEST, month=str(month)))
        await blobs.create(manifest_name(month), content, content_type="application/json")
    return blobs


async def test_all_who_ask_at_once_share_the_read_of_each_month(slow: SlowBlobs) -> None:
    archive, owners = SharedArchive(slow), DocumentOwners()
    found = await asyncio.gather(*(owners.of(archive, each) for each in MONTHS * 30))
    assert slow.reads == len(MONTHS)
    assert slow.most_at_once == MONTHS_AT_ONCE
    assert all(each is not None and "ann" in each.subjects for each in found)


async def test_a_read_is_shared_while_it_lasts_and_a_failed_one_is_not_kept(
    slow: SlowBlobs,
) -> None:
    archive, owners = SharedArchive(slow), DocumentOwners()
    slow.down = True
    failed = await asyncio.gather(
        *(owners.of(archive, MONTH) for _ in range(3)), return_exceptions=True
    )
    assert [type(each) for each in failed] == [Unavailable] * 3
    assert slow.reads == 1
    slow.down = False
    assert await owners.of(archive, MONTH) is not None
    assert slow.reads == 2
    assert await archive.manifest(MONTH) == await archive.manifest(MONTH)
    assert slow.reads == 4, "manifests are too large to keep"


async def test_who_leaves_does_not_end_the_read_of_the_others(slow: SlowBlobs) -> None:
    archive = SharedArchive(slow)
    first, second = (asyncio.create_task(archive.manifest(MONTH)) for _ in range(2))
    await asyncio.sleep(0)
    first.cancel()
    manifest = await second
    assert manifest is not None
    assert manifest.month == str(MONTH)
    assert first.cancelled()
    assert slow.reads == 1


class EarlyBlobs(MemoryBlobStore):
    """Gives what was there when somebody asked, a while later."""

    async def read(self, name: str) -> bytes | None:
        content = await super().read(name)
        await asyncio.sleep(0.01)
        return content


async def test_a_month_that_is_closed_during_a_read_is_closed_for_whoever_asks_then() -> None:
    blobs = EarlyBlobs()
    archive = SharedArchive(blobs)
    before = asyncio.create_task(archive.manifest(MONTH))
    await asyncio.sleep(0)
    await asyncio.sleep(0)
    content = encode_manifest(MANIFEST)
    await blobs.create(manifest_name(MONTH), content, content_type="application/json")
    assert await archive.manifest(MONTH) == MANIFEST
    assert await before is None
