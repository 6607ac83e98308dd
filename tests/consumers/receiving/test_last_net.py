"""An error costs the one item that causes it; what says something of the process goes through."""

from collections.abc import Sequence

import pytest

from consumers.errors import HubRecreated, SettingsError
from consumers.receiving.handler import Durable, MakeDurable, Received
from consumers.receiving.last_net import OF_NO_ITEM, halved
from table_api.consumer_state.progress import Count
from table_api.errors import LedgerMismatch, Unavailable
from table_api.storage.memory_tables import MemoryTableStorage
from tests.consumers.partition import Partition
from tests.consumers.receiving.deliveries import delivered


async def results(
    items: Sequence[int], bad: dict[int, Exception]
) -> tuple[list[tuple[list[int], str]], int]:
    """Each part with what became of it, and how often the work was begun."""
    begun = 0

    async def work(part: Sequence[int]) -> str:
        nonlocal begun
        begun += 1
        for item in part:
            if item in bad:
                raise bad[item]
        return "done"

    found = [
        (list(part), type(done).__name__ if isinstance(done, Exception) else done)
        async for part, done in halved(items, work)
    ]
    return found, begun


async def test_what_goes_through_is_one_part() -> None:
    assert await results(range(5), {}) == ([([0, 1, 2, 3, 4], "done")], 1)


async def test_the_bad_item_is_found_and_the_others_stay_in_order() -> None:
    found, begun = await results(range(8), {5: ValueError("x")})
    assert found == [
        ([0, 1, 2, 3], "done"),
        ([4], "done"),
        ([5], "ValueError"),
        ([6, 7], "done"),
    ]
    assert begun == 7


async def test_one_bad_item_of_many_costs_few_tries() -> None:
    found, begun = await results(range(2_000), {1_234: KeyError("rev")})
    assert sum(len(part) for part, _ in found) == 2_000
    assert begun <= 2 * 11 + 1


async def test_every_item_may_be_bad() -> None:
    found, begun = await results(range(4), dict.fromkeys(range(4), ValueError()))
    assert found == [([item], "ValueError") for item in range(4)]
    assert begun == 7


async def test_nothing_is_no_part_that_fails() -> None:
    assert await results([], {}) == ([([], "done")], 1)


@pytest.mark.parametrize(
    "error", [Unavailable("503"), HubRecreated(), SettingsError(), LedgerMismatch(), MemoryError()]
)
async def test_an_error_of_no_item_ends_the_work(error: Exception) -> None:
    assert isinstance(error, OF_NO_ITEM)
    with pytest.raises(type(error)):
        await results(range(8), {5: error})


class CannotProject:
    """A handler whose events are durable and whose projection is not to be written."""

    def prepare(self, partition: str, events: Sequence[Received]) -> MakeDurable:
        async def make_durable() -> Durable:
            return Durable([(Count.POSTED,) for _ in events])

        return make_durable

    def set_aside(self, partition: str, received: Received, error: Exception) -> MakeDurable:
        raise AssertionError("no event fails by itself") from error

    async def before_save(self) -> None:
        raise KeyError("total")


async def test_a_position_waits_for_no_projection(caplog: pytest.LogCaptureFixture) -> None:
    partition = Partition(MemoryTableStorage(), "hub")
    await partition.read(CannotProject(), [delivered(number) for number in range(3)])
    assert (await partition.row()).sequence_number == 2
    [said] = [each for each in caplog.records if getattr(each, "action", "") == "unexpected_error"]
    assert "KeyError at test_last_net.py" in said.getMessage()
    assert "`rebuild`" in said.getMessage()
