"""The verbs `dead-letters list|show|redrive`. Exit code 0 is good, 1 is not."""

import argparse
import sys

from consumers.dead_letters.letter_text import as_line, as_text
from consumers.dead_letters.redrive import Selection, redrive, selected
from consumers.metering.metering import metering_path
from consumers.metering.open_metering import open_metering
from consumers.pairing.redrive import open_pairing_path
from consumers.pairing.run import hub_settings
from consumers.running.clients import open_clients
from consumers.settings import Settings
from pricing_rules.price_book.book import load_book
from table_api.consumer_state.dead_letters import LetterState


async def list_letters(settings: Settings, arguments: argparse.Namespace) -> int:
    """Open dead letters, or all."""
    async with open_clients(_letters_of(settings, arguments)) as edges:
        letters = selected(
            edges.dead_letters, Selection(reason=arguments.reason), only_open=not arguments.all
        )
        async for entry in letters:
            print(as_line(entry))
    return 0


async def show_letter(settings: Settings, arguments: argparse.Namespace) -> int:
    """One dead letter, whole."""
    async with open_clients(_letters_of(settings, arguments)) as edges:
        chosen = Selection(letter_id=arguments.id)
        async for entry in selected(edges.dead_letters, chosen, only_open=False):
            print(as_text(entry, await edges.dead_letters.body(entry.id)))
    return 0


async def redrive_letters(settings: Settings, arguments: argparse.Namespace) -> int:
    """Open dead letters once more; 1 when some stay open."""
    selection = Selection(reason=arguments.reason, letter_id=arguments.id)
    redriven = left = 0
    async with (
        open_clients(_letters_of(settings, arguments)) as edges,
        open_pairing_path(settings, diagnostics=arguments.diagnostics) as pairing,
    ):
        # Pairing must know what metering posts, too: else the log's half would be posted beside it.
        ways = [pairing]
        if not arguments.diagnostics:
            metering = await open_metering(edges, settings, load_book(settings.price_books))
            ways.insert(0, metering_path(metering))
        # Listed first: what is redriven changes the rows that the listing reads.
        chosen = [each async for each in selected(edges.dead_letters, selection, only_open=True)]
        for entry in chosen:
            after = await redrive(edges.dead_letters, ways, entry)
            print(as_line(after))
            if after.state is LetterState.REDRIVEN:
                redriven += 1
            else:
                left += 1
    print(f"{redriven} redriven, {left} still open", file=sys.stderr)
    return 1 if left else 0


def _letters_of(settings: Settings, arguments: argparse.Namespace) -> Settings:
    return hub_settings(settings)[1] if arguments.diagnostics else settings
