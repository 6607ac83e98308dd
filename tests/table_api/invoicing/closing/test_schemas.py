"""Stored documents and the schemas that the project publishes for them."""

import json
from pathlib import Path

from jsonschema import Draft202012Validator

from table_api.invoicing.closing.schemas import schema_files
from table_api.invoicing.documents.document import Document
from tests.fixtures.billing import Billing


def test_every_stored_schema_is_the_one_of_the_code() -> None:
    for path, content in schema_files().items():
        assert path.read_text(encoding="utf-8") == content, (
            "python -m table_api.invoicing.closing.schemas"
        )


async def test_stored_documents_fit_their_schemas(billing: Billing, invoice: Document) -> None:
    schemas = {
        path.name.split(".")[0]: Draft202012Validator(json.loads(content))
        for path, content in schema_files().items()
    }
    assert invoice.lines
    for name, content in (await billing.files()).items():
        if name.endswith(".json"):
            kind = Path(name).stem if Path(name).stem in schemas else "invoice"
            assert list(schemas[kind].iter_errors(json.loads(content))) == []
