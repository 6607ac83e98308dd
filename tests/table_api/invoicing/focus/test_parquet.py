"""A FOCUS dataset as Parquet."""

import io
from decimal import Decimal

import pyarrow.parquet  # type: ignore[import-untyped]  # no stubs

from table_api.invoicing.closing.month_files import focus_rows
from table_api.invoicing.focus.columns import DATASETS
from table_api.invoicing.focus.parquet import focus_parquet
from tests.fixtures.billing import NOVEMBER, Billing
from tests.table_api.invoicing.focus.conftest import rows


async def test_parquet_holds_the_same_values_typed_and_the_same_bytes_again(
    closed: Billing,
) -> None:
    snapshot, _ = await (await closed.job()).archive.standing_snapshot(NOVEMBER)
    content = focus_parquet(DATASETS["cost_and_usage"], focus_rows(snapshot, "cost_and_usage"))
    assert content == focus_parquet(
        DATASETS["cost_and_usage"], focus_rows(snapshot, "cost_and_usage")
    )
    table = pyarrow.parquet.read_table(io.BytesIO(content)).to_pylist()
    expected = await rows(closed, "202611", "cost_and_usage")
    assert [str(row["BilledCost"].normalize()) for row in table] == [
        str(Decimal(row["BilledCost"]).normalize()) for row in expected
    ]
    assert [f"{row['ChargePeriodStart']:%Y-%m-%dT%H:%M:%SZ}" for row in table] == [
        row["ChargePeriodStart"] for row in expected
    ]
