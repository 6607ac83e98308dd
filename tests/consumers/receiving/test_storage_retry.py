"""Retries say what they wait for: storage, the hub, or other writers."""

import asyncio
import logging
from collections.abc import Callable
from typing import Any

import pytest

from consumers.errors import GivenUp, HubUnavailable
from consumers.receiving import storage_retry
from consumers.receiving.storage_retry import ended_within, until_answered
from table_api.errors import Contended, Rejected, Unavailable
from telemetry.metrics import CounterName


@pytest.fixture
def counted(monkeypatch: pytest.MonkeyPatch) -> list[CounterName]:
    """What was counted, each time it was."""
    names: list[CounterName] = []

    def count(name: CounterName, _number: int, _attributes: Any) -> None:
        names.append(name)

    monkeypatch.setattr(storage_retry, "count", count)
    monkeypatch.setattr(storage_retry, "RETRY_DELAY_S_MIN", 0.001)
    return names


def failing(*errors: Exception) -> Callable[[], Any]:
    """An attempt that raises these in turn and then succeeds."""
    left = list(errors)

    async def attempt() -> str:
        if left:
            raise left.pop(0)
        return "done"

    return attempt


def actions(caplog: pytest.LogCaptureFixture) -> list[str]:
    return [str(getattr(record, "action", "")) for record in caplog.records]


@pytest.mark.parametrize(
    ("error", "said", "counter"),
    [
        (
            Unavailable("503"),
            ["storage_unavailable", "storage_recovered"],
            CounterName.STORAGE_FAILURES,
        ),
        (
            HubUnavailable("no answer"),
            ["hub_unavailable", "hub_recovered"],
            CounterName.HUB_FAILURES,
        ),
        (Contended("8 tries"), ["contended", "contention_over"], CounterName.CONTENTIONS),
    ],
)
async def test_the_log_and_the_counter_name_what_is_to_blame(
    error: Exception,
    said: list[str],
    counter: CounterName,
    counted: list[CounterName],
    caplog: pytest.LogCaptureFixture,
) -> None:
    caplog.set_level(logging.INFO)
    attempt = failing(error, error)
    ended = asyncio.Event()
    assert await until_answered(attempt, what="a batch", partition="0", ended=ended) == "done"
    assert actions(caplog) == said
    assert counted == [counter, counter]


async def test_each_cause_that_was_said_is_said_to_be_over(
    counted: list[CounterName], caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.INFO)
    attempt = failing(Unavailable("503"), HubUnavailable("no answer"), Unavailable("503"))
    await until_answered(attempt, what="a batch", partition="0", ended=asyncio.Event())
    assert actions(caplog) == [
        "storage_unavailable", "hub_unavailable", "storage_recovered", "hub_recovered",
    ]  # fmt: skip
    assert len(counted) == 3


async def test_an_attempt_is_given_up_at_the_end_and_other_errors_go_up(
    counted: list[CounterName],
) -> None:
    ended = asyncio.Event()
    with pytest.raises(Rejected):
        await until_answered(failing(Rejected("400")), what="a", partition="0", ended=ended)
    ended.set()
    with pytest.raises(GivenUp):
        await until_answered(failing(Unavailable("503")), what="a", partition="0", ended=ended)
    assert counted == [CounterName.STORAGE_FAILURES]


async def test_a_wait_says_whether_the_end_came_within_it() -> None:
    ended = asyncio.Event()
    assert not await ended_within(ended, 0.001)
    asyncio.get_running_loop().call_soon(ended.set)
    assert await ended_within(ended, 60)
    assert await ended_within(ended, 0)
