"""What pairing relies on in open calls, on any storage: kept once, decided once, purged whole."""

from collections.abc import Sequence
from datetime import UTC, datetime, timedelta

import pytest
from msgspec.structs import replace

from pricing_rules.types import CountedAt, Operation
from table_api.errors import Unavailable
from table_api.open_calls.decision import Decision, PairingState
from table_api.open_calls.facts import EventReport, Fact, Identity, RequestRecord, TokenCounts
from table_api.open_calls.purging.purged_hours import PurgedHours
from table_api.open_calls.table import Arrival, OpenCalls
from table_api.storage import table_storage
from table_api.storage.blobs import BlobStore
from table_api.storage.memory_blobs import MemoryBlobStore
from table_api.storage.table_storage import TableStorage
from tests.fixtures.builders import call_id
from tests.fixtures.calls import PrefixedStorage, all_rows

TIME = datetime(2026, 11, 30, 22, 59, 59, 999000, tzinfo=UTC)
LATER = TIME + timedelta(milliseconds=3)  # another hour
WHO = Identity(
    subject="user-1", time=LATER, stream=True, status=200, operation=Operation.CHAT_COMPLETIONS
)
OUTCOME = RequestRecord(time=TIME, status=200, backend_status=200, identity=WHO)
TOKENS = TokenCounts(time=TIME, prompt=10, completion=5, total=15)
REPORTED = EventReport(identity=WHO, metered=False)


def arrival(fact: Fact, number: int = 1, due_from: datetime = TIME) -> Arrival:
    return Arrival(call_id=call_id(number), fact=fact, due_from=due_from)


def decision(number: int = 1, subject: str = "user-1", call: int = 1) -> Decision:
    return Decision(
        call_id=call_id(call),
        number=number,
        place=CountedAt(subject, LATER),
        strength=(1, 15),
        event="{}",
        replaces=None if number == 1 else CountedAt("unattributed", TIME),
    )


