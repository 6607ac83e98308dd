"""Who may ask where nobody signs in: this machine only, or whoever has the function key. Pure."""

import ipaddress
from enum import StrEnum

from starlette.requests import Request

from table_api.errors import SettingsError
from table_api.http_api.conventions.problems import ProblemKind, Refused


class AuthMode(StrEnum):
    """Who may ask."""

    LOCAL = "local"
    """Everybody on this machine: no authorization, loopback only."""
    FUNCTION_KEY = "function_key"
    """Whoever has the key that Azure Functions checks."""


LOOPBACK_NAME = "localhost"


def is_loopback(host: str) -> bool:
    """Whether a host cannot be reached from elsewhere; other names are never looked up."""
    if host == LOOPBACK_NAME:
        return True
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return False


def check_local(auth_mode: str, host: str) -> None:
    """SettingsError unless the mode is `local` and the host cannot be reached from elsewhere."""
    if auth_mode != "local":
        raise SettingsError(f"AUTH_MODE {auth_mode!r} is not known; the only one here is 'local'")
    if not is_loopback(host):
        raise SettingsError(
            f"API_HOST {host!r} can be reached from other machines, and AUTH_MODE=local checks "
            "nobody: bind to 127.0.0.1, ::1 or localhost"
        )


async def check_host(request: Request) -> None:
    """Refused when the request does not name this machine.

    Where nobody is authorized, a page of any web site could else read the ledger through the
    browser of somebody here, by a name of its own that resolves to 127.0.0.1.
    """
    if not is_loopback(request.url.hostname or ""):
        raise Refused(
            ProblemKind.FOREIGN_HOST, "with AUTH_MODE=local, ask for 127.0.0.1 or localhost"
        )
