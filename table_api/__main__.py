"""`python -m table_api serve | people … | invoice … | package`: data to stdout, words to stderr."""

import argparse
import asyncio
import os
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path

import uvicorn

from table_api.errors import SettingsError, TableApiError
from table_api.http_api.access.local_only import check_local
from table_api.http_api.app import create_app
from table_api.invoicing.settings import CONTAINER as INVOICES
from table_api.settings import Settings, help_text, read_settings
from table_api.storage.connection import open_container, open_tables
from table_api.verbs.invoices import add_invoice_verbs, run_invoice
from table_api.verbs.package import write_package
from table_api.verbs.people import add_people_verbs, run_people
from telemetry.log import configure, redact

EXIT_FAILED = 1
EXIT_SETTINGS = 2

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
            asyncio.run(_serve(flags.host, flags.port, read_settings(environment)))
        elif flags.verb == "package":
            write_package(flags.folder)
            _say(f"the function app stands in {flags.folder}")
        elif flags.verb == "invoice":
            return asyncio.run(run_invoice(flags, read_settings(environment), _say))
        else:
            asyncio.run(run_people(flags, read_settings(environment), _say))
    except SettingsError as error:
        _say(f"error: {error}")
        return EXIT_SETTINGS
    except (TableApiError, OSError) as error:
        _say(f"error: {error}")
        return EXIT_FAILED
    return 0


async def _serve(host: str, port: int, settings: Settings) -> None:
    async with (
        open_tables(settings.storage) as storage,
        open_container(settings.storage, INVOICES) as blobs,
    ):
        _say(_WARNING.format(host=host, port=port))
        config = uvicorn.Config(
            create_app(storage, blobs, groups=settings.groups, invoicing=settings.invoicing),
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
        epilog=f"environment:\n{help_text()}",
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
