"""`python -m consumers completeness` after real hubs lost what they lost."""

import json
from datetime import date, timedelta
from functools import partial
from random import Random

import pytest

from consumers.verbs.completeness import HEADINGS, completeness
from table_api.ledger.day_range import UnusableDays
from tests.consumers.pairing.conftest import Stage
from tests.consumers.pairing.test_pair import HOURS, hours_ago
from tests.consumers.pairing.traffic import traffic
from tests.fixtures.losses import tallies_of, with_rare_losses

CALLS = 200


async def test_losses_are_counted_as_they_were_injected(
    stage: Stage, capsys: pytest.CaptureFixture[str]
) -> None:
    start = hours_ago(3)
    sent = with_rare_losses(traffic(CALLS, start=start, span=HOURS))
    stage.put(sent.events, Random(5))
    await stage.until_paired()
    await stage.until_metered()
    expected = tallies_of(sent)
    assert expected["recovered"]
    assert expected["unattributed"]
    assert expected["no_usage"]

    asked = partial(
        completeness, first_day=start.date(), until_day=start.date() + timedelta(days=2)
    )
    assert await asked(stage.settings(), json_form=True) == 0
    said = json.loads(capsys.readouterr().out)
    totals = said["totals"]
    assert {name: totals[name] for name in expected} == expected
    assert said["ledger_calls"] == totals["posted"]
    assert said["newest_usage_event"] is not None
    assert said["newest_diagnostics"] is not None

    assert await asked(stage.settings()) == 0
    out = capsys.readouterr().out
    [total] = [line for line in out.splitlines() if line.startswith("total")]
    shown = [expected["gateway_calls"], expected["logged"], expected["usage_events"]]
    assert [int(cell) for cell in total.split()[1:4]] == shown
    rows = [line.split() for line in out.partition("\n\n")[0].splitlines()[1:]]
    assert all(cell.lstrip("-").isdecimal() for row in rows for cell in row[-len(HEADINGS) :])
    assert int(total.split()[-1]) == totals["reported_tokens"] - totals["logged_tokens"]
    tokens = f"{totals['reported_tokens']} by the models, {totals['logged_tokens']} by the log"
    assert tokens in out
    assert f"calls whose reports name different callers: {totals['two_callers']}" in out
    for name in ("recovered_charge", "unattributed_charge"):
        assert totals[name] != "0"
        assert f"{name}: {totals[name]} {said['currency']}, as the ledger has it" in out
    for model in said["models"]:
        told = f"no completion token of {model['model']}:" in out
        assert told == (model["zero_completions"] > 0)


async def test_days_that_end_before_they_begin_are_refused(stage: Stage) -> None:
    await stage.until_metered(idle_s=0.5)
    with pytest.raises(UnusableDays, match="is not before"):
        await completeness(
            stage.settings(), first_day=date(2026, 11, 2), until_day=date(2026, 11, 1)
        )
