"""The operator's verbs against real edges."""

import json

from local_stack.azurite import free_port
from tests.consumers.conftest import Stage


async def test_lag_as_json_names_what_is_behind(stage: Stage) -> None:
    stage.fill(7, partition="1")
    async with stage.process("lag", "--json") as verb:
        lag = json.loads(await verb.output())
    assert lag["behind_events"] == 7
    assert [each["behind_events"] for each in lag["partitions"]] == [0, 7]


async def test_check_says_ok_for_each_dependency_and_by_which_way(stage: Stage) -> None:
    stage.fill(1)
    async with stage.process("check") as verb:
        said = (await verb.output()).splitlines()
        assert await verb.exit_code() == 0
    assert [line.split(":")[0] for line in said] == [
        "OK     event hub (by connection string)",
        "OK     consumer group (by connection string)",
        "OK     blob storage (by connection string)",
        "OK     table storage (by connection string)",
        "OK     ledger",
        "OK     price book",
    ]
    assert "read an event" in said[1]


async def test_check_names_the_dependency_that_fails(stage: Stage) -> None:
    text = stage.environment["EVENTHUB_CONNECTION_STRING"]
    elsewhere = text.replace(f":{stage.broker.port};", f":{free_port()};")
    async with stage.process("check", EVENTHUB_CONNECTION_STRING=elsewhere) as verb:
        said = await verb.output()
        assert await verb.exit_code() == 1
    assert said.startswith("FAILED event hub")
    assert "OK     table storage" in said
    assert "SAS_KEY_VALUE" not in said


async def test_audit_is_ok_on_a_sound_ledger_and_1_on_a_damaged_one(stage: Stage) -> None:
    stage.fill(3)
    async with stage.consuming():
        await stage.counts(3)
    async with stage.process("audit") as verb:
        assert "audit ok: 3 calls" in await verb.output()
        assert await verb.exit_code() == 0
    await stage.lose_a_call()
    async with stage.process("audit") as verb:
        assert "PROBLEMS" in await verb.output()
        assert await verb.exit_code() == 1


async def test_a_ledger_made_with_other_settings_is_refused(stage: Stage) -> None:
    async with stage.consuming():
        await stage.until(stage.has_ledger)
    async with stage.process(BILLING_TIME_ZONE="Europe/Berlin") as consumer:
        assert await consumer.exit_code() == 1
        [failure] = consumer.said("failed")
    assert "zone" in failure["message"]
