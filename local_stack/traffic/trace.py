"""Recorded traces of real calls → usage events. The traces have no users and no models.

A labelled rule assigns both, a pure function of the row number (`deal`): the first eight bytes of
sha256("llm-chargeback trace deal 1/{row}"), big-endian, choose the person among the forty of
`people` by zipf weights (1,000,000 // rank); the next eight bytes choose the deployment of `MIX`.
"""

import csv
import hashlib
from bisect import bisect_right
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from itertools import accumulate
from pathlib import Path
from uuid import NAMESPACE_URL, uuid5

from local_stack.errors import InvalidTrace
from local_stack.traffic.deployments import DEPLOYMENTS
from local_stack.traffic.people import ZIPF_STEPS, people
from local_stack.traffic.usage_event import GatewayCall, OutgoingEvent, chat_usage

DEAL_LABEL = "llm-chargeback trace deal 1"
MIX = (
    ("gpt-4.1-mini", 35),
    ("gpt-5-mini", 25),
    ("gpt-4.1", 15),
    ("gpt-4o-mini", 12),
    ("gpt-5", 8),
    ("o4-mini", 5),
)
"""Deployment and its share of the calls in percent."""

AZURE_HEADER = ("TIMESTAMP", "ContextTokens", "GeneratedTokens")
"""Azure's public inference trace: when, prompt tokens, completion tokens."""
CACHED_HEADER = ("timestamp_ms", "input_tokens", "cached_tokens", "output_tokens")
"""Milliseconds from the start, prompt tokens, those read from a cache, completion tokens."""

WHOLE_DIGITS_MAX = 12
"""Largest count, and most milliseconds: a trace of real calls does not have more."""
SHOWN_MAX = 100
"""Characters of a bad cell in a message."""
YEARS = range(1970, 2200)
"""Years of a recorded call. Others overflow when they are converted to UTC or moved."""
SPAN_MAX = timedelta(days=100)
"""Time from the first call to the last, which is moved to now: consumers refuse older events."""

_NAMESPACE = uuid5(NAMESPACE_URL, "urn:llm-chargeback:trace")
_START = datetime(1970, 1, 1, tzinfo=UTC)
_MODELS = {deployment.name: deployment.model for deployment in DEPLOYMENTS}
_MIX_STEPS = list(accumulate(share for _, share in MIX))


@dataclass(frozen=True, slots=True, kw_only=True)
class TraceCall:
    """One line of a trace."""

    row: int
    """Number of the call in the file, from 0."""
    time: datetime
    """The recorded time, read as UTC; traces without a date start in 1970."""
    prompt: int
    """Prompt tokens, `cached` included."""
    cached: int
    completion: int


def deal(row: int) -> tuple[str, str]:
    """The subject and the deployment that the call in this row gets."""
    digest = hashlib.sha256(f"{DEAL_LABEL}/{row}".encode()).digest()
    person = _pick(int.from_bytes(digest[:8], "big"), ZIPF_STEPS)
    deployment = _pick(int.from_bytes(digest[8:16], "big"), _MIX_STEPS)
    return people()[person].subject, MIX[deployment][0]


def offset_to(path: Path, now: datetime) -> timedelta:
    """How far to move the trace's times, so that its last call is at `now` (aware).

    InvalidTrace when there is no call, or when its first one would be refused as too old.
    """
    first = last = None
    for call in read_trace(path):
        first = call.time if first is None else min(first, call.time)
        last = call.time if last is None else max(last, call.time)
    if first is None or last is None:
        raise InvalidTrace(f"{path} has no calls, expected at least one line after the header")
    if last - first > SPAN_MAX:
        raise InvalidTrace(
            f"{path} spans {(last - first).days} days, from {first} to {last}, expected at most "
            f"{SPAN_MAX.days}: consumers refuse older calls. Send it in parts"
        )
    return now - last


