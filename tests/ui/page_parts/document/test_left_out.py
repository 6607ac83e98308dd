"""Days that were billed to one cost centre and belong to another one now, with their files."""

import csv
from collections.abc import Callable
from decimal import Decimal

import pytest
from streamlit.testing.v1 import AppTest

from tests.ui.stand import ADA, Stand
from ui.api.invoice_answers import InvoicePreview, RegroupedSubject
from ui.page_parts.document import preview

NOTHING = Decimal("0.00")


def draw(found: "InvoicePreview") -> None:
    from ui.page_parts.document.preview import show_left_out  # noqa: PLC0415  # runs by itself

    show_left_out(found)


def moved(first: str, last: str, today: str | None) -> RegroupedSubject:
    return RegroupedSubject(
        subject=ADA, name=None, first_day=first, last_day=last, billed="R&D", today=today
    )


@pytest.mark.parametrize(("most", "rows"), [(50, "all 2"), (1, "the first 1 of 2 lines")])
def test_days_billed_elsewhere_come_as_a_file(
    stand: Stand,
    made_files: dict[str, Callable[[], bytes]],
    monkeypatch: pytest.MonkeyPatch,
    most: int,
    rows: str,
) -> None:
    monkeypatch.setattr(preview, "REGROUPED_SHOWN_MAX", most)
    found = InvoicePreview(
        month="2026-12",
        open_months=["2026-12"],
        taken_at="2026-12-01T00:00:00Z",
        amount=NOTHING,
        amount_unrounded=NOTHING,
        currency="USD",
        open_calls=0,
        audit_problems=[],
        data=[],
        outside=[],
        regrouped=[
            moved("2026-10-03", "2026-10-31", None),
            moved("2026-11-01", "2026-11-04", "Sales"),
        ],
    )
    app = AppTest.from_function(draw, args=(found,)).run(timeout=60)
    assert not app.exception
    (made,) = [each for name, each in made_files.items() if name.endswith(".csv")]
    (first, *others) = csv.DictReader(made().decode("utf-8-sig").splitlines())
    assert (first["From"], first["Billed to"], first["Now belongs to"]) == (
        "2026-10-03",
        "R&D",
        "no cost centre",
    )
    assert len(others) == min(most, 2) - 1
    assert {row["Rows"] for row in (first, *others)} == {rows}
    assert first["From of the list"] == "2026-10-01"
