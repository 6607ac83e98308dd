"""`invoice close-due` where one month can be closed and the next cannot."""

import asyncio
import json
from datetime import UTC, datetime

import pytest

from table_api.__main__ import main
from table_api.storage.azure_tables import AzureTableStorage
from tests.fixtures.hubs_read import leave_hubs_read
from tests.table_api.verbs.months import FIRST, LAST_DAY, SECOND


def test_what_was_closed_before_a_month_is_refused_is_printed(
    account: str, capsys: pytest.CaptureFixture[str]
) -> None:
    amid_the_second = LAST_DAY.replace(day=20).astimezone(UTC)
    asyncio.run(_leave_hubs_read_until(account, amid_the_second))
    assert main(["invoice", "close-due", "--json"]) == 1
    out, err = capsys.readouterr()
    [closed] = json.loads(out)
    assert (closed["month"], closed["invoices"][0]["number"]) == (FIRST, "INV-000001")
    assert f"{SECOND} is not closed: group metering of llm-usage must be read up to" in err


async def _leave_hubs_read_until(connection_string: str, at: datetime) -> None:
    async with AzureTableStorage.from_connection_string(connection_string) as storage:
        await leave_hubs_read(storage, at)
