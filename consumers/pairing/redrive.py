"""Dead letters of either hub once more through pairing's intake: a verb's, beside what runs."""

import contextlib
from collections.abc import AsyncIterator

from consumers.dead_letters.letters import Letter
from consumers.dead_letters.redrive import Again
from consumers.pairing.hub_publisher import HubPublisher, make_producer
from consumers.pairing.intake import DiagnosticsIntake, Intake, UsageIntake
from consumers.pairing.run import hub_settings, make_pairing, open_both
from consumers.receiving.handler import Received
from consumers.settings import Settings
from table_api.storage.timestamp import now_utc

KEPT = "kept"
"""Outcome of a letter whose facts are kept now, and what they complete is published."""


@contextlib.asynccontextmanager
async def open_again(settings: Settings, *, diagnostics: bool) -> AsyncIterator[Again]:
    """For letters of the diagnostics hub or the usage hub. No hub is asked before it is sent to."""
    async with (
        open_both(settings) as edges,
        make_producer(edges.usage.hub.address) as producer,
    ):
        pairing = make_pairing(settings, edges, HubPublisher(producer))
        # The stream has come to now at most: what it makes too old is refused, kept or not.
        pairing.stream_time.latest = now_utc()
        await pairing.calls.create()
        of_usage, of_diagnostics = hub_settings(settings)
        yield pairing_again(
            DiagnosticsIntake(of_diagnostics.eventhub_name, pairing, edges.diagnostics.dead_letters)
            if diagnostics
            else UsageIntake(of_usage.eventhub_name, pairing, edges.usage.dead_letters)
        )


def pairing_again(intake: Intake) -> Again:
    """The way through an intake."""

    async def again(partition: str, received: Received) -> str | Letter:
        letters = await intake.take_again(partition, received)
        return letters[0] if letters else KEPT

    return again
