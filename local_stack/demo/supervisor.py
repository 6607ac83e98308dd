"""Child processes of the local stack: started in order, watched, and ended together.

Each child writes to `logs/NAME.log` in the data directory; what it writes to stderr is also shown,
with its name in front. A child that ends by itself ends the whole stack.
"""

import asyncio
import contextlib
import ctypes
import os
import signal
import sys
import time
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

import httpx

from local_stack.errors import LocalStackError

STOP_TIMEOUT_S = 20.0
READY_TIMEOUT_S = 90.0
PROBE_INTERVAL_S = 0.1
TAIL_LINES = 15
_PR_SET_PDEATHSIG = 1
_LIBC = ctypes.CDLL(None) if sys.platform == "linux" else None


class ChildEnded(LocalStackError):
    """A part of the stack ended by itself; the message has its last lines."""


class NotReady(LocalStackError):
    """A part of the stack did not answer in time."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Child:
    """One process to run."""

    name: str
    command: Sequence[str]
    environment: Mapping[str, str] = field(default_factory=dict)
    """Variables in addition to this process's own environment."""
    stop_signal: signal.Signals = signal.SIGTERM


class Supervisor:
    """Runs children until the block ends. Use it as an async context manager."""

    def __init__(self, log_directory: Path, *, quiet: bool = False) -> None:
        self._logs = log_directory
        self._quiet = quiet
        self._running: dict[str, tuple[Child, asyncio.subprocess.Process]] = {}
        self._readers: list[asyncio.Task[None]] = []

    async def __aenter__(self) -> "Supervisor":
        self._logs.mkdir(parents=True, exist_ok=True)
        return self

    async def __aexit__(self, *_: object) -> None:
        await self.stop()

    async def start(self, child: Child) -> int:
        """Start a child; gives its process id."""
        process = await asyncio.create_subprocess_exec(
            *child.command,
            env={**os.environ, "PYTHONUNBUFFERED": "1", **child.environment},
            stdin=asyncio.subprocess.DEVNULL,
            stdout=asyncio.subprocess.PIPE,
            stderr=asyncio.subprocess.STDOUT,
            start_new_session=True,  # Ctrl-C reaches the supervisor only: it ends them in order
            preexec_fn=_die_with_parent(child.stop_signal),
        )
        self._running[child.name] = (child, process)
        self._readers.append(asyncio.create_task(self._copy_output(child.name, process)))
        return process.pid

    async def wait_ready(self, name: str, probe: Callable[[], Awaitable[bool]]) -> None:
        """Wait until the probe says yes. ChildEnded or NotReady otherwise."""
        deadline = time.monotonic() + READY_TIMEOUT_S
        while not await probe():
            self.check()
            if time.monotonic() > deadline:
                raise NotReady(
                    f"{name} did not answer within {READY_TIMEOUT_S:.0f} s; {self.tail(name)}"
                )
            await asyncio.sleep(PROBE_INTERVAL_S)

    def check(self) -> None:
        """Raise ChildEnded when a child has ended."""
        for name, (_, process) in self._running.items():
            if process.returncode is not None:
                raise ChildEnded(f"{name} ended with code {process.returncode}; {self.tail(name)}")

    async def watch(self) -> None:
        """Wait until a child ends; then raise ChildEnded."""
        waits = [asyncio.create_task(process.wait()) for _, process in self._running.values()]
        try:
            await asyncio.wait(waits, return_when=asyncio.FIRST_COMPLETED)
        finally:
            for wait in waits:
                wait.cancel()
        self.check()

    async def stop(self) -> None:
        """End all children, the last started first, each with its own signal."""
        while self._running:
            name, (child, process) = self._running.popitem()
            if process.returncode is None:
                process.send_signal(child.stop_signal)
                try:
                    await asyncio.wait_for(process.wait(), STOP_TIMEOUT_S)
                except TimeoutError:
                    print(f"{name} did not stop in {STOP_TIMEOUT_S:.0f} s: killed", file=sys.stderr)
                    process.kill()
                    await process.wait()
        await asyncio.gather(*self._readers)
        self._readers.clear()

    def tail(self, name: str) -> str:
        """The last lines of a child's log, for an error message."""
        log = self._logs / f"{name}.log"
        lines = log.read_text(errors="replace").splitlines()[-TAIL_LINES:] if log.exists() else []
        return f"last lines of {log}:\n  " + "\n  ".join(lines)

    async def _copy_output(self, name: str, process: asyncio.subprocess.Process) -> None:
        assert process.stdout is not None  # we asked for a pipe
        with (self._logs / f"{name}.log").open("ab", buffering=0) as log:
            async for line in _lines(process.stdout):
                log.write(line)
                if not self._quiet:
                    text = line.decode("utf-8", "replace").rstrip()
                    print(f"{name:>9} | {text}", file=sys.stderr)


async def _lines(stream: asyncio.StreamReader) -> AsyncIterator[bytes]:
    """The lines of a stream; a line longer than the stream's limit is split."""
    while True:
        try:
            line = await stream.readuntil(b"\n")
        except asyncio.IncompleteReadError as error:
            if error.partial:
                yield error.partial
            return
        except asyncio.LimitOverrunError as error:
            line = await stream.readexactly(error.consumed)
        yield line


async def answers(url: str) -> bool:
    """Whether an HTTP address answers with a 2xx."""
    with contextlib.suppress(httpx.HTTPError):
        async with httpx.AsyncClient(timeout=5) as client:
            return (await client.get(url)).is_success
    return False


def cpu_seconds(pid: int) -> float:
    """CPU time a process has used, from /proc (Linux)."""
    fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


def _die_with_parent(with_signal: signal.Signals) -> Callable[[], None] | None:
    """Prevents orphans when the supervisor itself is killed (Linux)."""
    if _LIBC is None:
        return None
    return lambda: _LIBC.prctl(_PR_SET_PDEATHSIG, int(with_signal))
