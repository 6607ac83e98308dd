"""The verbs `audit` and `rebuild`. Exit code 0 is good, 1 is not."""

from consumers.running.clients import open_clients
from consumers.settings import Settings
from table_api.audit.last_audit import save_audit
from table_api.audit.ledger_audit import audit
from table_api.monthly.rebuild import rebuild_monthly
from table_api.storage.timestamp import now_utc


async def audit_ledger(settings: Settings) -> int:
    """Re-add the whole ledger; 1 when something does not add up."""
    async with open_clients(settings) as clients:
        report = await audit(clients.tables, now=now_utc())
        await save_audit(clients.tables, report)
    print(report.render())
    return 0 if report.ok else 1


async def rebuild(settings: Settings) -> int:
    """Recompute the projection `monthly` from the ledger."""
    async with open_clients(settings) as clients:
        rebuilt = await rebuild_monthly(clients.tables)
    print(f"{rebuilt.rows} rows, {rebuilt.written} of them written")
    return 0
