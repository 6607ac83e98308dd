"""Two gateways write into one ledger: at the same time, and one after the other at a move."""

from dataclasses import replace
from datetime import timedelta

import pytest

from table_api.audit.ledger_audit import audit
from table_api.storage.memory_tables import MemoryTableStorage
from tests.consumers.pairing.gateway import SERVICE
from tests.consumers.pairing.traffic import Sent, Traffic, differences, traffic
from tests.consumers.pairing.world import USAGE, World
from tests.fixtures.builders import CALL_TIME

CALLS = 60
SPAN = timedelta(minutes=10)
OTHER = "apim-fabrikam"
MOVE = timedelta(hours=1)


def of_another_gateway(sent: Traffic) -> Traffic:
    """The same as another API Management tells it."""

    def renamed(event: Sent) -> Sent:
        body = event.body.decode()
        for before, after in ((SERVICE, OTHER), (SERVICE.upper(), OTHER.upper())):
            body = body.replace(before, after)
        return replace(event, body=body.encode())

    return replace(sent, events=[renamed(each) for each in sent.events])


@pytest.mark.parametrize("apart", [timedelta(0), MOVE], ids=["at once", "at a move"])
async def test_calls_of_both_gateways_are_counted_once(apart: timedelta) -> None:
    storage = MemoryTableStorage()
    world = await World.over(storage)
    one = traffic(CALLS, start=CALL_TIME, span=SPAN, seed=1)
    two = of_another_gateway(
        traffic(CALLS, start=CALL_TIME + apart, span=SPAN, seed=2, first=CALLS)
    )
    await _arrive(world, [*one.events, *two.events])
    await world.sweep(CALL_TIME + apart + SPAN + timedelta(hours=3))
    await world.meter(world.outbox.sent, CALL_TIME + apart + SPAN)
    standing = await world.standing()
    found = {
        call_id: [
            (str(entry.row["subject"]), int(entry.row["rank"]), int(entry.row["tokens"]))
            for entry in entries
        ]
        for call_id, entries in standing.items()
    }
    assert list(differences({**one.truth, **two.truth}, found)) == []
    assert (await audit(storage, now=CALL_TIME + timedelta(days=1))).ok
    ids_of_two = {call.id for call in two.calls}
    sources = {call_id: str(entries[0].row["source"]) for call_id, entries in standing.items()}
    named = {name for name in sources.values() if name.startswith("apim/")}
    assert named == {f"apim/{SERVICE}", f"apim/{OTHER}"}
    for call_id, source in sources.items():
        if source in named:
            assert (source == f"apim/{OTHER}") == (call_id in ids_of_two)


async def _arrive(world: World, events: list[Sent]) -> None:
    for event in sorted(events, key=lambda each: each.enqueued_time):
        if event.hub == USAGE:
            await world.meter([event.body], event.enqueued_time)
            await world.pair(world.usage, event.body, event.enqueued_time)
        else:
            await world.pair(world.diagnostics, event.body, event.enqueued_time)
