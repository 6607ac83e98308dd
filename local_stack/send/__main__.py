"""The command line of `python -m local_stack.send`: messages to stderr, the report to stdout."""

import argparse
import asyncio
import json
import math
import os
import sys
from collections.abc import Iterator, Sequence
from dataclasses import asdict
from datetime import UTC, datetime
from pathlib import Path

from local_stack.errors import LocalStackError
from local_stack.send import SendReport, send_events
from local_stack.traffic.trace import offset_to, trace_events
from local_stack.traffic.usage_event import OutgoingEvent
from local_stack.traffic.workload import CALLS, Workload

CONNECTION_VARIABLE = "EVENTHUB_CONNECTION_STRING"
HUB = "llm-usage"


def main(arguments: Sequence[str] | None = None) -> int:
    """Exit code 0, or 1 after naming what failed."""
    options = _parser().parse_args(arguments)
    if not options.connection_string:
        print(
            f"no connection string: give --connection-string or {CONNECTION_VARIABLE}",
            file=sys.stderr,
        )
        return 1
    print(f"now is taken as {options.now.isoformat()}; repeat it with --now", file=sys.stderr)
    try:
        report = asyncio.run(_send(options))
    except (LocalStackError, OSError, ValueError) as error:
        # The SDK raises ValueError for a text that is not a connection string.
        print(f"not sent: {error}", file=sys.stderr)
        return 1
    print(file=sys.stderr)
    print(json.dumps(asdict(report)))
    return 0


async def _send(options: argparse.Namespace) -> SendReport:
    return await send_events(
        options.connection_string,
        options.hub,
        _events(options),
        events_per_second=options.rate,
        progress=lambda sent: print(f"\r{sent:,} sent", end="", file=sys.stderr, flush=True),
    )


def _events(options: argparse.Namespace) -> Iterator[OutgoingEvent]:
    if options.trace:
        return trace_events(options.trace, offset=offset_to(options.trace, options.now))
    return Workload(
        now=options.now, calls=options.calls, streamed_percent=options.streamed_percent
    ).events()


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="python -m local_stack.send")
    parser.add_argument(
        "--connection-string",
        default=os.environ.get(CONNECTION_VARIABLE),
        help=f"of the Event Hubs namespace or its stand-in; default ${CONNECTION_VARIABLE}",
    )
    parser.add_argument("--hub", default=HUB, help=f"event hub, default {HUB}")
    source = parser.add_mutually_exclusive_group(required=True)
    source.add_argument("--trace", type=Path, metavar="FILE", help="CSV of recorded calls")
    source.add_argument("--workload", action="store_true", help="the generated demonstration")
    parser.add_argument(
        "--now",
        type=_instant,
        default=datetime.now(UTC).replace(microsecond=0),
        metavar="TIME",
        help="ISO time of the last call; the same one sends the same bytes (default: now)",
    )
    parser.add_argument("--calls", type=_calls, default=CALLS, help=f"of the workload ({CALLS})")
    parser.add_argument(
        "--streamed-percent", type=int, default=0, help="streamed calls of the workload (0)"
    )
    parser.add_argument("--rate", type=_rate, metavar="N", help="events a second, default all")
    return parser


def _calls(text: str) -> int:
    calls = int(text)
    if calls < 1:
        raise argparse.ArgumentTypeError(f"{text} calls, at least 1 expected")
    return calls


def _rate(text: str) -> float:
    rate = float(text)
    if not 0 < rate < math.inf:
        raise argparse.ArgumentTypeError(f"{text} events a second, more than 0 expected")
    return rate


def _instant(text: str) -> datetime:
    time = datetime.fromisoformat(text)
    return time.astimezone(UTC) if time.tzinfo else time.replace(tzinfo=UTC)


if __name__ == "__main__":
    raise SystemExit(main())
