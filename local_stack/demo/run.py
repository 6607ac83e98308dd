"""The demonstration: the whole flow on this machine, from calls made to a total that is audited.

Starts the stack; bills and corrects one month, sends two more months of generated events, then
makes live calls through the gateway (or sends a recorded trace instead of all that); waits until
every event is durable, shows the box, and stays up until Ctrl-C (or ends, with --exit).
"""

import asyncio
import contextlib
import os
import re
import shlex
import signal
import time
from collections import deque
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, date, datetime
from functools import partial
from pathlib import Path
from typing import Any

import msgspec
from rich.console import Console

from local_stack.demo import stack
from local_stack.demo.azurite import AzuriteError
from local_stack.demo.corrected_month import CorrectedMonth
from local_stack.demo.demo_box import DemoBox, show
from local_stack.demo.demo_state import only_one, read_state, trace_offset, workload_sent
from local_stack.demo.measured_run import Traffic, measured_run
from local_stack.demo.running import Running
from local_stack.demo.supervisor import ChildEnded, Supervisor
from local_stack.errors import LocalStackError
from local_stack.gateway.cached_policies import CachePlace
from local_stack.gateway.identity import DEFAULT_KEY, DEFAULT_SUBSCRIPTIONS
from local_stack.gateway.mono import ready_mono
from local_stack.gateway.traffic import LiveTraffic
from local_stack.identity.accounts import OWNED_COST_CENTRE, demo_accounts
from local_stack.traffic.people import people
from local_stack.traffic.recorded_streams import recorded_streams
from local_stack.traffic.trace import trace_events
from local_stack.traffic.workload import Workload, needs_no_log
from table_api.owners.ownership import Kind, Owners, Ownership
from table_api.people.people import People, Person
from table_api.storage.azure_tables import AzureTableStorage
from table_api.storage.table_storage import TableStorage
from table_api.storage.timestamp import now_utc

DATA = Path(".local")
"""Where everything is kept, unless an option gives another directory."""
WRONG_RULE_FILE = "wrong_price.toml"
ENV_FILE = "demo.env"
"""In that directory: the settings of the stack that runs, for a shell."""
CALLS = 120
"""Number of live calls, unless an option gives another."""
CALLS_PER_S = 50.0
LOST = 0.01
"""Share of the live calls' events that the gateway loses, so that one can be seen recovered."""
SENT_AGAIN = 100
"""Of the generated events that the ledger has, so many are sent again: it drops them."""
STREAMED = 0.6
_IN_USE = re.compile("address already in use|EADDRINUSE", re.IGNORECASE).search
FIRST_DAY = date(2026, 1, 1)
"""From when on people have their names and cost centres."""
INTERRUPTED = 130
"""The exit status that a shell gives for Ctrl-C."""


@dataclass(frozen=True, slots=True, kw_only=True)
class DemoOptions:
    """What one run shall do."""

    data: Path
    """Directory of everything that it keeps."""
    trace: Path | None = None
    """A CSV of recorded calls to send in place of live calls."""
    calls: int | None = None
    """So many calls through the gateway, and nothing else."""
    streamed: float = STREAMED
    """Share of the calls that are streamed, from 0 to 1."""
    drop: float = 0.0
    """Share of their events that the gateway loses, from 0 to 1."""
    exit: bool = False
    """End after the box."""
    quiet: bool = True
    """Keep the parts' logs to files."""


def run_demo(options: DemoOptions) -> int:
    """The exit code: 0 when the audit is green and Application Insights equals the ledger, 1 when
    not or when a part fails, 130 when it was interrupted before the box."""
    for name in ("NO_PROXY", "no_proxy"):  # the parts talk over loopback, without any proxy
        os.environ[name] = "127.0.0.1,localhost"
    console = Console(stderr=True, highlight=False)
    try:
        with only_one(options.data):
            return asyncio.run(_run(options, console))
    except asyncio.CancelledError:
        return INTERRUPTED
    except (LocalStackError, AzuriteError) as error:
        console.print(f"demo: {error}", style="bold red", markup=False)
        return 1


async def _run(options: DemoOptions, console: Console) -> int:
    task = asyncio.current_task()
    assert task is not None  # we are a coroutine of asyncio.run
    for each in (signal.SIGINT, signal.SIGTERM):
        asyncio.get_running_loop().add_signal_handler(each, task.cancel)
    started = time.monotonic()

    def tell(step: str) -> None:
        console.print(f"{time.monotonic() - started:4.0f} s  {step}", markup=False)

    direct = options.trace is not None or not await ready_mono(
        partial(console.print, soft_wrap=True)
    )
    traffic = traffic_of(options, now=datetime.now(UTC), direct=direct)
    for name in ("demo.json", ENV_FILE):
        (options.data / name).unlink(missing_ok=True)
    async with Supervisor(options.data / "logs", quiet=options.quiet) as supervisor:
        tell("starting storage, event hubs, metering and gateway")
        ports, pids = await _start(supervisor, options, traffic, console)
        stack.write_shell_settings(options.data / ENV_FILE, ports)
        box = await _metered(traffic, options, ports, pids["metering"], supervisor, tell)
        show(box, Console())
        if not options.exit:
            console.print(f"Open {ports.urls['ui']} . Ctrl-C ends everything; the data stays.")
        _write(box, options.data / "demo.json")
        if not options.exit:
            await stack.start_publisher(supervisor, ports)
            with contextlib.suppress(asyncio.CancelledError):
                await supervisor.watch()
    return 0 if box.audit == "ok" and not box.telemetry_difference else 1


