"""The verbs of the tables as Typer apps: `app` has all, `chargeback` arranges the parts.

A verb imports what it needs when it is called, so that a help page costs little.
"""

from collections.abc import Mapping
from pathlib import Path
from typing import Annotated

import typer

from command_line.app import Verb, new_app
from command_line.json_form import AsJson
from command_line.settings import Setting, flag_of, with_settings
from command_line.values import whole_number
from table_api.http_api.access.settings import ACCESS_VARIABLES
from table_api.invoicing.errors import BadMonth
from table_api.invoicing.snapshots.billing_month import BillingMonth
from table_api.settings import Settings
from table_api.verbs.exit_codes import SETTINGS, SETTINGS_OF_TABLES, exit_code, verb
from table_api.verbs.publishing_app import publishing
from telemetry.settings import READ_VARIABLES

PORT_MAX = 65_535
KEPT_DAYS = 396
"""Of the access log; older rows are purged."""

serving = new_app("The HTTP API over the ledger")
packaging = new_app()
people = new_app("Names and owners")
invoices = new_app("Invoices")

app = new_app("The ledger's HTTP API, people and invoices. Data goes to stdout, words to stderr.")
app.add_typer(serving)
app.add_typer(people, name="people")
app.add_typer(packaging)
app.add_typer(publishing)
app.add_typer(invoices, name="invoice")


Host = Annotated[
    str,
    flag_of(Setting("API_HOST", "address to bind to", "127.0.0.1", "--host")),
]
Port = Annotated[
    int,
    flag_of(
        Setting("API_PORT", "port to listen on", "8000", "--port"),
        parser=whole_number(0, PORT_MAX),
    ),
]


def _serve(environment: Mapping[str, str], host: Host = "127.0.0.1", port: Port = 8000) -> int:
    """Serve the HTTP API: to whoever signs in, or on loopback to everybody on this machine."""
    from table_api.verbs.serve import serve

    return exit_code(lambda: serve(environment, host=host, port=port), service="api")


READS_TELEMETRY = {
    "Settings of telemetry that is read": [
        Setting(each.name, each.meaning) for each in READ_VARIABLES
    ],
}
_SERVED = {
    SETTINGS: SETTINGS_OF_TABLES,
    "Settings of who may ask": [
        Setting(each.name, each.meaning, each.default) for each in ACCESS_VARIABLES
    ],
    **READS_TELEMETRY,
}
serving.command("serve", cls=Verb)(with_settings(_serve, _SERVED))


@verb(serving, "access-log")
async def _access_log(
    settings: Settings,
    days: Annotated[
        int,
        typer.Option(
            "--days", metavar="N", parser=whole_number(1, KEPT_DAYS), help="of so many days"
        ),
    ] = 7,
    purge: Annotated[
        bool, typer.Option("--purge", help="show none; delete rows older than 13 months")
    ] = False,
    as_json: AsJson = False,
) -> int:
    """Show who looked at whose calls, the newest first."""
    from table_api.verbs.access_log import purge_access_log, show_access_log

    if purge:
        return await purge_access_log(settings)
    return await show_access_log(settings, days=days, as_json=as_json)


@packaging.command("package", cls=Verb)
def _package(
    folder: Annotated[Path, typer.Argument(metavar="FOLDER", help="new or empty")],
) -> int:
    """Write the folder that Azure Functions is given."""
    from table_api.verbs.package import package

    return exit_code(lambda: package(folder))


DryRun = Annotated[bool, typer.Option("--dry-run", help="show what would change, write nothing")]


@verb(people, "import")
async def _import(
    settings: Settings,
    file: Annotated[
        Path,
        typer.Argument(metavar="FILE", help="CSV: subject, display_name, cost_centre, valid_from"),
    ],
    dry_run: DryRun = False,
    as_json: AsJson = False,
) -> int:
    """Insert or replace people from a CSV file; one bad line refuses all of it."""
    from table_api.verbs.people import import_people

    return await import_people(settings, file, dry_run=dry_run, as_json=as_json)


@verb(people, "erase")
async def _erase(
    settings: Settings,
    subject: Annotated[str, typer.Argument(metavar="SUBJECT", help="as in the ledger")],
    letters: Annotated[
        str,
        flag_of(Setting("DEAD_LETTER_CONTAINER", "container of dead letters", "dead-letters")),
    ] = "dead-letters",
) -> int:
    """Forget a person in every table; cost centres and totals stay."""
    from table_api.verbs.erase import erase_person

    return await erase_person(settings, subject, letters=letters)


