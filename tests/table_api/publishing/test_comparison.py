"""The comparison is red for anything that is not as the ledger says."""

import json
from collections.abc import AsyncIterator, Callable
from typing import Any

import pytest

from local_stack.insights.faults import TrackFault
from table_api.publishing.month_pass import Wanted
from tests.fixtures.builders import call_id
from tests.fixtures.calls import make_call
from tests.fixtures.published import copies, differences
from tests.table_api.publishing.stand import Stand, stand

Events = list[dict[str, Any]]


@pytest.fixture
async def here() -> AsyncIterator[Stand]:
    async with stand() as found:
        await found.ledger.post([make_call(number, id=call_id(number)) for number in range(3)])
        await found.publish()
        yield found


def changed(name: str, value: str) -> Callable[[Events], Events]:
    def change(events: Events) -> Events:
        said = json.loads(events[0]["Properties"]) | {name: value}
        return [{**events[0], "Properties": json.dumps(said)}, *events[1:]]

    return change


@pytest.mark.parametrize(
    "harm",
    [
        lambda events: events[1:],
        changed("chargeback.charge.pico", "1"),
        changed("chargeback.calls", "2"),
        changed("chargeback.day", "2026-11-21"),
        changed("chargeback.model", "another"),
        changed("chargeback.state", "zero"),
        changed("chargeback.call.id", "another"),
        lambda events: [{**events[0], "UserId": "another"}, *events[1:]],
        lambda events: [*events, *changed("chargeback.revision", "1")(events[:1])],
        lambda events: [*events, *changed("chargeback.entry", "doubled")(events[:1])],
    ],
)
async def test_a_dropped_a_doubled_and_a_changed_item_are_red(
    here: Stand, harm: Callable[[Events], Events]
) -> None:
    events = list(here.events)
    assert await differences(here.storage, events) == []
    assert await differences(here.storage, harm(events)) != []


async def test_a_copy_of_an_item_is_counted_and_not_summed(here: Stand) -> None:
    events = list(here.events)
    assert copies([*events, events[0]]) == 1
    assert await differences(here.storage, [*events, events[0]]) == []


async def test_half_of_a_batch_stored_without_an_error_is_red_until_it_is_sent_again(
    here: Stand,
) -> None:
    await here.ledger.post([make_call(number, id=call_id(number)) for number in range(10, 14)])
    here.served.faults.on_track(TrackFault.HALF)
    assert (await here.publish()).rows == 4
    assert len(await here.differences()) == 3  # two rows and their cell
    await here.publish(Wanted(settle=True))
    assert len(await here.differences()) == 3  # the marks say that all was accepted
    await here.publish(Wanted(again=True))
    assert await here.differences() == []
