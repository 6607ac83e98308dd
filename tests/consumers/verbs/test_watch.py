"""The verb `watch`: a log line for each thing that needs somebody, and one that it has looked."""

import logging

import pytest

from consumers.verbs.watch import watch
from tests.consumers.conftest import HUB, Stage
from tests.fixtures.builders import CALL_TIME

FRESH = {"price_age_days_max": 5_000}


def found(caplog: pytest.LogCaptureFixture) -> list[tuple[str, str]]:
    """Check and words of each finding; the last line says that all was looked at."""
    lines = [record for record in caplog.records if record.name == "consumers"]
    watched = [line for line in lines if str(getattr(line, "action", "")).startswith("watch_")]
    assert getattr(watched[-1], "action", "") == "watch_done"
    caplog.clear()
    return [(line.__dict__["fields"]["check"], line.getMessage()) for line in watched[:-1]]


async def test_nothing_is_found_on_a_sound_ledger(
    stage: Stage, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.INFO)
    stage.fill(3)
    async with stage.consuming():
        await stage.counts(3)
    assert await watch(stage.settings(**FRESH), gap_percent_max=1) == 0
    assert found(caplog) == []


async def test_a_damaged_ledger_and_a_dead_letter_are_found_and_old_prices_only_warn(
    stage: Stage, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.INFO)
    stage.fill(3)
    stage.broker.append(HUB, [b"{"], partition="0")
    async with stage.consuming():
        await stage.counts(4)
    assert await watch(stage.settings(), gap_percent_max=1, now=lambda: CALL_TIME) == 1
    [completeness, prices] = found(caplog)
    assert completeness[0] == "completeness"
    assert "1 dead_lettered" in completeness[1]
    assert prices[0] == "prices"
    assert "were checked too long ago" in prices[1]
    await stage.lose_a_call()
    assert await watch(stage.settings(**FRESH), gap_percent_max=100) == 1
    [(check, said), *_] = found(caplog)
    assert check == "audit"
    assert said.startswith("audit ")
    assert "PROBLEMS" in said
