"""Passes one after another: older months are looked at each ten minutes, whenever a pass begins.
Nobody is told that all is sent while something of them cannot be."""

from datetime import timedelta

from table_api.monthly.projected_day import MONTHLY_TABLE
from table_api.publishing.month_pass import Wanted
from table_api.publishing.passes import OLDER_EVERY, Passes
from table_api.publishing.progress import read_progress
from tests.fixtures.builders import CALL_TIME, call_id
from tests.fixtures.calls import make_call
from tests.fixtures.damage import damage
from tests.table_api.publishing.stand import NOW, stand


async def test_months_that_seldom_change_are_looked_at_whatever_minute_a_pass_begins_in() -> None:
    """A pass of two minutes that begins with an odd one never begins with a full ten minutes."""
    async with stand() as here:
        passes = Passes(await here.publisher(), Wanted())
        start = NOW.replace(minute=1)
        await passes.run(start)
        old = make_call(1, id=call_id(1), time=CALL_TIME - timedelta(days=100))
        await here.ledger.post([old])
        sent_after = []
        for minutes in range(2, 14, 2):
            await passes.run(start + timedelta(minutes=minutes))
            sent_after.append((minutes, len(here.events)))
        first = next(minutes for minutes, sent in sent_after if sent)
        assert OLDER_EVERY <= timedelta(minutes=first) <= OLDER_EVERY + timedelta(minutes=2)


async def test_nothing_says_that_all_is_sent_while_an_older_month_cannot_be_read() -> None:
    """Passes over the newest months would go through, and the alert `publisher-behind` be quiet."""
    async with stand() as here:
        old = make_call(1, id=call_id(1), subject="user-ann", time=CALL_TIME - timedelta(days=100))
        await here.ledger.post([old])
        await damage(here.storage, MONTHLY_TABLE, "user-ann|gpt-4.1-mini", total="damaged")
        passes = Passes(await here.publisher(), Wanted())
        for minutes in range(0, 60, 7):
            here.now = NOW + timedelta(minutes=minutes)
            await passes.run(here.now)
        assert (await read_progress(here.storage)).until is None
