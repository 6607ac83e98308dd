"""The verb `serve`: the HTTP API, for whoever signs in, or for everybody on this machine."""

import contextlib
from collections.abc import Mapping

import uvicorn

from table_api.http_api.access.insights import LateClient, insights_of
from table_api.http_api.access.settings import AuthMode, read_access
from table_api.http_api.app import ApiSettings, create_app
from table_api.http_api.garbage import set_for_answers
from table_api.invoicing.settings import CONTAINER as INVOICES
from table_api.ledger.book_archive import CONTAINER as BOOKS
from table_api.settings import read_settings
from table_api.storage.connection import open_container, open_tables
from table_api.verbs.exit_codes import say
from telemetry.settings import read_telemetry
from telemetry.setup import instrument_api

KEEP_ALIVE_S = 75
"""How long a connection may be idle: longer than our clients keep theirs (5 s), so that it is they
who close it. Otherwise a question can meet the close, and gets no answer."""
_WARNING = """\
****************************************************************************
  NO AUTHORIZATION (AUTH_MODE=local): everybody on this machine sees all.
  The API is bound to {host}:{port} and cannot be reached from elsewhere.
****************************************************************************
"""
_SIGN_IN = """\
callers sign in with tokens of {issuers}; tokens are secrets, so put TLS in front of {host}:{port}
"""


async def serve(environment: Mapping[str, str], *, host: str, port: int) -> int:
    """Serve until SIGTERM or SIGINT."""
    settings, access = read_settings(environment), read_access(environment, host=host)
    telemetry = read_telemetry(environment)
    async with (
        open_tables(settings.storage) as storage,
        open_container(settings.storage, INVOICES) as blobs,
        open_container(settings.storage, BOOKS) as books,
        contextlib.aclosing(LateClient(telemetry)) as client,
    ):
        if access.auth_mode is AuthMode.LOCAL:
            say(_WARNING.format(host=host, port=port))
        else:
            say(_SIGN_IN.format(host=host, port=port, issuers=", ".join(access.issuers)))
        app = create_app(
            storage,
            blobs,
            books=books,
            settings=ApiSettings(
                settings.groups, settings.invoicing, insights_of(telemetry, client)
            ),
            access=access,
        )
        instrument_api(app)
        set_for_answers()
        config = uvicorn.Config(
            app,
            host=host,
            port=port,
            log_level="warning",
            log_config=None,  # else its lines go past ours, which redact
            access_log=False,
            timeout_keep_alive=KEEP_ALIVE_S,
        )
        await uvicorn.Server(config).serve()
    return 0
