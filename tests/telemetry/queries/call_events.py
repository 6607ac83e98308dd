"""Rows of the stand-in as the publisher and the gateway fill them."""

import json
from datetime import datetime, timedelta
from typing import Any

METERED_AFTER = timedelta(seconds=5)


def call_event(  # noqa: PLR0913 - each test names what it is about
    entry: str, *, time: datetime, user: str = "ann", pico: int | None = 1_000, revision: int = 0,
    session: str = "", sent_at: datetime | None = None, item_count: int = 1, **properties: Any,
) -> dict[str, object]:  # fmt: skip
    """One customEvent `chargeback.call`; other properties by their names after `chargeback.`."""
    held = {
        "chargeback.entry": entry,
        "chargeback.revision": str(revision),
        "chargeback.call.id": f"call-{entry}",
        "chargeback.time": time.isoformat(),
        "chargeback.day": f"{time:%Y-%m-%d}",
        "chargeback.recorded_at": (time + METERED_AFTER).isoformat(),
        "chargeback.model": "gpt-5-mini",
        "chargeback.operation": "chat-completions",
        "chargeback.api": "llm",
        "chargeback.state": "priced",
        "chargeback.status": "200",
        "chargeback.calls": "1",
        **({} if pico is None else _charge(pico)),
        "chargeback.currency": "USD",
        "gen_ai.request.model": "mini",
        "gen_ai.usage.input_tokens": "100",
        "gen_ai.usage.output_tokens": "20",
        **{f"chargeback.{name}": str(value) for name, value in properties.items()},
    }
    return {
        "TimeGenerated": sent_at or time, "Name": "chargeback.call", "UserId": user,
        "SessionId": session, "OperationId": f"trace-{entry}", "AppRoleName": "publisher",
        "ItemCount": item_count, "Properties": json.dumps(held), "Measurements": "{}",
    }  # fmt: skip


def _charge(pico: int) -> dict[str, str]:
    return {"chargeback.charge": f"0.{pico:012}", "chargeback.charge.pico": str(pico)}


def gateway_items(
    entry: str, *, time: datetime, call: str | None = None, operation: str | None = None
) -> dict[str, list[dict[str, object]]]:
    """The gateway's request and what it asked the model, with an operation id of its own."""
    common = {"TimeGenerated": time, "OperationId": operation or f"apim-{entry}", "ItemCount": 1}
    request = {
        **common, "Id": f"request-{entry}", "Name": "POST /llm/chat/completions", "Success": True,
        "DurationMs": 874.0, "ResultCode": "200", "Url": "http://gateway/llm", "Measurements": "{}",
        "Properties": json.dumps({"Request Id": call or f"call-{entry}"}),
    }  # fmt: skip
    dependency = {
        **common, "Id": f"dependency-{entry}", "ParentId": f"request-{entry}", "Success": True,
        "Name": "POST /chat/completions", "DurationMs": 812.0, "ResultCode": "200",
        "Target": "aoai-sweden", "DependencyType": "HTTP", "Measurements": "{}",
        "Properties": "{}",
    }  # fmt: skip
    return {"AppRequests": [request], "AppDependencies": [dependency]}
