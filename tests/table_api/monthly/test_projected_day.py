"""The text of a projected day, and which of two states is the newer."""

from hypothesis import given
from hypothesis import strategies as st

from table_api.ledger.cells import Cell
from table_api.ledger.measures import COUNTS, LAYERS, MEASURE_ORDER, QUANTITY_COLUMNS
from table_api.monthly.projected_day import (
    after_change,
    decode_columns,
    decode_measure_lists,
    decode_revs,
    encode_measure_list,
    encode_revs,
    monthly_key,
    project_day,
    sum_texts,
)

numbers = st.integers(-(10**30), 10**30)
trimmed = st.lists(numbers, max_size=len(MEASURE_ORDER)).filter(lambda row: not row or row[-1] != 0)


def test_every_amount_that_a_report_shows_has_a_place_and_old_places_stay() -> None:
    assert set(MEASURE_ORDER) == {*COUNTS, *LAYERS, *QUANTITY_COLUMNS.values()}
    assert MEASURE_ORDER[:7] == (
        "calls", "charge", "contracted", "list", "q_input", "q_output", "q_cache_read"
    )  # fmt: skip


@given(parts=st.lists(trimmed.filter(bool), min_size=1, max_size=6))
def test_measures_come_back_and_add_up_exactly_beyond_64_bits(parts: list[list[int]]) -> None:
    assert decode_measure_lists(map(encode_measure_list, parts)) == parts
    width = max(map(len, parts))
    padded = [[*part, *[0] * (width - len(part))] for part in parts]
    assert sum_texts(list(map(encode_measure_list, parts))) == [
        sum(column) for column in zip(*padded, strict=True)
    ]
    assert decode_columns(list(map(encode_measure_list, parts))) == [
        list(column) for column in zip(*padded, strict=True)
    ]


@given(total=trimmed, old=trimmed, new=trimmed)
def test_a_change_of_a_day_changes_the_total_by_the_difference(
    total: list[int], old: list[int], new: list[int]
) -> None:
    after = after_change(total, old, new)
    assert after_change(after, new, old) == total


@given(revs=st.dictionaries(st.text("0123456789abcdef", min_size=12, max_size=12), st.integers(1)))
def test_revisions_come_back(revs: dict[str, int]) -> None:
    assert decode_revs(encode_revs(revs)) == revs


def test_equal_sums_of_revisions_are_not_equal_states() -> None:
    one = project_day({"a": Cell({}, {"calls": 5}, 5, None), "b": Cell({}, {"calls": 3}, 3, None)})
    two = project_day({"a": Cell({}, {"calls": 4}, 4, None), "b": Cell({}, {"calls": 4}, 4, None)})
    assert (one.holds(two.revs), two.holds(one.revs)) == (False, False)
    both = project_day({"a": Cell({}, {"calls": 5}, 5, None), "b": Cell({}, {"calls": 4}, 4, None)})
    assert both.holds(one.revs)
    assert both.holds(two.revs)
    assert list(both.measures) == [9]


def test_a_cell_names_its_row_day_and_line() -> None:
    assert monthly_key("d|a@b.c|07|gpt-4o|0123456789ab") == ("a@b.c|gpt-4o", 7, "0123456789ab")
