"""The verb `ui` as a Typer app: Streamlit with the pages of this package."""

import os
import sys
from pathlib import Path
from typing import Annotated

import typer

from command_line.app import Verb, new_app
from command_line.settings import Setting, flag_of
from command_line.values import whole_number
from ui.api.errors import SettingMissing
from ui.api.settings import check_reach

SCRIPT = Path(__file__).parent / "server.py"
PORT_MAX = 65_535
API_URL = "http://127.0.0.1:8000"

viewing = new_app()


@viewing.command("ui", cls=Verb)
def _ui(
    api_url: Annotated[
        str,
        flag_of(Setting("API_URL", "where `api serve` answers", API_URL)),
    ] = API_URL,
    host: Annotated[
        str, typer.Option("--host", metavar="X", help="address to bind to")
    ] = "127.0.0.1",
    port: Annotated[
        int,
        typer.Option(
            "--port", parser=whole_number(1, PORT_MAX), metavar="N", help="port to listen on"
        ),
    ] = 8501,
) -> int:
    """Serve the pages for people, from the HTTP API.

    People sign in if the variables of docs/ui.md say how.
    """
    try:
        check_reach(os.environ, host)
    except SettingMissing as error:
        raise typer.BadParameter(str(error), param_hint="--host") from None
    server = ("--server.address", host, "--server.port", str(port), "--server.headless", "true")
    command = (sys.executable, "-m", "streamlit", "run", str(SCRIPT), *server)
    os.execve(sys.executable, command, {**os.environ, "API_URL": api_url})
