"""A consumer as a process of its own, whose log lines can be waited for."""

import asyncio
import contextlib
import json
import signal
import sys
from collections.abc import AsyncIterator, Mapping, Sequence
from typing import Any

from tests.paths import ROOT


class ConsumerProcess:
    """`python -m consumers` with its log as parsed lines."""

    def __init__(self, process: asyncio.subprocess.Process) -> None:
        self._process = process
        self._spoke = asyncio.Condition()
        self.lines: list[dict[str, Any]] = []

    @classmethod
    @contextlib.asynccontextmanager
    async def running(
        cls, arguments: Sequence[str], environment: Mapping[str, str]
    ) -> AsyncIterator["ConsumerProcess"]:
        process = await asyncio.create_subprocess_exec(
            *(sys.executable, "-m", "consumers", *arguments),
            cwd=ROOT,
            env=dict(environment),
            stdout=asyncio.subprocess.PIPE,
            stderr=asyncio.subprocess.PIPE,
        )
        consumer = cls(process)
        reading = asyncio.create_task(consumer._read())
        try:
            yield consumer
        finally:
            with contextlib.suppress(ProcessLookupError):
                process.kill()
            await process.wait()
            await reading

    async def _read(self) -> None:
        assert self._process.stderr is not None
        async for line in self._process.stderr:
            async with self._spoke:
                self.lines.append(_parsed(line))
                self._spoke.notify_all()

    def said(self, action: str, **fields: str) -> list[dict[str, Any]]:
        """The lines with this action and these fields."""
        wanted = {"action": action, **fields}
        return [line for line in self.lines if wanted.items() <= line.items()]

    async def says(self, action: str, *, within_s: float = 30, **fields: str) -> dict[str, Any]:
        """The first line with this action and these fields."""
        try:
            async with asyncio.timeout(within_s), self._spoke:
                await self._spoke.wait_for(lambda: self.said(action, **fields))
        except TimeoutError:
            raise AssertionError(f"it never said {action!r}: {self.lines}") from None
        return self.said(action, **fields)[0]

    @property
    def alive(self) -> bool:
        return self._process.returncode is None

    def kill(self) -> None:
        """As a power cut: no handler runs."""
        self._process.kill()

    def pause(self) -> None:
        """As a machine that stands still: it does not know that time went by."""
        self._process.send_signal(signal.SIGSTOP)

    def resume(self) -> None:
        self._process.send_signal(signal.SIGCONT)

    def terminate(self) -> None:
        self._process.send_signal(signal.SIGTERM)

    async def exit_code(self, *, within_s: float = 30) -> int:
        async with asyncio.timeout(within_s):
            return await self._process.wait()

    async def output(self, *, within_s: float = 60) -> str:
        """What it printed, at its end."""
        assert self._process.stdout is not None
        async with asyncio.timeout(within_s):
            return (await self._process.stdout.read()).decode()


def _parsed(line: bytes) -> dict[str, Any]:
    try:
        parsed: dict[str, Any] = json.loads(line)
    except ValueError:
        return {"action": "not json", "message": line.decode("utf-8", "replace")}
    return parsed
