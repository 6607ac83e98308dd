"""The verb `completeness`: the report as a table for people, or as the API's JSON."""

import argparse
from collections.abc import Iterator, Sequence

from consumers.errors import SettingsError
from consumers.running.clients import open_clients
from consumers.settings import Settings
from pricing_rules.money import format_pico
from table_api.completeness.meter import ESTIMATED, Sums, Tally
from table_api.completeness.reads import CompletenessReading, CompletenessReads
from table_api.http_api.conventions.problems import Refused
from table_api.http_api.status.completeness import CompletenessQuery, completeness_answer
from table_api.storage.timestamp import now_utc
from table_api.usage.cell_reads import LedgerReads

SHOWN = (
    Tally.GATEWAY_CALLS,
    Tally.LOGGED,
    Tally.USAGE_EVENTS,
    Tally.POSTED,
    Tally.RECOVERED,
    Tally.WAITING,
    Tally.REFUSED,
    Tally.NO_USAGE,
    Tally.UNATTRIBUTED,
    Tally.UNPRICED,
    Tally.DEAD_LETTERED,
    Tally.MISMATCHED,
)
HEADINGS = (*(tally.value for tally in SHOWN), "token_difference")
CALLS_READ_MAX = 5_000_000
"""Nobody waits for an answer here: ten minutes. Memory holds the calls of one day."""
NAME_CHARS_MAX = 28
"""Of an API or model in the table; `--json` has all of it."""


async def completeness(settings: Settings, arguments: argparse.Namespace) -> int:
    """Print it. The days are those of the billing zone."""
    asked = {"from": arguments.first_day, "to": arguments.until_day}
    query = CompletenessQuery.model_validate(asked)
    async with open_clients(settings) as edges:
        reads = LedgerReads(edges.tables, now=now_utc)
        meta = await reads.meta()
        try:
            days = query.days(meta.calendar.day(now_utc()))
        except Refused as error:
            raise SettingsError(error.detail) from error
        reader = CompletenessReads(edges.tables, reads, settings.groups)
        reading = await reader.read(days, calls_max=CALLS_READ_MAX)
    if arguments.json:
        print(completeness_answer(reading, meta, days).model_dump_json(by_alias=True))
    else:
        print("\n".join(_lines(reading, meta.settings.pricing_currency)))
    return 0


def _lines(reading: CompletenessReading, currency: str) -> Iterator[str]:
    report = reading.report
    yield _row(("hour (UTC)", "api", "model"), HEADINGS)
    for line in report.lines:
        hour = f"{line.hour:%Y-%m-%d %H:%M}"
        yield _row((hour, line.api or "-", line.model or "-"), _cells(line.sums))
    for model, sums in report.models.items():
        yield _row(("all hours", "", model or "-"), _cells(sums))
    totals = report.totals
    yield _row(("total", "", ""), _cells(totals))
    yield ""
    yield f"calls in the ledger by its daily totals: {reading.ledger_calls}"
    yield f"oldest open call: {totals.oldest_waiting or '-'}"
    yield f"facts are kept from: {reading.facts_from or '-'}"
    counts = totals.counts
    reported, logged = counts.get(Tally.REPORTED_TOKENS, 0), counts.get(Tally.LOGGED_TOKENS, 0)
    yield f"tokens of calls that both paths counted: {reported} by the models, {logged} by the log"
    yield f"calls whose reports name different callers: {counts.get(Tally.TWO_CALLERS, 0)}"
    for model, sums in report.models.items():
        zero = sums.counts.get(Tally.ZERO_COMPLETIONS, 0)
        if zero:
            of_all = f"{zero} of {sums.counts[Tally.COUNTED]} calls"
            yield f"no completion token of {model or '-'}: {of_all}, by the log"
    for tally in (Tally.RECOVERED_CHARGE, Tally.UNATTRIBUTED_CHARGE):
        yield f"{tally.value}: {format_pico(counts.get(tally, 0))} {currency}, as the ledger has it"
    for gap in ESTIMATED:
        amount = totals.estimates[gap]
        shown = "unknown" if amount is None else f"{format_pico(amount)} {currency}"
        yield f"estimate of {gap.value}: {shown} (calls × mean charge of their model)"


def _cells(sums: Sums) -> list[str]:
    counts = sums.counts
    difference = counts.get(Tally.REPORTED_TOKENS, 0) - counts.get(Tally.LOGGED_TOKENS, 0)
    return [*(str(counts.get(tally, 0)) for tally in SHOWN), str(difference)]


def _row(names: tuple[str, str, str], cells: Sequence[str]) -> str:
    shown = [name[:NAME_CHARS_MAX] for name in names]
    wide = [f"{cell:>{len(name)}}" for cell, name in zip(cells, HEADINGS, strict=True)]
    head = f"{shown[0]:<16}  {shown[1]:<12}  {shown[2]:<{NAME_CHARS_MAX}}"
    return "  ".join([head, *wide])
