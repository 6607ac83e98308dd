"""The local gateway, policies and all, beside a bare proxy of the same framework in the same run.

    python -m benchmarks.gateway [--rounds N]

Four processes: model stand-in, broker, gateway, bare proxy; this one calls. Calls through both
alternate, so that whatever else the machine does falls on both alike.
"""

import argparse
import asyncio
import statistics
import sys
import time
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path
from tempfile import TemporaryDirectory

import aiohttp
from rich.console import Console
from rich.table import Table

from local_stack.azurite import free_port
from local_stack.gateway.identity import local_token
from local_stack.model.behaviour import CHUNK_DELAY_HEADER, TOKENS_HEADER
from local_stack.people import people

ROOT = Path(__file__).parents[1]
EVENT_HUBS = ROOT / "local_stack" / "event_hubs.json"
CHAT = "/llm/openai/deployments/gpt-4.1-mini/chat/completions?api-version=2024-10-21"
QUESTION = "Who pays for this call, and how would anybody know? " * 40
PIECES = 32
PIECE_PAUSE_MS = 5
"""Models send some two hundred pieces a second: each is a packet of its own for a proxy."""
STREAMED_PERCENT = 60
WARM_UP_CALLS = 50
LATENCY_CALLS = 40
THROUGHPUT_CALLS = 600
CONCURRENCY = 48
FIRST_BYTE_MS_MAX, ADDED_P50_MS_MAX, THROUGHPUT_RATIO_MIN = 20.0, 10.0, 0.5


@dataclass(slots=True)
class Measured:
    """Of one proxy."""

    first_byte_ms: list[float] = field(default_factory=list)
    plain_ms: list[float] = field(default_factory=list)
    mixed_per_s: list[float] = field(default_factory=list)
    plain_per_s: list[float] = field(default_factory=list)


async def run(rounds: int) -> dict[str, Measured]:
    """Both proxies by name. Calls alternate, and so do the rounds of throughput."""
    async with (
        _parts() as urls,
        aiohttp.ClientSession(
            headers={"Authorization": f"Bearer {local_token(people()[0].subject)}"},
            connector=aiohttp.TCPConnector(limit=CONCURRENCY),
        ) as session,
    ):
        callers = {name: Caller(session, url) for name, url in urls.items()}
        measured = {name: Measured() for name in callers}
        for caller in callers.values():
            for _ in range(WARM_UP_CALLS):
                await caller.plain()
        for number in range(rounds):
            for _ in range(LATENCY_CALLS):
                for name, caller in callers.items():
                    measured[name].plain_ms.append(await caller.plain())
                    measured[name].first_byte_ms.append(await caller.stream())
            order = list(callers.items())
            for name, caller in order if number % 2 else reversed(order):
                measured[name].mixed_per_s.append(await _throughput(caller.mixed))
                measured[name].plain_per_s.append(await _throughput(caller.plain))
    return measured


class Caller:
    """Calls through one proxy. Times are milliseconds."""

    def __init__(self, session: aiohttp.ClientSession, url: str) -> None:
        self._session = session
        self._url = url + CHAT
        self._calls = 0

    async def plain(self) -> float:
        """Until the whole answer is there, which the model gives at once."""
        started = time.perf_counter()
        async with self._ask(stream=False) as answer:
            await answer.read()
        return (time.perf_counter() - started) * 1_000

    async def stream(self) -> float:
        """Until the first byte; the stream is read to its end."""
        started = time.perf_counter()
        async with self._ask(stream=True) as answer:
            await answer.content.readany()
            first = time.perf_counter()
            await answer.read()
        return (first - started) * 1_000

    async def mixed(self) -> float:
        """A stream or a plain call, by turns."""
        self._calls += 1
        streamed = self._calls * STREAMED_PERCENT % 100 < STREAMED_PERCENT
        return await (self.stream() if streamed else self.plain())

    @asynccontextmanager
    async def _ask(self, *, stream: bool) -> AsyncIterator[aiohttp.ClientResponse]:
        body = {"messages": [{"role": "user", "content": QUESTION}], "stream": stream}
        headers = {TOKENS_HEADER: f"completion={PIECES},reasoning=0"}
        if stream:
            headers[CHUNK_DELAY_HEADER] = str(PIECE_PAUSE_MS)
        async with self._session.post(self._url, json=body, headers=headers) as answer:
            answer.raise_for_status()
            yield answer


