"""One call from bytes to JSON: the shortest way to see what this project does.

No network, no process, no clock: the bytes that the gateway's policy sends are decoded, rated,
posted to a ledger in memory and read back through the HTTP API.
"""

import json
from datetime import UTC, datetime
from pathlib import Path

import httpx

from pricing_rules.decoding.usage_event import decode
from pricing_rules.engine.rating import rate
from pricing_rules.price_book.book import load_book
from pricing_rules.types import UsageEvent
from table_api.http_api.app import create_app
from table_api.ledger.meta import LedgerSettings
from table_api.ledger.posting import MeteredCall, Origin
from table_api.monthly.projected_ledger import ProjectedLedger
from table_api.storage.memory_blobs import MemoryBlobStore
from table_api.storage.memory_tables import MemoryTableStorage

EVENT = {
    "specversion": "1.0",
    "type": "llm.call.v1",
    "id": "3F06647E-1D0A-4C37-9A52-530EB9F15261",
    "source": "apim/contoso",
    "time": "2026-11-20T10:15:31.4465902Z",
    "subject": "7c9f2f0e-6a4b-4e0f-9c55-0d1e2f3a4b5c",
    "data": {
        "stream": False,
        "status": 200,
        "operation": "chat-completions",
        "deployment": "gpt-4.1-mini",
        "model": "gpt-4.1-mini-2025-04-14",
        "usage": {
            "prompt_tokens": 2048,
            "completion_tokens": 427,
            "total_tokens": 2475,
            "prompt_tokens_details": {"cached_tokens": 1024},
        },
    },
}
ALIAS = """
[[deployment]]
name = "gpt-4.1-mini"
provider = "azure"
model = "gpt-4.1-mini"
version = "2025-04-14"
type = "GlobalStandard"
region = "swedencentral"
"""


async def test_one_call_from_bytes_to_json(tmp_path: Path) -> None:
    (tmp_path / "contoso.toml").write_text(ALIAS)
    book = load_book([tmp_path / "contoso.toml"])
    now = datetime(2026, 11, 20, 10, 15, 33, tzinfo=UTC)
    storage = MemoryTableStorage()
    settings = LedgerSettings(zone="Europe/Berlin", pricing_currency="USD", billing_currency="USD")
    ledger = await ProjectedLedger.open(storage, settings, now=lambda: now)

    for sequence_number in (7, 8):  # the gateway sends it twice
        event = decode(json.dumps(EVENT).encode(), enqueued_time=now)
        assert isinstance(event, UsageEvent)
        origin = Origin(
            hub="llm-usage", partition="0", sequence_number=sequence_number, enqueued_time=now
        )
        await ledger.post([MeteredCall(priced=rate(event, book), origin=origin)])

    app = create_app(storage, MemoryBlobStore(), now=lambda: now)
    transport = httpx.ASGITransport(app=app)
    async with httpx.AsyncClient(transport=transport, base_url="http://localhost") as api:
        usage = (await api.get("/v1/usage", params={"group_by": "day,model"})).json()

    assert usage["data"] == [
        {
            "day": "2026-11-20",
            "model": "gpt-4.1-mini",
            "calls": 1,
            "errors": 0,
            "unpriced_calls": 0,
            "no_usage_calls": 0,
            "excluding_calls": 0,
            "pending_calls": 0,
            "failed_calls": 0,
            "units": {"input": 1024, "cache_read": 1024, "output": 427},
            # 1024 × $0.40 + 1024 × $0.10 + 427 × $1.60 per million
            "cost": {"list": "0.0011952", "contracted": "0.0011952", "charge": "0.0011952"},
        }
    ]
    assert (usage["currency"], usage["zone"]) == ("USD", "Europe/Berlin")
