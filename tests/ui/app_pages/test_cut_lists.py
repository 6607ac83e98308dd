"""Lists that a page cuts: it says of how many it shows which."""

from datetime import date
from pathlib import Path

import pytest

from tests.fixtures.calls import book
from tests.pricing_rules.books import ALIAS, base_rule, compile_text
from tests.ui.opening import opened, said
from tests.ui.stand import ADA, InventedCall, Stand
from ui.page_parts.model import overview
from ui.page_parts.price import history, unpriced

CHART = "vega_lite_chart"


def test_models_without_a_price_are_said_to_be_some(
    empty_stand: Stand, today: date, monkeypatch: pytest.MonkeyPatch
) -> None:
    empty_stand.publish_prices(book(), age_days_max=10_000)
    empty_stand.post(
        [
            InventedCall(number=at, subject=ADA, day=today, deployment=f"lab-{at}", input=10)
            for at in range(3)
        ]
    )
    assert "with the most such calls" not in said(opened("prices"))
    monkeypatch.setattr(unpriced, "SHOWN_MAX", 2)
    app = opened("prices")
    assert not app.exception
    assert "The 2 models with the most such calls, of 3." in said(app)


def test_scheduled_changes_are_said_to_be_some(
    empty_stand: Stand, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    years = ["2026", "2031", "2032"]
    ends = [f"valid_to = {year}-01-01T00:00:00Z" for year in years[1:]]
    rules = [
        base_rule(f"base.{year}", more=end).replace("2026-01-01", f"{year}-01-01", 1)
        for year, end in zip(years, [*ends, ""], strict=True)
    ]
    empty_stand.publish_prices(compile_text(tmp_path, *rules, ALIAS), age_days_max=10_000)
    monkeypatch.setattr(history, "SHOWN_MAX", 1)
    app = opened("prices")
    assert not app.exception
    assert "m changes on 1 Jan 2031" in said(app)
    assert "m changes on 1 Jan 2032" not in said(app)
    assert "The next 1 of 2 changes." in said(app)


def test_the_chart_of_models_says_that_it_has_the_dearest(
    stand: Stand, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(overview, "BARS_MAX", 1)
    app = opened("models", range="90 days")
    assert not app.exception
    assert any("the dearest 1 of 2 models" in chart.proto.spec for chart in app.get(CHART))
