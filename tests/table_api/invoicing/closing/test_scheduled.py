"""The job of the timer: alone, and whatever was missed."""

import asyncio
import logging
from dataclasses import replace
from datetime import UTC, date, datetime

import pytest

from table_api.invoicing.closing.scheduled import close_alone
from table_api.invoicing.errors import CloseRefused
from table_api.invoicing.snapshots.archive import LEASE_BLOB
from tests.fixtures.billing import Billing


async def test_missed_months_are_caught_up_and_the_lease_is_given_back(
    either_billing: Billing,
) -> None:
    billing = either_billing
    await billing.post(1, date(2026, 9, 30))
    billing.now = datetime(2026, 11, 1, 5, 1, tzinfo=UTC)  # six hours after midnight in Berlin
    job = await billing.job()
    closed = await close_alone(job)
    assert closed is not None
    assert [manifest.month for manifest in closed] == ["2026-09", "2026-10"]
    assert await close_alone(job) == []
    assert await billing.problems() == []


async def test_a_month_waits_six_hours_for_its_last_calls(billing: Billing) -> None:
    await billing.post(1, date(2026, 10, 31))
    billing.now = datetime(2026, 11, 1, 4, 59, tzinfo=UTC)
    assert await close_alone(await billing.job()) == []


async def test_a_month_whose_hubs_are_not_read_waits_for_a_later_run(billing: Billing) -> None:
    await billing.post(1, date(2026, 10, 31))
    billing.now = datetime(2026, 11, 1, 5, 1, tzinfo=UTC)
    billing.unread = ["group metering of llm-usage was never read"]
    with pytest.raises(CloseRefused, match="was never read"):
        await close_alone(await billing.job())
    billing.unread = []
    closed = await close_alone(await billing.job())
    assert [manifest.month for manifest in closed or ()] == ["2026-10"]


async def test_a_second_run_leaves_the_work_to_the_first(either_billing: Billing) -> None:
    billing = either_billing
    await billing.post(1, date(2026, 10, 31))
    billing.now = datetime(2026, 11, 2, tzinfo=UTC)
    job = await billing.job()
    lease = await billing.blobs.acquire_lease(LEASE_BLOB)
    assert lease is not None
    assert await close_alone(job) is None
    await billing.blobs.release_lease(LEASE_BLOB, lease)
    runs = await asyncio.gather(close_alone(job), close_alone(job))
    assert sorted(len(run) for run in runs if run is not None)[-1] == 1
    assert await billing.problems() == []


async def test_a_month_that_was_closed_is_logged_also_where_the_next_is_refused(
    billing: Billing, caplog: pytest.LogCaptureFixture
) -> None:
    await billing.post(1, date(2026, 9, 30))
    billing.now = datetime(2026, 11, 2, tzinfo=UTC)
    job = await billing.job()
    asked: list[datetime] = []

    async def unread(start: datetime, stop: datetime) -> list[str]:
        asked.append(start)
        return ["group metering of llm-usage was never read"] if len(asked) > 1 else []

    late = replace(job, evidence=replace(job.evidence, unread=unread))
    with caplog.at_level(logging.INFO), pytest.raises(CloseRefused, match="never read"):
        await close_alone(late)
    said = [each.getMessage() for each in caplog.records if each.name == "table_api.invoicing"]
    assert [text.partition(":")[0] for text in said] == ["closed 2026-09"]
