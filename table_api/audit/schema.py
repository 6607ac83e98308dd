"""Which ledgers the audit can judge: one of a later schema is refused, and not called wrong."""

from table_api.errors import LedgerMismatch
from table_api.storage.table_storage import TableStorage

SCHEMA_AUDITED_MAX = 1


async def check_schema(storage: TableStorage) -> None:
    """LedgerMismatch for a ledger of a later schema. One that names none has schema 1."""
    settings = await storage.get("meta", "ledger", "settings")
    found = str((settings or {}).get("schema_version", 1))
    if not (found.isascii() and found.isdigit() and 1 <= int(found) <= SCHEMA_AUDITED_MAX):
        raise LedgerMismatch(
            f"the ledger has schema {found}, this release audits schemas 1 to "
            f"{SCHEMA_AUDITED_MAX}: audit it with the release that wrote it, or a later one"
        )
