"""What a run changes by group: each bar is one person and one cost centre alone."""

from datetime import date
from decimal import Decimal

from ui.api.rerating_answers import DiffLine
from ui.page_parts.rerating.changes import NO_PRICE, differences, groups_of, known_column
from ui.rows.row_order import positions

UNKNOWN = None


def line(subject: str, name: str | None, delta: str, *, cost_centre: str = "R&D") -> DiffLine:
    return DiffLine(
        day=date(2026, 11, 3),
        subject=subject,
        name=name,
        model="gpt-4.1",
        cost_centre=cost_centre,
        calls=1,
        changed=1,
        before=Decimal(1),
        after=Decimal(1) + Decimal(delta),
        delta=Decimal(delta),
        newly_priced=0,
    )


def by(group: str, lines: list[DiffLine]) -> dict[str, Decimal]:
    return dict(differences(lines, groups_of(lines)[group]))


def test_two_people_of_one_name_have_a_bar_each() -> None:
    lines = [line("a", "Anna Weber", "5"), line("b", "Anna Weber", "-4"), line("c", None, "1")]
    assert by("Person", lines) == {
        "Anna Weber (a)": Decimal(5),
        "Anna Weber (b)": Decimal(-4),
        "c": Decimal(1),
    }


def test_lines_of_one_person_are_added_up() -> None:
    assert by("Person", [line("a", "Anna Weber", "5"), line("a", "Anna Weber", "2")]) == {
        "Anna Weber": Decimal(7)
    }


def test_a_cost_centre_that_is_called_like_none_has_a_bar_of_its_own() -> None:
    lines = [
        line("a", None, "5", cost_centre=""),
        line("b", None, "3", cost_centre="no cost centre"),
    ]
    assert by("Cost centre", lines) == {
        "no cost centre": Decimal(5),
        "“no cost centre”": Decimal(3),
    }


def test_amounts_that_lack_calls_say_so_and_are_sorted_by_what_is_known() -> None:
    column = known_column(
        [(Decimal("999"), 0), (Decimal("1234.5"), 3), (UNKNOWN, 2), (Decimal("0.25"), None)]
    )
    assert list(column.cells) == [
        Decimal("999"),
        "1,234.5 (3 without a price)",
        NO_PRICE,
        Decimal("0.25"),
    ]
    assert column.sorted_by is not None
    assert positions(column.sorted_by, descending=True) == [1, 0, 3, 2]
