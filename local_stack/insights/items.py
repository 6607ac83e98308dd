"""An item as exporters send it becomes rows of the tables, or is refused as Azure refuses it."""

import json
import re
from collections.abc import Callable, Mapping
from datetime import UTC, datetime, timedelta
from typing import Any

from local_stack.insights.errors import ItemRefused

OLDEST_MS = 172_800_000
"""48 hours: ingestion refuses an item whose time is older."""
_TEXT_MAX = 8_192
"""Characters of a property's value; the rest is cut off."""
_DURATION = re.compile(r"(?:(\d+)\.)?(\d\d):(\d\d):(\d\d)(?:\.(\d{1,7}))?")
_TAGS = {
    "ai.cloud.role": "AppRoleName",
    "ai.cloud.roleInstance": "AppRoleInstance",
    "ai.application.ver": "AppVersion",
    "ai.device.type": "ClientType",
    "ai.device.model": "ClientModel",
    "ai.device.osVersion": "ClientOS",
    "ai.location.ip": "ClientIP",
    "ai.operation.id": "OperationId",
    "ai.operation.name": "OperationName",
    "ai.operation.parentId": "ParentId",
    "ai.operation.syntheticSource": "SyntheticSource",
    "ai.session.id": "SessionId",
    "ai.internal.sdkVersion": "SDKVersion",
    "ai.user.id": "UserId",
    "ai.user.accountId": "UserAccountId",
    "ai.user.authUserId": "UserAuthenticatedId",
}
_TAG_CHARS_MAX = {"ai.session.id": 64, "ai.user.id": 128, "ai.operation.id": 128}
"""Longer ones are cut, as Azure documents their length."""

Item = Mapping[str, Any]
Row = dict[str, object]


def rows_of(item: object, *, now: datetime) -> tuple[str, list[Row]]:
    """The table and its new rows: one, except of metrics. ItemRefused when a field is wrong."""
    if not isinstance(item, dict):
        raise ItemRefused(400, "100: Invalid JSON: an envelope must be an object")
    base = _field(item, "data", "Envelope", dict)
    data = _field(base, "baseData", "Data", dict)
    kind = base.get("baseType")
    if kind not in _KINDS:
        raise ItemRefused(400, f"109: Field 'baseType' on type 'Data' is unknown: {kind!r}")
    table, columns = _KINDS[kind]
    try:
        common = _common(item, table, data, now=now)
        return table, [{**common, **own} for own in columns(data)]
    except (TypeError, ValueError, AttributeError) as error:  # a field has a wrong form
        raise ItemRefused(400, f"100: Invalid item of type '{kind}': {error}") from error


def _common(item: Item, table: str, data: Item, *, now: datetime) -> Row:
    tags = item.get("tags") or {}
    row: Row = {column: "" for column in _TAGS.values()}
    row |= {
        column: str(tags[tag])[: _TAG_CHARS_MAX.get(tag)]
        for tag, column in _TAGS.items()
        if tag in tags
    }
    return row | {
        "TimeGenerated": _time(item, now=now),
        "Type": table,
        "IKey": _field(item, "iKey", "Envelope", str),
        "ItemCount": _item_count(item),
        "Properties": _texts(data.get("properties")),
        "SourceSystem": "Azure",
    }


def _time(item: Item, *, now: datetime) -> datetime:
    text = _field(item, "time", "Envelope", str)
    try:
        time = datetime.fromisoformat(text)
    except ValueError:
        message = f"104: Field 'time' on type 'Envelope' is not a valid date: {text!r}"
        raise ItemRefused(400, message) from None
    time = time.astimezone(UTC) if time.tzinfo else time.replace(tzinfo=UTC)
    if now - time > timedelta(milliseconds=OLDEST_MS):
        raise ItemRefused(
            400,
            "103: Field 'time' on type 'Envelope' is older than the allowed min date. "
            f"Expected: now - {OLDEST_MS}ms, Actual: now - "
            f"{int((now - time).total_seconds() * 1_000)}ms",
        )
    return time


def _item_count(item: Item) -> int:
    """How many items this one represents: 4 when a sampler kept 25 percent."""
    rate = item.get("sampleRate")
    return 1 if not rate else round(100 / float(rate))


def _event(data: Item) -> list[Row]:
    return [{"Name": _name(data, "EventData"), **_measured(data)}]


