"""How a verb of the tables is run: its settings, and the exit code of whatever ends it."""

import sys
from collections.abc import Callable, Coroutine, Mapping
from functools import wraps
from typing import Any, Concatenate, ParamSpec

import typer

from command_line.app import Verb
from command_line.settings import Setting, with_settings
from table_api.errors import SettingsError, TableApiError
from table_api.settings import VARIABLES, Settings, read_settings
from telemetry.log import configure, redact
from telemetry.settings import BadTelemetry
from telemetry.setup import set_up

FAILED = 1
WRONG_SETTINGS = 2
SETTINGS = "Settings of the tables"
SETTINGS_OF_TABLES = [Setting(each.name, each.meaning, each.default) for each in VARIABLES]

P = ParamSpec("P")
AsyncVerb = Callable[Concatenate[Settings, P], Coroutine[Any, Any, int]]


def verb(app: typer.Typer, name: str) -> Callable[[AsyncVerb[P]], AsyncVerb[P]]:
    """Register `async def verb(settings, …) -> int`; each setting becomes a flag of it."""

    def register(asked: AsyncVerb[P]) -> AsyncVerb[P]:
        @wraps(asked)
        def started(environment: Mapping[str, str], *args: P.args, **given: P.kwargs) -> int:
            return exit_code(lambda: asked(read_settings(environment), *args, **given))

        app.command(name, cls=Verb)(with_settings(started, {SETTINGS: SETTINGS_OF_TABLES}))
        return asked

    return register


def exit_code(start: Callable[[], Coroutine[Any, Any, int]], *, service: str = "table-api") -> int:
    """The verb's own number, or that of the error that ended it. `service` names the process in
    telemetry.
    """
    import asyncio

    configure()
    try:
        set_up(service)
        return asyncio.run(start())
    except (SettingsError, BadTelemetry) as error:
        say(f"error: {error}")
        return WRONG_SETTINGS
    except (TableApiError, OSError) as error:
        say(f"error: {error}")
        return FAILED


def say(text: str) -> None:
    """Words for people, on stderr and without keys."""
    print(redact(text), file=sys.stderr, flush=True)
