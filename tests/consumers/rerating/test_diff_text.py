"""A run's report as a spreadsheet gets it."""

import csv
import io

import pytest

from consumers.rerating.diff_text import as_csv
from table_api.formulas import FORMULA_STARTS


@pytest.mark.parametrize("start", FORMULA_STARTS)
def test_no_name_becomes_a_formula(start: str) -> None:
    name = f"{start}1+1"
    line = {"subject": name, "model": name, "model_after": name, "cost_centre": name, "delta": "-1"}
    text = as_csv({"billing_currency": None, "lines": [line]})
    [row] = csv.DictReader(io.StringIO(text, newline=""))
    assert {row[column] for column in ("subject", "model", "model_after", "cost_centre")} == {
        f"'{name}"
    }
    assert row["delta"] == "-1"
