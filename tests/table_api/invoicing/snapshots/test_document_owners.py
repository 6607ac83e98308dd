"""Whose documents a closed month has is read once."""

from table_api.invoicing.snapshots.archive import Archive, manifest_name
from table_api.invoicing.snapshots.billing_month import BillingMonth
from table_api.invoicing.snapshots.document_owners import DocumentOwners
from table_api.invoicing.snapshots.manifest import Entry, Manifest, encode_manifest
from table_api.storage.memory_blobs import MemoryBlobStore

MONTH = BillingMonth.parse("2026-10")


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
