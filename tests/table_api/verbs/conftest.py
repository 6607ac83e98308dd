"""A ledger with two months to close, in an Azurite of the module's own."""

import asyncio
from datetime import UTC, datetime

import pytest

from local_stack.demo.azurite import AzuritePorts
from table_api.storage.azure_tables import AzureTableStorage
from tests.fixtures.billing import ANN, BOB, SALES, SEARCH, people
from tests.fixtures.builders import call_id
from tests.fixtures.calls import make_call, open_ledger
from tests.fixtures.hubs_read import leave_hubs_read
from tests.table_api.verbs.months import FIRST_DAY, LAST_DAY


@pytest.fixture
def account(own_azurite: AzuritePorts, monkeypatch: pytest.MonkeyPatch) -> str:
    """The connection string of a ledger with calls of two months that are due."""
    text = own_azurite.connection_string
    monkeypatch.setenv("STORAGE_CONNECTION_STRING", text)

    async def fill() -> None:
        storage = AzureTableStorage.from_connection_string(text)
        ledger = await open_ledger(storage)
        await leave_hubs_read(storage, datetime.now(UTC))
        rows = [(ANN, "Ann", SEARCH, "2026-01-01"), (BOB, "Bob", SALES, "2026-01-01")]
        await people(storage, rows)
        calls = [
            make_call(
                number,
                id=call_id(number),
                subject=(ANN, BOB)[number % 2],
                time=(FIRST_DAY, LAST_DAY)[number % 2].replace(
                    day=12, hour=12, minute=0, second=number, tzinfo=UTC
                ),
            )
            for number in range(40)
        ]
        await ledger.post(calls)
        await storage.close()

    asyncio.run(fill())
    return text