@verb(people, "import-owners")
async def _import_owners(
    settings: Settings,
    file: Annotated[
        Path,
        typer.Argument(metavar="FILE", help="CSV: owner, kind, name, valid_from, valid_until"),
    ],
    dry_run: DryRun = False,
    as_json: AsJson = False,
) -> int:
    """Insert or replace owners from a CSV file; one bad line refuses all of it."""
    from table_api.verbs.owners import import_owners

    return await import_owners(settings, file, dry_run=dry_run, as_json=as_json)


@verb(people, "owners")
async def _list_owners(settings: Settings, as_json: AsJson = False) -> int:
    """Show who owns what, from which day to which."""
    from table_api.verbs.owners import list_owners

    return await list_owners(settings, as_json=as_json)


def _month(text: str) -> BillingMonth:
    try:
        return BillingMonth.parse(text)
    except BadMonth:
        message = f"{text!r} is not a month; expected YYYY-MM, as in 2026-11"
        raise typer.BadParameter(message) from None


Month = Annotated[
    BillingMonth, typer.Argument(parser=_month, metavar="MONTH", help="as in 2026-11")
]


@verb(invoices, "preview")
async def _preview(settings: Settings, month: Month, as_json: AsJson = False) -> int:
    """Show a month's invoices as they would be now."""
    from table_api.verbs.invoices import preview

    return await preview(settings, month, as_json=as_json)


@verb(invoices, "close")
async def _close(
    settings: Settings,
    month: Month,
    force: Annotated[
        str | None,
        typer.Option(
            "--force",
            metavar="REASON",
            help="despite a failed audit, open calls, dead letters or unread hubs",
        ),
    ] = None,
    as_json: AsJson = False,
) -> int:
    """Close a month for good, or finish a close that was interrupted."""
    from table_api.verbs.invoices import close

    return await close(settings, month, forced=force, as_json=as_json)


@verb(invoices, "close-due")
async def _close_due(
    settings: Settings,
    scheduled: Annotated[
        bool,
        typer.Option(
            "--scheduled", help="as a job of every hour: alone, and a refusal waits for the next"
        ),
    ] = False,
    as_json: AsJson = False,
) -> int:
    """Close every month that is over, the oldest first."""
    from table_api.verbs.invoices import close_due

    return await close_due(settings, scheduled=scheduled, as_json=as_json)


@verb(invoices, "list")
async def _list(settings: Settings, as_json: AsJson = False) -> int:
    """List the invoices of all closed months."""
    from table_api.verbs.invoices import list_invoices

    return await list_invoices(settings, as_json=as_json)


@verb(invoices, "show")
async def _show(
    settings: Settings,
    number: Annotated[str, typer.Argument(metavar="NUMBER", help="as in INV-000001")],
) -> int:
    """Show one invoice or statement as JSON."""
    from table_api.verbs.invoices import show

    return await show(settings, number)


@verb(invoices, "verify")
async def _verify(
    settings: Settings,
    month: Annotated[
        BillingMonth | None,
        typer.Argument(parser=_month, metavar="MONTH", help="default: every closed month"),
    ] = None,
    as_json: AsJson = False,
) -> int:
    """Re-add documents, daily totals and calls; exit code 1 when they differ."""
    from table_api.verbs.invoices import verify

    return await verify(settings, month, as_json=as_json)


@verb(invoices, "export")
async def _export(
    settings: Settings,
    month: Month,
    folder: Annotated[Path, typer.Argument(metavar="FOLDER", help="where the files go")],
    names: Annotated[bool, typer.Option("--names", help="with the display names of today")] = False,
    parquet: Annotated[bool, typer.Option("--parquet", help="FOCUS also as Parquet")] = False,
    focus_1_2: Annotated[
        bool, typer.Option("--focus-1-2", help="also Cost and Usage of FOCUS 1.2")
    ] = False,
) -> int:
    """Write a month's documents into a folder."""
    from table_api.verbs.invoices import export

    return await export(settings, month, folder, names=names, parquet=parquet, focus_1_2=focus_1_2)
