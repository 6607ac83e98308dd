"""Events of either hub once more through pairing's intake, next to a `pair` that runs."""

import contextlib
from collections.abc import AsyncIterator

from consumers.dead_letters.letter_store import Letter
from consumers.dead_letters.redrive import RedrivePath
from consumers.pairing.diagnostics_intake import DiagnosticsIntake
from consumers.pairing.hub_publisher import HubPublisher, make_producer
from consumers.pairing.intake import Intake, UsageIntake
from consumers.pairing.run import hub_settings, make_pairing, open_both
from consumers.receiving.handler import Received
from consumers.settings import Settings
from table_api.storage.timestamp import now_utc

KEPT = "kept"
"""Outcome of a letter whose facts are kept now, and what they complete is published."""


@contextlib.asynccontextmanager
async def open_intakes(settings: Settings) -> AsyncIterator[tuple[UsageIntake, DiagnosticsIntake]]:
    """Of the usage hub and the diagnostics hub. No hub is asked before it is sent to."""
    async with (
        open_both(settings) as clients,
        make_producer(clients.usage.hub.address) as producer,
    ):
        pairing = make_pairing(settings, clients, HubPublisher(producer))
        # The stream has come to now at most: what it makes too old is refused, kept or not.
        pairing.stream_time.latest = now_utc()
        await pairing.calls.create()
        await pairing.counted.purged.create()
        of_usage, of_diagnostics = hub_settings(settings)
        yield (
            UsageIntake(of_usage.eventhub_name, pairing, clients.usage.dead_letters),
            DiagnosticsIntake(
                of_diagnostics.eventhub_name, pairing, clients.diagnostics.dead_letters
            ),
        )


def pairing_path(intake: Intake) -> RedrivePath:
    """The path of an event through pairing: keep its facts, settle its call."""

    async def redriven(partition: str, received: Received) -> str | Letter:
        letters = await intake.take_again(partition, received)
        return letters[0] if letters else KEPT

    return redriven
