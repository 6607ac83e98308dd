"""The verb `serve`: the HTTP API on this machine, for everybody on it and nobody else."""

import uvicorn

from table_api.http_api.access.local_only import check_local
from table_api.http_api.app import create_app
from table_api.invoicing.settings import CONTAINER as INVOICES
from table_api.settings import Settings
from table_api.storage.connection import open_container, open_tables
from table_api.verbs.exit_codes import say

_WARNING = """\
****************************************************************************
  NO AUTHORIZATION (AUTH_MODE=local): everybody on this machine sees all.
  The API is bound to {host}:{port} and cannot be reached from elsewhere.
****************************************************************************
"""


async def serve(settings: Settings, *, host: str, port: int, auth_mode: str) -> None:
    """Serve until SIGTERM or SIGINT."""
    check_local(auth_mode, host)
    async with (
        open_tables(settings.storage) as storage,
        open_container(settings.storage, INVOICES) as blobs,
    ):
        say(_WARNING.format(host=host, port=port))
        config = uvicorn.Config(
            create_app(storage, blobs, groups=settings.groups, invoicing=settings.invoicing),
            host=host,
            port=port,
            log_level="warning",
            log_config=None,  # else its lines go past ours, which redact
            access_log=False,
        )
        await uvicorn.Server(config).serve()