def trace_events(path: Path, *, offset: timedelta) -> Iterator[OutgoingEvent]:
    """One event per line, in the file's order, holding one line at a time in memory.

    Equal bytes in the file and an equal offset give equal events; another file or row, other ids.
    """
    with path.open("rb") as file:
        digest = hashlib.file_digest(file, "sha256").hexdigest()
    for call in read_trace(path):
        subject, deployment = deal(call.row)
        yield GatewayCall(
            id=str(uuid5(_NAMESPACE, f"{digest}/{call.row}")),
            time=call.time + offset,
            subject=subject,
            deployment=deployment,
            model=_MODELS[deployment],
            usage=chat_usage(prompt=call.prompt, cached=call.cached, completion=call.completion),
        ).event()


def read_trace(path: Path) -> Iterator[TraceCall]:
    """The calls of a CSV in either form. InvalidTrace names file, line, column and value."""
    # A byte that is not UTF-8 becomes U+FFFD: it is then found and named as a bad cell.
    with path.open(encoding="utf-8-sig", errors="replace", newline="") as file:
        lines = csv.reader(file)
        try:
            header = tuple(next(lines, ()))
            if header not in (AZURE_HEADER, CACHED_HEADER):
                raise InvalidTrace(
                    f"{path} line 1: header is {_shown(','.join(header))}, expected "
                    f"{','.join(AZURE_HEADER)!r} or {','.join(CACHED_HEADER)!r}"
                )
            filled = (cells for cells in lines if cells)
            for row, cells in enumerate(filled):
                yield _call(row, cells, _CsvPosition(path, lines.line_num, header))
        except csv.Error as error:  # a cell past 128 KiB
            raise InvalidTrace(f"{path} line {lines.line_num}: {error}") from error


def _shown(text: str) -> str:
    return repr(text if len(text) <= SHOWN_MAX else text[:SHOWN_MAX] + "…")


@dataclass(frozen=True, slots=True)
class _CsvPosition:
    """File and line number, for messages."""

    path: Path
    line: int
    header: tuple[str, ...]

    def invalid(self, column: int, value: str, expected: str) -> InvalidTrace:
        name = self.header[column]
        return InvalidTrace(
            f"{self.path} line {self.line}: {name} is {_shown(value)}, expected {expected}"
        )


def _call(row: int, cells: Sequence[str], place: _CsvPosition) -> TraceCall:
    if len(cells) != len(place.header):
        raise InvalidTrace(
            f"{place.path} line {place.line}: {len(cells)} columns ({_shown(','.join(cells))}), "
            f"expected {len(place.header)}"
        )
    if place.header == AZURE_HEADER:
        return TraceCall(
            row=row,
            time=_time(cells[0], place),
            prompt=_whole(cells, 1, place),
            cached=0,
            completion=_whole(cells, 2, place),
        )
    prompt, cached = _whole(cells, 1, place), _whole(cells, 2, place)
    if cached > prompt:
        raise place.invalid(2, cells[2], f"at most input_tokens ({prompt})")
    return TraceCall(
        row=row,
        time=_START + timedelta(milliseconds=_whole(cells, 0, place)),
        prompt=prompt,
        cached=cached,
        completion=_whole(cells, 3, place),
    )


def _time(text: str, place: _CsvPosition) -> datetime:
    try:
        time = datetime.fromisoformat(text)
    except ValueError:
        raise place.invalid(0, text, "a time such as 2023-11-16 18:17:03.9799600") from None
    if time.year not in YEARS:
        raise place.invalid(0, text, f"a time in the years {YEARS[0]} to {YEARS[-1]}")
    return time.astimezone(UTC) if time.tzinfo else time.replace(tzinfo=UTC)


def _whole(cells: Sequence[str], column: int, place: _CsvPosition) -> int:
    text = cells[column]
    if not (text.isascii() and text.isdigit() and len(text) <= WHOLE_DIGITS_MAX):
        raise place.invalid(
            column, text, f"an integer of 0 or more, at most {WHOLE_DIGITS_MAX} digits"
        )
    return int(text)


def _pick(number: int, steps: Sequence[int]) -> int:
    """The index whose share of the summed weights holds `number` modulo their sum."""
    return bisect_right(steps, number % steps[-1])
