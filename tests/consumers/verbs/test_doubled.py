"""`doubled-calls`: what the audit names is listed, and one place of it is taken out for good."""

import contextlib
import itertools
import re
from collections.abc import Awaitable, Callable
from datetime import timedelta
from functools import partial

import pytest

from consumers.errors import TakeOutRefused
from consumers.verbs.doubled import fields_of, lines_of, parse_address, take_out
from table_api.audit.ledger_audit import audit
from table_api.consumer_state.taken_out import TAKEN_OUT_TABLE, TakenOutPlaces
from table_api.errors import Unavailable
from table_api.ledger.chain_changes import TakeOut
from table_api.monthly.projected_ledger import ProjectedLedger
from table_api.storage.memory_blobs import MemoryBlobStore
from table_api.storage.memory_tables import MemoryTableStorage
from table_api.storage.table_storage import TableStorage
from table_api.usage.doubled_calls import doubled_calls
from tests.consumers.conftest import HUB, Stage
from tests.consumers.interrupted import Interrupted
from tests.contracts.ledger import charge
from tests.fixtures.billing import NOVEMBER, OCTOBER, open_billing
from tests.fixtures.builders import CALL_TIME, call_id, make_body
from tests.fixtures.calls import NOW, PrefixedStorage, all_rows, make_call, open_ledger

ANN = make_call(1, id=call_id(1), subject="ann")
BOB = make_call(1, id=call_id(1), subject="bob", time=CALL_TIME + timedelta(hours=1))


async def doubled() -> tuple[MemoryTableStorage, ProjectedLedger]:
    storage = MemoryTableStorage()
    ledger = await open_ledger(storage)
    await ledger.post([ANN, BOB, make_call(2, id=call_id(2))])
    return storage, ledger


async def addresses(storage: MemoryTableStorage) -> list[str]:
    return [line.split("\t")[1] for line in lines_of(await doubled_calls(storage))]


async def test_a_doubled_call_is_listed_with_both_addresses_and_amounts() -> None:
    storage, _ = await doubled()
    found = await doubled_calls(storage)
    lines = [line.split("\t") for line in lines_of(found)]
    [fields] = map(fields_of, found)
    assert [[fields["id"], *place.values()] for place in fields["places"]] == lines
    assert [(call, subject) for call, _, subject, *_ in lines] == [
        (ANN.priced.event.id, "ann"),
        (ANN.priced.event.id, "bob"),
    ]
    assert len({line[4] for line in lines}) == 1
    assert lines[0][4] != "0"


async def test_the_place_that_is_taken_out_counts_nothing_and_says_who_decided_it() -> None:
    storage, ledger = await doubled()
    whole = await charge(storage)
    _, bob = await addresses(storage)
    said = await take_out(storage, ledger, bob, by="kim", why="sent twice")
    report = await audit(storage, now=NOW)
    assert (report.ok, report.calls, report.moving) == (True, 2, 0)
    assert await charge(storage) * 3 == whole * 2
    partition, _, key = bob.partition("/")
    row = (await all_rows(storage))[partition, f"{key}|0001"]
    assert (row["state"], row["correction"], row["run_by"]) == ("moved", "moved", "kim")
    reason = str(row["reason"])
    assert reason in said
    assert reason.startswith("taken out by kim: sent twice; it is counted under ann at ")
    assert await doubled_calls(storage) == []


async def test_taking_out_again_and_a_late_report_change_nothing() -> None:
    storage, ledger = await doubled()
    _, bob = await addresses(storage)
    await take_out(storage, ledger, bob, by="kim", why="sent twice")
    before = await all_rows(storage)
    again = await take_out(storage, ledger, bob, by="lee", why="once more")
    assert "counts nothing already: taken out by kim" in again
    await (await open_ledger(storage)).post([BOB])
    assert await all_rows(storage) == before


async def test_the_only_place_of_a_call_is_never_taken_out() -> None:
    storage, ledger = await doubled()
    ann, bob = await addresses(storage)
    await take_out(storage, ledger, bob, by="kim", why="sent twice")
    with pytest.raises(TakeOutRefused, match="alone"):
        await take_out(storage, ledger, ann, by="kim", why="sent twice")
    with pytest.raises(TakeOutRefused, match="no call"):
        await take_out(storage, ledger, ann.replace("ann", "eve"), by="kim", why="x")
    with pytest.raises(TakeOutRefused, match="no address"):
        await take_out(storage, ledger, "ann", by="kim", why="x")


async def test_of_three_places_any_two_can_be_taken_out_and_the_last_one_stays() -> None:
    storage, ledger = await doubled()
    await ledger.post([make_call(1, id=call_id(1), subject="eve")])
    ann, bob, eve = await addresses(storage)
    await take_out(storage, ledger, ann, by="kim", why="sent twice")
    await take_out(storage, ledger, bob, by="lee", why="sent twice")
    with pytest.raises(TakeOutRefused, match=f"alone; kim decided to take out {re.escape(ann)}"):
        await take_out(storage, ledger, eve, by="kim", why="sent twice")
    decided = await TakenOutPlaces(storage).of_call(call_id(1))
    assert [(each.number, each.out, each.stays) for each in decided] == [
        (1, ann, bob),
        (2, bob, eve),
    ]
    assert await counting(storage) == ["eve"]


