"""The local gateway with its policies, compared with a bare proxy of the same framework in one run.

    python -m benchmarks.gateway [--rounds N]

There are four processes: model stand-in, broker, gateway and bare proxy. This process makes the
calls, as forty people. Both proxies take turns, call by call or slice by slice, so that other work
on the machine affects both alike. A ratio is the median of the ratios of neighbouring slices. It
prints processor time too.
"""

import argparse
import asyncio
import itertools
import statistics
import sys
import time
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path
from tempfile import TemporaryDirectory

import aiohttp
from rich.console import Console
from rich.table import Table

from benchmarks.process_cpu import cpu_s
from benchmarks.result import Result, add_results_argument, report
from local_stack.demo.azurite import free_port
from local_stack.gateway.identity import local_token
from local_stack.model.behaviour import CHUNK_DELAY_HEADER, TOKENS_HEADER
from local_stack.traffic.people import people

ROOT = Path(__file__).parents[1]
EVENT_HUBS = ROOT / "local_stack" / "event_hubs.json"
CHAT = "/llm/openai/deployments/gpt-4.1-mini/chat/completions?api-version=2024-10-21"
QUESTION = "Who pays for this call, and how would anybody know? " * 40
PIECES = 32
PIECE_PAUSE_MS = 5
"""Models send about two hundred pieces a second, and a proxy sees each as a packet of its own."""
STREAMED_PERCENT = 60
WARM_UP_CALLS = 500
LATENCY_CALLS = 12
MIXED_CALLS, PLAIN_CALLS = 200, 600
RUN_IN = 0.25
"""Share of a slice that is not timed. It opens connections. Its reports leave the gateway while the
timed calls run, just as the reports of the last timed calls leave after them."""
PLAIN_SLICES = 2
"""Slices of plain calls per proxy and round; they are short."""
CONCURRENCY = 48
FIRST_BYTE_MS_MAX, ADDED_P50_MS_MAX, THROUGHPUT_RATIO_MIN = 20.0, 10.0, 0.5
BARE, GATEWAY = "bare proxy", "gateway"


@dataclass(frozen=True, slots=True, kw_only=True)
class Part:
    """A process that listens on a URL."""

    url: str
    pid: int


@dataclass(slots=True)
class Measured:
    """The figures of one proxy. The n-th slice of one is the neighbour of the other's n-th."""

    first_byte_ms: list[float] = field(default_factory=list)
    plain_ms: list[float] = field(default_factory=list)
    mixed_per_s: list[float] = field(default_factory=list)
    plain_per_s: list[float] = field(default_factory=list)
    plain_cpu_s: dict[str, float] = field(default_factory=dict)
    """CPU seconds of all plain slices, by the process that used them."""


async def run(rounds: int) -> dict[str, Measured]:
    """Measure both proxies; the figures by name."""
    measured = {name: Measured() for name in (BARE, GATEWAY)}
    async with (
        _parts() as parts,
        aiohttp.ClientSession(connector=aiohttp.TCPConnector(limit=0)) as session,
    ):
        callers = {name: Caller(session, parts[name].url) for name in measured}
        for caller in callers.values():
            await _throughput(caller.plain, WARM_UP_CALLS)
        for number in range(rounds):
            for _ in range(LATENCY_CALLS):
                for name, caller in callers.items():
                    measured[name].plain_ms.append(await caller.plain())
                    measured[name].first_byte_ms.append(await caller.stream())
            order = list(callers) if number % 2 else list(reversed(callers))
            for name in order:
                calls_per_s = await _throughput(callers[name].mixed, MIXED_CALLS)
                measured[name].mixed_per_s.append(calls_per_s)
                await callers[GATEWAY].settled()
            for name in order * PLAIN_SLICES:
                before = _used(parts)
                calls_per_s = await _throughput(callers[name].plain, PLAIN_CALLS)
                measured[name].plain_per_s.append(calls_per_s)
                await callers[GATEWAY].settled()
                used = measured[name].plain_cpu_s
                for part, seconds in _used(parts).items():
                    used[part] = used.get(part, 0.0) + seconds - before[part]
    return measured


def _used(parts: Mapping[str, Part]) -> dict[str, float]:
    return {"caller": time.process_time()} | {name: cpu_s(part.pid) for name, part in parts.items()}


class Caller:
    """Calls through one proxy. Times are milliseconds."""

    def __init__(self, session: aiohttp.ClientSession, url: str) -> None:
        self._session = session
        self._url = url
        self._calls = 0
        self._tokens = itertools.cycle([local_token(person.subject) for person in people()])

    async def plain(self) -> float:
        """Time until the whole answer is there; the model sends it at once."""
        started = time.perf_counter()
        async with self._ask(stream=False) as answer:
            await answer.read()
        return (time.perf_counter() - started) * 1_000

    async def stream(self) -> float:
        """Time until the first byte; the stream is read to its end."""
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

    async def settled(self) -> None:
        """Wait until the gateway has sent all its reports."""
        async with self._session.get(f"{self._url}/settled") as answer:
            answer.raise_for_status()

    @asynccontextmanager
    async def _ask(self, *, stream: bool) -> AsyncIterator[aiohttp.ClientResponse]:
        body = {"messages": [{"role": "user", "content": QUESTION}], "stream": stream}
        headers = {
            "Authorization": f"Bearer {next(self._tokens)}",
            TOKENS_HEADER: f"completion={PIECES},reasoning=0",
        }
        if stream:
            headers[CHUNK_DELAY_HEADER] = str(PIECE_PAUSE_MS)
        async with self._session.post(self._url + CHAT, json=body, headers=headers) as answer:
            answer.raise_for_status()
            yield answer


