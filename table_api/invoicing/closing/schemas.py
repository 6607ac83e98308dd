"""JSON Schema of the stored documents.

`python -m table_api.invoicing.closing.schemas` writes the files.
"""

import json
from pathlib import Path
from typing import Any

import msgspec

from table_api.invoicing.documents.document import Document
from table_api.invoicing.snapshots.manifest import Manifest
from table_api.invoicing.snapshots.snapshot import Snapshot

FOLDER = Path(__file__).parents[1] / "json_schemas"
_KINDS: dict[str, Any] = {"invoice": Document, "manifest": Manifest, "snapshot": Snapshot}


def schema_files() -> dict[Path, str]:
    """Every schema file and its content."""
    return {
        FOLDER / f"{name}.schema.json": json.dumps(_schema(kind), indent=2) + "\n"
        for name, kind in _KINDS.items()
    }


def _schema(kind: Any) -> dict[str, Any]:
    return {"$schema": "https://json-schema.org/draft/2020-12/schema", **msgspec.json.schema(kind)}


if __name__ == "__main__":
    FOLDER.mkdir(exist_ok=True)
    for path, content in schema_files().items():
        path.write_text(content, encoding="utf-8")
