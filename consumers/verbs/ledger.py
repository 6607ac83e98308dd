"""The verbs that prove the ledger and keep its time zone. Exit code 0 is good, 1 is not."""

from dataclasses import asdict

from command_line.json_form import print_json
from consumers.running.clients import open_clients
from consumers.settings import Settings
from pricing_rules.money import format_pico
from table_api.audit.last_audit import save_audit
from table_api.audit.ledger_audit import audit
from table_api.ledger.billing_calendar import check_begun
from table_api.ledger.meta import adopt_transitions, read_ledger_meta
from table_api.monthly.rebuild import rebuild_monthly
from table_api.storage.timestamp import now_utc


async def audit_ledger(settings: Settings, *, as_json: bool = False) -> int:
    """Re-add the whole ledger; 1 when something does not add up."""
    async with open_clients(settings) as clients:
        report = await audit(clients.tables, now=now_utc())
        await save_audit(clients.tables, report)
    if as_json:
        print_json({"ok": report.ok, **asdict(report), "charge": format_pico(report.charge)})
    else:
        print(report.render())
    return 0 if report.ok else 1


async def rebuild(settings: Settings, *, as_json: bool = False) -> int:
    """Recompute the projection `monthly` from the ledger."""
    async with open_clients(settings) as clients:
        rebuilt = await rebuild_monthly(clients.tables)
    if as_json:
        print_json({"rows": rebuilt.rows, "written": rebuilt.written})
    else:
        print(f"{rebuilt.rows} rows, {rebuilt.written} of them written")
    return 0


async def transitions(settings: Settings, *, as_json: bool = False) -> int:
    """From when this machine's tzdata differs from the ledger's; 1 when it does."""
    async with open_clients(settings) as clients:
        meta = await read_ledger_meta(clients.tables)
    differs = check_begun(meta.settings.zone, meta.transitions, now_utc())
    zone = meta.settings.zone
    if as_json:
        print_json({"zone": zone, "agrees": differs is None, "differs_from": differs})
    elif differs is None:
        print(f"{zone}: this machine's tzdata and the ledger agree")
    else:
        print(f"{zone}: this machine's tzdata differs from {differs} on")
    return 0 if differs is None else 1


async def adopt(settings: Settings, *, by: str, why: str) -> int:
    """Let this machine's tzdata hold for the days to come; what it replaces is kept."""
    async with open_clients(settings) as clients:
        differed = await adopt_transitions(clients.tables, by=by, why=why, now=now_utc())
    if differed is None:
        print("this machine's tzdata and the ledger agree: nothing is changed")
    else:
        print(f"adopted from {differed} on: restart every process before then")
    return 0
