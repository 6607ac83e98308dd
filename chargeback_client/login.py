"""Where the API is, and how to get a token for it: kept in a file that its owner alone can read.

The file has a token, or a command that prints one, such as that of the Azure CLI. With a command
every question has a fresh token, and no token is stored.
"""

import os
import shlex
import subprocess
from pathlib import Path

import msgspec

from chargeback_client.errors import ClientError, NotSignedIn

COMMAND_S_MAX = 60


class Login(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """One sign-in."""

    api_url: str
    token: str | None = None
    token_command: str | None = None
    """Run without a shell; it prints a token."""


def read_login(file: Path) -> Login | None:
    """None where nobody has signed in."""
    try:
        return msgspec.json.decode(file.read_bytes(), type=Login)
    except FileNotFoundError:
        return None
    except (OSError, msgspec.DecodeError) as error:
        raise ClientError(
            f"{file} cannot be read: {error}; `chargeback login` writes it"
        ) from error


def save_login(file: Path, login: Login) -> None:
    """Write it for its owner alone."""
    file.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    made = file.with_name(f"{file.name}.new")
    made.unlink(missing_ok=True)
    handle = os.open(made, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    with os.fdopen(handle, "wb") as written:
        written.write(msgspec.json.encode(login))
    made.replace(file)


def token_of(login: Login) -> str | None:
    """A token for the next question. NotSignedIn when the command gives none."""
    if login.token_command is None:
        return login.token
    try:
        words = shlex.split(login.token_command)
    except ValueError as error:
        raise NotSignedIn(f"{login.token_command!r} is no command: {error}") from error
    if not words:
        raise NotSignedIn("the command that gives a token is empty: see `chargeback login --help`")
    try:
        done = subprocess.run(
            words, capture_output=True, text=True, check=True, timeout=COMMAND_S_MAX
        )
    except (OSError, subprocess.SubprocessError) as error:
        said = (getattr(error, "stderr", None) or str(error)).strip()
        raise NotSignedIn(f"{words[0]} gives no token: {said}") from error
    token = done.stdout.strip()
    if not token or len(token.split()) > 1:
        raise NotSignedIn(f"{words[0]} has not printed one token")
    return token
