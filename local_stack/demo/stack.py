"""The parts of the local stack: ports, command lines, settings, and when each is ready."""

import os
import shlex
import signal
import sys
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from local_stack.demo import azurite
from local_stack.demo.azurite import AzuritePorts, accepts, free_port
from local_stack.demo.supervisor import Child, Supervisor, answers
from local_stack.gateway.proxy import API_PATH
from local_stack.insights.addresses import WORKSPACE, connection_string, query_url

ZONE = "Europe/Berlin"
USAGE_HUB, DIAGNOSTICS_HUB = "llm-usage", "apim-diagnostics"
METERING_GROUP = "metering"

_HERE = Path(__file__).parents[1]
EVENT_HUBS = _HERE / "event_hubs.json"
PRICE_BOOK = _HERE / "demo_book.toml"
LAB_ALIAS = _HERE / "lab_alias.toml"
"""What the demonstration's book leaves out."""

PREFERRED_PORTS = {
    "amqp": 5672,
    "admin": 5300,
    "blob": 10000,
    "queue": 10001,
    "table": 10002,
    "api": 8000,
    "ui": 8501,
    "gateway": 8080,
    "model": 8090,
    "identity": 8400,
    "insights": 8600,
}
"""The ports that the official emulators and the documentation use."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Ports:
    """Loopback ports of one stack."""

    amqp: int
    admin: int
    blob: int
    queue: int
    table: int
    api: int
    ui: int
    gateway: int
    model: int
    identity: int
    insights: int

    @property
    def event_hubs(self) -> str:
        """Connection string of the broker."""
        return (
            f"Endpoint=sb://localhost:{self.amqp};SharedAccessKeyName=RootManageSharedAccessKey;"
            "SharedAccessKey=local;UseDevelopmentEmulator=true;"
        )

    @property
    def storage(self) -> str:
        """Connection string of Azurite."""
        return self.azurite.connection_string

    @property
    def azurite(self) -> AzuritePorts:
        """Its three ports."""
        return AzuritePorts(blob=self.blob, queue=self.queue, table=self.table)

    @property
    def urls(self) -> dict[str, str]:
        """The addresses that people open."""
        return {
            "ui": self.ui_url,
            "api": self.api_url,
            "broker": f"http://127.0.0.1:{self.admin}/hubs",
            "insights": f"http://127.0.0.1:{self.insights}/counts",
        }

    @property
    def ui_url(self) -> str:
        """Where browsers open the pages."""
        return f"http://127.0.0.1:{self.ui}"

    @property
    def api_url(self) -> str:
        """Scheme, host and port of the HTTP API."""
        return f"http://127.0.0.1:{self.api}"

    @property
    def gateway_url(self) -> str:
        """Scheme, host and port of the gateway."""
        return f"http://127.0.0.1:{self.gateway}"

    @property
    def base_url(self) -> str:
        """Where an OpenAI client is pointed."""
        return f"{self.gateway_url}/{API_PATH}/openai/v1"


def choose_ports(*, preferred: bool = True) -> tuple[Ports, list[str]]:
    """The preferred ports if they are free; else others, and a line about each one taken."""
    chosen, taken = {}, []
    for name, port in PREFERRED_PORTS.items():
        chosen[name] = port
        if not preferred or accepts(port):
            chosen[name] = free_port()
            taken.append(f"port {port} ({name}) is not free, using {chosen[name]}")
    return Ports(**chosen), taken


def settings(ports: Ports) -> Mapping[str, str]:
    """The environment of consumers and API."""
    return {
        "EVENTHUB_CONNECTION_STRING": ports.event_hubs,
        "EVENTHUB_NAME": USAGE_HUB,
        "CONSUMER_GROUP": METERING_GROUP,
        "STORAGE_CONNECTION_STRING": ports.storage,
        "PRICE_BOOKS": str(PRICE_BOOK),
        "BILLING_TIME_ZONE": ZONE,
        "CHECKPOINT_INTERVAL_S": "1",
        "MONITOR_INTERVAL_S": "2",  # an idle partition is confirmed at each look: the close waits
        # In Azure the log is minutes late; here it arrives within a second. Generated events go
        # back three months; pairing reads only the last days of them.
        "HUB_RETENTION_DAYS": "1",
        "PAIRING_GRACE_S": "2",
        "PAIRING_TIMEOUT_S": "5",
        "PAIRING_SWEEP_INTERVAL_S": "1",
        "APPLICATIONINSIGHTS_CONNECTION_STRING": connection_string(ports.insights),
    }


def write_shell_settings(path: Path, ports: Ports) -> None:
    """Settings for commands in another terminal: this stack's ports, and the corrected prices."""
    chosen = {
        **settings(ports),
        **reads_telemetry(ports),
        "API_URL": ports.api_url,
        "PRICE_BOOKS": f"{PRICE_BOOK}:{LAB_ALIAS}",
    }
    lines = [f"{name}={shlex.quote(value)}" for name, value in chosen.items()]
    path.write_text("\n".join(lines) + "\n", encoding="utf-8")


