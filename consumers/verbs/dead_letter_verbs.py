"""The verbs `dead-letters list|show|redrive`. Exit code 0 is good, 1 is not."""

import sys

from command_line.json_form import print_json
from consumers.dead_letters.letter_text import as_fields, as_line, as_text, body_fields
from consumers.dead_letters.redrive import Selection, redrive, selected
from consumers.metering.metering import metering_path
from consumers.metering.open_metering import open_metering
from consumers.pairing.open_intakes import open_intakes, pairing_path
from consumers.pairing.run import hub_settings
from consumers.running.clients import open_clients
from consumers.settings import Settings
from pricing_rules.price_book.book import load_book
from table_api.consumer_state.dead_letters import LetterState


async def list_letters(
    settings: Settings,
    *,
    reason: str | None = None,
    every: bool = False,
    diagnostics: bool = False,
    as_json: bool = False,
) -> int:
    """Print the open dead letters, or all of them."""
    async with open_clients(_settings_of_hub(settings, diagnostics=diagnostics)) as clients:
        letters = selected(clients.dead_letters, Selection(reason=reason), only_open=not every)
        if as_json:
            print_json([as_fields(entry) async for entry in letters])
            return 0
        async for entry in letters:
            print(as_line(entry))
    return 0


async def show_letter(
    settings: Settings, *, letter_id: str, diagnostics: bool = False, as_json: bool = False
) -> int:
    """Print one dead letter with its bytes."""
    async with open_clients(_settings_of_hub(settings, diagnostics=diagnostics)) as clients:
        chosen = Selection(letter_id=letter_id)
        async for entry in selected(clients.dead_letters, chosen, only_open=False):
            body = await clients.dead_letters.body(entry.id)
            if as_json:
                print_json(as_fields(entry) | body_fields(body))
            else:
                print(as_text(entry, body))
    return 0


async def redrive_letters(
    settings: Settings,
    *,
    reason: str | None = None,
    letter_id: str | None = None,
    diagnostics: bool = False,
    as_json: bool = False,
) -> int:
    """Meter the open dead letters again. 1 when some stay open."""
    selection = Selection(reason=reason, letter_id=letter_id)
    done = []
    async with (
        open_clients(_settings_of_hub(settings, diagnostics=diagnostics)) as clients,
        open_intakes(settings) as (of_usage, of_diagnostics),
    ):
        ways = [pairing_path(of_diagnostics if diagnostics else of_usage)]
        if not diagnostics:
            # Pairing must hear what metering posts: else it would count the log's half once more.
            book = load_book(settings.price_books, origins=settings.price_sources.split(","))
            metering = await open_metering(clients, settings, book, counted=of_usage.counted)
            ways.insert(0, metering_path(metering))
        # Listed first: what is redriven changes the rows that the listing reads.
        chosen = [each async for each in selected(clients.dead_letters, selection, only_open=True)]
        for entry in chosen:
            done.append(await redrive(clients.dead_letters, ways, entry))
            if not as_json:
                print(as_line(done[-1]))
    if as_json:
        print_json([as_fields(entry) for entry in done])
    left = sum(entry.state is not LetterState.REDRIVEN for entry in done)
    print(f"{len(done) - left} redriven, {left} still open", file=sys.stderr)
    return 1 if left else 0


def _settings_of_hub(settings: Settings, *, diagnostics: bool) -> Settings:
    return hub_settings(settings)[1] if diagnostics else settings
