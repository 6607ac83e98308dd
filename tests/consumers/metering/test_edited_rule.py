"""A consumer that starts with a rule whose prices were edited in place says so, and starts."""

import logging
from pathlib import Path
from types import SimpleNamespace
from typing import cast

import pytest

from consumers.dead_letters.letter_store import MemoryDeadLetters
from consumers.log_actions import Action
from consumers.metering.open_metering import open_metering
from consumers.running.clients import Clients
from consumers.settings import read_settings
from table_api.ledger.book_archive import BookArchive
from table_api.storage.memory_blobs import MemoryBlobStore
from table_api.storage.memory_tables import MemoryTableStorage
from tests.pricing_rules.books import ALIAS, base_rule, compile_text

ACCOUNT = {
    "EVENTHUB_CONNECTION_STRING": "Endpoint=sb://localhost;SharedAccessKeyName=a;"
    "SharedAccessKey=b;UseDevelopmentEmulator=true",
    "STORAGE_CONNECTION_STRING": "UseDevelopmentStorage=true",
}
DEARER = 'rates = { input = "3", cache_read = "0.5", output = "8" }'


async def test_an_edited_rule_is_named_when_metering_opens(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    kept = SimpleNamespace(
        tables=MemoryTableStorage(),
        price_books=BookArchive(MemoryBlobStore()),
        dead_letters=MemoryDeadLetters(),
    )
    clients, settings = cast("Clients", kept), read_settings({}, ACCOUNT)
    caplog.set_level(logging.WARNING)

    async def said(rule: str) -> list[str]:
        caplog.clear()
        await open_metering(clients, settings, compile_text(tmp_path, ALIAS + rule))
        of_rules = [r for r in caplog.records if getattr(r, "action", "") == Action.RULE_EDITED]
        return [record.getMessage() for record in of_rules]

    assert await said(base_rule()) == []
    assert await said(base_rule()) == []
    [message] = await said(base_rule(rates=DEARER))
    assert message.startswith("rules of the price book were in use at other prices: base.m;")
    later = base_rule("next", more='supersedes = "base.m"', valid_from="2026-11-01T00:00:00Z")
    assert await said(base_rule(rates=DEARER) + later) == []
