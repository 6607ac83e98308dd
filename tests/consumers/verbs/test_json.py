"""`--json` of the consumers' verbs: one document on stdout, with the same as the text says."""

import json
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

from consumers.errors import ReplayRefused
from consumers.replay.arguments import ReplayRequest
from consumers.replay.verb import replay
from consumers.rerating import verbs as rerating
from consumers.rerating.arguments import BookChoice
from consumers.settings import Settings
from consumers.verbs.backup import backup
from consumers.verbs.check import check
from consumers.verbs.dead_letter_verbs import list_letters, redrive_letters, show_letter
from consumers.verbs.doubled import doubled
from consumers.verbs.ledger import rebuild, transitions
from table_api.rerating.scope import Scope
from tests.consumers.conftest import HUB, Stage
from tests.fixtures.builders import CALL_TIME
from tests.fixtures.calls import DEMO_BOOK

Capture = pytest.CaptureFixture[str]


async def metered(stage: Stage, **changes: Any) -> None:
    """Three calls, a text that is no event, and bytes that are no text."""
    stage.fill(3)
    stage.broker.append(HUB, [b"{oops", b"\xff\xfe"], partition="0")
    async with stage.consuming(**changes):
        await stage.counts(5)


async def test_letters_checks_and_copies_are_documents(
    stage: Stage, capsys: Capture, tmp_path: Path
) -> None:
    await metered(stage)
    settings = stage.settings()
    await _letters(settings, capsys)
    await _checks(settings, capsys, tmp_path)


async def _letters(settings: Settings, capsys: Capture) -> None:
    assert await list_letters(settings, as_json=True) == 0
    listed = json.loads(capsys.readouterr().out)
    assert [each["reason"] for each in listed] == ["not_json", "not_utf8"]
    shown = []
    for each in listed:
        assert await show_letter(settings, letter_id=each["id"], as_json=True) == 0
        shown.append(json.loads(capsys.readouterr().out))
    assert shown[0] == {**listed[0], "body": "{oops"}
    assert shown[1] == {**listed[1], "body_base64": "//4="}
    assert await redrive_letters(settings, as_json=True) == 1
    redriven = json.loads(capsys.readouterr().out)
    assert [(each["id"], each["state"]) for each in redriven] == [
        (each["id"], "open") for each in listed
    ]


async def _checks(settings: Settings, capsys: Capture, tmp_path: Path) -> None:
    def said() -> Any:
        return json.loads(capsys.readouterr().out)

    assert await check(settings, as_json=True) == 0
    assert {each["name"].split(" (")[0]: each["state"] for each in said()} == {
        "event hub": "ok", "consumer group": "ok", "blob storage": "ok", "table storage": "ok",
        "ledger": "ok", "price book": "ok", "prices": "warning",
    }  # fmt: skip
    assert await transitions(settings, as_json=True) == 0
    assert said() == {"zone": "UTC", "agrees": True, "differs_from": None}
    assert await doubled(settings, as_json=True) == 0
    assert said() == {"taken_out": None, "calls": []}
    assert await rebuild(settings, as_json=True) == 0
    assert set(said()) == {"rows", "written"}
    assert await backup(settings, tmp_path / "backup", as_json=True) == 0
    assert said()["table ledger"] > 3


async def test_a_replay_says_what_would_be_staged(stage: Stage, capsys: Capture) -> None:
    await metered(stage)
    request = ReplayRequest(hub=True, dry_run=True, stage=True)
    with pytest.raises(ReplayRefused, match="nothing differs"):
        await replay(stage.settings(), request, as_json=True)
    said = json.loads(capsys.readouterr().out)
    assert (said["events"], said["complete"], said["differs"]) == (5, True, [])
    assert said["counts"] == {"dead_lettered": 2, "duplicates": 3}
    assert said["would_stage"] is None
    await stage.change_a_call(charge="7000000000000")
    assert await replay(stage.settings(), request, as_json=True) == 0
    said = json.loads(capsys.readouterr().out)
    [differs] = said["differs"]
    assert differs["before"]["charge"] == "7"
    assert differs["after"]["charge"] != "7"
    assert said["would_stage"]["total"]["before"] == "7"


async def test_a_run_is_followed_from_its_staging_to_its_revert(
    stage: Stage, capsys: Capture
) -> None:
    await metered(stage, price_books=())
    settings, day = stage.settings(), CALL_TIME.date()
    scope = Scope(from_day=day, to_day=day + timedelta(days=1))
    choice = BookChoice(files=(DEMO_BOOK,))
    assert await rerating.stage(settings, scope, choice, allow_unpriced=False, form="json") == 0
    report = json.loads(capsys.readouterr().out)
    assert report["total"]["newly_priced"] == 3
    await rerating.approve(settings, report["run"], by="kim", why="the alias was missing")
    assert await rerating.apply(settings, report["run"], batch_calls=100, as_json=True) == 0
    applied = json.loads(capsys.readouterr().out)
    assert (applied["state"], applied["left_alone"]) == ("applied", [])
    assert applied["before"] is None
    assert not applied["after"].startswith("0 ")
    assert (
        await rerating.revert(
            settings, report["run"], by="kim", why="wrong", batch_calls=100, as_json=True
        )
        == 0
    )
    assert json.loads(capsys.readouterr().out)["state"] == "reverted"