def _trace(data: Item) -> list[Row]:
    message = _field(data, "message", "MessageData", str)
    return [{"Message": message, "SeverityLevel": _severity(data), **_measured(data)}]


def _exception(data: Item) -> list[Row]:
    [first, *_] = data.get("exceptions") or [{}]
    return [
        {
            "ExceptionType": str(first.get("typeName", "")),
            "OuterMessage": _field(first, "message", "ExceptionDetails", str),
            "SeverityLevel": _severity(data),
            **_measured(data),
        }
    ]


def _request(data: Item) -> list[Row]:
    own = {"Url": str(data.get("url") or ""), "Source": str(data.get("source") or "")}
    return [{**_timed(data, "RequestData", code="responseCode"), **own}]


def _dependency(data: Item) -> list[Row]:
    own = {
        "Data": str(data.get("data") or ""),
        "Target": str(data.get("target") or ""),
        "DependencyType": str(data.get("type") or ""),
    }
    return [{**_timed(data, "RemoteDependencyData", code="resultCode"), **own}]


def _metrics(data: Item) -> list[Row]:
    rows: list[Row] = []
    for point in data.get("metrics") or []:
        value = float(_field(point, "value", "DataPoint", (int, float)))
        low, high = point.get("min"), point.get("max")
        rows.append(
            {
                "Name": _name(point, "DataPoint"),
                "Sum": value,
                "Min": value if low is None else float(low),
                "Max": value if high is None else float(high),
                "ItemCount": point.get("count") or 1,
            }
        )
    if not rows:
        raise ItemRefused(400, "109: Field 'metrics' on type 'MetricData' is required but empty")
    return rows


_KINDS: Mapping[str, tuple[str, Callable[[Item], list[Row]]]] = {
    "EventData": ("AppEvents", _event),
    "MessageData": ("AppTraces", _trace),
    "ExceptionData": ("AppExceptions", _exception),
    "RequestData": ("AppRequests", _request),
    "RemoteDependencyData": ("AppDependencies", _dependency),
    "MetricData": ("AppMetrics", _metrics),
}


def _timed(data: Item, kind: str, *, code: str) -> Row:
    return {
        "Id": str(data.get("id") or ""),
        "Name": str(data.get("name") or ""),
        "DurationMs": _milliseconds(_field(data, "duration", kind, str)),
        "Success": bool(data.get("success", True)),
        "ResultCode": str(data.get(code) or ""),
        **_measured(data),
    }


def _milliseconds(text: str) -> float:
    found = _DURATION.fullmatch(text)
    if found is None:
        raise ItemRefused(400, f"104: Field 'duration' is not a valid time span: {text!r}")
    days, hours, minutes, seconds = (int(part or 0) for part in found.groups()[:4])
    ticks = int((found[5] or "0").ljust(7, "0"))
    whole = ((days * 24 + hours) * 60 + minutes) * 60 + seconds
    return whole * 1_000 + ticks / 10_000


def _severity(data: Item) -> int | None:
    """Exporters send the number, or the name of the enumeration's member."""
    given = data.get("severityLevel")
    if isinstance(given, str):
        return ["Verbose", "Information", "Warning", "Error", "Critical"].index(given)
    return None if given is None else int(given)


def _name(data: Item, kind: str) -> str:
    name = data.get("name")
    if not isinstance(name, str) or not name:
        raise ItemRefused(
            400,
            f"109: Field 'name' on type '{kind}' is required but missing or empty. "
            "Expected: string, Actual: undefined",
        )
    return name


def _field(data: Item, name: str, kind: str, wanted: type | tuple[type, ...]) -> Any:
    value = data.get(name)
    if not isinstance(value, wanted):
        raise ItemRefused(
            400, f"109: Field '{name}' on type '{kind}' is required but missing or empty"
        )
    return value


def _texts(properties: Item | None) -> str:
    """Properties are text, whatever was sent."""
    texts = {
        name: (value if isinstance(value, str) else json.dumps(value))[:_TEXT_MAX]
        for name, value in (properties or {}).items()
    }
    return json.dumps(texts, ensure_ascii=False)


def _measured(data: Item) -> Row:
    measurements = data.get("measurements") or {}
    return {
        "Measurements": json.dumps({name: float(value) for name, value in measurements.items()})
    }
