"""A month or a period is the same range as its days, and refuses another one next to it."""

from datetime import date

import pytest

from table_api.http_api.conventions.periods import Period, month_days, period_days
from table_api.ledger.day_range import RANGE_DAYS_MAX
from table_api.storage.memory_tables import MemoryTableStorage
from tests.table_api.conftest import ApiClient
from tests.table_api.http_api.asking import get, post

TODAY = date(2026, 2, 10)
DAYS = {
    Period.TODAY: ("2026-02-10", "2026-02-11"),
    Period.YESTERDAY: ("2026-02-09", "2026-02-10"),
    Period.LAST_7_DAYS: ("2026-02-04", "2026-02-11"),
    Period.LAST_30_DAYS: ("2026-01-12", "2026-02-11"),
    Period.LAST_90_DAYS: ("2025-11-13", "2026-02-11"),
    Period.THIS_MONTH: ("2026-02-01", "2026-03-01"),
    Period.LAST_MONTH: ("2026-01-01", "2026-02-01"),
    Period.THIS_QUARTER: ("2026-01-01", "2026-04-01"),
    Period.LAST_QUARTER: ("2025-10-01", "2026-01-01"),
    Period.THIS_YEAR: ("2026-01-01", "2027-01-01"),
    Period.LAST_YEAR: ("2025-01-01", "2026-01-01"),
}


@pytest.mark.parametrize("period", Period)
def test_period_is_counted_from_today(period: Period) -> None:
    days = period_days(period, TODAY)
    assert (days.start.isoformat(), days.stop.isoformat()) == DAYS[period]


def test_every_period_of_every_day_is_one_question() -> None:
    for ordinal in range(date(2027, 12, 1).toordinal(), date(2029, 1, 1).toordinal()):
        for period in Period:
            days = period_days(period, date.fromordinal(ordinal))
            assert 0 < (days.stop - days.start).days <= RANGE_DAYS_MAX


def test_leap_month_has_all_its_days() -> None:
    assert month_days("2028-02").last == date(2028, 2, 29)


async def test_month_and_period_answer_as_their_days_do(
    api: ApiClient, memory: MemoryTableStorage
) -> None:
    await post(memory, "a", "b")
    spelled = await get(api, "/v1/usage", **{"from": "2026-11-01", "to": "2026-12-01"})
    assert spelled["totals"]["calls"] == 2
    assert await get(api, "/v1/usage", month="2026-11") == spelled
    assert await get(api, "/v1/usage", period="this-month") == spelled
    assert (await get(api, "/v1/usage", period="last-month"))["from"] == "2026-10-01"
    answer = await api.get("/v1/subjects", params={"limit": "1", "period": "this-month"})
    following = answer.links["next"]["url"]
    assert "period" not in following
    assert "from=2026-11-01" in following
    assert (await api.get(following)).status_code == 200


@pytest.mark.parametrize(
    ("query", "field"),
    [
        ("month=2026-13", "month"),
        ("month=0000-01", "month"),
        ("month=9999-12", "month"),
        ("month=2026-10&from=2026-10-02", "month"),
        ("month=2026-10&period=today", "period"),
        ("period=today&to=2026-10-02", "period"),
        ("period=fortnight", "period"),
    ],
)
async def test_range_that_cannot_be_used_is_named(
    api: ApiClient, memory: MemoryTableStorage, query: str, field: str
) -> None:
    await post(memory, "a")
    for path in ("/v1/usage", "/v1/completeness", "/v1/access-log"):
        answer = await api.get(f"{path}?{query}")
        assert answer.status_code == 400
        assert answer.json()["errors"][0]["field"] == field
