"""What both hubs said of the calls of one run, found among everybody's. Pure."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from consumers.gateway_check.calls import MARKER, Seen
from consumers.gateway_log.record_fields import Fields
from consumers.gateway_log.trace_record import TRACE_SOURCE
from pricing_rules.decoding.invalid_event import InvalidField

Event = Mapping[str, Any]


@dataclass(frozen=True, slots=True, kw_only=True)
class Row:
    """A record of the gateway's log, as far as the check looks at it."""

    category: str
    correlation: str
    """The id of the call, in lower case."""
    properties: Fields
    trace: Fields | None
    """What our trace says in it."""

    @property
    def call(self) -> str:
        """The gateway's request id, by the policy's own word where it is there."""
        said = None if self.trace is None else self.trace.text("id")
        return (said or self.correlation).lower()


@dataclass(frozen=True, slots=True, kw_only=True)
class Evidence:
    """Of one run."""

    seen: Sequence[Seen]
    events: Mapping[str, Sequence[Event]]
    """By session."""
    rows: Sequence[Row]
    """GatewayLogs."""
    llm_rows: Sequence[Row]
    """GatewayLlmLogs."""
    failures: Sequence[str] = field(default_factory=tuple)

    def of(self, name: str) -> Seen | None:
        """What the client saw of a request; None when it was not made."""
        return next((each for each in self.seen if each.ask.name == name), None)

    def event(self, name: str) -> Event | None:
        """The usage event of a request."""
        seen = self.of(name)
        found = self.events.get(seen.session, ()) if seen is not None else ()
        return found[0] if found else None

    def lacks_usage(self, seen: Seen) -> bool:
        """Whether the client saw usage and the usage event has none. Of embeddings and images it is
        lost then: the gateway's log does not count them.
        """
        event = self.event(seen.ask.name)
        return bool(seen.usage) and event is not None and not event["data"].get("usage")

    def row(self, name: str) -> Row | None:
        """The log's row of a request."""
        event = self.event(name)
        if event is None:
            return None
        return next((row for row in self.rows if row.call == str(event["id"]).lower()), None)

    def llm_row(self, name: str) -> Row | None:
        """The LLM log's row of a request, by the answer's id or by the call's."""
        seen, event = self.of(name), self.event(name)
        ids = {str(event["id"]).lower()} if event is not None else set()
        for row in self.llm_rows:
            answer = row.properties.text("requestid")
            by_answer = seen is not None and answer is not None and answer == seen.response_id
            if by_answer or row.correlation in ids:
                return row
        return None


def evidence_of(
    run: str,
    seen: Sequence[Seen],
    events: Iterable[Event],
    records: Iterable[Mapping[str, Any]],
    failures: Sequence[str] = (),
) -> Evidence:
    """Ours among what was heard."""
    sessions = {each.session for each in seen}
    answers = {each.response_id for each in seen if each.response_id}
    by_session: dict[str, list[Event]] = {}
    for event in events:
        data = event.get("data")  # anybody's events are heard, also what is none
        session = data.get("session") if isinstance(data, Mapping) else None
        if isinstance(session, str) and session in sessions and "id" in event:
            by_session.setdefault(session, []).append(event)
    ids = {str(event["id"]).lower() for found in by_session.values() for event in found}
    read = [row for record in records if (row := _row(record)) is not None]
    return Evidence(
        seen=seen,
        events=by_session,
        rows=[
            row
            for row in read
            if row.category == "gatewaylogs"
            and (
                row.correlation in ids
                or (row.trace is not None and row.trace.text("session") in sessions)
                or f"{MARKER}={run}" in (row.properties.text("url", 4_096) or "")
            )
        ],
        llm_rows=[
            row
            for row in read
            if row.category == "gatewayllmlogs"
            and (row.correlation in ids or row.properties.text("requestid") in answers)
        ],
        failures=failures,
    )


def _row(record: Mapping[str, Any]) -> Row | None:
    fields = Fields(record, "")
    name = fields.text("category") or (fields.text("operationname") or "").rpartition("/")[2]
    try:
        properties = fields.nested("properties")
    except InvalidField:
        return None
    if properties is None:
        return None
    correlation = fields.text("correlationid") or properties.text("correlationid") or ""
    return Row(
        category=name.lower(),
        correlation=correlation.lower(),
        properties=properties,
        trace=_trace(properties),
    )


def _trace(properties: Fields) -> Fields | None:
    traces = properties.value("tracerecords")
    for each in traces if isinstance(traces, list) else [traces]:
        if isinstance(each, Mapping):
            trace = Fields(each, "trace")
            if trace.text("source") == TRACE_SOURCE:
                try:
                    return trace.nested("metadata")
                except InvalidField:
                    return None
    return None
