"""What `replay` refuses before it opens anything."""

from datetime import UTC, datetime

import pytest

from consumers.__main__ import main
from consumers.errors import ReplayRefused
from consumers.replay.arguments import ReplayRequest
from consumers.replay.verb import replay
from consumers.settings import read_settings

NOBODY = {
    "EVENTHUB_CONNECTION_STRING": "Endpoint=sb://localhost:1;SharedAccessKeyName=n;"
    "SharedAccessKey=k;UseDevelopmentEmulator=true;",
    "STORAGE_CONNECTION_STRING": "AccountName=a;AccountKey=a2V5;"
    "BlobEndpoint=http://localhost:1/a;TableEndpoint=http://localhost:1/a;",
}
"""Addresses at which nobody answers."""


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (
            ("--hub", "--from", "yesterday"),
            "--from: 'yesterday' is not a time; expected one as 2026-11-20T00:00:00Z",
        ),
        (
            ("--hub", "--to", "2026-11-20T00:00:00"),
            "--to: '2026-11-20T00:00:00' has no offset from UTC",
        ),
        (
            ("--hub", "--from", "0001-01-01T00:00:00+14:00"),
            "--from: '0001-01-01T00:00:00+14:00' is outside the years 1 to 9999 in UTC",
        ),
        ((), "none is given; expected one of --hub, --capture, --dead-letters"),
        (("--hub", "--capture", "x"), "--hub and --capture are given; expected one of --hub,"),
    ],
)
def test_what_cannot_be_replayed_is_refused_by_its_flag(
    arguments: tuple[str, ...], message: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["replay", *arguments]) == 2
    assert message in capsys.readouterr().err


async def test_a_period_that_ends_before_it_begins_is_refused() -> None:
    time = datetime(2026, 11, 27, tzinfo=UTC)
    with pytest.raises(ReplayRefused, match=r"--from 2026-11-27T00:00:00\+00:00 is not before"):
        await replay(
            read_settings({}, NOBODY), ReplayRequest(hub=True, from_time=time, to_time=time)
        )
