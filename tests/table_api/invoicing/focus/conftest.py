"""Two closed months, and their FOCUS files as rows and as files."""

import csv
import io
from datetime import date
from pathlib import Path

import pytest

from tests.fixtures.billing import BOB, EVE, NOVEMBER, OCTOBER, Billing


@pytest.fixture
async def closed(billing: Billing) -> Billing:
    """October, November with a correction of October, and calls without a price."""
    for day in (1, 5, 31):
        await billing.post(30, date(2026, 10, day))
        await billing.post(7, date(2026, 10, day), subject=BOB, deployment="gpt-4o")
    await billing.post(2, date(2026, 10, 6), subject=EVE, deployment="lab-model-x")
    await billing.close(OCTOBER)
    await billing.post(500, date(2026, 10, 5))
    await billing.post(9, date(2026, 11, 5), subject=EVE)
    await billing.close(NOVEMBER)
    return billing


async def rows(billing: Billing, month: str, name: str) -> list[dict[str, str]]:
    content = (await billing.files())[f"{month}/focus/{name}.csv"]
    return list(csv.DictReader(io.StringIO(content.decode(), newline="")))


async def write(billing: Billing, folder: Path) -> None:
    for name, content in (await billing.files()).items():
        target = folder / name
        target.parent.mkdir(parents=True, exist_ok=True)
        target.write_bytes(content)
