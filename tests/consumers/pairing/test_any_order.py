"""Whatever order, repetition, lateness, failure and number of processes: the same ledger."""

import asyncio
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, rule

from consumers.errors import HubUnavailable
from pricing_rules.types import UNATTRIBUTED
from table_api.audit.ledger_audit import audit
from table_api.errors import Retryable
from table_api.storage.memory_tables import MemoryTableStorage
from tests.consumers.pairing.gateway import Call, envelope
from tests.consumers.pairing.traffic import state_of_call
from tests.consumers.pairing.world import WAITS, World
from tests.fixtures.calls import NOW, FaultyStorage

Expected = tuple[str, int, int] | None
"""Subject, rank and tokens of what the ledger is to hold."""

BEGIN = datetime(2026, 11, 30, 23, tzinfo=UTC)
"""The first instant of December in the ledger's zone: the gateway's own record is of November."""

FAULTS = st.sampled_from(["before", "after"])
calls = st.builds(
    Call,
    number=st.just(0),
    subject=st.sampled_from(["user-1", "user-2"]),
    time=st.sampled_from([BEGIN, BEGIN - timedelta(minutes=10), BEGIN - timedelta(minutes=90)]),
    stream=st.booleans(),
    status=st.sampled_from([200, 200, 200, 400, 429, 503]),
    has_event=st.booleans(),
    has_outcome=st.booleans(),
    has_trace=st.booleans(),
    has_tokens=st.booleans(),
)


def expected(call: Call) -> Expected:
    """From what will have arrived in the end; knows nothing of pairing."""
    known = call.has_event or (call.has_outcome and call.has_trace)
    if call.has_event and call.usage is not None:
        return call.subject, 2, call.total
    if call.has_event and call.status == 429:
        return call.subject, 0, 0
    if call.unreached and call.has_outcome:
        return None
    if not (known or call.has_tokens or call.has_outcome):
        return None
    subject = call.subject if known else UNATTRIBUTED
    return (subject, 1, call.total) if call.has_tokens else (subject, 0, 0)


class AnyOrder(RuleBasedStateMachine):
    """Events are sent, then delivered to pairing and to metering, each in any order."""

    @initialize(
        chosen=st.lists(calls, min_size=1, max_size=3),
        faults=st.lists(st.sampled_from(["before", "after", None, None, None]), max_size=40),
    )
    def begin(self, chosen: list[Call], faults: list[str | None]) -> None:
        self.loop = asyncio.new_event_loop()
        self.now = BEGIN + timedelta(seconds=2)
        storage = MemoryTableStorage()
        self.world = self.run(World.over(storage, FaultyStorage(storage, faults)))
        self.processes = [self.world, self.world.other()]
        self.calls = [replace(call, number=number) for number, call in enumerate(chosen)]
        self.unsent = [(kind, body) for call in self.calls for kind, body in halves(call)]
        self.pending: list[tuple[str, bytes, Any]] = []
        self.read: list[tuple[str, bytes, Any]] = []
        self.unmetered: list[tuple[bytes, Any]] = []

    def run(self, work: Any) -> Any:
        return self.loop.run_until_complete(work)

    @rule(data=st.data())
    def send(self, data: st.DataObject) -> None:
        if self.unsent:
            kind, body = self.unsent.pop(data.draw(st.integers(0, len(self.unsent) - 1)))
            self.pending.append((kind, body, self.now))
            if kind == "usage":
                self.unmetered.append((body, self.now))

    @rule(data=st.data(), process=st.integers(0, 1))
    def pair(self, data: st.DataObject, process: int) -> None:
        if self.pending:
            event = self.pending[data.draw(st.integers(0, len(self.pending) - 1))]
            if self._pair(event, process):
                self.pending.remove(event)
                self.read.append(event)

    @rule(data=st.data(), process=st.integers(0, 1))
    def pair_again(self, data: st.DataObject, process: int) -> None:
        if self.read:
            self._pair(self.read[data.draw(st.integers(0, len(self.read) - 1))], process)

    def _pair(self, event: tuple[str, bytes, Any], process: int) -> bool:
        kind, body, enqueued_time = event
        world = self.processes[process]
        intake = world.usage if kind == "usage" else world.diagnostics
        try:
            self.run(world.pair(intake, body, enqueued_time))
        except (Retryable, HubUnavailable):
            return False  # a crash or a failure: it is delivered again
        return True

    @rule(data=st.data(), keep=st.booleans())
    def meter(self, data: st.DataObject, keep: bool) -> None:
        self._take_published()
        if self.unmetered:
            index = data.draw(st.integers(0, len(self.unmetered) - 1))
            body, enqueued_time = self.unmetered[index]
            self.run(self.world.meter([body], enqueued_time))
            if not keep:
                self.unmetered.pop(index)

    @rule(fault=FAULTS)
    def publishing_fails(self, fault: str) -> None:
        self.world.outbox.faults.append(fault)

    @rule(minutes=st.sampled_from([1, 16, 61]))
    def time_passes(self, minutes: int) -> None:
        self.now += timedelta(minutes=minutes)

    @rule(process=st.integers(0, 1))
    def sweep(self, process: int) -> None:
        self._sweep(process)

    def _sweep(self, process: int) -> bool:
        passed = min((enqueued_time for _, _, enqueued_time in self.pending), default=self.now)
        try:
            self.run(self.processes[process].sweep(passed))
        except (Retryable, HubUnavailable):
            return False  # the next sweep looks again
        return True

    def _take_published(self) -> None:
        self.unmetered += [(body, self.now) for body in self.world.outbox.sent]
        self.world.outbox.sent.clear()

    def teardown(self) -> None:
        if not hasattr(self, "calls"):
            return
        self.world.outbox.faults.clear()
        for kind, body in self.unsent:
            self.pending.append((kind, body, self.now))
            if kind == "usage":
                self.unmetered.append((body, self.now))
        while self.pending:
            if self._pair(self.pending[0], 0):
                self.pending.pop(0)
        self.now += WAITS.timeout * 2
        for process in (0, 1, 0):
            while not self._sweep(process):
                pass
        self._take_published()
        for body, enqueued_time in self.unmetered:
            self.run(self.world.meter([body], enqueued_time))
        try:
            self._check()
        finally:
            self.loop.close()

    def _check(self) -> None:
        standing = self.run(self.world.standing())
        for call in self.calls:
            found = [
                (str(row["subject"]), int(row["rank"]), int(row["tokens"]))
                for row in (entry.row for entry in standing.get(call.id, []))
            ]
            wanted = expected(call)
            assert found == ([] if wanted is None else [wanted]), call
        kept = self.run(self.world.calls.calls(BEGIN - timedelta(hours=2), BEGIN + WAITS.grace))
        assert {each.call_id: each.state for each in kept} == {
            call.id: state for call in self.calls if (state := state_of_call(call)) is not None
        }
        report = self.run(audit(self.world.storage, now=NOW))
        assert report.ok, report.render()
        assert self.run(letters_of(self.world)) == []


def halves(call: Call) -> list[tuple[str, bytes]]:
    found = [("usage", call.event())] if call.has_event else []
    if call.has_outcome:
        found.append(("diagnostics", envelope(call.gateway_record())))
    if call.has_tokens:
        found.append(("diagnostics", envelope(call.llm_record())))
    return found


async def letters_of(world: World) -> list[Any]:
    return [letter async for letter in world.letters.all()]


TestAnyOrder = AnyOrder.TestCase
TestAnyOrder.settings = settings(max_examples=100, stateful_step_count=40, deadline=None)
