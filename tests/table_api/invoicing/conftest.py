"""Ledgers with invoices on both storages, and an invoice of many scripts."""

import io
from collections.abc import AsyncIterator
from datetime import date
from uuid import uuid4

import pytest
from pypdf import PdfReader

from table_api.invoicing.documents.document import Document, decode_document
from table_api.storage.azure_blobs import AzureBlobStore
from table_api.storage.azure_tables import AzureTableStorage
from table_api.storage.memory_blobs import MemoryBlobStore
from table_api.storage.memory_tables import MemoryTableStorage
from tests.fixtures.billing import NOVEMBER, OCTOBER, SEARCH, Billing, open_billing, people
from tests.fixtures.builders import make_usage
from tests.fixtures.calls import PrefixedStorage

NAMES = {
    "u-latin": "Ann Árnadóttir",
    "u-greek": "Γιώργος Παππάς",
    "u-cyrillic": "Наталья Щербакова",
    "u-east": "山田 太郎 김민수 王小明",
    "u-arabic": "محمد عبد الله",
    "u-hebrew": "דוד כהן",
    "u-formula": "=HYPERLINK(1)",
    "u-markup": "<b>&amp;</b>",
}


@pytest.fixture(params=["memory", "azurite"])
async def either_billing(request: pytest.FixtureRequest) -> AsyncIterator[Billing]:
    """In memory, then on Azurite."""
    if request.param == "memory":
        yield await open_billing(MemoryTableStorage(), MemoryBlobStore())
        return
    text = request.getfixturevalue("azurite").connection_string
    name = f"t{uuid4().hex}"
    account = AzureTableStorage.from_connection_string(text)
    blobs = AzureBlobStore.from_connection_string(text, name)
    yield await open_billing(PrefixedStorage(account, name), blobs)
    await blobs.close()
    await account.close()


@pytest.fixture
async def invoice(billing: Billing) -> Document:
    """Eight subjects with three models each, corrections, and calls without an amount."""
    rows = [(subject, name, SEARCH, "2026-01-01") for subject, name in NAMES.items()]
    await people(billing.storage, rows)
    for subject in NAMES:
        for deployment in ("gpt-4.1-mini", "gpt-4o", "gpt-5"):
            usage = make_usage(input=900_000, cache_read=100_000, output=70_000)
            await billing.post(
                2, date(2026, 10, 5), subject=subject, deployment=deployment, usage=usage
            )
    await billing.close(OCTOBER)
    await billing.post(1, date(2026, 10, 6), subject="u-latin", usage=make_usage(input=123_456))
    for subject in NAMES:
        for deployment in ("gpt-4.1-mini", "gpt-4o", "gpt-5", "gpt-5-mini"):
            await billing.post(3, date(2026, 11, 5), subject=subject, deployment=deployment)
    await billing.post(1, date(2026, 11, 5), subject="u-latin", deployment="lab-model-x")
    await billing.close(NOVEMBER)
    content = (await billing.files())["202611/invoices/INV-000002.json"]
    return decode_document(content, "it")


def text_of(pdf: bytes) -> list[str]:
    return [page.extract_text() for page in PdfReader(io.BytesIO(pdf)).pages]
