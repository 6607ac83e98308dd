"""`python -m table_api serve | people … | invoice … | package`: data to stdout, words to stderr."""

import argparse
import asyncio
import os
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path

import uvicorn

from table_api.consumer_state.groups import metering_place, paths
from table_api.errors import SettingsError, TableApiError
from table_api.http_api.access.local_only import check_local
from table_api.http_api.app import Watched, create_app
from table_api.invoicing.settings import invoicing_settings
from table_api.storage.connection import open_blobs, open_storage, storage_settings
from table_api.verbs.invoices import INVOICE_ENVIRONMENT, add_invoice_verbs, run_invoice
from table_api.verbs.package import write_package
from table_api.verbs.people import add_people_verbs, run_people
from telemetry.log import configure, redact

EXIT_FAILED = 1
EXIT_SETTINGS = 2

_EPILOG = """\
environment:
  STORAGE_CONNECTION_STRING  the storage account by connection string, or
  TABLES_URL                 https://ACCOUNT.table.core.windows.net, with an identity
  EVENTHUB_NAME              the hub whose metering is shown (llm-usage)
  CONSUMER_GROUP             the consumer group that meters it (metering)
"""
_WARNING = """\
****************************************************************************
  NO AUTHORIZATION (AUTH_MODE=local): everybody on this machine sees all.
  The API is bound to {host}:{port} and cannot be reached from elsewhere.
****************************************************************************
"""


def main(arguments: Sequence[str], environment: Mapping[str, str]) -> int:
    """Run one verb; gives the exit code."""
    configure()
    flags = _parser(environment).parse_args(arguments)
    try:
        if flags.verb == "serve":
            check_local(flags.auth_mode, flags.host)
            asyncio.run(_serve(flags.host, flags.port, environment))
        elif flags.verb == "package":
            write_package(flags.folder)
            _say(f"the function app stands in {flags.folder}")
        elif flags.verb == "invoice":
            return asyncio.run(run_invoice(flags, environment, _say))
        else:
            asyncio.run(run_people(flags, environment, _say))
    except SettingsError as error:
        _say(f"error: {error}")
        return EXIT_SETTINGS
    except (TableApiError, OSError) as error:
        _say(f"error: {error}")
        return EXIT_FAILED
    return 0


async def _serve(host: str, port: int, environment: Mapping[str, str]) -> None:
    async with (
        open_storage(storage_settings(environment)) as storage,
        open_blobs(environment) as blobs,
    ):
        _say(_WARNING.format(host=host, port=port))
        config = uvicorn.Config(
            create_app(
                storage,
                loopback_only=True,
                blobs=blobs,
                watched=Watched(
                    metering_place(environment), paths(environment), invoicing_settings(environment)
                ),
            ),
            host=host,
            port=port,
            log_level="warning",
            log_config=None,  # else its lines go past ours, which redact
            access_log=False,
        )
        await uvicorn.Server(config).serve()


def _parser(environment: Mapping[str, str]) -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="python -m table_api",
        epilog=_EPILOG + INVOICE_ENVIRONMENT,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    verbs = parser.add_subparsers(dest="verb", required=True)
    serve = verbs.add_parser("serve", help="serve the HTTP API on this machine")
    serve.add_argument(
        "--host", default=environment.get("API_HOST", "127.0.0.1"), help="env: API_HOST"
    )
    serve.add_argument(
        "--port", type=int, default=environment.get("API_PORT", "8000"), help="env: API_PORT"
    )
    serve.add_argument(
        "--auth-mode",
        default=environment.get("AUTH_MODE", "local"),
        help="who may ask; `local` (default): everybody on this machine. env: AUTH_MODE",
    )
    add_people_verbs(verbs)
    package = verbs.add_parser("package", help="write the function app into a folder")
    package.add_argument("folder", type=Path, help="new or empty")
    add_invoice_verbs(verbs)
    return parser


def _say(text: str) -> None:
    print(redact(text), file=sys.stderr, flush=True)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:], os.environ))
