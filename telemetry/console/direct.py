"""Asks the workspace behind Application Insights what the API would answer, but for the ledger.

Days are days of UTC: only the ledger knows the billing zone.
"""

import asyncio
import contextlib
from collections.abc import Callable, Iterator, Mapping, Sequence
from datetime import UTC, date, datetime, timedelta
from typing import Any

from telemetry.console import documents
from telemetry.console.documents import Document
from telemetry.exporting.pseudonym import Pseudonyms
from telemetry.exporting.tags import session_tag
from telemetry.queries import answers
from telemetry.queries.answers import Call, Question, R
from telemetry.queries.errors import InvalidParameter, NothingFound, PartialResult, QueryFailed
from telemetry.queries.logs_client import Answer, open_client
from telemetry.queries.query_text import Value
from telemetry.settings import WORKSPACE_ID, BadTelemetry, TelemetrySettings

Asked = Mapping[str, str | None]
DAY = timedelta(days=1)
DEFAULT_DAYS = 7 * DAY
KEPT = 90 * DAY
"""Application Insights keeps items for 90 days unless it is told otherwise."""
RECENT = timedelta(minutes=15)
"""What `tail` asks again each time: an item shows up after one to five minutes."""
MICROSECOND = timedelta(microseconds=1)


class Direct:
    """Has an answer for each question of `chargeback telemetry` but `reconcile`."""

    def __init__(
        self,
        ask: Callable[..., Answer[Any]],
        names: Pseudonyms,
        now: Callable[[], datetime],
    ) -> None:
        """`ask` waits for LogsClient.ask."""
        self._asks = ask
        self._names = names
        self._now = now

    def usage(self, subject: str | None, asked: Asked) -> Document:
        """By day and model, without the ledger's side."""
        start, stop = self._bounds(asked)
        rows = self._whole(answers.USER_BY_DAY, user=self._user(subject), start=start, stop=stop)
        return {
            "from": start.date().isoformat(),
            "to": stop.date().isoformat(),
            "currency": documents.one_currency(rows),
            "subject": subject,
            "name": None,
            "data": [documents.usage_line(row) for row in rows],
        }

    def sessions(self, subject: str | None, asked: Asked) -> Document:
        """One person's sessions, the last first."""
        start, stop = self._bounds(asked)
        found = self._ask(answers.SESSIONS, user=self._user(subject), start=start, stop=stop)
        documents.one_currency(found.rows)
        return {"more": found.more, "data": [documents.session_line(row) for row in found.rows]}

    def calls(
        self, subject: str | None, asked: Asked, *, session: str, most: int | None = None
    ) -> tuple[list[Document], str]:
        """The calls of one session, the newest first: all, or `most` of them."""
        start, stop = self._bounds(asked)
        user, last = self._user(subject), stop - MICROSECOND
        found: dict[str, Call] = {}
        while True:
            answer = self._ask(
                answers.CALLS, user=user, session=session_tag(session), every_session=False,
                start=start, stop=last,
            )  # fmt: skip
            new = {row.entry: row for row in answer.rows if row.entry not in found}
            found |= new
            if not answer.more or (most is not None and len(found) >= most):
                break
            if not new:
                raise QueryFailed(f"there are too many calls at {documents.instant(last)}")
            last = answer.rows[-1].time
        rows = list(found.values())[:most]
        return [documents.call_line(row) for row in rows], documents.one_currency(rows)

    def call(self, call_id: str, day: str | None = None) -> Document:
        """One call, by the gateway's id of its request."""
        start = _midnight("day", day) or self._now() - KEPT
        items = self._ask(answers.OPERATION, call=call_id, start=start).rows
        if not items:
            raise NothingFound(
                f"Application Insights has no item of call {call_id} since {start.date()}: "
                "it is not the gateway's request id, or has not arrived"
            )
        return documents.trace(call_id, items)

    def top(self, asked: Asked, by: str) -> Document:
        """Who, or what, costs most."""
        start, stop = self._bounds(asked)
        return documents.top(self._whole(answers.TOP, by_what=by, start=start, stop=stop), by)

    def recent(self, subject: str | None) -> tuple[list[Document], str]:
        """What was recorded in the last quarter of an hour, the oldest first; without a subject of
        everybody.
        """
        user = self._names.subject(subject) if subject else ""
        since, lines = self._now() - RECENT, dict[tuple[str, int], answers.Recorded]()
        while True:
            found = self._ask(answers.TAIL, user=user, every_user=not subject, since=since)
            lines |= {(row.entry, row.revision): row for row in found.rows}
            if not found.more:
                break
            if found.rows[-1].recorded_at == since:
                raise QueryFailed(f"there are too many calls at {documents.instant(since)}")
            since = found.rows[-1].recorded_at
        rows = list(lines.values())
        return [documents.recorded_line(row) for row in rows], documents.one_currency(rows)

    def _user(self, subject: str | None) -> str:
        if not subject:
            raise InvalidParameter("subject is missing: --direct knows nobody who is signed in")
        return self._names.subject(subject)

    def _ask(self, question: Question[R], **values: Value) -> Answer[R]:
        answer: Answer[R] = self._asks(question, **values)
        if answer.partial:
            raise PartialResult(f"{question.name}: only a part was read: ask for fewer days")
        return answer

    def _whole(self, question: Question[R], **values: Value) -> Sequence[R]:
        answer = self._ask(question, **values)
        if answer.more:
            raise QueryFailed(f"{question.name}: there are too many rows: ask for fewer days")
        return answer.rows

    def _bounds(self, asked: Asked) -> tuple[datetime, datetime]:
        """[start, stop); the last seven days, today included, where nothing is asked."""
        today = self._now().astimezone(UTC).replace(hour=0, minute=0, second=0, microsecond=0)
        stop = _midnight("to", asked.get("to")) or today + DAY
        start = _midnight("from", asked.get("from")) or stop - DEFAULT_DAYS
        if start >= stop:
            raise InvalidParameter(f"from {start.date()} is not before to {stop.date()}")
        return start, stop


@contextlib.contextmanager
def open_direct(
    settings: TelemetrySettings, *, now: Callable[[], datetime] = lambda: datetime.now(UTC)
) -> Iterator[Direct]:
    """With this process's identity. BadTelemetry where no workspace is named."""
    if settings.workspace is None:
        raise BadTelemetry(f"{WORKSPACE_ID.name} is not set, which --direct asks")
    opened = open_client(settings.workspace, url=settings.query_url)
    with asyncio.Runner() as runner:
        client = runner.run(opened.__aenter__())

        def ask(question: Question[R], **values: Value) -> Answer[R]:
            return runner.run(client.ask(question, **values))

        try:
            yield Direct(ask, Pseudonyms(settings.subject_key), now)
        finally:
            runner.run(opened.__aexit__(None, None, None))


def _midnight(name: str, text: str | None) -> datetime | None:
    try:
        day = None if text is None else date.fromisoformat(text)
    except ValueError:
        raise InvalidParameter(f"{name} is {text!r}, expected a day as in 2026-11-20") from None
    return None if day is None else datetime(day.year, day.month, day.day, tzinfo=UTC)
