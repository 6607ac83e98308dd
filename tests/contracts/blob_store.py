"""What a blob store promises: a name is written once, whole, and never changed."""

import asyncio

import pytest

from table_api.errors import AlreadyExists, LeaseLost
from table_api.storage.blobs import BlobStore

TEXT = "text/plain"


class BlobStoreContract:
    """Subclasses give the fixture `blobs`, an empty container for every test."""

    async def test_what_was_created_is_read_back(self, blobs: BlobStore) -> None:
        await blobs.create("202611/a.json", b"\x00one\xff", content_type=TEXT)
        assert await blobs.read("202611/a.json") == b"\x00one\xff"
        assert await blobs.read("202611/b.json") is None

    async def test_a_standing_blob_is_not_overwritten(self, blobs: BlobStore) -> None:
        await blobs.create("a", b"first", content_type=TEXT)
        with pytest.raises(AlreadyExists, match="'a'"):
            await blobs.create("a", b"second", content_type=TEXT)
        assert await blobs.read("a") == b"first"

    async def test_of_two_creators_at_once_one_wins(self, blobs: BlobStore) -> None:
        contents = [f"writer {number}".encode() for number in range(6)]
        results = await asyncio.gather(
            *(blobs.create("a", content, content_type=TEXT) for content in contents),
            return_exceptions=True,
        )
        assert [type(result) for result in results].count(AlreadyExists) == 5
        assert await blobs.read("a") == contents[results.index(None)]

    async def test_names_and_folders_come_in_order(self, blobs: BlobStore) -> None:
        for name in ("202612/z.json", "202611/sub/b.json", "202611/a.json", "top"):
            await blobs.create(name, b"", content_type=TEXT)
        assert [name async for name in blobs.names("202611/")] == [
            "202611/a.json", "202611/sub/b.json",
        ]  # fmt: skip
        assert [folder async for folder in blobs.folders()] == ["202611", "202612"]

    async def test_sizes_are_those_of_the_contents(self, blobs: BlobStore) -> None:
        for name, content in (("b/2", b"22"), ("b/1", b"1"), ("a", b"")):
            await blobs.create(name, content, content_type=TEXT)
        assert list((await blobs.sizes()).items()) == [("a", 0), ("b/1", 1), ("b/2", 2)]

    async def test_an_empty_store_lists_nothing(self, blobs: BlobStore) -> None:
        assert [name async for name in blobs.names("")] == []
        assert await blobs.sizes() == {}
        assert [folder async for folder in blobs.folders()] == []

    async def test_making_the_container_again_is_harmless(self, blobs: BlobStore) -> None:
        await blobs.create("a", b"1", content_type=TEXT)
        await blobs.create_container()
        assert await blobs.read("a") == b"1"

    async def test_a_lease_is_held_by_one_and_can_be_taken_after_its_release(
        self, blobs: BlobStore
    ) -> None:
        first = await blobs.acquire_lease("close.lease")
        assert first is not None
        assert await blobs.acquire_lease("close.lease") is None
        await blobs.renew_lease("close.lease", first)
        await blobs.release_lease("close.lease", first)
        second = await blobs.acquire_lease("close.lease")
        assert second is not None
        with pytest.raises(LeaseLost):
            await blobs.renew_lease("close.lease", first)
        await blobs.release_lease("close.lease", first)  # no longer ours: harmless
        assert await blobs.acquire_lease("close.lease") is None
