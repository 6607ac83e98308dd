"""Bytes from the diagnostics hub → facts about calls, and what could not be read. Never raises.

A body holds many records of mixed categories: a bad one spoils itself alone.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import cast

import msgspec

from consumers.decoding.invalid_event import InvalidCode, InvalidEvent, InvalidField
from consumers.decoding.usage_event import call_key
from consumers.gateway_log.fields import Fields
from consumers.gateway_log.llm_record import tokens_of
from consumers.gateway_log.request_record import outcome_of
from table_api.open_calls.facts import RequestRecord, TokenCounts

BODY_BYTES_MAX = 1024 * 1024 + 1024
"""An event hub takes 1 MB; its own envelope adds little."""
FUTURE_MAX = timedelta(hours=1)
"""Clocks of gateway and hub differ by seconds; an hour ahead is a broken clock."""
GATEWAY_LOGS = "gatewaylogs"
LLM_LOGS = "gatewayllmlogs"

_decode_json = msgspec.json.Decoder().decode


@dataclass(slots=True)
class Diagnostics:
    """What one body said."""

    facts: list[tuple[str, RequestRecord | TokenCounts]] = field(default_factory=list)
    """(call id, fact) of each record that tells one."""
    invalid: InvalidEvent | None = None
    """The first record that could not be read, or the body as a whole."""
    ignored: int = 0
    """Records of other categories, of requests that call no model, and probes."""


def decode_diagnostics(body: bytes, *, enqueued_time: datetime, oldest: datetime) -> Diagnostics:
    """A record of before `oldest` is invalid, since the facts that it belongs to may be purged."""
    found = Diagnostics()
    try:
        records = _records(body)
    except InvalidField as error:
        found.invalid = error.invalid_event(None)
        return found
    for index, record in enumerate(records):
        path = f"records[{index}]"
        event_id = None
        try:
            fields = _object(record, path)
            event_id = _call_id(fields)
            fact = _fact(fields, event_id)
            if fact is None or event_id is None:
                found.ignored += 1
                continue
            _check_time(fields, fact.time, enqueued_time, oldest)
            found.facts.append((event_id, fact))
        except InvalidField as error:
            found.invalid = found.invalid or error.invalid_event(event_id)
    return found


def _records(body: bytes) -> list[object]:
    """The records of an envelope, of a bare array, or the one record."""
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


def _call_id(fields: Fields) -> str | None:
    text = fields.text("correlationid")
    return None if text is None else call_key(text)


def _fact(fields: Fields, call_id: str | None) -> RequestRecord | TokenCounts | None:
    category = _category(fields)
    if category not in {GATEWAY_LOGS, LLM_LOGS}:
        return None
    properties = fields.nested("properties")
    if properties is None:
        raise fields.wrong(InvalidCode.MISSING_FIELD, "properties", "a JSON object")
    if category == LLM_LOGS:
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