class OpenCallsContract:
    """Subclasses give the fixtures `storage` and `blobs`, empty for every test."""

    @pytest.fixture
    async def calls(self, storage: TableStorage) -> OpenCalls:
        calls = OpenCalls(storage)
        await calls.create()
        return calls

    async def test_facts_come_back_as_they_were_whoever_kept_them(
        self, storage: TableStorage, calls: OpenCalls
    ) -> None:
        await calls.add([arrival(OUTCOME), arrival(TOKENS)])
        await OpenCalls(storage).add([arrival(REPORTED), arrival(TOKENS, 2)])
        [one, two, none] = await calls.read([call_id(1), call_id(2), call_id(3)])
        assert set(one.facts) == {OUTCOME, TOKENS, REPORTED}
        assert two.facts == (TOKENS,)
        assert (none.call_id, none.facts, none.joined, none.state) == (call_id(3), (), None, None)

    async def test_a_fact_again_adds_no_row(self, storage: TableStorage, calls: OpenCalls) -> None:
        await calls.add([arrival(TOKENS), arrival(TOKENS)])
        before = await all_rows(storage, "opencalls")
        await calls.add([arrival(TOKENS)])
        assert (await all_rows(storage, "opencalls")).keys() == before.keys()

    async def test_other_content_is_another_fact(self, calls: OpenCalls) -> None:
        chunk = TokenCounts(time=TIME, response_id="chatcmpl-1")
        await calls.add([arrival(TOKENS), arrival(chunk)])
        [kept] = await calls.read([call_id(1)])
        assert set(kept.facts) == {TOKENS, chunk}

    async def test_of_two_that_decide_at_once_one_is_refused(self, calls: OpenCalls) -> None:
        others = [decision(call=number) for number in range(2, 140)]
        assert await calls.decide([decision(), *others]) == []
        assert await calls.decide([decision(subject="user-2"), decision(call=140)]) == [
            decision(subject="user-2")
        ]
        [kept, new] = await calls.read([call_id(1), call_id(140)])
        assert (kept.decisions, kept.undone) == ((decision(),), [decision()])
        assert new.decisions == (decision(call=140),)

    async def test_a_done_decision_is_no_more_to_be_published(self, calls: OpenCalls) -> None:
        await calls.add([arrival(OUTCOME), arrival(TOKENS)])
        await calls.decide([decision(1, "unattributed"), decision(2)])
        await calls.mark_done([(decision(1, "unattributed"), TIME)])
        [kept] = await calls.read([call_id(1)])
        assert kept.undone == [decision(2)]
        await calls.mark_done([(decision(2), TIME), (decision(2), TIME)])
        [kept] = await calls.read([call_id(1)])
        assert (kept.undone, kept.state) == ([], PairingState.RECOVERED)

    async def test_the_index_gives_a_call_whole_across_the_hour(self, calls: OpenCalls) -> None:
        await calls.add([arrival(REPORTED), arrival(TOKENS), arrival(TOKENS, 2)])
        await calls.decide([decision()])
        await calls.mark_done([(decision(), TIME)])
        hour = TIME.replace(minute=0, second=0, microsecond=0)
        found = {each.call_id: each for each in await calls.calls(hour, hour + timedelta(hours=1))}
        assert {each: found[each].state for each in found} == {
            call_id(1): PairingState.COMPLETED,
            call_id(2): PairingState.WAITING,
        }
        assert set(found[call_id(1)].facts) == {REPORTED, TOKENS}
        next_hour = hour + timedelta(hours=1)
        assert await calls.calls(next_hour, next_hour + timedelta(hours=1)) == []

    async def test_a_span_is_half_open_to_the_microsecond(self, calls: OpenCalls) -> None:
        await calls.add([arrival(TOKENS)])
        step = timedelta(microseconds=1)
        for start, stop, number in [
            (TIME, TIME + step, 1),
            (TIME + step, TIME + 2 * step, 0),
            (TIME - step, TIME, 0),
        ]:
            parts = [part async for part in calls.between(start, stop)]
            assert sum(len(part) for part in parts) == number

    async def test_a_late_fact_stands_where_the_sweeper_has_not_passed(
        self, calls: OpenCalls
    ) -> None:
        due_from = TIME + timedelta(hours=5)
        await calls.add([arrival(TOKENS, due_from=due_from)])
        parts = [part async for part in calls.between(due_from, due_from + timedelta(hours=1))]
        assert [kept.call_id for part in parts for kept in part] == [call_id(1)]
        assert len(await calls.calls(TIME, TIME + timedelta(hours=8))) == 1

    async def test_the_sweepers_place_is_remembered(self, calls: OpenCalls) -> None:
        assert await calls.swept() is None
        await calls.set_swept(TIME)
        await calls.set_swept(LATER)
        assert await calls.swept() == LATER

    async def test_the_first_hour_is_the_oldest(self, calls: OpenCalls) -> None:
        assert await calls.first_hour() is None
        await calls.set_swept(TIME)
        await calls.add([arrival(REPORTED), arrival(TOKENS)])
        assert await calls.first_hour() == TIME.replace(minute=0, second=0, microsecond=0)

    async def test_purging_takes_old_calls_whole_and_leaves_the_others(
        self, storage: TableStorage, calls: OpenCalls
    ) -> None:
        old = TIME - timedelta(days=20)
        many = [
            arrival(TokenCounts(time=old, prompt=number), number, due_from=old)
            for number in range(2, 130)
        ]
        await calls.add([arrival(REPORTED), *many])
        await calls.decide([decision(call=2)])
        await calls.mark_done([(decision(call=2), old)])
        assert await calls.purge(TIME - timedelta(days=15), PurgedHours(MemoryBlobStore())) > 0
        left = {str(row["call_id"]) for row in (await all_rows(storage, "opencalls")).values()}
        assert left == {call_id(1)}
        assert await calls.purge(TIME - timedelta(days=15), PurgedHours(MemoryBlobStore())) == 0

    async def test_an_hour_is_purged_when_all_of_it_is_before(self, calls: OpenCalls) -> None:
        purged = PurgedHours(MemoryBlobStore())
        await calls.add([arrival(TOKENS)])
        hour_end = TIME.replace(minute=0, second=0, microsecond=0) + timedelta(hours=1)
        assert await calls.purge(hour_end - timedelta(microseconds=1), purged) == 0
        assert await calls.purge(hour_end, purged) == 1
        [kept] = await calls.read([call_id(1)])
        assert kept.facts == ()

    @pytest.mark.parametrize("deletions", range(5))
    async def test_a_purge_that_dies_after_its_blob_is_done_again_and_loses_nothing(
        self, storage: TableStorage, calls: OpenCalls, blobs: BlobStore, deletions: int
    ) -> None:
        """It dies before the first deletion, or after so many. The next one ends it."""
        counted = {call_id(number): CountedAt(f"user-{number}", LATER) for number in range(1, 4)}
        for number in (1, 2):
            await calls.add([arrival(metered(number), number)])
        await calls.packed.add([(call_id(3), metered(3))])
        end = TIME + timedelta(hours=3)
        dying = OpenCalls(DyingStorage(storage, deletions))
        with pytest.raises(Unavailable):
            await dying.purge(end, PurgedHours(blobs))
        left = [name async for name in blobs.names("")]
        before = {name: await blobs.read(name) for name in left}
        await calls.purge(end, PurgedHours(blobs))
        assert await all_rows(storage, "opencalls") == {}
        assert {name: await blobs.read(name) for name in left} == before
        found = {each: await PurgedHours(blobs).find(each, LATER) for each in counted}
        assert found == counted


def metered(number: int) -> EventReport:
    """A plain call of the `number`-th user."""
    return EventReport(identity=replace(WHO, subject=f"user-{number}", stream=False), metered=True)


class DyingStorage(PrefixedStorage):
    """The process ends instead of the deletion after so many."""

    def __init__(self, storage: TableStorage, deletions: int) -> None:
        super().__init__(storage, "")
        self._left = deletions

    async def transact(
        self, table: str, partition_key: str, operations: Sequence[table_storage.Operation]
    ) -> list[str]:
        if self._left == 0:
            raise Unavailable("the process ends here")
        self._left -= 1
        return await super().transact(table, partition_key, operations)
