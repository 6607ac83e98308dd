"""A damaged row of `monthly` or `published` is named, and holds no other row back."""

from collections.abc import AsyncIterator

import pytest

from table_api.errors import Altered
from table_api.monthly.projected_day import MONTHLY_TABLE
from table_api.monthly.rebuild import rebuild_monthly
from table_api.publishing.marks import PUBLISHED_TABLE
from table_api.publishing.month_pass import Wanted
from table_api.publishing.passes import tried
from table_api.publishing.progress import read_progress
from table_api.storage.table_storage import Value
from tests.fixtures.builders import call_id
from tests.fixtures.calls import make_call
from tests.fixtures.damage import damage, mend, rows_of
from tests.table_api.publishing.stand import EVERYTHING, Stand, stand

ANN, BOB = "user-ann", "user-bob"
DAMAGE: tuple[Value, ...] = ("damaged", "", 5, -1, "\u00e9|\x00", '{"a":')


@pytest.fixture
async def here() -> AsyncIterator[Stand]:
    async with stand() as found:
        yield found


async def post(here: Stand, *numbers: int) -> None:
    """A call of each of two people for each number."""
    both = [(2 * number + odd, who) for number in numbers for odd, who in enumerate((ANN, BOB))]
    calls = [make_call(number, id=call_id(number), subject=who) for number, who in both]
    await here.ledger.post(calls)


async def failure(here: Stand) -> str | None:
    """Why a pass failed; None of one that ended well."""
    try:
        await here.publish()
    except Altered as error:
        return str(error)
    return None


def columns_of_a_day(row: dict[str, Value], letters: str) -> set[str]:
    return {name for name in row if len(name) == 3 and name[0] in letters and name[1:].isdigit()}


@pytest.mark.parametrize("value", DAMAGE, ids=repr)
async def test_a_damaged_row_of_monthly_is_named_and_all_others_are_sent(
    here: Stand, value: Value, caplog: pytest.LogCaptureFixture
) -> None:
    await post(here, 1)
    await here.publish()
    [row] = await rows_of(here.storage, MONTHLY_TABLE, ANN)
    columns = columns_of_a_day(row, "rd") | {"total", "active", "subject"}
    assert len(columns) == 5
    failed = set()
    for number, column in enumerate(sorted(columns), 2):
        await post(here, number)
        await damage(here.storage, MONTHLY_TABLE, ANN, **{column: value})
        before = await read_progress(here.storage)
        caplog.clear()
        if why := await failure(here):
            failed.add(column)
            assert f"{MONTHLY_TABLE} 202611 {ANN}" in why
            assert "row_unreadable" in {getattr(each, "action", "") for each in caplog.records}
            assert (await read_progress(here.storage)).until == before.until
            assert len(here.events) == 2 * number - 1  # all but Ann's newest
        await rebuild_monthly(here.storage)
        await here.publish()
        assert await here.differences() == [], column
    assert "subject" in failed


@pytest.mark.parametrize("value", DAMAGE, ids=repr)
async def test_a_damaged_row_of_published_is_sent_again_and_whole_after_that(
    here: Stand, value: Value
) -> None:
    await post(here, 1)
    await here.publish()
    [row] = await rows_of(here.storage, PUBLISHED_TABLE, ANN)
    columns = columns_of_a_day(row, "panxo") | {"subject", "model", "seen", "open"}
    assert len(columns) == 9
    for number, column in enumerate(sorted(columns), 2):
        await damage(here.storage, PUBLISHED_TABLE, ANN, **{column: value})
        await post(here, number)
        await here.publish()
        assert await here.differences() == [], column
        assert (await here.publish(Wanted(settle=True))).rows in (0, number), column
        assert (await here.publish(Wanted(settle=True))).rows == 0, column


async def test_the_next_pass_goes_on_after_a_damaged_row(
    here: Stand, caplog: pytest.LogCaptureFixture
) -> None:
    await post(here, 1)
    damaged = await damage(here.storage, MONTHLY_TABLE, ANN, total="damaged")
    publisher = await here.publisher()
    assert await tried(publisher, EVERYTHING) is None
    assert "publish_failed" in {getattr(each, "action", "") for each in caplog.records}
    await mend(here.storage, MONTHLY_TABLE, damaged, "total")
    sent = await tried(publisher, EVERYTHING)
    assert sent is not None
    assert (sent.rows, await here.differences()) == (1, [])


@pytest.mark.parametrize("columns", [{"until": "x"}, {"shards": "many"}])
async def test_a_damaged_note_of_how_far_all_is_sent_says_nothing_and_is_written_anew(
    here: Stand, columns: dict[str, Value], caplog: pytest.LogCaptureFixture
) -> None:
    await post(here, 1)
    await here.publish()
    await damage(here.storage, PUBLISHED_TABLE, "until", **columns)
    before = await read_progress(here.storage)
    assert "mark_unreadable" in {getattr(each, "action", "") for each in caplog.records}
    assert (before.until is None) == ("until" in columns)
    assert before.has_other_names("another"), "the key is still known"
    await here.publish()
    after = await read_progress(here.storage)
    assert (after.until, after.shards) == (here.now, len(after.of_shard))
