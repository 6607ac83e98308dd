"""Where a closed month's blobs stand, and reading them. The only place that spells their names."""

from table_api.errors import AlreadyExists, Altered
from table_api.invoicing.errors import BadMonth, NotClosed
from table_api.invoicing.snapshots.billing_month import BillingMonth
from table_api.invoicing.snapshots.manifest import File, Manifest, decode_manifest
from table_api.invoicing.snapshots.snapshot import Snapshot, decode_snapshot, sha256
from table_api.storage.blobs import BlobStore

LEASE_BLOB = "close.lease"
MONTHS_MAX = 1_200


def snapshot_name(month: BillingMonth) -> str:
    """`202611/snapshot.json`, written first: it closes the month."""
    return f"{month.key}/snapshot.json"


def manifest_name(month: BillingMonth) -> str:
    """`202611/manifest.json`, written last: every document stands."""
    return f"{month.key}/manifest.json"


def file_name(month: BillingMonth, file: str) -> str:
    """A document's blob; `file` is its name in the manifest."""
    return f"{month.key}/{file}"


class Archive:
    """The closed months of one store. Methods may raise Unavailable and Altered."""

    def __init__(self, blobs: BlobStore) -> None:
        self.blobs = blobs

    async def months(self) -> list[BillingMonth]:
        """Months with a snapshot or a part of one, oldest first."""
        found = []
        async for folder in self.blobs.folders():
            try:
                found.append(BillingMonth.of_key(folder))
            except BadMonth:
                continue  # somebody else's folder
        return sorted(found)[-MONTHS_MAX:]

    async def snapshot(self, month: BillingMonth) -> tuple[Snapshot, str] | None:
        """The snapshot and its sha256, or None."""
        content = await self.blobs.read(snapshot_name(month))
        if content is None:
            return None
        return decode_snapshot(content, snapshot_name(month)), sha256(content)

    async def standing_snapshot(self, month: BillingMonth) -> tuple[Snapshot, str]:
        """The snapshot and its sha256; NotClosed when there is none, Altered when changed."""
        found = await self.snapshot(month)
        if found is None:
            raise NotClosed(f"month {month} is not closed: run `invoice close {month}`")
        manifest = await self.manifest(month)
        if manifest is not None and manifest.snapshot_sha256 != found[1]:
            raise Altered(f"{snapshot_name(month)} was altered: its sha256 is not the manifest's")
        return found

    async def manifest(self, month: BillingMonth) -> Manifest | None:
        """The manifest; None while the close is not finished."""
        content = await self.blobs.read(manifest_name(month))
        return None if content is None else decode_manifest(content, manifest_name(month))

    async def manifests(self) -> list[Manifest]:
        """Of all closed months, newest first."""
        found = [await self.manifest(month) for month in reversed(await self.months())]
        return [manifest for manifest in found if manifest is not None]

    async def file(self, month: BillingMonth, file: File) -> bytes:
        """A document's bytes as the manifest has them; Altered when they are others or gone."""
        name = file_name(month, file.name)
        content = await self.blobs.read(name)
        if content is None:
            raise Altered(f"{name} is named by the manifest and does not stand")
        if sha256(content) != file.sha256:
            raise Altered(f"{name} was altered: its sha256 is not the manifest's")
        return content

    async def create(self, name: str, content: bytes, *, content_type: str) -> bytes:
        """Write a blob once; gives what stands under its name afterwards."""
        try:
            await self.blobs.create(name, content, content_type=content_type)
        except AlreadyExists:
            standing = await self.blobs.read(name)
            if standing is None:
                raise Altered(f"{name} stood a moment ago and is gone") from None
            return standing
        return content
