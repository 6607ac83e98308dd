"""`python -m consumers VERB`: data goes to stdout, words to stderr; docs/consumer.md lists all."""

import argparse
import asyncio
import os
import signal
import sys
from collections.abc import Awaitable, Callable, Sequence
from datetime import date
from typing import TypeAlias

import uvloop

from consumers.errors import ConsumersError, PartitionStalled, TooManyDeadLetters
from consumers.log_actions import Action
from consumers.metering.run import run
from consumers.pairing.run import pair
from consumers.replay.arguments import add_arguments as add_replay_arguments
from consumers.replay.verb import replay
from consumers.rerating.arguments import add_arguments as add_rerate_arguments
from consumers.rerating.verbs import VERBS as RERATE_VERBS
from consumers.settings import Settings, add_flags, read_settings
from consumers.verbs.check import check
from consumers.verbs.completeness import completeness
from consumers.verbs.lag import lag
from consumers.verbs.ledger import audit_ledger, rebuild
from consumers.verbs.letters import list_letters, redrive_letters, show_letter
from pricing_rules.errors import PricingError
from table_api.errors import TableApiError
from telemetry.log import Log, configure

FAILED = 1
STOPPED_BY_DEAD_LETTERS = 3
STOPPED_BY_STALL = 4

Verb = Callable[[Settings, argparse.Namespace], Awaitable[int]]
Verbs: TypeAlias = "argparse._SubParsersAction[argparse.ArgumentParser]"
_log = Log("consumers")


async def _run(settings: Settings, arguments: argparse.Namespace) -> int:
    await run(settings, ended=_until_signalled(), until_idle_s=arguments.until_idle)
    return 0


async def _pair(settings: Settings, arguments: argparse.Namespace) -> int:
    await pair(settings, ended=_until_signalled(), until_idle_s=arguments.until_idle)
    return 0


def _until_signalled() -> asyncio.Event:
    ended = asyncio.Event()
    loop = asyncio.get_running_loop()
    for each in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(each, ended.set)
    return ended


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="python -m consumers", description=__doc__)
    verbs = parser.add_subparsers(dest="verb", required=True, metavar="VERB")
    running = _add_verb(verbs, "run", _run, "meter events into the ledger until SIGTERM")
    pairing = _add_verb(verbs, "pair", _pair, "complete calls from the gateway's own log")
    for each, meaning in ((running, "every partition of this process"), (pairing, "both hubs")):
        each.add_argument(
            "--until-idle",
            type=int,
            metavar="S",
            help=f"end when {meaning} was caught up for S seconds",
        )
    _add_verb(verbs, "check", check, "ask every dependency once, an OK line each")
    lagging = _add_verb(verbs, "lag", lag, "events and seconds behind, per partition")
    lagging.add_argument("--json", action="store_true", help="as JSON, with totals")
    _add_completeness(verbs)
    _add_verb(verbs, "audit", audit_ledger, "re-add the whole ledger, also while it is written")
    _add_verb(verbs, "rebuild", rebuild, "make the table monthly what the ledger says")
    meaning = "events that could not be rated"
    letters = verbs.add_parser("dead-letters", help=meaning, description=meaning)
    _add_letter_verbs(letters.add_subparsers(dest="letters", required=True, metavar="VERB"))
    add_replay_arguments(_add_verb(verbs, "replay", replay, "read events again into the ledger"))
    meaning = "correct prices by runs that are staged, approved, applied and revertible"
    rerating = verbs.add_parser("rerate", help=meaning, description=meaning)
    of_runs = rerating.add_subparsers(dest="rerate", required=True, metavar="VERB")
    for name, verb, says in RERATE_VERBS:
        add_rerate_arguments(name, _add_verb(of_runs, name, verb, says))
    return parser


def _add_completeness(verbs: Verbs) -> None:
    meaning = "what each path missed, per hour, API and model"
    measuring = _add_verb(verbs, "completeness", completeness, meaning)
    for flag, variable, meaning in (
        ("--from", "first_day", "first day, yesterday by default"),
        ("--to", "until_day", "the day after the last one, tomorrow by default"),
    ):
        measuring.add_argument(
            flag, dest=variable, metavar="DAY", type=date.fromisoformat, help=meaning
        )
    measuring.add_argument("--json", action="store_true", help="as /v1/completeness answers")


def _add_letter_verbs(verbs: Verbs) -> None:
    listing = _add_verb(verbs, "list", list_letters, "the open ones, a tab-separated line each")
    listing.add_argument("--all", action="store_true", help="the redriven ones too")
    showing = _add_verb(verbs, "show", show_letter, "one of them, with its bytes")
    showing.add_argument("id", help="as `list` prints it")
    redriving = _add_verb(verbs, "redrive", redrive_letters, "take the open ones again")
    redriving.add_argument("--id", help="only this one, as `list` prints it")
    for each in (listing, showing, redriving):
        meaning = "those of the gateway log's hub, which pairing reads"
        each.add_argument("--diagnostics", action="store_true", help=meaning)
    for each in (listing, redriving):
        each.add_argument("--reason", metavar="CODE", help="only those with this reason")


def _add_verb(
    verbs: Verbs,
    name: str,
    verb: Verb,
    meaning: str,
) -> argparse.ArgumentParser:
    parser = verbs.add_parser(name, help=meaning, description=meaning)
    add_flags(parser)
    parser.set_defaults(run=verb)
    return parser


def main(arguments: Sequence[str] | None = None) -> int:
    """The exit code."""
    configure()
    parsed = _parser().parse_args(arguments)
    try:
        settings = read_settings(vars(parsed), os.environ)
        with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
            code: int = runner.run(parsed.run(settings, parsed))
            return code
    except TooManyDeadLetters as error:
        _log.error(Action.TOO_MANY_DEAD_LETTERS, str(error))
        return STOPPED_BY_DEAD_LETTERS
    except PartitionStalled as error:
        _log.error(Action.FAILED, f"{error}; it stays so with new clients: see `check`")
        return STOPPED_BY_STALL
    except (ConsumersError, TableApiError, PricingError) as error:
        _log.error(Action.FAILED, f"{type(error).__name__}: {error}")
        return FAILED


if __name__ == "__main__":
    sys.exit(main())