async def _metered(
    traffic: Traffic,
    options: DemoOptions,
    ports: stack.Ports,
    metering_pid: int,
    supervisor: Supervisor,
    tell: Callable[[str], None],
) -> DemoBox:
    """Send everything, close the last month, and publish the ledger."""
    storage = AzureTableStorage.from_connection_string(ports.storage)
    running = Running(
        storage=storage,
        ports=ports,
        data=options.data,
        metering_pid=metering_pid,
        supervisor=supervisor,
        tell=tell,
    )
    try:
        await _name_people(storage)
        box = await measured_run(traffic, running)
    finally:
        await storage.close()
    return msgspec.structs.replace(
        box,
        **_sign_in(options.data),
        shell_settings=f"set -a; . {shlex.quote(_for_shell(options.data / ENV_FILE))}; set +a",
    )


async def _start(
    supervisor: Supervisor, options: DemoOptions, traffic: Traffic, console: Console
) -> tuple[stack.Ports, dict[str, int]]:
    """Start the stack; if another process took a port meanwhile, start again on other ports."""
    try:
        return await _try_to_start(supervisor, options, traffic, console, preferred=True)
    except ChildEnded as ended:
        if not _IN_USE(str(ended)):
            raise
        await supervisor.stop()
    return await _try_to_start(supervisor, options, traffic, console, preferred=False)


async def _try_to_start(
    supervisor: Supervisor,
    options: DemoOptions,
    traffic: Traffic,
    console: Console,
    *,
    preferred: bool,
) -> tuple[stack.Ports, dict[str, int]]:
    ports, taken = stack.choose_ports(preferred=preferred)
    for line in taken:
        console.print(line)
    gateway = (
        None
        if traffic.live is None
        else ["--drop", str(_lost(options)), "--cache", CachePlace.BEFORE]
    )
    books = []
    if traffic.corrected is not None:
        books.append(options.data / WRONG_RULE_FILE)
        traffic.corrected.write_rule(books[0])
    started = stack.start(supervisor, ports, options.data, gateway=gateway, books=books)
    return ports, await started


def traffic_of(options: DemoOptions, *, now: datetime, direct: bool) -> Traffic:
    """Events are the same, byte for byte, in every run on this data directory; calls are new. Of
    the generated events, later runs send the last ones only: the ledger has them all.
    `direct` sends everything without a gateway, as events that its policies would write."""
    state = read_state(options.data, now=now)
    trace = options.trace
    if trace is not None:
        if not trace.is_file():
            raise LocalStackError(f"{trace} is not a file, expected a CSV of recorded calls")
        offset = trace_offset(options.data, state, trace, now=now)
        return Traffic(events=trace_events(trace, offset=offset))
    calls, streamed = options.calls, options.streamed
    if calls is None:
        # The live calls are those of today: with generated ones too it would be unlike other days.
        today = state.now.replace(hour=0, minute=0, second=0, microsecond=0)
        whole = Workload(now=state.now if direct else today)
        generated = filter(needs_no_log, whole.events())
        return Traffic(
            corrected=CorrectedMonth.before(whole),
            events=deque(generated, maxlen=SENT_AGAIN) if state.workload_sent else generated,
            events_durable=partial(workload_sent, options.data, state),
            live=None
            if direct
            else LiveTraffic(calls=CALLS, streamed=streamed, calls_per_s=CALLS_PER_S),
            streams=recorded_streams(now) if direct else None,
            bills=True,
        )
    if direct:
        percent = round(streamed * 100)
        return Traffic(events=Workload(now=now, calls=calls, streamed_percent=percent).events())
    return Traffic(live=LiveTraffic(calls=calls, streamed=streamed))


def _lost(options: DemoOptions) -> float:
    """Share of events that the gateway loses."""
    return LOST if options.calls is None and not options.drop else options.drop


async def _name_people(storage: TableStorage) -> None:
    """Import names, cost centres and the owner of one into their own tables: the ledger knows
    subjects only.
    """
    known = [(person.subject, person.name, person.cost_centre) for person in people()]
    client = DEFAULT_SUBSCRIPTIONS[DEFAULT_KEY].subscription
    known.append((f"subscription:{client}", "Your client", "Engineering"))
    await People(storage, now=now_utc).save(
        [
            Person(
                subject=subject,
                display_name=name,
                cost_centre=cost_centre,
                valid_from=FIRST_DAY,
            )
            for subject, name, cost_centre in known
        ]
    )
    owned = Ownership(
        owner=demo_accounts()["owner"].person.subject,
        kind=Kind.COST_CENTRE,
        name=OWNED_COST_CENTRE,
        valid_from=FIRST_DAY,
        valid_until=None,
    )
    await Owners(storage, now=now_utc).save([owned])


def _sign_in(data: Path) -> dict[str, Any]:
    """The fields of the box about signing in."""
    accounts = demo_accounts().values()
    elsewhere = "" if data == DATA else f" --data {data}"
    return {
        "sign_in": {account.person.name: account.title for account in accounts},
        "token_command": f"{_command()} local identity token --as employee{elsewhere}",
    }


def _command() -> str:
    """How the one command is typed from here, also in a shell that knows no venv."""
    here = Path(".venv/bin/chargeback")
    return str(here) if here.exists() else "chargeback"


def _for_shell(path: Path) -> str:
    """A path that `.` takes for a file, and not for a name to look up in PATH."""
    return str(path) if path.is_absolute() else f"./{path}"


def _write(box: DemoBox, path: Path) -> None:
    path.write_bytes(msgspec.json.format(msgspec.json.encode(box), indent=2) + b"\n")