async def counting(storage: MemoryTableStorage) -> list[str]:
    """Subjects that the call of both is counted under, by the last row of each chain."""
    last = {}
    for (_, key), row in sorted((await all_rows(storage)).items()):
        if key.startswith("c|") and row["call_id"] == call_id(1):
            last[str(row["subject"])] = "cell" in row
    return [subject for subject, counts in last.items() if counts]


async def try_out(storage: TableStorage, address: str, by: str, said: list[str]) -> None:
    """In a process of its own."""
    try:
        said.append(
            await take_out(storage, await open_ledger(storage), address, by=by, why="twice")
        )
    except TakeOutRefused as refused:
        said.append(f"refused: {refused}")


@pytest.mark.parametrize("order", [1, -1])
async def test_two_people_who_take_out_both_places_at_once_leave_one(order: int) -> None:
    """Whatever request of the one the other comes before, and whichever is first."""
    heard = ""
    for number in itertools.count():
        storage, _ = await doubled()
        first, second = (await addresses(storage))[::order]
        interrupted, said = Interrupted(storage, number), list[str]()
        interrupted.meanwhile = partial(try_out, storage, second, "lee", said)
        await try_out(interrupted, first, "kim", said)
        if not interrupted.is_over:
            break
        assert len(await counting(storage)) == 1, (number, said)
        assert sum("is taken out: taken out by" in each for each in said) == 1
        assert (await audit(storage, now=NOW)).ok
        heard += "".join(said)
    assert "somebody else takes out a place" in heard
    assert "alone; lee decided" in heard


@pytest.mark.parametrize("other", [True, False])
async def test_a_process_that_ends_between_decision_and_ledger_leaves_a_call_that_counts(
    other: bool,
) -> None:
    """Then the same is asked again, or another place instead."""
    found = set()
    for number in itertools.count():
        storage, _ = await doubled()
        ann, bob = await addresses(storage)
        interrupted, said = Interrupted(storage, number), list[str]()
        interrupted.meanwhile = end_of_process
        with contextlib.suppress(Unavailable):
            await try_out(interrupted, bob, "kim", said)
        if not interrupted.is_over:
            break
        said.clear()
        decided = bool(await TakenOutPlaces(storage).of_call(call_id(1)))
        found.add((decided, *await counting(storage)))
        await try_out(storage, ann if other else bob, "lee", said)
        assert said[0].startswith("refused") == (decided and other), (number, said)
        await try_out(storage, bob, "lee", said)
        assert len(await counting(storage)) == 1
        assert (await audit(storage, now=NOW)).ok
    assert found == {(False, "ann", "bob"), (True, "ann", "bob"), (True, "ann")}


class AfterTheList(PrefixedStorage):
    """Something else happens when the places of all calls were read."""

    def __init__(self, storage: TableStorage, meanwhile: Callable[[], Awaitable[object]]) -> None:
        super().__init__(storage, "")
        self._meanwhile = meanwhile

    async def create_table(self, table: str) -> None:
        if table == TAKEN_OUT_TABLE:
            await self._meanwhile()
        await super().create_table(table)


async def test_a_place_that_is_withdrawn_while_the_list_is_read_does_not_stay() -> None:
    storage, ledger = await doubled()
    ann, bob = await addresses(storage)
    address = parse_address(ann)
    withdrawn = TakeOut(
        entry_key=address.entry_key,
        subject="ann",
        by="pairing",
        reason="it is counted under bob",
        place=ledger.place,
    )
    meanwhile = AfterTheList(storage, lambda: ledger.amend({address: withdrawn}))
    with pytest.raises(TakeOutRefused, match="alone"):
        await take_out(meanwhile, ledger, bob, by="kim", why="sent twice")
    assert await counting(storage) == ["bob"]
    assert await TakenOutPlaces(storage).of_call(call_id(1)) == []


async def end_of_process() -> None:
    raise Unavailable("the process ends here")


async def test_the_month_closes_again_and_the_next_one_credits_what_was_billed_twice() -> None:
    storage = MemoryTableStorage()
    billing = await open_billing(storage, MemoryBlobStore())
    time = CALL_TIME.replace(month=10)
    await billing.ledger.post([make_call(1, subject="ann", time=time)])
    await billing.ledger.post([make_call(1, subject="bob", time=time)])
    await billing.close(OCTOBER, forced="known double")
    ledger = await open_ledger(storage)
    _, bob = await addresses(storage)
    await take_out(storage, ledger, bob, by="kim", why="sent twice")
    await billing.close(NOVEMBER)


async def test_the_verb_takes_one_out_on_real_storage(stage: Stage) -> None:
    bodies = [make_body(id=call_id(1), subject=subject) for subject in ("ann", "bob")]
    stage.broker.append(HUB, bodies, partition="0")
    async with stage.consuming():
        await stage.counts(2)
    async with stage.process("doubled-calls") as verb:
        listed = (await verb.output()).splitlines()
        assert await verb.exit_code() == 1
    address = listed[1].split("\t")[1]
    chosen = ("--take-out", address, "--by", "kim", "--why", "sent twice")
    async with stage.process("doubled-calls", *chosen) as verb:
        assert "is taken out" in await verb.output()
        assert await verb.exit_code() == 0
    assert (await stage.audit()).ok
