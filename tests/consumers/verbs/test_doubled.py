"""`doubled-calls`: what the audit names is listed, and one place of it is taken out for good."""

from datetime import timedelta

import pytest

from consumers.errors import TakeOutRefused
from consumers.verbs.doubled import lines_of, take_out
from table_api.audit.ledger_audit import audit
from table_api.monthly.projected_ledger import ProjectedLedger
from table_api.storage.memory_blobs import MemoryBlobStore
from table_api.storage.memory_tables import MemoryTableStorage
from table_api.usage.doubled_calls import doubled_calls
from tests.consumers.conftest import HUB, Stage
from tests.contracts.ledger import charge
from tests.fixtures.billing import NOVEMBER, OCTOBER, open_billing
from tests.fixtures.builders import CALL_TIME, call_id, make_body
from tests.fixtures.calls import NOW, all_rows, make_call, open_ledger

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
    lines = [line.split("\t") for line in lines_of(await doubled_calls(storage))]
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
