"""What `opencalls` knows of many plain calls whose UsageEvents come once more, in few reads."""

from collections.abc import Collection, Mapping
from dataclasses import dataclass, field
from datetime import datetime

from msgspec import DecodeError

from pricing_rules.types import CountedAt
from table_api.open_calls.decision import decode_decision
from table_api.open_calls.facts import EventReport, Fact, encode_fact
from table_api.open_calls.keys import is_reported, spans_about
from table_api.open_calls.table import OpenCalls
from table_api.storage.table_storage import Row

READS_PER_PAGE = 10
"""Reading a page of the index (1,000 rows of many calls) costs about as much as reading so many
calls, each with a request of its own."""


@dataclass(slots=True)
class KnownReports:
    """Two sets of call ids."""

    known: set[str] = field(default_factory=set)
    """The very report is kept already."""
    odd: set[str] = field(default_factory=set)
    """Something else may have counted the call: its facts are to be read and judged together."""


async def known_reports(
    calls: OpenCalls, reports: Mapping[str, EventReport], *, but: Collection[str]
) -> KnownReports:
    """Looks the reports' calls up, by call id. Packed rows named in `but` are left out."""
    times = {call_id: report.time for call_id, report in reports.items()}
    found = KnownReports()
    await _look_up(calls, reports, times, found)
    for call_id, facts in (await calls.packed.find(times, but=but)).items():
        for fact in facts:
            _judge(found, call_id, fact, reports[call_id])
    return found


async def _look_up(
    calls: OpenCalls,
    reports: Mapping[str, EventReport],
    times: Mapping[str, datetime],
    found: KnownReports,
) -> None:
    """By the index, or call by call where that has many more calls than these."""
    rows = await calls.index_rows(
        times.keys(), spans_about(times.values()), pages_max=len(times) // READS_PER_PAGE
    )
    if rows is not None:
        texts = {call_id: encode_fact(report) for call_id, report in reports.items()}
        for row in rows:
            call_id = str(row["call_id"])
            _judge_row(found, row, texts[call_id], reports[call_id])
        return
    for call in await calls.read(times):
        for fact in call.facts:
            _judge(found, call.call_id, fact, reports[call.call_id])
        if not all(_is_at(reports[call.call_id], each.place) for each in call.decisions):
            found.odd.add(call.call_id)


def _judge(found: KnownReports, call_id: str, fact: Fact, report: EventReport) -> None:
    if fact == report:
        found.known.add(call_id)
    elif isinstance(fact, EventReport):
        found.odd.add(call_id)


def _judge_row(found: KnownReports, row: Row, text: str, report: EventReport) -> None:
    """The same, without decoding what need not be. A damaged row is odd."""
    call_id = str(row["call_id"])
    if "decision" in row:
        try:
            place = decode_decision(str(row["decision"])).place
        except (DecodeError, ValueError):
            found.odd.add(call_id)
            return
        if not _is_at(report, place):
            found.odd.add(call_id)
    elif is_reported(str(row["RowKey"])):
        (found.known if row.get("fact") == text else found.odd).add(call_id)


def _is_at(report: EventReport, place: CountedAt) -> bool:
    return place == CountedAt(report.identity.subject, report.identity.time)
