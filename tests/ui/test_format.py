"""What numbers, days and names read like."""

import ast
import re
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from itertools import pairwise
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.paths import ROOT
from ui.format import (
    DIRECTION,
    END_ISOLATE,
    ISOLATE,
    JOINER,
    age,
    among_others,
    billed,
    clock,
    compact,
    counted,
    days,
    escape,
    exact_number,
    hour,
    instant,
    local_day,
    minute,
    number,
    percent,
    share,
    utc,
)
from ui.page_parts.call.facts import exact_text

NOW = datetime(2026, 11, 23, 12, 0, tzinfo=UTC)


@pytest.mark.parametrize(
    ("value", "shown"),
    [
        ("0", "0"),
        ("1234567.891", "1,234,567.89"),
        ("1", "1.00"),
        ("0.9994", "0.999"),
        ("0.9996", "1.000"),
        ("0.01", "0.0100"),
        ("0.00012345", "0.000123"),
        ("0.000000000001", "0.00000000000100"),
        ("-0.0054321", "−0.00543"),
        ("2.345", "2.34"),
        ("2.355", "2.36"),
    ],
)
def test_an_amount_keeps_enough_digits_to_be_told_from_nothing(value: str, shown: str) -> None:
    assert number(Decimal(value)) == shown


@given(st.decimals(min_value="0.000000000001", max_value=10**9, places=12))
def test_no_amount_is_rounded_to_zero_or_off_by_more_than_half_a_cent(value: Decimal) -> None:
    shown = Decimal(number(value).replace(",", ""))
    assert shown > 0
    assert abs(shown - value) <= min(Decimal("0.005"), value / 100)


@given(st.decimals(min_value=-(10**9), max_value=10**9, places=12))
def test_an_exact_amount_is_the_amount(value: Decimal) -> None:
    shown = exact_number(value)
    assert Decimal(shown.replace(",", "").replace("−", "-")) == value
    assert "." not in shown or not shown.endswith(("0", "."))


@pytest.mark.parametrize(
    ("part", "whole", "shown"),
    [
        (0, 0, "—"),
        (0, 5, "0 %"),
        (1, 1001, "< 0.1 %"),
        (1, 1000, "0.1 %"),
        (5, 5, "100.0 %"),
        (9_999, 10_000, "> 99.9 %"),
        (999, 1_000, "99.9 %"),
        (1_003, 1_000, "100.3 %"),
        (1, 3, "33.3 %"),
    ],
)
def test_a_share_that_exists_is_never_zero(part: int, whole: int, shown: str) -> None:
    assert share(part, whole) == shown


@pytest.mark.parametrize(
    ("value", "shown"),
    [
        ("-0.04", "> −0.1 %"),
        ("-0.05", "> −0.1 %"),
        ("-0.1", "−0.1 %"),
        ("-3.25", "−3.2 %"),
        ("99.96", "> 99.9 %"),
        ("100", "100.0 %"),
        ("100.000001", "> 100.0 %"),
        ("100.04", "> 100.0 %"),
        ("100.05", "> 100.0 %"),
        ("100.06", "100.1 %"),
        ("-100", "−100.0 %"),
        ("-99.96", "< −99.9 %"),
        ("-100.04", "< −100.0 %"),
    ],
)
def test_a_little_more_or_less_than_nothing_or_all_is_not_it(value: str, shown: str) -> None:
    assert percent(Decimal(value)) == shown


WRITE_PERCENT = {
    "ui/format.py",
    "ui/figures/comparison.py",
    "ui/figures/adjustment_words.py",  # every digit, so nothing is rounded
}


def test_a_share_is_rounded_in_one_place() -> None:
    """Elsewhere a figure before a sign of per cent would make all of most, and nothing of some."""
    found = {
        str(path.relative_to(ROOT))
        for path in (ROOT / "ui").rglob("*.py")
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8")))
        if isinstance(node, ast.JoinedStr)
        for figure, words in pairwise(node.values)
        if isinstance(figure, ast.FormattedValue) and isinstance(words, ast.Constant)
        if str(words.value).strip().startswith("%")
    }
    assert found == WRITE_PERCENT


@pytest.mark.parametrize(
    ("count", "shown"),
    [
        (999, "999"),
        (1000, "1.0 k"),
        (999_949, "999.9 k"),
        (999_950, "1.0 M"),
        (12_345_678, "12.3 M"),
        (999_950_000, "1.0 G"),
        (2_500_000_000, "2.5 G"),
    ],
)
def test_large_counts_are_shortened(count: int, shown: str) -> None:
    assert compact(count) == shown


def test_one_is_singular() -> None:
    assert (counted(1, "call"), counted(1204, "call")) == ("1 call", "1,204 calls")


@pytest.mark.parametrize(
    ("first", "last", "shown"),
    [
        (date(2026, 11, 3), date(2026, 11, 3), "3 Nov 2026"),
        (date(2026, 11, 1), date(2026, 11, 30), "1–30 Nov 2026"),
        (date(2026, 10, 30), date(2026, 11, 2), "30 Oct 2026 – 2 Nov 2026"),
    ],
)
def test_a_range_of_days_is_written_once(first: date, last: date, shown: str) -> None:
    assert days(first, last) == shown


