"""Valid values with sane defaults: a test names only what it is about."""

import json
from datetime import UTC, datetime, timedelta
from enum import Enum
from typing import Any
from uuid import UUID

from jsonschema import Draft202012Validator
from msgspec.structs import replace

from pricing_rules.types import Caller, Operation, Rank, Usage, UsageEvent
from pricing_rules.units import Unit
from tests.paths import ROOT

TENANT = "0b8f0a52-6f0e-4a53-8c1d-7e2f5b9d4c10"
SUBJECT = "7c9f2f0e-6a4b-4e0f-9c55-0d1e2f3a4b5c"
CALL_TIME = datetime(2026, 11, 20, 9, 30, 15, 446590, tzinfo=UTC)
ENQUEUED_TIME = CALL_TIME + timedelta(seconds=2)


class Absent(Enum):
    """As a change of `make_document`: leave the field out of the document."""

    ABSENT = "absent"


ABSENT = Absent.ABSENT

WIRE_SCHEMA = ROOT / "apim_policies/usage_event.schema.json"

_ATTRIBUTES = frozenset({"specversion", "type", "id", "source", "time", "subject", "data"})


def call_id(number: int) -> str:
    """The id of the `number`-th call: distinct numbers give distinct ids."""
    return str(UUID(int=number))


def make_usage(reasoning: int = 0, **counts: int) -> Usage:
    """Normalised usage from unit names: `make_usage(input=1024, cache_read=1024, output=427)`."""
    return Usage(counts={Unit(name): count for name, count in counts.items()}, reasoning=reasoning)


def chat_usage(
    prompt: int = 2048, cached: int = 1024, completion: int = 427, reasoning: int = 0
) -> dict[str, Any]:
    """The `usage` object of a chat completion, as the model sends it."""
    return {
        "prompt_tokens": prompt,
        "prompt_tokens_details": {"cached_tokens": cached, "audio_tokens": 0},
        "completion_tokens": completion,
        "completion_tokens_details": {"reasoning_tokens": reasoning, "audio_tokens": 0},
        "total_tokens": prompt + completion,
    }


_EVENT = UsageEvent(
    id=call_id(1),
    source="apim/contoso",
    subject=SUBJECT,
    time=CALL_TIME,
    operation=Operation.CHAT_COMPLETIONS,
    stream=False,
    status=200,
    rank=Rank.MODEL_USAGE,
    usage=make_usage(input=1024, cache_read=1024, output=427),
    caller=Caller(oid=SUBJECT, tid=TENANT, subscription="team-search", product="ai-standard"),
    deployment="gpt-4.1-mini",
    model="gpt-4.1-mini-2025-04-14",
    api="llm",
    region="swedencentral",
    service_tier="default",
    response_id="chatcmpl-CB38CGNFrrplmi6y7Sw64xcY6QqIm",
    duration_ms=812,
)


def make_event(**changes: Any) -> UsageEvent:
    """A decoded call of 1024 input, 1024 cached and 427 output tokens; `changes` are its fields.

    `usage=None` alone also sets rank NO_USAGE.
    """
    if changes.get("usage", ABSENT) is None:
        changes.setdefault("rank", Rank.NO_USAGE)
    return replace(_EVENT, **changes)


def make_document(**changes: Any) -> dict[str, Any]:
    """The wire form of `make_event()`; a change is an envelope attribute or a field of data."""
    data: dict[str, Any] = {
        "stream": False,
        "status": 200,
        "duration_ms": 812,
        "caller": {
            "oid": SUBJECT,
            "tid": TENANT,
            "azp": None,
            "subscription": "team-search",
            "product": "ai-standard",
        },
        "api": "llm",
        "operation": "chat-completions",
        "deployment": "gpt-4.1-mini",
        "model": "gpt-4.1-mini-2025-04-14",
        "region": "swedencentral",
        "response_id": "chatcmpl-CB38CGNFrrplmi6y7Sw64xcY6QqIm",
        "service_tier": "default",
        "session": None,
        "traceparent": None,
        "usage": chat_usage(),
    }
    document: dict[str, Any] = {
        "specversion": "1.0",
        "type": "llm.call.v1",
        "id": call_id(1),
        "source": "apim/contoso",
        # .NET's "o" format has seven digits; the last one is below the microsecond.
        "time": f"{CALL_TIME:%Y-%m-%dT%H:%M:%S.%f}2Z",
        "subject": SUBJECT,
        "data": data,
    }
    for name, value in changes.items():
        home = document if name in _ATTRIBUTES else data
        if value is ABSENT:
            del home[name]
        else:
            home[name] = value
    return document


def make_body(**changes: Any) -> bytes:
    """`make_document` as the bytes an event hub delivers."""
    return json.dumps(make_document(**changes), ensure_ascii=False).encode()


def wire_violations(document: object) -> list[str]:
    """How `document` breaks the wire contract, as "path: what is wrong"; empty when it does not."""
    validator = Draft202012Validator(json.loads(WIRE_SCHEMA.read_text()))
    return [f"{error.json_path}: {error.message}" for error in validator.iter_errors(document)]
