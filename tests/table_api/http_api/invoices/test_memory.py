"""A request that shows many months holds few of their manifests, each of which has megabytes."""

import gc

import httpx
import pytest

from table_api.http_api.app import create_app
from table_api.invoicing.snapshots.manifest import Manifest
from table_api.storage.memory_blobs import MemoryBlobStore
from table_api.storage.memory_tables import MemoryTableStorage
from tests.fixtures.billing import NOVEMBER, open_billing
from tests.fixtures.calls import NOW

HELD_MAX = 2
"""The one that was shown last, and the one that is read."""


class CountingStore(MemoryBlobStore):
    """Notes how many manifests there are in memory whenever another one is read."""

    most = 0

    async def read(self, name: str) -> bytes | None:
        content = await super().read(name)
        if name.endswith("/manifest.json"):
            held = sum(isinstance(each, Manifest) for each in gc.get_objects())
            self.most = max(self.most, held)
        return content


@pytest.mark.parametrize("kind", ["invoice", "statement"])
async def test_the_list_of_months_holds_one_manifest_after_the_other(kind: str) -> None:
    blobs = CountingStore()
    billing = await open_billing(MemoryTableStorage(), blobs)
    for month in [NOVEMBER.moved(-back) for back in reversed(range(5))]:
        await billing.post(1, month.first_day)
        await billing.close(month)
    transport = httpx.ASGITransport(create_app(billing.storage, blobs, now=lambda: NOW))
    async with httpx.AsyncClient(transport=transport, base_url="http://localhost") as client:
        gc.collect()
        blobs.most = 0
        body = (await client.get(f"/v1/invoices?kind={kind}")).json()
    assert len(body["months"]) == 5
    assert len({entry["month"] for entry in body["data"]}) == (5 if kind == "invoice" else 1)
    assert 0 < blobs.most <= HELD_MAX
