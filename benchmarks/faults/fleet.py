"""The consumer processes of a run: started, killed, ended, replaced, and watched."""

import asyncio
import contextlib
import os
import random
from collections.abc import AsyncIterator, Mapping

from tests.consumers.process import ConsumerProcess
from tests.fixtures.waiting import until

READY_S_MAX = 120.0
EXIT_S_MAX = 60.0


class FleetError(Exception):
    """A consumer ended and should not have, or did not end and should have."""


class Fleet:
    """Some processes `python -m consumers run` with one environment."""

    def __init__(
        self,
        environment: dict[str, str],
        chance: random.Random,
        stack: contextlib.AsyncExitStack,
    ) -> None:
        self.environment = environment
        """The environment of processes that are started from now on."""
        self.kills = 0
        self._chance = chance
        self._stack = stack
        self._members: list[ConsumerProcess] = []
        self._former: list[ConsumerProcess] = []

    @classmethod
    @contextlib.asynccontextmanager
    async def running(
        cls, environment: Mapping[str, str], chance: random.Random
    ) -> AsyncIterator["Fleet"]:
        """A fleet without members; members that are left at the end are killed."""
        async with contextlib.AsyncExitStack() as stack:
            yield cls(dict(environment), chance, stack)

    async def start(self, number: int = 1) -> None:
        """Start more processes; do not wait for them."""
        environment = {**os.environ, **self.environment}
        for _ in range(number):
            running = ConsumerProcess.running(("run",), environment)
            self._members.append(await self._stack.enter_async_context(running))

    async def ready(self) -> None:
        """Wait until each member has had a partition."""
        for member in self._members:
            await member.says("ready", within_s=READY_S_MAX)

    def owned(self, member: ConsumerProcess) -> set[str]:
        """The partitions that the member reads, as far as it knows."""
        mine: set[str] = set()
        for line in member.lines:
            if line["action"] == "partition_claimed":
                mine.add(line["partition"])
            elif line["action"] == "partition_closed":
                mine.discard(line["partition"])
        return mine

    async def working(self) -> ConsumerProcess:
        """A random member that reads partitions."""

        async def found() -> bool:
            return bool([member for member in self._members if self.owned(member)])

        await until(found, within_s=READY_S_MAX)
        return self._chance.choice([each for each in self._members if self.owned(each)])

    async def shared(self) -> None:
        """Wait until each member owns a partition: else one of them may do all the work."""

        async def is_shared() -> bool:
            return all([self.owned(member) for member in self._members])

        await until(is_shared, within_s=READY_S_MAX)

    async def settled(self, partitions: int) -> None:
        """Wait until each partition has one owner, so every former owner has noticed its loss."""

        async def is_settled() -> bool:
            owned = [partition for member in self._members for partition in self.owned(member)]
            return len(owned) == len(set(owned)) == partitions

        await until(is_settled, within_s=READY_S_MAX)

    async def kill(self, member: ConsumerProcess) -> None:
        """kill -9."""
        self._members.remove(member)
        member.kill()
        await member.exit_code(within_s=EXIT_S_MAX)
        self.kills += 1

    async def end(self, member: ConsumerProcess) -> None:
        """Send SIGTERM. FleetError when the process does not end well.

        It first waits until the process has started: the signal would end a process that still
        imports.
        """
        await member.says("started", within_s=READY_S_MAX)
        self._members.remove(member)
        self._former.append(member)
        member.terminate()
        code = await member.exit_code(within_s=EXIT_S_MAX)
        if code:
            raise FleetError(f"SIGTERM: exit code {code}: {member.lines[-3:]}")

    async def end_all(self) -> None:
        """Send SIGTERM to all members at once."""
        await asyncio.gather(*(self.end(member) for member in list(self._members)))

    async def exits(self, *, within_s: float) -> list[tuple[int, ConsumerProcess]]:
        """Wait until every member has ended by itself; gives their exit codes."""
        members, self._members = self._members, []
        self._former += members
        return [(await member.exit_code(within_s=within_s), member) for member in members]

    def said(self, action: str) -> int:
        """Number of log lines with this action, from all members that were not killed."""
        return sum(len(member.said(action)) for member in (*self._members, *self._former))

    def others_claimed(self, member: ConsumerProcess) -> int:
        """Partitions claimed so far by the other members."""
        others = (each for each in self._members if each is not member)
        return sum(len(each.said("partition_claimed")) for each in others)

    def log(self) -> list[str]:
        """The log lines of each process that was not killed, in order."""
        members = [*self._former, *self._members]
        return [
            f"consumer {number}: {line.get('time', '')} {line.get('partition', '')} "
            f"{line['action']}: {line['message']}"
            for number, member in enumerate(members)
            for line in member.lines
        ]

    def check(self) -> None:
        """Raise FleetError when a member has ended that nobody ended."""
        for member in self._members:
            if not member.alive:
                raise FleetError(f"a consumer ended by itself: {member.lines[-3:]}")
