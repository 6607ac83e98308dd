"""The verbs of backups as a Typer app, which `ledger` takes in."""

from pathlib import Path
from typing import Annotated

import typer

from command_line.app import new_app
from command_line.json_form import AsJson
from consumers.settings import Settings
from consumers.verbs.exit_codes import verb

copying = new_app()

Folder = Annotated[Path, typer.Argument(metavar="FOLDER", help="where the copy is, or will be")]


@verb(copying, "backup")
async def _backup(settings: Settings, folder: Folder, as_json: AsJson = False) -> int:
    """Copy all tables and documents into a folder, while no event is metered."""
    from consumers.verbs.backup import backup

    return await backup(settings, folder, as_json=as_json)


@verb(copying, "restore")
async def _restore(settings: Settings, folder: Folder, as_json: AsJson = False) -> int:
    """Write a backup into an account without rows. Repeat it if it was ended half-way."""
    from consumers.verbs.backup import restore

    return await restore(settings, folder, as_json=as_json)
