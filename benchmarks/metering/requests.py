"""Counts the requests to storage while calls arrive at a steady rate, as in live traffic.

`python -m benchmarks.metering.requests --calls 3000 --rate 50` prints how many of each kind
metering and pairing made, together and for each call. Azurite's own access log is what is counted.
docs/deploy.md has the figures, as what a deployment pays for.
"""

import argparse
import asyncio
import re
import signal
import subprocess
import tempfile
import time
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path
from random import Random
from uuid import uuid4

from consumers.metering.run import run
from consumers.pairing.run import pair
from consumers.settings import read_settings
from local_stack.broker import Broker, BrokerConfig, HubConfig, running_broker
from local_stack.demo.azurite import AzuritePorts, accepts, command, free_port
from tests.consumers.pairing.traffic import Sent, traffic
from tests.consumers.pairing.world import DIAGNOSTICS, USAGE
from tests.fixtures.calls import DEMO_BOOK

PARTITIONS = 4
SEED = 20261130
SETTLES_S = 40.0
"""After the last call: pairing sweeps every 30 seconds."""
_LINE = re.compile(r'"(?P<method>[A-Z]+) /devstoreaccount1/(?P<path>\S*) HTTP')


@contextmanager
def logged_azurite(log: Path) -> Iterator[AzuritePorts]:
    """Azurite with its access log in a file."""
    ports = AzuritePorts(blob=free_port(), queue=free_port(), table=free_port())
    words = [word for word in command(ports, None) if word != "--silent"]
    with log.open("wb") as file:
        process = subprocess.Popen(words, stdout=file, start_new_session=True)
        try:
            while not (accepts(ports.blob) and accepts(ports.table)):
                time.sleep(0.1)
            yield ports
        finally:
            process.send_signal(signal.SIGINT)
            process.wait(30)


async def feed(broker: Broker, events: list[Sent], rate: float) -> None:
    """Append each event when its time comes."""
    chance, started = Random(SEED), time.monotonic()
    for number, event in enumerate(events):
        late = started + number / rate - time.monotonic()
        if late > 0:
            await asyncio.sleep(late)
        broker.append(event.hub, [event.body], partition=str(chance.randrange(PARTITIONS)))


def kind_of(method: str, path: str, containers: tuple[str, ...]) -> str:
    """What the price list would call it."""
    if path.startswith(containers):
        return "blob reads" if method in {"GET", "HEAD"} else "blob writes"
    if path.startswith("$batch"):
        return "table transactions"
    return "table reads" if method == "GET" else "table writes of single rows"


async def measure(calls: int, rate: float) -> Counter[str]:
    """Requests by kind, from the first call to the last one's settling."""
    groups = ("metering", "pairing")
    hubs = tuple(
        HubConfig(name=hub, partitions=PARTITIONS, consumer_groups=groups)
        for hub in (USAGE, DIAGNOSTICS)
    )
    span = timedelta(seconds=calls / rate)
    events = [*traffic(calls, start=datetime.now(UTC) - span, span=span, seed=SEED).events]
    containers = (f"checkpoints-{uuid4().hex}", f"letters-{uuid4().hex}")
    with tempfile.TemporaryDirectory() as folder:
        log = Path(folder) / "access.log"
        with logged_azurite(log) as ports:
            async with running_broker(config=BrokerConfig(hubs=hubs)) as broker:
                environment = {
                    "EVENTHUB_CONNECTION_STRING": broker.connection_string,
                    "STORAGE_CONNECTION_STRING": ports.connection_string,
                    "PRICE_BOOKS": str(DEMO_BOOK),
                    "CHECKPOINT_CONTAINER": containers[0],
                    "DEAD_LETTER_CONTAINER": containers[1],
                }
                settings, ended = read_settings({}, environment), asyncio.Event()
                work = asyncio.gather(run(settings, ended=ended), pair(settings, ended=ended))
                await asyncio.sleep(20)  # claims of partitions, and the price list, are no calls
                before = log.stat().st_size
                await feed(broker, events, rate * len(events) / calls)
                await asyncio.sleep(SETTLES_S)
                after = log.stat().st_size
                ended.set()
                await work
        text = log.read_bytes()[before:after].decode(errors="replace")
    found = _LINE.finditer(text)
    return Counter(kind_of(each["method"], each["path"], containers) for each in found)


def main() -> None:
    """Command line."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--calls", type=int, default=3_000)
    parser.add_argument("--rate", type=float, default=50.0, help="calls a second")
    given = parser.parse_args()
    found = asyncio.run(measure(given.calls, given.rate))
    print(f"{given.calls} calls at {given.rate:g} a second:")
    for kind, count in found.most_common():
        print(f"  {count:>7,}  {kind}, {count / given.calls:.2f} a call")


if __name__ == "__main__":
    main()
