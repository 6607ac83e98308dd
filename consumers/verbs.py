"""What each verb but `run` does and prints. Exit code 0 is good, 1 is not."""

import argparse
import json
import sys
from datetime import UTC, datetime

from consumers.check import findings
from consumers.clock import now_utc
from consumers.edges import open_edges
from consumers.lag import as_json, as_table, read_lag
from consumers.letter_lines import as_line, as_text
from consumers.metering_edges import open_metering
from consumers.pairing.redrive import open_again
from consumers.pairing.run import hub_settings
from consumers.redrive import Selection, metering_again, redrive, selected
from consumers.settings import Settings
from pricing_rules.book import load_book
from table_api.audit.last_audit import save_audit
from table_api.audit.ledger_audit import audit
from table_api.consumer_state.dead_letters import LetterState
from table_api.monthly.rebuild import rebuild_monthly
from telemetry.log import redact


async def check(settings: Settings, _arguments: argparse.Namespace) -> int:
    """A line per dependency; 1 when one fails."""
    ok = True
    async with open_edges(settings) as edges:
        async for finding in findings(settings, edges):
            ok = ok and finding.ok
            said = redact(finding.said)  # libraries and services choose these words
            print(f"{'OK    ' if finding.ok else 'FAILED'} {finding.name}: {said}")
    return 0 if ok else 1


async def lag(settings: Settings, arguments: argparse.Namespace) -> int:
    """Events and seconds behind, per partition."""
    async with open_edges(settings) as edges:
        lags = await read_lag(edges, now=datetime.now(UTC))
    print(json.dumps(as_json(lags)) if arguments.json else as_table(lags))
    return 0


async def audit_ledger(settings: Settings, _arguments: argparse.Namespace) -> int:
    """Re-add the whole ledger; 1 when something does not add up."""
    async with open_edges(settings) as edges:
        report = await audit(edges.tables, now=now_utc())
        await save_audit(edges.tables, report)
    print(report.render())
    return 0 if report.ok else 1


async def rebuild(settings: Settings, _arguments: argparse.Namespace) -> int:
    """Make the projection `monthly` what the ledger says."""
    async with open_edges(settings) as edges:
        rebuilt = await rebuild_monthly(edges.tables)
    print(f"{rebuilt.rows} rows, {rebuilt.written} of them written")
    return 0


async def list_letters(settings: Settings, arguments: argparse.Namespace) -> int:
    """Open dead letters, or all."""
    async with open_edges(_letters_of(settings, arguments)) as edges:
        letters = selected(
            edges.dead_letters, Selection(reason=arguments.reason), only_open=not arguments.all
        )
        async for entry in letters:
            print(as_line(entry))
    return 0


async def show_letter(settings: Settings, arguments: argparse.Namespace) -> int:
    """One dead letter, whole."""
    async with open_edges(_letters_of(settings, arguments)) as edges:
        chosen = Selection(letter_id=arguments.id)
        async for entry in selected(edges.dead_letters, chosen, only_open=False):
            print(as_text(entry, await edges.dead_letters.body(entry.id)))
    return 0


async def redrive_letters(settings: Settings, arguments: argparse.Namespace) -> int:
    """Open dead letters once more; 1 when some stay open."""
    selection = Selection(reason=arguments.reason, letter_id=arguments.id)
    redriven = left = 0
    async with (
        open_edges(_letters_of(settings, arguments)) as edges,
        open_again(settings, diagnostics=arguments.diagnostics) as pairing,
    ):
        # Pairing must know what metering posts, too: else the log's half would be posted beside it.
        ways = [pairing]
        if not arguments.diagnostics:
            metering = await open_metering(edges, settings, load_book(settings.price_books))
            ways.insert(0, metering_again(metering))
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
