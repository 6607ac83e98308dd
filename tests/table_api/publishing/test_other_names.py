"""Under other names nothing is sent but all rows again."""

from collections.abc import AsyncIterator
from datetime import date, timedelta

import pytest

from table_api.errors import SettingsError
from table_api.publishing.month_pass import Wanted
from tests.fixtures.builders import CALL_TIME
from tests.table_api.publishing.stand import KEY, Stand, stand
from tests.table_api.publishing.test_follow import some_calls


@pytest.fixture
async def here() -> AsyncIterator[Stand]:
    async with stand() as found:
        yield found


@pytest.mark.parametrize(
    ("before", "after", "wanted", "said"),
    [
        (KEY, None, Wanted(again=True), "but none: set one"),
        (KEY, None, Wanted(again=True, stop=date(2026, 11, 21)), "but none: set one"),
        (KEY, KEY[::-1], Wanted(again=True, stop=date(2026, 11, 21)), "without --from and --to"),
        (KEY, KEY[::-1], Wanted(again=True, start=date(2026, 11, 20)), "without --from and --to"),
        (None, KEY, Wanted(again=True, start=date(2026, 11, 20)), "without --from and --to"),
    ],
)
async def test_some_days_are_not_sent_under_other_names(
    here: Stand, before: str | None, after: str | None, wanted: Wanted, said: str
) -> None:
    """Who mends a day from another shell, without the key, would show who is who, and twice."""
    here.key = before
    yesterday = some_calls(1, first=9, time=CALL_TIME - timedelta(days=1))
    await here.ledger.post(some_calls(3) + yesterday)
    await here.publish()
    sent = list(here.events)
    here.key = after
    with pytest.raises(SettingsError, match=said):
        await here.publish(wanted)
    assert list(here.events) == sent


async def test_all_that_is_published_is_sent_under_other_names_from_its_first_day_on(
    here: Stand,
) -> None:
    first = date(2026, 11, 20)
    await here.ledger.post(some_calls(2))
    await here.publish(Wanted(start=first))
    here.key = KEY
    assert (await here.publish(Wanted(again=True, start=first))).rows == 2
    assert (await here.publish(Wanted(start=first))).rows == 0


async def test_who_is_at_work_stops_when_another_has_sent_all_under_other_names(
    here: Stand,
) -> None:
    timer = await here.publisher()
    await here.ledger.post(some_calls(2))
    await timer.publish(Wanted())
    here.key = KEY
    await here.publish(Wanted(again=True))
    await here.ledger.post(some_calls(1, first=3))
    with pytest.raises(SettingsError, match="TELEMETRY_SUBJECT_KEY is not the one"):
        await timer.publish(Wanted())
    assert (await here.publish()).rows == 1