async def _throughput(call: Callable[[], Awaitable[float]], calls: int) -> float:
    """Calls per second, CONCURRENCY at a time; the run-in is not timed."""
    run_in = round(calls * RUN_IN)
    rest = iter(range(calls))
    timed_from = 0.0

    async def work(numbers: Iterator[int]) -> None:
        nonlocal timed_from
        for number in numbers:
            if number == run_in:
                timed_from = time.perf_counter()
            await call()

    await asyncio.gather(*(work(rest) for _ in range(CONCURRENCY)))
    return (calls - run_in) / (time.perf_counter() - timed_from)


@asynccontextmanager
async def _parts() -> AsyncIterator[dict[str, Part]]:
    """Start all processes; gives them by name."""
    amqp = free_port()
    event_hubs = (
        f"Endpoint=sb://localhost:{amqp};SharedAccessKeyName=local;SharedAccessKey=local;"
        "UseDevelopmentEmulator=true;"
    )
    with TemporaryDirectory() as data:
        hubs = ["--config", str(EVENT_HUBS), "--data", data, "--port", str(amqp)]
        hubs += ["--admin-port", str(free_port())]
        async with (
            _process("local_stack.model", "--port", "0") as model,
            _process("local_stack.broker", *hubs) as broker,
            _process("benchmarks.bare_proxy", model.url) as bare,
            _process(
                *("local_stack.gateway", "--port", "0"),
                *("--backend", model.url, "--event-hubs", event_hubs),
            ) as gateway,
        ):
            yield {"model stand-in": model, BARE: bare, GATEWAY: gateway, "broker": broker}


@asynccontextmanager
async def _process(module: str, *arguments: str) -> AsyncIterator[Part]:
    """A process that says `ready on HOST:PORT`."""
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
        url = "http://" + line.rpartition("ready on ")[2].split()[0]
        yield Part(url=url, pid=process.pid)
    finally:
        if process.returncode is None:
            process.terminate()
        await process.communicate()


def results(measured: Mapping[str, Measured]) -> list[Result]:
    """Medians of both. The goal of a waiting time is about the difference; the goal of a rate is
    about the ratio of neighbouring slices.
    """
    bare, gateway = measured[BARE], measured[GATEWAY]

    def added(name: str, bare_ms: list[float], gateway_ms: list[float], most_ms: float) -> Result:
        theirs, ours = statistics.median(bare_ms), statistics.median(gateway_ms)
        return Result(
            name=f"{name}: ms, compared with a bare proxy (ratio: added ms)",
            ours=ours,
            reference=theirs,
            ratio=ours - theirs,
            goal=f"≤ {most_ms:g}",
            holds=ours - theirs <= most_ms,
        )

    def rate(name: str, bare_s: list[float], gateway_s: list[float]) -> Result:
        ratio = statistics.median(mine / its for its, mine in zip(bare_s, gateway_s, strict=True))
        return Result(
            name=f"{name}: calls/s, compared with a bare proxy",
            ours=statistics.median(gateway_s),
            reference=statistics.median(bare_s),
            ratio=ratio,
            goal=f"≥ {THROUGHPUT_RATIO_MIN:g}",
            holds=ratio >= THROUGHPUT_RATIO_MIN,
        )

    return [
        added(
            "first byte of a streamed call through the gateway",
            bare.first_byte_ms,
            gateway.first_byte_ms,
            FIRST_BYTE_MS_MAX,
        ),
        added(
            "median plain call through the gateway",
            bare.plain_ms,
            gateway.plain_ms,
            ADDED_P50_MS_MAX,
        ),
        rate("gateway, 60 % streamed", bare.mixed_per_s, gateway.mixed_per_s),
        rate(
            "gateway, plain calls, a model that takes no time",
            bare.plain_per_s,
            gateway.plain_per_s,
        ),
    ]


def _cpu(bare: Measured, gateway: Measured) -> Table:
    """Milliseconds of a plain call, by process; the gateway's with its two policy engines."""
    table = Table("CPU of a plain call", BARE, GATEWAY)
    calls = PLAIN_CALLS * len(bare.plain_per_s)

    def row(name: str, *seconds: float) -> None:
        table.add_row(name, *(f"{each / calls * 1_000:.2f} ms" for each in seconds))

    for part in bare.plain_cpu_s:
        row(part, bare.plain_cpu_s[part], gateway.plain_cpu_s[part])
    totals = sum(bare.plain_cpu_s.values()), sum(gateway.plain_cpu_s.values())
    row("all", *totals)
    table.caption = f"the bare proxy's calls take {totals[0] / totals[1]:.2f}× of the gateway's"
    return table


def main() -> int:
    parser = argparse.ArgumentParser(prog="python -m benchmarks.gateway")
    parser.add_argument("--rounds", type=int, default=8)
    add_results_argument(parser)
    arguments = parser.parse_args()
    measured = asyncio.run(run(arguments.rounds))
    Console().print(_cpu(measured[BARE], measured[GATEWAY]))
    report(results(measured), arguments.results)
    return 0


if __name__ == "__main__":
    sys.exit(main())