@pytest.mark.parametrize(
    ("value", "shown"),
    [
        ("0.20", "0.20 EUR"),
        ("-1234.50", "−1,234.50 EUR"),
        ("500", "500 EUR"),
        ("0.000", "0.000 EUR"),
    ],
)
def test_a_billed_amount_has_the_decimals_of_its_currency(value: str, shown: str) -> None:
    assert billed(Decimal(value), "EUR") == shown


def test_an_instant_is_told_in_the_billing_zone() -> None:
    winter = datetime(2026, 10, 25, 1, 30, 0, 123456, tzinfo=UTC)
    summer = winter - timedelta(hours=1)
    assert instant(summer, "Europe/Berlin") == "25 Oct 2026, 02:30:00 CEST"
    assert instant(winter, "Europe/Berlin") == "25 Oct 2026, 02:30:00 CET"
    assert clock(winter + timedelta(hours=1), "Europe/Berlin") == "03:30:00.123"


def test_a_time_that_the_clock_shows_twice_says_which_it_is() -> None:
    """When summer time ends, a call at 02:10 may be later than one at 02:50."""
    second = datetime(2026, 10, 25, 1, 30, 0, 123456, tzinfo=UTC)
    first = second - timedelta(hours=1)
    assert clock(second, "Europe/Berlin") == "02:30:00.123 CET"
    assert clock(first, "Europe/Berlin") == "02:30:00.123 CEST"
    assert minute(first, "Europe/Berlin") == "02:30 CEST"
    assert hour(second, "Europe/Berlin") == "25 Oct 2026, 02:30 CET"
    assert hour(second + timedelta(hours=1), "Europe/Berlin") == "25 Oct 2026, 03:30"
    assert hour(first - timedelta(hours=1), "Europe/Berlin") == "25 Oct 2026, 01:30"
    spring = datetime(2026, 3, 29, 1, 30, tzinfo=UTC)
    assert clock(spring, "Europe/Berlin") == "03:30:00.000"


@pytest.mark.parametrize(
    ("seconds", "shown"),
    [
        (-3, "just now"),
        (14, "14 s ago"),
        (59, "59 s ago"),
        (60, "1 min ago"),
        (3600, "1 h ago"),
        (86_400, "1 day ago"),
        (3 * 86_400, "3 days ago"),
    ],
)
def test_an_age_is_told_in_the_largest_unit(seconds: int, shown: str) -> None:
    assert age(NOW - timedelta(seconds=seconds), NOW) == shown


@given(st.text(max_size=60))
def test_an_escaped_name_reads_as_the_name(name: str) -> None:
    shown = re.sub(r"\\(.)", r"\1", escape(name)).replace(JOINER, "")
    shown = shown.removeprefix(ISOLATE).removesuffix(END_ISOLATE)
    assert shown == re.sub(r"\s+", " ", DIRECTION.sub("", name)).replace(JOINER, "")


@pytest.mark.parametrize("name", ["\u05e9\u05dc 12", "Lab \u0645\u062d", "\u0661"])
def test_a_name_that_is_read_from_the_right_does_not_draw_in_what_follows(name: str) -> None:
    """12 and +0.459 after it would be drawn as one: 0.459+ 12, before the name."""
    assert escape(name) == f"{ISOLATE}{name}{END_ISOLATE}"
    assert among_others(f" {name} ") == f"{ISOLATE} {name} {END_ISOLATE}"
    assert exact_text(name) == name, "to be copied"
    for other in ("Zo\u00eb 12", "\u6f22\u5b57", "R&D"):
        assert ISOLATE not in escape(other) + among_others(other)


@pytest.mark.parametrize(
    "name", ["user@contoso.example", "www.contoso.example", "https://contoso.example", ":smile:"]
)
def test_what_markdown_would_find_without_markup_is_broken_up(name: str) -> None:
    assert JOINER in escape(name)


def test_a_day_is_that_of_the_billing_zone() -> None:
    late = datetime(2026, 11, 30, 23, 30, tzinfo=UTC)
    assert local_day(late, "Europe/Berlin") == "1 Dec 2026"


def test_a_price_begins_by_utc_whatever_the_billing_zone_is() -> None:
    """A midnight of Berlin is none of UTC: the day alone would be the one before."""
    berlin = datetime(2027, 1, 1, tzinfo=ZoneInfo("Europe/Berlin"))
    assert utc(berlin) == "31 Dec 2026, 23:00"
    assert utc(datetime(2027, 1, 1, tzinfo=UTC)) == "1 Jan 2027"
    assert utc(datetime(2027, 1, 1, 0, 0, 30, tzinfo=UTC)) == "1 Jan 2027, 00:00:30"


def test_a_name_does_not_turn_the_amounts_after_it() -> None:
    """A caller may name a deployment with such a mark: 12 of 34 calls would read as 43 of 21."""
    marks = "\u061c\u200e\u200f\u202a\u202b\u202c\u202d\u202e\u2066\u2067\u2068\u2069"
    assert escape(f"lab{marks}x") == "labx"
    name = "\u05e2\u05d3\u05d4"
    assert escape(name) == f"{ISOLATE}{name}{END_ISOLATE}", "a name in Hebrew stays, isolated"
