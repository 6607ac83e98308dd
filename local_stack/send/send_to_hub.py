"""Sends a recorded trace or the generated workload: words to stderr, the report to stdout."""

import asyncio
import json
import sys
from collections.abc import Iterator
from dataclasses import asdict, dataclass
from datetime import datetime
from pathlib import Path

from local_stack.errors import LocalStackError
from local_stack.send.sender import send_events
from local_stack.traffic.trace import offset_to, trace_events
from local_stack.traffic.usage_event import OutgoingEvent
from local_stack.traffic.workload import CALLS, Workload


@dataclass(frozen=True, slots=True, kw_only=True)
class SendOptions:
    """What is sent where."""

    connection_string: str | None
    hub: str
    trace: Path | None
    """A CSV of recorded calls; the generated workload where there is none."""
    now: datetime
    """Time of the last call: the same one sends the same bytes."""
    calls: int | None
    """Of the workload; None is all of it."""
    streamed_percent: int
    rate: float | None
    """Events a second."""


def send_to_hub(options: SendOptions) -> int:
    """The exit code: 0, or 1 after naming what failed."""
    if not options.connection_string:
        print(
            "no connection string: give --connection-string or EVENTHUB_CONNECTION_STRING",
            file=sys.stderr,
        )
        return 1
    print(f"now is taken as {options.now.isoformat()}; repeat it with --now", file=sys.stderr)
    try:
        report = asyncio.run(
            send_events(
                options.connection_string,
                options.hub,
                _events(options),
                events_per_second=options.rate,
                progress=_show,
            )
        )
    except (LocalStackError, OSError, ValueError) as error:
        # The SDK raises ValueError for a text that is not a connection string.
        print(f"not sent: {error}", file=sys.stderr)
        return 1
    print(file=sys.stderr)
    print(json.dumps(asdict(report)))
    return 0


def _show(sent: int) -> None:
    print(f"\r{sent:,} sent", end="", file=sys.stderr, flush=True)


def _events(options: SendOptions) -> Iterator[OutgoingEvent]:
    if options.trace:
        return trace_events(options.trace, offset=offset_to(options.trace, options.now))
    return Workload(
        now=options.now,
        calls=options.calls or CALLS,
        streamed_percent=options.streamed_percent,
    ).events()
