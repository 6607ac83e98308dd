"""The page of the access log."""

from datetime import UTC, date, datetime

import pytest

from tests.ui.opening import opened, said
from ui.api import connection


@pytest.mark.usefixtures("empty_stand")
@pytest.mark.parametrize(
    ("hour", "days"), [(22, "1–30 Nov 2026"), (23, "1–30 Nov 2026"), (24, "1–31 Dec 2026")]
)
def test_its_days_are_those_of_utc(hour: int, days: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """Also where the billing zone has the next month already."""
    day = date(2026, 11, 30) if hour < 24 else date(2026, 12, 1)
    at = datetime(day.year, day.month, day.day, hour % 24, 30, tzinfo=UTC)
    monkeypatch.setattr(connection, "now", lambda: at)
    app = opened("access_log")
    assert not app.exception
    assert days in said(app)
