"""`python -m benchmarks.faults`: one line a fault; exit code 1 when one does not hold."""

import argparse
import asyncio
import logging
import signal
import sys
from collections.abc import Sequence

from benchmarks.faults.campaign import run_fault
from benchmarks.faults.catalogue import FAULTS
from benchmarks.faults.verdict import as_row, head
from local_stack.demo import azurite

EVENTS = 100_000
SMALLER = 25
"""All runs except the large one have this many times fewer events."""
INTERRUPTED = 130
EVENTS_MIN = 400
"""Fewest events of a run: with fewer there is no time for a fault."""


async def campaign(names: Sequence[str], events: int) -> bool:
    """Run the named faults; whether all hold."""
    holds = True
    print(head(), flush=True)
    with azurite.running() as ports:
        for name in names:
            fault = FAULTS[name]
            number = events if fault.large else max(EVENTS_MIN, events // SMALLER)
            line = await run_fault(fault, number, ports.connection_string)
            print(as_row(line), flush=True)
            holds = holds and not line.problems
    return holds


def main() -> int:
    """The exit code."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.faults", description=__doc__)
    parser.add_argument(
        "--events",
        type=int,
        default=EVENTS,
        help=f"distinct calls of the run `kill`; the others have 1/{SMALLER} (default {EVENTS:,})",
    )
    parser.add_argument(
        "--fault", action="append", choices=FAULTS, help="only this one; may be repeated"
    )
    arguments = parser.parse_args()
    # The broker writes to the connection of a killed consumer until it notices: this is expected.
    logging.getLogger("asyncio").setLevel(logging.ERROR)
    # Treat it like Ctrl-C: end everything that was started.
    signal.signal(signal.SIGTERM, signal.default_int_handler)
    try:
        holds = asyncio.run(campaign(arguments.fault or list(FAULTS), arguments.events))
    except KeyboardInterrupt:
        return INTERRUPTED
    return 0 if holds else 1


if __name__ == "__main__":
    sys.exit(main())
