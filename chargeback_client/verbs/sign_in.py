"""The verbs `login` and `token`."""

import sys
from pathlib import Path

from chargeback_client.connection import Connection, Json
from chargeback_client.errors import ClientError
from chargeback_client.login import Login, read_login, save_login, token_of


def login(file: Path, api_url: str, command: str | None, token: str | None) -> int:
    """Keep where the API is and how to get a token, after the API has taken it."""
    kept = Login(api_url=api_url, token=None if command else token, token_command=command)
    with Connection(api_url, token_of(kept)) as api:
        me = api.json("/v1/me")
        if "subject" not in me:
            raise ClientError(f"{api_url} answers, and is not this API: see API_URL")
    save_login(file, kept)
    print(f"{_who(me)}. {file} is readable by you alone.", file=sys.stderr)
    return 0


def logout(file: Path) -> int:
    """Forget both."""
    file.unlink(missing_ok=True)
    print(f"{file} is gone. A token that was given out counts until it expires.", file=sys.stderr)
    return 0


def print_token(file: Path) -> int:
    """A token for other programs, such as curl."""
    found = read_login(file)
    token = None if found is None else token_of(found)
    if token is None:
        raise ClientError("nobody has signed in: see `chargeback login --help`")
    print(token)
    return 0


def _who(me: Json) -> str:
    if me["subject"] is None:
        return "The API asks nobody to sign in"
    sees = "everybody" if me["sees_everybody"] else "your own usage, and what you own"
    return f"Signed in as {me['name'] or me['subject']}. You see {sees}"
