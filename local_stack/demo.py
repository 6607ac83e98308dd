"""`make demo`: the whole flow on this machine, from events sent to a total that is audited.

Starts the stack, sends a generated workload or a recorded trace, waits until every event is
durable, shows the box, and stays up until Ctrl-C (or ends, with --exit).
"""

import argparse
import asyncio
import contextlib
import signal
import sys
from collections.abc import Iterable
from datetime import UTC, datetime
from pathlib import Path

import msgspec
from rich.console import Console

from local_stack import stack
from local_stack.azurite import AzuriteError
from local_stack.demo_box import DemoBox, show
from local_stack.demo_state import only_one, read_state, trace_offset
from local_stack.errors import LocalStackError
from local_stack.measured_run import measured_run
from local_stack.people import people
from local_stack.supervisor import Supervisor
from local_stack.trace import trace_events
from local_stack.usage_event import OutgoingEvent
from local_stack.workload import Workload
from table_api.azure_storage import AzureTableStorage
from table_api.people import People, Person
from table_api.storage import TableStorage


def main() -> int:
    """Exit status: 0 when the audit is green, 1 otherwise or when a part fails."""
    options = _parser().parse_args()
    console = Console(stderr=True, highlight=False)
    try:
        with only_one(options.data):
            return asyncio.run(_run(options, console))
    except asyncio.CancelledError:
        return 0
    except (LocalStackError, AzuriteError) as error:
        console.print(f"demo: {error}", style="bold red", markup=False)
        return 1


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="python -m local_stack.demo", description=__doc__)
    parser.add_argument("--data", type=Path, default=Path(".local"), help="data directory")
    parser.add_argument("--trace", type=Path, help="CSV of recorded calls to send")
    parser.add_argument("--exit", action="store_true", help="end after the box")
    parser.add_argument("--quiet", action="store_true", help="keep the parts' logs to files")
    return parser


async def _run(options: argparse.Namespace, console: Console) -> int:
    task = asyncio.current_task()
    assert task is not None  # we are a coroutine of asyncio.run
    for each in (signal.SIGINT, signal.SIGTERM):
        asyncio.get_running_loop().add_signal_handler(each, task.cancel)
    events = _events(options.data, options.trace, now=datetime.now(UTC))
    ports, taken = stack.choose_ports()
    for line in taken:
        console.print(line)
    async with Supervisor(options.data / "logs", quiet=options.quiet) as supervisor:
        pids = await stack.start(supervisor, ports, options.data)
        storage = AzureTableStorage.from_connection_string(ports.storage)
        try:
            await _name_people(storage)
            box = await measured_run(
                events,
                storage=storage,
                ports=ports,
                metering_pid=pids["metering"],
                supervisor=supervisor,
            )
        finally:
            await storage.close()
        _write(box, options.data / "demo.json")
        show(box, Console())
        if not options.exit:
            console.print(f"Open {ports.urls['ui']} . Ctrl-C ends everything; the data stays.")
            with contextlib.suppress(asyncio.CancelledError):
                await supervisor.watch()
    return 0 if box.audit == "ok" else 1


def _events(data: Path, trace: Path | None, *, now: datetime) -> Iterable[OutgoingEvent]:
    """The same events, byte for byte, in every run on this data directory."""
    state = read_state(data, now=now)
    if trace is None:
        return Workload(now=state.now).events()
    if not trace.is_file():
        raise LocalStackError(f"{trace} is not a file, expected a CSV of recorded calls")
    return trace_events(trace, offset=trace_offset(data, state, trace, now=now))


async def _name_people(storage: TableStorage) -> None:
    """Names and cost centres live in their own table: the ledger knows subjects only."""
    start = datetime(2026, 1, 1, tzinfo=UTC).date()
    await People(storage, now=lambda: datetime.now(UTC)).save(
        [
            Person(
                subject=person.subject,
                display_name=person.name,
                cost_centre=person.cost_centre,
                valid_from=start,
            )
            for person in people()
        ]
    )


def _write(box: DemoBox, path: Path) -> None:
    path.write_bytes(msgspec.json.format(msgspec.json.encode(box), indent=2) + b"\n")


if __name__ == "__main__":
    sys.exit(main())
