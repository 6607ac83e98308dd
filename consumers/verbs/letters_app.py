"""The verbs `dead-letters` as a Typer app."""

from typing import Annotated

import typer

from command_line.app import new_app
from command_line.json_form import AsJson
from consumers.settings import Settings
from consumers.verbs.exit_codes import verb

dead_letters = new_app("Events that could not be read or stored")

Diagnostics = Annotated[
    bool,
    typer.Option("--diagnostics", help="those of the gateway log's hub, which `pair` reads"),
]
Reason = Annotated[
    str | None, typer.Option("--reason", metavar="CODE", help="only those with this reason")
]


@verb(dead_letters, "list")
async def _list_letters(
    settings: Settings,
    every: Annotated[bool, typer.Option("--all", help="the redriven ones too")] = False,
    diagnostics: Diagnostics = False,
    reason: Reason = None,
    as_json: AsJson = False,
) -> int:
    """List the open dead letters, one tab-separated line each."""
    from consumers.verbs.dead_letter_verbs import list_letters

    return await list_letters(
        settings, every=every, diagnostics=diagnostics, reason=reason, as_json=as_json
    )


@verb(dead_letters, "show")
async def _show_letter(
    settings: Settings,
    letter_id: Annotated[str, typer.Argument(metavar="ID", help="as `list` prints it")],
    diagnostics: Diagnostics = False,
    as_json: AsJson = False,
) -> int:
    """Show one dead letter with its bytes."""
    from consumers.verbs.dead_letter_verbs import show_letter

    return await show_letter(
        settings, letter_id=letter_id, diagnostics=diagnostics, as_json=as_json
    )


@verb(dead_letters, "redrive")
async def _redrive_letters(
    settings: Settings,
    letter_id: Annotated[
        str | None, typer.Option("--id", metavar="ID", help="only this one, as `list` prints it")
    ] = None,
    diagnostics: Diagnostics = False,
    reason: Reason = None,
    as_json: AsJson = False,
) -> int:
    """Meter the open dead letters again; exit code 1 when some stay open."""
    from consumers.verbs.dead_letter_verbs import redrive_letters

    return await redrive_letters(
        settings, letter_id=letter_id, diagnostics=diagnostics, reason=reason, as_json=as_json
    )
