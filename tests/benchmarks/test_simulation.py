"""Where each limit is reached, by drawn calls and recorded costs."""

import pytest

from benchmarks.metering.simulation import Costs, Drawn, Size, limits, reached_at, recorded

COSTS = Costs(metering=100.0, pairing=1_000.0)


def found(subjects: int, size: Size) -> dict[str, float]:
    drawn = Drawn(subjects, size)
    return {name: reached_at(taken) for name, taken in limits(drawn, COSTS).items()}


def test_one_process_does_what_its_costs_allow() -> None:
    one = found(1_000, Size(4, 1))
    assert one["CPU of metering"] == pytest.approx(10_000, rel=0.02)
    assert one["CPU of pairing"] == pytest.approx(1_000 / 0.6, rel=0.02)


def test_the_busiest_partition_limits_more_processes() -> None:
    one, four = found(1_000, Size(4, 1)), found(1_000, Size(4, 4))
    assert 1 < four["CPU of metering"] / one["CPU of metering"] < 4
    for name in one.keys() - {"CPU of metering", "CPU of pairing"}:
        assert four[name] == pytest.approx(one[name], rel=0.02)


def test_accounts_share_rows_and_shards_share_partitions() -> None:
    one, more = found(1_000, Size(32, 32)), found(1_000, Size(32, 32, shards=64, accounts=4))
    account, partition = "rows a second of a storage account", "rows a second of a ledger partition"
    assert 2 < more[account] / one[account] <= 4.1
    assert more[partition] > one[partition]


def test_a_batch_of_many_subjects_changes_more_cells() -> None:
    few, many = Drawn(10, Size(4, 1)), Drawn(100_000, Size(4, 1))
    assert 1 < few.rows_of_ledger(5_000) < many.rows_of_ledger(5_000) < 2


def test_costs_are_those_that_were_measured() -> None:
    costs = recorded()
    assert costs.metering > 0
    assert costs.pairing > 0
