"""The verb `completeness`: the report as a table for people, or as the API's JSON."""

from collections.abc import Iterator, Sequence
from datetime import date

from consumers.running.clients import open_clients
from consumers.settings import Settings
from pricing_rules.money import format_pico
from table_api.completeness.days import asked_days
from table_api.completeness.meter import Sums
from table_api.completeness.reads import CompletenessReading, CompletenessReads
from table_api.completeness.tallies import ESTIMATED, CallTally, ChargeTally, TokenTally
from table_api.consumer_state.dead_letters import LETTERS_READ_MAX
from table_api.ledger.day_range import DayRange
from table_api.ledger.meta import LedgerMeta
from table_api.storage.timestamp import now_utc
from table_api.usage.cell_reads import LedgerReads

SHOWN = (
    CallTally.GATEWAY_CALLS,
    CallTally.LOGGED,
    CallTally.USAGE_EVENTS,
    CallTally.POSTED,
    CallTally.RECOVERED,
    CallTally.WAITING,
    CallTally.REFUSED,
    CallTally.PENDING,
    CallTally.NO_USAGE,
    CallTally.FAILED,
    CallTally.UNATTRIBUTED,
    CallTally.UNPRICED,
    CallTally.DEAD_LETTERED,
    CallTally.MISMATCHED,
)
HEADINGS = (*(tally.value for tally in SHOWN), "token_difference")
CALLS_READ_MAX = 5_000_000
"""Ten minutes of reading, which a person at a terminal can wait for; one day's calls in memory."""
NAME_CHARS_MAX = 28
"""Characters of an API or model in the table; `--json` has all of them."""


async def completeness(
    settings: Settings,
    *,
    first_day: date | None = None,
    until_day: date | None = None,
    json_form: bool = False,
) -> int:
    """Print the report. Days are those of the billing zone; UnusableDays when there are none."""
    async with open_clients(settings) as clients:
        reads = LedgerReads(clients.tables, now=now_utc)
        meta = await reads.meta()
        days = asked_days(first_day, until_day, today=meta.calendar.day(now_utc()))
        reader = CompletenessReads(clients.tables, reads, settings.groups)
        reading = await reader.read(days, calls_max=CALLS_READ_MAX)
    if json_form:
        print(_json(reading, meta, days))
    else:
        print("\n".join(_lines(reading, meta.settings.pricing_currency)))
    return 0


def _json(reading: CompletenessReading, meta: LedgerMeta, days: DayRange) -> str:
    # Only this form needs the API's models.
    from table_api.http_api.status.completeness import completeness_answer  # noqa: PLC0415

    return completeness_answer(reading, meta, days).model_dump_json(by_alias=True)


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
    if not reading.dead_letters_complete:
        yield f"dead letters: of a hub only the first {LETTERS_READ_MAX} open ones were read"
    reported, logged = _tokens(totals)
    yield f"tokens of calls that both paths counted: {reported} by the models, {logged} by the log"
    two_callers = totals.calls.get(CallTally.TWO_CALLERS, 0)
    yield f"calls whose reports name different callers: {two_callers}"
    for operation, requests in report.unmetered.items():
        yield f"billed and not metered: {requests} requests of {operation}"
    for model, sums in report.models.items():
        zero = sums.calls.get(CallTally.ZERO_COMPLETIONS, 0)
        if zero:
            of_all = f"{zero} of {sums.calls[CallTally.COUNTED]} calls"
            yield f"no completion token of {model or '-'}: {of_all}, by the log"
    for tally in (ChargeTally.RECOVERED_CHARGE, ChargeTally.UNATTRIBUTED_CHARGE):
        charge = format_pico(totals.charges.get(tally, 0))
        yield f"{tally.value}: {charge} {currency}, as the ledger has it"
    for gap in ESTIMATED:
        amount = totals.estimates[gap]
        shown = "unknown" if amount is None else f"{format_pico(amount)} {currency}"
        basis = "calls × mean charge of their model, failed calls left out"
        yield f"estimate of {gap.value}: {shown} ({basis})"


def _tokens(sums: Sums) -> tuple[int, int]:
    """By the models, by the log."""
    tokens = sums.tokens
    return tokens.get(TokenTally.REPORTED_TOKENS, 0), tokens.get(TokenTally.LOGGED_TOKENS, 0)


def _cells(sums: Sums) -> list[str]:
    reported, logged = _tokens(sums)
    return [*(str(sums.calls.get(tally, 0)) for tally in SHOWN), str(reported - logged)]


def _row(names: tuple[str, str, str], cells: Sequence[str]) -> str:
    shown = [name[:NAME_CHARS_MAX] for name in names]
    wide = [f"{cell:>{len(name)}}" for cell, name in zip(cells, HEADINGS, strict=True)]
    head = f"{shown[0]:<16}  {shown[1]:<12}  {shown[2]:<{NAME_CHARS_MAX}}"
    return "  ".join([head, *wide])
