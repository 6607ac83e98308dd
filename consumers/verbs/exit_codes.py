"""How a verb of the consumers is run: its settings, and the exit code of whatever ends it."""

import sys
from collections.abc import Callable, Coroutine, Mapping
from functools import wraps
from typing import Any, ParamSpec

import typer

from command_line.app import Verb
from command_line.settings import Setting, with_settings
from consumers.errors import ConsumersError, PartitionStalled, TooManyDeadLetters
from consumers.log_actions import Action
from consumers.settings import options, read_settings
from pricing_rules.errors import PricingError
from table_api.errors import TableApiError

FAILED = 1
STOPPED_BY_DEAD_LETTERS = 3
STOPPED_BY_STALL = 4
SETTINGS = "Settings of the consumers"
SERVICES = {"consumer-run", "consumer-pair"}
"""Nobody watches their stderr but programs: what ends them is a log line, as all that they say."""

P = ParamSpec("P")
AsyncVerb = Callable[P, Coroutine[Any, Any, int]]


def verb(
    app: typer.Typer, name: str, kind: type[Verb] = Verb
) -> Callable[[AsyncVerb[P]], AsyncVerb[P]]:
    """Register `async def verb(settings, …) -> int`; each setting becomes a flag of it."""

    def register(asked: AsyncVerb[P]) -> AsyncVerb[P]:
        @wraps(asked)
        def started(environment: Mapping[str, str], **given: Any) -> int:
            return _exit_code(asked, environment, given, service=f"consumer-{name}")

        app.command(name, cls=kind)(with_settings(started, {SETTINGS: _settings()}))
        return asked

    return register


def plain_verb(app: typer.Typer, name: str) -> Callable[[Callable[P, int]], Callable[P, int]]:
    """Register `def verb(…) -> int`, which opens nothing and so takes no setting."""

    def register(asked: Callable[P, int]) -> Callable[P, int]:
        @wraps(asked)
        def started(*args: P.args, **given: P.kwargs) -> int:
            return _ended(lambda: asked(*args, **given), service=f"consumer-{name}")

        app.command(name, cls=Verb)(started)
        return asked

    return register


def _settings() -> list[Setting]:
    return [Setting(each.variable, each.meaning, each.default) for each in options()]


def _exit_code(
    asked: Callable[..., Coroutine[Any, Any, int]],
    environment: Mapping[str, str],
    given: Mapping[str, Any],
    *,
    service: str,
) -> int:
    import asyncio

    import uvloop

    def run() -> int:
        settings = read_settings({}, environment)
        with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
            return runner.run(asked(settings, **given))

    return _ended(run, service=service)


def _ended(run: Callable[[], int], *, service: str) -> int:
    from telemetry.log import Log, configure, redact
    from telemetry.settings import BadTelemetry
    from telemetry.setup import set_up

    configure()
    log = Log("consumers")
    try:
        set_up(service)
        return run()
    except TooManyDeadLetters as error:
        log.error(Action.TOO_MANY_DEAD_LETTERS, str(error))
        return STOPPED_BY_DEAD_LETTERS
    except PartitionStalled as error:
        log.error(Action.FAILED, f"{error}; new clients do not help: see `check`")
        return STOPPED_BY_STALL
    except (ConsumersError, TableApiError, PricingError, BadTelemetry) as error:
        if service in SERVICES:
            log.error(Action.FAILED, f"{type(error).__name__}: {error}")
        else:
            print(redact(f"error: {error}"), file=sys.stderr, flush=True)
        return FAILED