async def _throughput(call: Callable[[], Awaitable[float]]) -> float:
    """Calls a second, CONCURRENCY at a time."""
    rest = iter(range(THROUGHPUT_CALLS))

    async def work() -> None:
        for _ in rest:
            await call()

    started = time.perf_counter()
    await asyncio.gather(*(work() for _ in range(CONCURRENCY)))
    return THROUGHPUT_CALLS / (time.perf_counter() - started)


@asynccontextmanager
async def _parts() -> AsyncIterator[dict[str, str]]:
    """All processes; the URLs of both proxies."""
    amqp = free_port()
    event_hubs = (
        f"Endpoint=sb://localhost:{amqp};SharedAccessKeyName=local;SharedAccessKey=local;"
        "UseDevelopmentEmulator=true;"
    )
    with TemporaryDirectory() as data:
        broker = ["--config", str(EVENT_HUBS), "--data", data, "--port", str(amqp)]
        async with (
            _process("local_stack.model", "--port", "0") as model,
            _process("local_stack.broker", *broker, "--admin-port", str(free_port())),
            _process("benchmarks.bare_proxy", model) as bare,
            _process(
                "local_stack.gateway", "--port", "0", "--backend", model, "--event-hubs", event_hubs
            ) as gateway,
        ):
            yield {"bare proxy": bare, "gateway": gateway}


@asynccontextmanager
async def _process(module: str, *arguments: str) -> AsyncIterator[str]:
    """A process that says `ready on HOST:PORT`; gives its URL."""
    process = await asyncio.create_subprocess_exec(
        *(sys.executable, "-m", module, *arguments), cwd=ROOT, stderr=asyncio.subprocess.PIPE
    )
    assert process.stderr is not None
    try:
        lines = []
        while "ready on" not in (line := (await process.stderr.readline()).decode()):
            lines.append(line)
            if not line:
                raise SystemExit(f"{module} did not start: {''.join(lines)}")
        yield "http://" + line.rpartition("ready on ")[2].split()[0]
    finally:
        if process.returncode is None:
            process.terminate()
        await process.communicate()


def show(measured: Mapping[str, Measured], console: Console) -> None:
    """Medians of both, and whether the goals are reached."""
    bare, gateway = measured["bare proxy"], measured["gateway"]
    table = Table("median", "bare proxy", "gateway", "difference", "goal", "")

    def times(name: str, bare_ms: list[float], gateway_ms: list[float], most_ms: float) -> None:
        both = statistics.median(bare_ms), statistics.median(gateway_ms)
        added = both[1] - both[0]
        reached = "reached" if added <= most_ms else "missed"
        texts = [f"{value:.1f} ms" for value in both]
        table.add_row(name, *texts, f"+{added:.1f} ms", f"≤ {most_ms:.0f} ms", reached)

    def rates(name: str, bare_s: list[float], gateway_s: list[float]) -> None:
        both = statistics.median(bare_s), statistics.median(gateway_s)
        ratio = both[1] / both[0]
        reached = "reached" if ratio >= THROUGHPUT_RATIO_MIN else "missed"
        rest = (f"≥ {THROUGHPUT_RATIO_MIN}×", reached)
        table.add_row(name, *(f"{value:.0f}/s" for value in both), f"{ratio:.2f}×", *rest)

    times("first byte of a stream", bare.first_byte_ms, gateway.first_byte_ms, FIRST_BYTE_MS_MAX)
    times("plain call", bare.plain_ms, gateway.plain_ms, ADDED_P50_MS_MAX)
    rates("calls, 60 % streamed", bare.mixed_per_s, gateway.mixed_per_s)
    rates("plain calls, a model that takes no time", bare.plain_per_s, gateway.plain_per_s)
    console.print(table)


def main() -> int:
    parser = argparse.ArgumentParser(prog="python -m benchmarks.gateway")
    parser.add_argument("--rounds", type=int, default=3)
    measured = asyncio.run(run(parser.parse_args().rounds))
    show(measured, Console())
    return 0


if __name__ == "__main__":
    sys.exit(main())
