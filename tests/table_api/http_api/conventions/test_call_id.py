"""A call's opaque id names that call, and no id names anything else."""

from datetime import UTC, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from table_api.http_api.conventions.call_id import opaque_id, read_call_place
from table_api.http_api.conventions.cursor import to_base64url
from table_api.ledger.keys import (
    CallAddress,
    call_key,
    cell_key,
    correction_key,
    month_partitions,
    partition_key,
)
from table_api.storage.keys import SHARDS_MAX
from tests.fixtures.builders import CALL_TIME, SUBJECT, call_id

DAY = CALL_TIME.date()
PARTITION = partition_key(DAY, SUBJECT, 16)
ENTRY_KEY = call_key(SUBJECT, DAY, CALL_TIME, call_id(1))


@given(
    subject=st.text(min_size=1, max_size=200),
    call=st.text(min_size=1, max_size=200),
    time=st.datetimes(
        min_value=datetime(2015, 1, 1), max_value=datetime(2099, 1, 1), timezones=st.just(UTC)
    ),
)
def test_every_call_of_the_ledger_has_an_id_that_leads_back(
    subject: str, call: str, time: datetime
) -> None:
    place = CallAddress(
        partition_key(time.date(), subject, 16), call_key(subject, time.date(), time, call)
    )
    assert read_call_place(opaque_id(place)) == place
    assert len(opaque_id(place)) <= 700


def test_a_call_of_every_shard_that_a_ledger_may_have_has_an_id() -> None:
    for partition in month_partitions("202611", SHARDS_MAX):
        place = CallAddress(partition, ENTRY_KEY)
        assert read_call_place(opaque_id(place)) == place


@pytest.mark.parametrize(
    "path",
    [
        f"{PARTITION}/{cell_key(SUBJECT, DAY, 'gpt-4o', '0' * 12)}",
        f"{PARTITION}/{cell_key(SUBJECT, DAY, '20261120T093015.446590Z', '0' * 12)}",
        f"{PARTITION}/{correction_key(ENTRY_KEY, 1)}",
        f"{PARTITION}/{ENTRY_KEY}/",
        f"{PARTITION}/{ENTRY_KEY}\n",
        f"{PARTITION}//{ENTRY_KEY}",
        f"people/{ENTRY_KEY}",
        f"202611|4/{ENTRY_KEY}",
        f"{PARTITION}' or '1' eq '1/{ENTRY_KEY}",
        f"{PARTITION}/{ENTRY_KEY}' or RowKey ge '",
        f"{PARTITION}/c|~|20|20261120T093015.446590Z|x",
        f"{PARTITION}/c||20|20261120T093015.446590Z|x",
        f"{PARTITION}/c|é|20|20261120T093015.446590Z|x",
        f"{PARTITION}/c|x|٢٠|20261120T093015.446590Z|x",
        f"{PARTITION}/c|x|20|20261120T093015.446590Z|",
        f"{PARTITION}/c|x|20|20261320T093015.446590Z|x",
        f"{PARTITION}/c|x|20|00010101T000000.000000Z|x",
        f"{PARTITION}/c|x|20|99991231T235959.999999Z|x",
        "",
    ],
)
def test_id_of_anything_but_a_call_is_refused(path: str) -> None:
    assert read_call_place(to_base64url(path.encode())) is None


def test_id_with_padding_or_beyond_any_length_is_refused() -> None:
    good = opaque_id(CallAddress(PARTITION, ENTRY_KEY))
    assert read_call_place(good) is not None
    assert read_call_place(good + "=") is None
    assert read_call_place(good + "A" * 1_000) is None
