"""How a verb that asks the API is run: whose token it has, and the exit code of what ends it."""

import sys
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from chargeback_client.errors import ClientError
from command_line.settings import Setting, flag_of

if TYPE_CHECKING:
    from chargeback_client.connection import Connection

FAILED = 1
TITLE = "Settings of whoever asks the API"
LOCAL_API = "http://127.0.0.1:8000"
LOGIN_FILE = "~/.config/chargeback/login.json"
ApiUrl = Annotated[
    str | None,
    flag_of(
        Setting("API_URL", f"where the API answers; that of `login`, or {LOCAL_API}"),
        rich_help_panel=TITLE,
    ),
]
ApiToken = Annotated[
    str | None,
    flag_of(
        Setting("API_TOKEN", "access token, in place of that of `login`"), rich_help_panel=TITLE
    ),
]
LoginFile = Annotated[
    str,
    flag_of(
        Setting("CHARGEBACK_LOGIN", "what `login` keeps", LOGIN_FILE, "--login-file"),
        rich_help_panel=TITLE,
    ),
]


def ended(run: Callable[[], int]) -> int:
    """The verb's own number, or that of the error that ended it."""
    try:
        return run()
    except (ClientError, OSError) as error:
        print(f"error: {error}", file=sys.stderr, flush=True)
        return FAILED


def connect(api_url: str | None, api_token: str | None, login_file: str) -> "Connection":
    """To the API that is named, else to that of `login`. A token goes where it belongs alone."""
    from chargeback_client.connection import Connection
    from chargeback_client.login import read_login, token_of

    login = read_login(Path(login_file).expanduser())
    is_of_login = login is not None and api_url in {None, login.api_url}
    token = api_token
    if token is None and login is not None and is_of_login:
        token = token_of(login)
    kept = login.api_url if login is not None else LOCAL_API
    return Connection(api_url or kept, token or None)


def one_of_flags(**given: object) -> str | None:
    """The flag that is given; an error where several are."""
    names = [name for name, value in given.items() if value]
    if len(names) > 1:
        flags = " and ".join(f"--{name.replace('_', '-')}" for name in names)
        raise typer.BadParameter(f"{flags} are given; expected one of them")
    return names[0] if names else None
