"""The operator's verbs against real edges."""

import json

import pytest

from consumers.verbs.check import check
from consumers.verbs.lag import lag
from consumers.verbs.ledger import audit_ledger
from local_stack.demo.azurite import free_port
from tests.consumers.conftest import Stage

Capture = pytest.CaptureFixture[str]


async def test_lag_as_json_names_what_is_behind(stage: Stage, capsys: Capture) -> None:
    stage.fill(7, partition="1")
    assert await lag(stage.settings(), json_form=True) == 0
    said = json.loads(capsys.readouterr().out)
    assert said["behind_events"] == 7
    assert [each["behind_events"] for each in said["partitions"]] == [0, 7]


async def test_check_says_ok_for_each_dependency_and_by_which_way(
    stage: Stage, capsys: Capture
) -> None:
    stage.fill(1)
    assert await check(stage.settings()) == 0
    said = capsys.readouterr().out.splitlines()
    assert [line.split(":")[0] for line in said] == [
        "OK     event hub (by connection string)",
        "OK     consumer group (by connection string)",
        "OK     blob storage (by connection string)",
        "OK     table storage (by connection string)",
        "OK     ledger",
        "OK     price book",
        "WARN   prices",
    ]
    assert "read an event" in said[1]
    assert "prices in use were checked too long ago, azure." in said[6]
    assert "on 2025-08-25" in said[6]


async def test_check_of_a_group_in_use_says_so_in_its_line_alone(
    stage: Stage, capsys: Capture, caplog: pytest.LogCaptureFixture
) -> None:
    stage.fill(3, partition="0")
    async with stage.consuming():
        await stage.counts(3)
        caplog.clear()
        assert await check(stage.settings()) == 0
    assert "in use by its owner" in capsys.readouterr().out
    assert [each.message for each in caplog.records if "stolen" in each.message] == []


async def test_check_does_not_warn_of_prices_within_the_days_of_the_setting(
    stage: Stage, capsys: Capture
) -> None:
    assert await check(stage.settings(price_age_days_max=5_000)) == 0
    said = capsys.readouterr().out.splitlines()
    assert said[-1].startswith("OK     prices: ")
    assert said[-1].endswith("in use, the oldest of 2025-08-25")


async def test_check_names_the_dependency_that_fails(stage: Stage, capsys: Capture) -> None:
    text = stage.environment["EVENTHUB_CONNECTION_STRING"]
    elsewhere = text.replace(f":{stage.broker.port};", f":{free_port()};")
    settings = stage.settings(eventhub_connection_string=elsewhere)
    assert await check(settings) == 1
    said = capsys.readouterr().out
    assert said.startswith("FAILED event hub")
    assert "OK     table storage" in said
    assert "SAS_KEY_VALUE" not in said


async def test_audit_is_ok_on_a_sound_ledger_and_1_on_a_damaged_one(
    stage: Stage, capsys: Capture
) -> None:
    stage.fill(3)
    async with stage.consuming():
        await stage.counts(3)
    assert await audit_ledger(stage.settings()) == 0
    assert "audit ok: 3 calls" in capsys.readouterr().out
    assert await audit_ledger(stage.settings(), as_json=True) == 0
    said = json.loads(capsys.readouterr().out)
    assert (said["ok"], said["calls"], said["problems"]) == (True, 3, [])
    await stage.lose_a_call()
    assert await audit_ledger(stage.settings()) == 1
    assert "PROBLEMS" in capsys.readouterr().out


async def test_a_ledger_made_with_other_settings_is_refused(stage: Stage) -> None:
    async with stage.consuming():
        await stage.until(stage.has_ledger)
    async with stage.process(BILLING_TIME_ZONE="Europe/Berlin") as consumer:
        assert await consumer.exit_code() == 1
        [failure] = consumer.said("failed")
    assert "zone" in failure["message"]
