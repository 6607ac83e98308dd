"""Bytes from the diagnostics hub → facts about calls, and what could not be read. Never raises.

A body holds many records of mixed categories: a bad one spoils itself alone.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import cast

import msgspec

from consumers.gateway_log.llm_record import tokens_of
from consumers.gateway_log.record_fields import Fields
from consumers.gateway_log.request_record import outcome_of
from pricing_rules.decoding.invalid_event import InvalidCode, InvalidEvent, InvalidField
from pricing_rules.decoding.usage_event import call_key
from table_api.open_calls.facts import RequestRecord, TokenCounts

BODY_BYTES_MAX = 1024 * 1024 + 1024
"""An event hub takes 1 MB; its own envelope adds little."""
FUTURE_MAX = timedelta(hours=1)
"""Clocks of gateway and hub differ by seconds; an hour ahead is a broken clock."""
BAD_APART_MAX = 100
"""Bad records of one body that are kept each by itself; the rest of them are kept together."""
GATEWAY_LOGS = "gatewaylogs"
LLM_LOGS = "gatewayllmlogs"

_decode_json = msgspec.json.Decoder().decode
_encode_json = msgspec.json.encode


@dataclass(frozen=True, slots=True)
class BadRecord:
    """What could not be read, as a body of its own: no good record comes with it."""

    invalid: InvalidEvent
    body: bytes


@dataclass(slots=True)
class Diagnostics:
    """What one body said."""

    facts: list[tuple[str, RequestRecord | TokenCounts]] = field(default_factory=list)
    """(call id, fact) of each record that says one."""
    bad: list[BadRecord] = field(default_factory=list)
    """Records that could not be read, or the body as a whole."""
    ignored: int = 0
    """Records of other categories, of requests that call no model, and probes."""


def decode_diagnostics(body: bytes, *, enqueued_time: datetime, oldest: datetime) -> Diagnostics:
    """A record of before `oldest` is invalid, since the facts that it belongs to may be purged."""
    found = Diagnostics()
    try:
        records = records_of(body)
    except InvalidField as error:
        found.bad.append(BadRecord(error.invalid_event(None), body))
        return found
    bad: list[tuple[InvalidEvent, object]] = []
    for record in records:
        event_id = None
        try:
            fields = _object(record, "records[0]")  # as the bad record's own body has it
            properties = _properties(fields)
            event_id = _call_id(fields, properties)
            fact = None if properties is None else _fact(fields, properties, event_id)
            if fact is None or event_id is None:
                found.ignored += 1
                continue
            _check_time(fields, fact.time, enqueued_time, oldest)
            found.facts.append((event_id, fact))
        except InvalidField as error:
            bad.append((error.invalid_event(event_id), record))
    found.bad = _bad_records(bad, body, alone=len(records) == 1)
    return found


def _bad_records(
    bad: Sequence[tuple[InvalidEvent, object]], body: bytes, *, alone: bool
) -> list[BadRecord]:
    """`alone`: the body has no other record, so that it is kept as it came."""
    if alone:
        return [BadRecord(invalid, body) for invalid, _ in bad]
    apart = [[each] for each in bad[:BAD_APART_MAX]]
    rest = bad[BAD_APART_MAX:]
    return [
        BadRecord(together[0][0], _encode_json({"records": [record for _, record in together]}))
        for together in (*apart, *([rest] if rest else []))
    ]


def records_of(body: bytes) -> list[object]:
    """The records of an envelope, of a bare array, or the one record. InvalidField where the body
    is none of them."""
    if len(body) > BODY_BYTES_MAX:
        expected = f"at most {BODY_BYTES_MAX}"
        raise InvalidField(InvalidCode.TOO_LARGE, "body", f"{len(body)} bytes", expected)
    try:
        document = _decode_json(body.decode("utf-8-sig"))  # some writers begin with a mark
    except UnicodeDecodeError as error:
        where = body[error.start : error.start + 8]
        raise InvalidField(InvalidCode.NOT_UTF8, "body", where, "UTF-8") from error
    except (msgspec.DecodeError, RecursionError) as error:
        # The end is shown: most of these bodies were cut.
        expected = f"JSON in one piece ({error})"
        raise InvalidField(InvalidCode.NOT_JSON, "body", body[-40:], expected) from error
    if isinstance(document, Mapping):
        envelope = {str(name).lower(): value for name, value in document.items()}
        document = envelope.get("records", [document])
    if not isinstance(document, list):
        raise InvalidField(InvalidCode.WRONG_TYPE, "records", document, "a list of records")
    return document


def _object(record: object, path: str) -> Fields:
    if not isinstance(record, Mapping):
        raise InvalidField(InvalidCode.WRONG_TYPE, path, record, "a JSON object")
    return Fields(cast("Mapping[str, object]", record), path)


def _category(fields: Fields) -> str:
    name = fields.text("category") or (fields.text("operationname") or "").rpartition("/")[2]
    return name.lower()


def _properties(fields: Fields) -> Fields | None:
    """None of a record of a category that says nothing about calls."""
    if _category(fields) not in {GATEWAY_LOGS, LLM_LOGS}:
        return None
    properties = fields.nested("properties")
    if properties is None:
        raise fields.wrong(InvalidCode.MISSING_FIELD, "properties", "a JSON object")
    return properties


def _call_id(fields: Fields, properties: Fields | None) -> str | None:
    text = fields.text("correlationid")
    if text is None and properties is not None:
        text = properties.text("correlationid")  # some writers put it there
    return None if text is None else call_key(text)


def _fact(
    fields: Fields, properties: Fields, call_id: str | None
) -> RequestRecord | TokenCounts | None:
    if _category(fields) == LLM_LOGS:
        fact: RequestRecord | TokenCounts | None = tokens_of(fields, properties)
    else:
        fact = outcome_of(fields, properties, call_id or "")
    if fact is not None and call_id is None:
        raise fields.wrong(InvalidCode.MISSING_FIELD, "correlationid", "the gateway's request id")
    return fact


def _check_time(fields: Fields, time: datetime, enqueued_time: datetime, oldest: datetime) -> None:
    if time < oldest:
        expected = f"{oldest} or later: facts of earlier calls are purged"
        raise fields.wrong(InvalidCode.FAR_PAST, "time", expected)
    if time - enqueued_time > FUTURE_MAX:
        expected = f"at most {FUTURE_MAX} after it was enqueued ({enqueued_time})"
        raise fields.wrong(InvalidCode.FAR_FUTURE, "time", expected)
