"""What each day of the comparison is called, by hand-made sides."""

from datetime import UTC, date, datetime, timedelta

import pytest

from table_api.http_api.telemetry.reconciled import ARRIVES_WITHIN, reconciled_days
from table_api.http_api.visible.insights import ThreeSides
from table_api.publishing.published_days import PublishedCell
from table_api.usage.daily_usage import DailyUsage, Totals
from telemetry.queries.answers import Cell

NOW = datetime(2026, 11, 20, 12, tzinfo=UTC)
DAY = date(2026, 11, 20)
OLD = date(2026, 6, 1)
PICO = 7_000_000_000


def sides(
    *,
    sent: int | None,
    held: int | None,
    refused: int = 0,
    sent_ago: timedelta = ARRIVES_WITHIN,
    day: date = DAY,
) -> ThreeSides:
    """A ledger with one cell of seven calls; None is a side that has nothing of it."""
    name = day, "ann", "m"
    published = PublishedCell(
        calls=sent or 0, charge=(sent or 0) * PICO, refused=refused, written_at=NOW - sent_ago
    )
    cell = Cell(
        day=datetime(day.year, day.month, day.day, tzinfo=UTC), user_id="ann", model="m",
        currency="USD", calls=held or 0, known=held or 0, pico=(held or 0) * PICO,
        rows=held or 0, copies=1, conflicts=0, sampled=0,
    )  # fmt: skip
    usage = DailyUsage(subject="ann", day=day, model="m", totals=Totals(calls=7, charge=7 * PICO))
    return ThreeSides(
        ledger={name: [usage]},
        published={} if sent is None else {name: published},
        insights={} if held is None else {name: [cell]},
    )


@pytest.mark.parametrize(
    ("found", "state"),
    [
        (sides(sent=7, held=7), "equal"),
        (sides(sent=None, held=None), "behind"),
        (sides(sent=5, held=5), "behind"),
        (sides(sent=7, held=5), "differs"),
        (sides(sent=5, held=5, refused=2), "differs"),
        (sides(sent=5, held=5, refused=2, sent_ago=timedelta(0)), "differs"),
        (sides(sent=7, held=8), "differs"),
        (sides(sent=7, held=5, sent_ago=ARRIVES_WITHIN - timedelta(seconds=1)), "arriving"),
        (sides(sent=7, held=None, day=OLD), "not_kept"),
        (sides(sent=7, held=7, day=OLD), "equal"),
    ],
)
def test_a_day_is_called_by_its_worst_cell(found: ThreeSides, state: str) -> None:
    [line] = reconciled_days(found, NOW)
    assert line["state"] == state
    assert (line["ledger_calls"], line["ledger_charge"]) == (7, "0.049")


def test_a_cell_that_only_application_insights_has_differs() -> None:
    found = sides(sent=7, held=7)
    [(name, cells)] = found.insights.items()
    both = {name: cells, (name[0], "nobody", "m"): cells}
    [line] = reconciled_days(
        ThreeSides(ledger=found.ledger, published=found.published, insights=both), NOW
    )
    assert (line["state"], line["cells"], line["differing_cells"]) == ("differs", 2, 1)
