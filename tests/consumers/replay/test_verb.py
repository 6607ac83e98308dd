"""`replay` from the command line on real edges: the hub, Capture in a container, dead letters."""

from pathlib import Path
from uuid import uuid4

from azure.storage.blob.aio import ContainerClient

from consumers.replay.arguments import ReplayRequest
from consumers.replay.verb import replay_name
from local_stack.broker.faults.faults import Trim
from table_api.consumer_state.replay_positions import ReplayPositions
from tests.consumers.conftest import HUB, Stage
from tests.fixtures.builders import call_id, make_body
from tests.fixtures.calls import all_rows


async def said(stage: Stage, *arguments: str, code: int = 0) -> str:
    async with stage.process("replay", *arguments) as verb:
        output = await verb.output()
        assert await verb.exit_code() == code, verb.lines
        return output + "\n".join(str(line["message"]) for line in verb.lines)


async def test_hub_is_read_again_beside_its_live_consumer(stage: Stage) -> None:
    stage.fill(40)
    stage.fill(20, partition="1", first=40)
    async with stage.consuming():
        await stage.counts(60)
        again = await said(stage, "--hub", "--group", "$Default")
        assert "60 events, 60 duplicates, 0 differs" in again
        stage.fill(1, first=60)
        await stage.counts(61)
    await stage.lose_a_call()
    assert "61 events, 60 duplicates, 1 posted" in await said(stage, "--hub")
    # The cell still counts what the row's hand-made loss took: posting it again shows in the audit.
    assert not (await stage.audit()).ok


async def test_what_is_past_its_retention_is_named_and_the_rest_is_replayed(stage: Stage) -> None:
    stage.fill(50)
    stage.broker.inject(Trim(hub=HUB, partition="0", before=30))
    text = await said(stage, "--hub", code=1)
    assert "20 events, 20 posted" in text
    assert "partition 0: the oldest event left is number 30" in text
    period = await said(stage, "--hub", "--from", "2030-01-01T00:00:00Z", "--dry-run")
    assert period.startswith("0 events")


async def test_retention_that_took_a_whole_partition_is_named(stage: Stage) -> None:
    stage.fill(50)
    stage.fill(3, partition="1", first=50)
    stage.broker.inject(Trim(hub=HUB, partition="0", before=50))
    text = await said(stage, "--hub", code=1)
    assert "3 events, 3 posted" in text
    assert "partition 0: events 0 to 49, the last one enqueued at 2026-11-20T" in text
    assert "0 events" in await said(stage, "--hub", "--from", "2030-01-01T00:00:00Z")


async def test_dry_run_writes_nothing_also_where_there_is_no_ledger_and_what_differs_is_staged(
    stage: Stage, tmp_path: Path
) -> None:
    stage.fill(4)
    stage.broker.capture(HUB, tmp_path)
    capture = ("--capture", str(tmp_path))
    assert "4 events, would be: 4 posted" in await said(stage, *capture, "--dry-run")
    assert not await stage.has_ledger()
    await said(stage, *capture)
    # A row that an older decoder could have written of the very same event.
    await stage.change_a_call(fingerprint="0" * 12, response_id="old")
    before = await all_rows(stage.storage)
    text = await said(stage, *capture, "--dry-run", "--stage")
    assert "4 duplicates, 1 mismatches, 1 differs" in text
    assert "nothing is written: this is what would be staged" in text
    assert await all_rows(stage.storage) == before
    async with stage.edges() as edges:
        await edges.tables.create_table("reratings")
    assert await all_rows(stage.storage, "reratings") == {}


async def test_replay_that_stages_reads_all_again_after_an_interruption(
    stage: Stage, tmp_path: Path
) -> None:
    stage.fill(4)
    stage.fill(4, partition="1", first=4)
    files = stage.broker.capture(HUB, tmp_path)
    capture = ("--capture", str(tmp_path))
    await said(stage, *capture)
    await stage.change_a_call(fingerprint="0" * 12, response_id="old")
    request = ReplayRequest(capture=capture[1])
    positions = ReplayPositions(stage.storage, replay_name(HUB, request))
    await positions.load()
    for path in files:
        await positions.save(path.parts[-7], str(path))
    # As if a former process had read everything and died before it could say so.
    assert "0 events" in await said(stage, *capture)
    for path in files:
        await positions.save(path.parts[-7], str(path))
    assert "8 events, 8 duplicates, 1 mismatches, 1 differs" in await said(
        stage, *capture, "--stage"
    )


async def test_capture_in_a_container_is_replayed(stage: Stage, tmp_path: Path) -> None:
    stage.fill(30)
    text = stage.environment["STORAGE_CONNECTION_STRING"]
    async with ContainerClient.from_connection_string(text, uuid4().hex) as container:
        await container.create_container()
        for path in stage.broker.capture(HUB, tmp_path):
            name = path.relative_to(tmp_path).as_posix()
            await container.upload_blob(name, path.read_bytes())
        dry = await said(stage, "--capture", container.url, "--dry-run")
        assert "30 events, would be: 30 posted" in dry
        assert "30 events, 30 posted" in await said(stage, "--capture", container.url)
    report = await stage.audit()
    assert (report.ok, report.calls) == (True, 30)
    assert "30 duplicates" in await said(stage, "--capture", str(tmp_path))
    assert "nothing differs" in await said(stage, "--capture", str(tmp_path), "--stage", code=1)


async def test_dead_letters_are_replayed_and_those_that_are_wrong_stay(stage: Stage) -> None:
    stage.broker.append(HUB, [b"{", make_body(id=call_id(1))], partition="0")
    async with stage.consuming():
        await stage.counts(2)
    assert "1 events, would be: 1 dead_lettered" in await said(stage, "--dead-letters", "--dry-run")
    assert "1 events, 1 dead_lettered" in await said(stage, "--dead-letters")
    [letter] = await stage.letters()
    assert letter.state == "open"
