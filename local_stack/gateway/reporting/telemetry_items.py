"""A call as API Management describes it to Application Insights: a request, what it asked the
model, and its tokens. Pure; it does not know who sends them, or when.

As in Azure, the call's id is the property `Request Id`, and the names of token metrics have blanks.
"""

import re
from collections.abc import Iterable, Mapping
from datetime import UTC, datetime
from typing import Any
from urllib.parse import urlsplit
from uuid import uuid4

import msgspec

from apim_policies.harness.call import Gateway, Request, TokenMetric
from local_stack.gateway.reporting.call_log import CallLog
from local_stack.gateway.reporting.operation import operation_of

Item = dict[str, Any]

_TRACEPARENT = re.compile(r"[0-9a-f]{2}-(?P<trace>[0-9a-f]{32})-(?P<span>[0-9a-f]{16})-[0-9a-f]{2}")
_NO_TRACE = "0" * 32
_FAILED_MIN = 400


class TokenSum(msgspec.Struct, kw_only=True):
    """One metric with its dimensions, added up until it is sent."""

    name: str
    namespace: str
    dimensions: dict[str, str]
    value: int = 0
    count: int = 0
    low: int = 0
    high: int = 0

    def add(self, tokens: int) -> None:
        self.low = min(self.low, tokens) if self.count else tokens
        self.high = max(self.high, tokens)
        self.value += tokens
        self.count += 1


def call_items(call: CallLog, gateway: Gateway, *, ended_s: float) -> list[Item]:
    """The request, and the dependency if a model was asked. `ended_s` is of the monotonic clock.

    The trace of a caller's `traceparent` is the operation; without one it is a new one."""
    trace, parent = _trace_of(call.request)
    request_id = uuid4().hex[:16]
    path = urlsplit(call.request.url).path
    name = f"{call.request.method} {path}"
    tags = _tags(gateway, trace, name)
    request = {
        "id": request_id,
        "name": name,
        "url": _without_query(call.request.url),
        "duration": _duration(ended_s - call.started_s),
        "responseCode": str(call.status),
        "success": not has_failed(call),
        "properties": {
            "Service Type": "API Management",
            "Service ID": gateway.service,
            "Region": gateway.region,
            "API Name": gateway.api_id,
            "API Revision": "1",
            "Operation Name": _operation(path),
            "Request Id": str(call.request.id),
            "HTTP Method": call.request.method,
            **_given("Product Name", call.request.product),
            **_given("Subscription Name", call.request.subscription),
            "Cache": call.cache.capitalize(),
        },
    }
    at = _time(call.started_ns)
    items = [_item("Request", at, {**tags, **_given("ai.operation.parentId", parent)}, request)]
    if call.forward is not None:
        dependency = {
            "id": uuid4().hex[:16],
            "name": f"{call.forward.method} {urlsplit(call.forward.url).path}",
            "data": _without_query(call.forward.url),
            "target": urlsplit(call.forward.url).netloc,
            "type": "Backend",
            "duration": _duration(call.backend_s),
            "resultCode": str(call.backend_status),
            "success": 0 < call.backend_status < _FAILED_MIN,
            "properties": {"Service ID": gateway.service},
        }
        waited_ns = int((call.backend_began_s - call.started_s) * 1e9)
        asked = _time(call.started_ns + waited_ns)
        below = {**tags, "ai.operation.parentId": request_id}
        items.append(_item("RemoteDependency", asked, below, dependency))
    return items


def has_failed(call: CallLog) -> bool:
    """Also when the caller hung up before the answer."""
    return not 0 < call.status < _FAILED_MIN


def add_tokens(sums: dict[Any, TokenSum], metrics: Iterable[TokenMetric]) -> None:
    """Add a call's tokens to those that wait."""
    for metric in metrics:
        dimensions = {name: value for name, value in metric.dimensions.items() if value}
        for name, tokens in metric.tokens.items():
            key = (metric.namespace, name, *dimensions.items())
            if key not in sums:
                sums[key] = TokenSum(name=name, namespace=metric.namespace, dimensions=dimensions)
            sums[key].add(tokens)


def metric_item(tokens: TokenSum, gateway: Gateway, *, now_ns: int) -> Item:
    """What was added up, as one data point."""
    point = {
        "name": tokens.name,
        "ns": tokens.namespace,
        "value": tokens.value,
        "count": tokens.count,
        "min": tokens.low,
        "max": tokens.high,
    }
    data = {"metrics": [point], "properties": tokens.dimensions}
    return _item("Metric", _time(now_ns), _role(gateway), data)


def _item(kind: str, time: str, tags: Mapping[str, str], data: Item) -> Item:
    return {
        "name": f"Microsoft.ApplicationInsights.{kind}",
        "time": time,
        "tags": tags,
        "data": {"baseType": f"{kind}Data", "baseData": {"ver": 2, **data}},
    }


def _role(gateway: Gateway) -> dict[str, str]:
    return {
        "ai.cloud.role": f"{gateway.service} {gateway.region}",
        "ai.internal.sdkVersion": "apim:local",
    }


def _tags(gateway: Gateway, trace: str, name: str) -> dict[str, str]:
    return {**_role(gateway), "ai.operation.id": trace, "ai.operation.name": name}


def _trace_of(request: Request) -> tuple[str, str | None]:
    for name, value in request.headers:
        found = _TRACEPARENT.fullmatch(value) if name.lower() == "traceparent" else None
        if found is not None and found["trace"] != _NO_TRACE:
            return found["trace"], found["span"]
    return uuid4().hex, None


def _operation(path: str) -> str:
    operation = operation_of(path)
    return operation.id if operation else ""


def _given(name: str, value: str | None) -> dict[str, str]:
    return {name: value} if value else {}


def _without_query(url: str) -> str:
    """A query may hold a key."""
    return url.partition("?")[0]


def _duration(seconds: float) -> str:
    ticks = max(0, round(seconds * 10_000_000))
    whole, rest = divmod(ticks, 10_000_000)
    minutes, second = divmod(whole, 60)
    hours, minute = divmod(minutes, 60)
    days, hour = divmod(hours, 24)
    return f"{days:02}.{hour:02}:{minute:02}:{second:02}.{rest:07}"


def _time(time_ns: int) -> str:
    seconds, rest_ns = divmod(time_ns, 1_000_000_000)
    return f"{datetime.fromtimestamp(seconds, UTC):%Y-%m-%dT%H:%M:%S}.{rest_ns // 1_000:06}Z"
