"""The verb `why`: who made a call, and why it costs what it costs."""

import re
import sys
from datetime import date, timedelta

import msgspec

from chargeback_client.connection import Connection, Json
from chargeback_client.errors import ApiRefused, ClientError
from chargeback_client.verbs.usage import print_columns

_OPAQUE = re.compile(r"[A-Za-z0-9_-]{60,700}")


def why(api: Connection, call: str, *, as_json: bool, day: str | None) -> int:
    """The call with an id of the API, a request id, a response id, a trace id or a session."""
    found = _find(api, call, day)
    if as_json:
        print(msgspec.json.format(msgspec.json.encode(found), indent=2).decode())
    else:
        explain(found)
    return 0


def _find(api: Connection, call: str, day: str | None) -> Json:
    if is_opaque(call):
        try:
            return api.json(f"/v1/calls/{call}")
        except ApiRefused as refused:
            if refused.kind != "unknown-call":
                raise
    return api.json(f"/v1/calls/{find_id(api, call, day)}")


def is_opaque(call: str) -> bool:
    """Whether it has the form of the API's own ids."""
    return _OPAQUE.fullmatch(call) is not None


def find_id(api: Connection, call: str, day: str | None) -> str:
    """The API's id of the call with a request id, a response id, a trace id or a session.
    ClientError without any.
    """
    asked = {"q": call, "from": day, "to": _day_after(day), "limit": "2"}
    answer = api.json("/v1/calls", asked)
    while not answer["data"] and (cursor := answer["page"]["next_cursor"]):
        answer = api.json("/v1/calls", {**asked, "cursor": cursor})
    if not answer["data"]:
        raise ClientError(
            f"no call has {call!r} as request id, response id, trace id or session; "
            "a call of earlier weeks needs --day"
        )
    if len(answer["data"]) > 1:
        print(f"several calls have {call!r}; this is the newest", file=sys.stderr)
    return str(answer["data"][0]["id"])


def _day_after(day: str | None) -> str | None:
    if day is None:
        return None
    try:
        return (date.fromisoformat(day) + timedelta(days=1)).isoformat()
    except OverflowError:
        raise ClientError(f"--day: {day} is after every call") from None


def explain(call: Json) -> None:
    """Print who made a call, what it cost, and why."""
    who = call["name"] or call["subject"]
    print(f"{call['model']} for {who}, cost centre {call['cost_centre'] or '—'}")
    print(f"{call['time']}, charged on {call['day']} ({call['zone']})")
    print(f"status {call['status']}, {call['state']}{_because(call['reason'])}")
    explanation, currency = call["explanation"], call["currency"]
    if explanation["lines"]:
        rows = [["", "quantity", f"{currency} per million", "list", "charge"]]
        for line in explanation["lines"]:
            amounts = (line["unit_price_per_million"], line["list"], line["charge"])
            rows.append([line["unit"], f"{line['quantity']:,}", *amounts])
        rows.append(["total", "", "", call["cost"]["list"], call["cost"]["charge"]])
        print_columns(rows, left=1)
    elif call["cost"]:
        print(f"cost: {call['cost']['charge']} {currency}")
    else:
        print("cost: unknown")
    if call["excludes"]:
        print(f"the cost leaves out: {', '.join(call['excludes'])}")
    if explanation["base_rule_id"]:
        print(f"rule {explanation['base_rule_id']}, book {explanation['book_version'][:12]}")
    for step in explanation["adjustments"]:
        print(f"{step['rule_id']}: {step['delta']} on {step['layer']}")
    for row in call["chain"][1:]:
        before, after = _charge(row["before"]), _charge(row["cost"])
        print(f"{row['recorded_at']}: {row['reason']}, cost {before} -> {after}")
    print(f"request id {call['call_id']}, {call['id']}")


def _charge(cost: Json) -> str:
    return cost["charge"] if cost else "unknown"


def _because(reason: str | None) -> str:
    return f": {reason}" if reason else ""
