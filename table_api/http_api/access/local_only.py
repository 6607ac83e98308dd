"""Who may ask where nobody signs in: this machine only. Pure."""

from starlette.requests import Request

from table_api.http_api.access.settings import is_loopback
from table_api.http_api.conventions.problems import ProblemKind, Refused


async def check_host(request: Request) -> None:
    """Refused when the request does not name this machine.

    Where nobody is authorized, a page of any web site could else read the ledger through the
    browser of somebody here, by a name of its own that resolves to 127.0.0.1.
    """
    if not is_loopback(request.url.hostname or ""):
        raise Refused(
            ProblemKind.FOREIGN_HOST, "with AUTH_MODE=local, ask for 127.0.0.1 or localhost"
        )
