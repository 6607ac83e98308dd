"""Samples of a process are sorted by the part of the work."""

from collections import Counter

import pytest

from benchmarks.metering.profile import by_part
from benchmarks.metering.sampling import NAMES, REST, part_of, shares


@pytest.mark.parametrize(
    ("files", "part"),
    [
        (["/x/pricing_rules/decoding/usage_event.py", "/x/consumers/metering/metering.py"],
         "decode and check"),
        (["/x/msgspec/json.py", "/x/pricing_rules/engine/rating.py"], "rate"),
        (["/x/table_api/storage/transaction.py", "/x/table_api/ledger/ledger.py"],
         "text of transactions"),
        (["/x/table_api/storage/transaction.py", "/x/table_api/monthly/projection.py"],
         "`monthly`"),
        (["/x/table_api/ledger/cells.py"], "cells"),
        (["/x/azure/eventhub/_common.py", "/x/consumers/receiving/receiver.py"],
         "the SDK: receiving and claiming"),
        (["/python/asyncio/runners.py"], REST),
    ],
)  # fmt: skip
def test_a_sample_counts_for_its_innermost_part(files: list[str], part: str) -> None:
    assert part_of(files) == part
    assert part in NAMES


def test_shares_are_those_between_two_looks() -> None:
    before = Counter({"rate": 5, "cells": 1})
    after = Counter({"rate": 6, "cells": 4})
    found = shares(before, after)
    assert (found["rate"], found["cells"], sum(found.values())) == (0.25, 0.75, 1.0)


def test_stacks_of_py_spy_are_sorted_alike() -> None:
    stacks = [
        "main (/x/benchmarks/sides.py:9);rate (/x/pricing_rules/engine/rating.py:7) 3",
        "run (/python/asyncio/runners.py:190) 2",
    ]
    assert by_part(stacks) == {"rate": 3, REST: 2}
