"""The verb `doctor`: every dependency is asked once, and each failure has its cure."""

import asyncio
from collections.abc import AsyncIterator, Callable
from dataclasses import dataclass
from typing import Any

from chargeback_client.connection import Connection
from chargeback_client.errors import ClientError, NotSignedIn
from command_line.json_form import print_json
from consumers.running.clients import Clients, open_clients
from consumers.settings import Settings
from consumers.verbs.check import Finding, findings
from table_api.audit.last_audit import last_audit
from table_api.consumer_state.dead_letters import DeadLetterIndex
from table_api.errors import TableApiError
from table_api.storage.table_storage import TableStorage
from telemetry.log import redact

ROLES = "give the identity the role {role}, or set {variable} on one machine"
CURES = {
    "event hub": "set EVENTHUB_NAMESPACE and EVENTHUB_NAME; "
    + ROLES.format(role="Azure Event Hubs Data Receiver", variable="EVENTHUB_CONNECTION_STRING"),
    "consumer group": "create the group CONSUMER_GROUP on the hub, and let the identity listen",
    "blob storage": "set BLOBS_URL; "
    + ROLES.format(role="Storage Blob Data Contributor", variable="STORAGE_CONNECTION_STRING"),
    "table storage": "set TABLES_URL; "
    + ROLES.format(role="Storage Table Data Contributor", variable="STORAGE_CONNECTION_STRING"),
    "ledger": "set the zone, currencies and shards that the ledger was made with: docs/tables.md",
    "price book": "`chargeback prices lint` names the line",
    "prices": "`chargeback prices fetch-azure` and `prices import-azure`: docs/pricing.md",
    "audit": "`chargeback ledger audit` adds everything up again and names each row",
    "dead letters": "`chargeback dead-letters list`, then `dead-letters redrive`; those of the "
    "gateway log's hub with --diagnostics",
    "api": "start it with `chargeback api serve`, or set API_URL",
    "sign-in": "`chargeback login --help` says how to get a token",
}
"""By the beginning of a finding's name."""
NOT_THIS_API = Finding("api", False, "something answers, and is not this API")


@dataclass(frozen=True, slots=True)
class Diagnosis:
    """A finding, and what to do about it."""

    finding: Finding
    cure: str | None

    def shown(self) -> dict[str, Any]:
        """As JSON has it."""
        return {**self.finding.fields(), "cure": self.cure}


async def doctor(settings: Settings, connect: Callable[[], Connection], *, as_json: bool) -> int:
    """Print a line for each dependency, and under it the cure. 1 when one fails."""
    shown = []
    async with open_clients(settings) as clients:
        async for finding in _every(settings, clients, connect):
            each = Diagnosis(finding, _cure(finding))
            shown.append(each)
            if not as_json:
                print(f"{finding.word} {finding.name}: {redact(finding.said)}")
                if each.cure is not None:
                    print(f"       cure: {each.cure}")
    if as_json:
        print_json([each.shown() for each in shown])
    return 0 if all(each.finding.ok for each in shown) else 1


def _cure(finding: Finding) -> str | None:
    if finding.ok and not finding.warns:
        return None
    return next(cure for name, cure in CURES.items() if finding.name.startswith(name))


async def _every(
    settings: Settings, clients: Clients, connect: Callable[[], Connection]
) -> AsyncIterator[Finding]:
    async for finding in findings(settings, clients):
        yield finding
    try:
        yield await _audit(clients)
        yield await open_letters(
            clients.tables, settings.eventhub_name, settings.diagnostics_hub_name
        )
    except TableApiError as error:
        yield Finding("audit", False, str(error))
    for finding in await asyncio.to_thread(_api, connect):
        yield finding


async def _audit(clients: Clients) -> Finding:
    report = await last_audit(clients.tables)
    if report is None:
        return Finding("audit", True, "none has run yet", warns=True)
    when = f"of {report.at:%Y-%m-%d %H:%M} UTC"
    if report.problems:
        return Finding("audit", False, f"{when}: {report.problems[0]}")
    return Finding("audit", True, f"{when}: {report.calls:,} calls add up")


async def open_letters(tables: TableStorage, *hubs: str) -> Finding:
    """Of all hubs that the consumers read."""
    counts, all_read = [], True
    for hub in hubs:
        found = await DeadLetterIndex(tables, hub).open_letters()
        all_read &= found.complete
        if found.letters:
            counts.append(f"{len(found.letters):,} of hub {hub}")
    least = "" if all_read else "at least "
    if counts or not all_read:
        return Finding("dead letters", True, f"{least}{' and '.join(counts) or '0'} are open", True)
    return Finding("dead letters", True, "none is open")


def _api(connect: Callable[[], Connection]) -> list[Finding]:
    try:
        with connect() as api:
            health = api.json("/healthz")
            if "auth_mode" not in health:
                return [NOT_THIS_API]
            found = [Finding("api", True, f"answers, AUTH_MODE={health['auth_mode']}")]
            try:
                me = api.json("/v1/me")
            except NotSignedIn as error:
                return [*found, Finding("sign-in", True, str(error), warns=True)]
            if not {"name", "subject"} <= me.keys():
                return [NOT_THIS_API]
            who = me["name"] or me["subject"] or "nobody needs to"
            return [*found, Finding("sign-in", True, who)]
    except ClientError as error:
        return [Finding("api", False, str(error))]