def reads_telemetry(ports: Ports) -> Mapping[str, str]:
    """What reads Application Insights back: the API, and `telemetry --direct`."""
    return {
        "LOG_ANALYTICS_WORKSPACE_ID": WORKSPACE,
        "TELEMETRY_QUERY_URL": query_url(ports.insights),
    }


async def start(
    supervisor: Supervisor,
    ports: Ports,
    data: Path,
    *,
    gateway: Sequence[str] | None = None,
    books: Sequence[Path] = (),
) -> dict[str, int]:
    """Start what meters calls, each part when those it needs are ready; gives their process ids.

    They end in the opposite order, so Azurite, which must flush its files, goes last. `gateway` has
    more arguments for the gateway; with None none is started. Metering reads `books` over its own.
    """
    python, pids = sys.executable, {}
    storage = data / "azurite"
    storage.mkdir(parents=True, exist_ok=True)
    pids["azurite"] = await supervisor.start(
        Child(
            name="azurite",
            command=azurite.command(ports.azurite, storage),
            stop_signal=signal.SIGINT,
        )
    )
    broker = [python, "-m", "local_stack.broker", "--config", str(EVENT_HUBS)]
    broker += ["--data", str(data / "broker"), "--port", str(ports.amqp)]
    pids["broker"] = await supervisor.start(
        Child(name="broker", command=[*broker, "--admin-port", str(ports.admin)])
    )
    pids["insights"] = await _start_insights(supervisor, ports, data)
    await supervisor.wait_ready("azurite", lambda: _listens(ports.blob, ports.table))
    await supervisor.wait_ready("broker", lambda: answers(f"http://127.0.0.1:{ports.admin}/health"))
    pids["metering"] = await supervisor.start(
        Child(
            name="metering",
            command=[python, "-m", "consumers", "run"],
            environment={
                **settings(ports),
                "PRICE_BOOKS": os.pathsep.join(map(str, (PRICE_BOOK, *books))),
            },
        )
    )
    if gateway is not None:
        pids |= await _start_gateway(supervisor, ports, gateway)
    return pids


async def _start_insights(supervisor: Supervisor, ports: Ports, data: Path) -> int:
    """It starts before those that send to it, and so it ends after them."""
    command = [sys.executable, "-m", "local_stack.insights", "--data", str(data)]
    command += ["--port", str(ports.insights)]
    return await supervisor.start(Child(name="insights", command=command))


async def wait_for_gateway(supervisor: Supervisor, ports: Ports) -> None:
    """Until it has compiled the policies."""
    await supervisor.wait_ready("gateway", lambda: answers(f"{ports.gateway_url}/healthz"))


async def start_pairing(supervisor: Supervisor, ports: Ports) -> None:
    """Start pairing once there are calls to pair: it reads everything from before, and uses its
    share of the machine for that."""
    command = [sys.executable, "-m", "consumers", "pair"]
    child = Child(name="pairing", command=command, environment=settings(ports))
    await supervisor.start(child)


async def start_publisher(supervisor: Supervisor, ports: Ports) -> None:
    """Start what sends new rows of the ledger to Application Insights, every 30 seconds."""
    command = [sys.executable, "-m", "table_api", "publish", "--follow"]
    child = Child(name="publisher", command=command, environment=settings(ports))
    await supervisor.start(child)


async def _start_gateway(
    supervisor: Supervisor, ports: Ports, arguments: Sequence[str]
) -> dict[str, int]:
    """It compiles the policies while the other parts start."""
    module = [sys.executable, "-m"]
    model = [*module, "local_stack.model", "--port", str(ports.model)]
    gateway = [*module, "local_stack.gateway", "--port", str(ports.gateway)]
    gateway += ["--backend", f"http://127.0.0.1:{ports.model}", *arguments]
    return {
        "model": await supervisor.start(Child(name="model", command=model)),
        "gateway": await supervisor.start(
            Child(name="gateway", command=gateway, environment=settings(ports))
        ),
    }


async def _listens(*ports: int) -> bool:
    return all(accepts(port) for port in ports)
