"""A small HTTP server that speaks the API's contract over a few hundred invented calls.

The answers are computed from the calls, so lists, totals and details agree as the real ones do.
"""

import json
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, time, timedelta
from decimal import Decimal
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from threading import Thread
from typing import Any
from urllib.parse import parse_qs, unquote, urlsplit
from zoneinfo import ZoneInfo

ZONE = "Europe/Berlin"
PRICES = {"gpt-5-mini": ("0.00000025", "0.000002"), "claude-sonnet-4-5": ("0.000003", "0.000015")}
DISCOUNT = Decimal("0.9")
ADA, BOB, ODD, KEY = (
    "11111111-aaaa-4aaa-8aaa-000000000001",
    "22222222-bbbb-4bbb-8bbb-000000000002",
    "33333333-cccc-4ccc-8ccc-000000000003",
    "subscription:batch/nightly",
)
ODD_NAME = "*_o[d]d_* $a$ <b>|x| www.contoso.example user@contoso.example :smile: :red[r]"
PEOPLE = {ADA: ("Ada Lovelace", "R&D"), BOB: ("Bob Berg", "Sales"), ODD: (ODD_NAME, "R&D")}


@dataclass(frozen=True, kw_only=True)
class FakeCall:
    number: int
    subject: str
    day: date
    model: str
    units: dict[str, int]
    status: int = 200

    @property
    def id(self) -> str:
        return f"call{self.number}"

    @property
    def unpriced(self) -> bool:
        return self.model not in PRICES

    @property
    def time(self) -> datetime:
        start = datetime.combine(self.day, time(0, 0, 1), ZoneInfo(ZONE))
        return (start + timedelta(milliseconds=self.number * 7)).astimezone(UTC)

    def lines(self) -> list[dict[str, Any]]:
        lines = []
        for unit, quantity in self.units.items():
            price = Decimal(PRICES[self.model][1 if unit == "output" else 0])
            amount = quantity * price
            lines.append(
                {
                    "unit": unit,
                    "quantity": quantity,
                    "unit_price": text(price),
                    "unit_price_per_million": text(price * 10**6),
                    "list": text(amount),
                    "contracted": text(amount * DISCOUNT),
                    "charge": text(amount * DISCOUNT),
                }
            )
        return lines

    def cost(self) -> dict[str, str]:
        lines = [] if self.unpriced else self.lines()
        return {
            layer: text(sum((Decimal(line[layer]) for line in lines), Decimal(0)))
            for layer in ("list", "contracted", "charge")
        }


def text(value: Decimal) -> str:
    shown = f"{value:f}"
    return shown.rstrip("0").rstrip(".") if "." in shown else shown


def stamp(value: datetime) -> str:
    return value.astimezone(UTC).isoformat().replace("+00:00", "Z")


def invented_calls(today: date) -> list[FakeCall]:
    """Three months of calls up to today: four subjects, three models of which one has no price."""
    models = ["gpt-5-mini", "claude-sonnet-4-5", "gpt-9-preview"]
    subjects = [ADA, BOB, ODD, KEY, ADA, BOB, ADA]
    calls = []
    for number in range(420):
        model = models[2 if number % 23 == 7 else number // 3 % 2]
        calls.append(
            FakeCall(
                number=number,
                subject=subjects[number % len(subjects)],
                day=today - timedelta(days=number % 70),
                model=model,
                units={
                    "input": 900 + 13 * number,
                    "cache_read": 40 * number,
                    "output": 211 + number,
                },
                status=429 if number % 31 == 5 else 200,
            )
        )
    return sorted(calls, key=lambda call: (call.time, call.number))


def totals(calls: Iterable[FakeCall]) -> dict[str, Any]:
    rows = list(calls)
    units: dict[str, int] = {}
    for call in rows:
        for unit, quantity in call.units.items():
            units[unit] = units.get(unit, 0) + quantity
    return {
        "calls": len(rows),
        "errors": sum(call.status >= 400 for call in rows),
        "unpriced_calls": sum(call.unpriced for call in rows),
        "units": units,
        "cost": {
            layer: text(sum((Decimal(call.cost()[layer]) for call in rows), Decimal(0)))
            for layer in ("list", "contracted", "charge")
        },
    }


@dataclass
class Ledger:
    """What the fake answers from; tests change it between requests."""

    today: date = field(default_factory=lambda: datetime.now(ZoneInfo(ZONE)).date())
    calls: list[FakeCall] = field(default_factory=list)
    audit: dict[str, Any] | None = None
    dead_letters: int = 0
    broken: bool = False
    """Answer every request with a 503 problem."""

    def between(self, query: dict[str, str]) -> list[FakeCall]:
        first, until = date.fromisoformat(query["from"]), date.fromisoformat(query["to"])
        return [call for call in self.calls if first <= call.day < until]

    def head(self, query: dict[str, str]) -> dict[str, Any]:
        newest = max((call.time for call in self.calls), default=None)
        return {
            "from": query["from"],
            "to": query["to"],
            "zone": ZONE,
            "currency": "USD",
            "newest_call": stamp(newest) if newest else None,
        }


def person(subject: str) -> dict[str, str | None]:
    name, cost_centre = PEOPLE.get(subject, (None, None))
    return {"subject": subject, "name": name, "cost_centre": cost_centre}


def usage(ledger: Ledger, query: dict[str, str], calls: list[FakeCall]) -> dict[str, Any]:
    dimensions = query["group_by"].split(",")
    groups: dict[tuple[str | None, ...], list[FakeCall]] = {}
    for call in calls:
        values = {
            "day": call.day.isoformat(),
            "model": call.model,
            "cost_centre": person(call.subject)["cost_centre"],
        }
        groups.setdefault(tuple(values[name] for name in dimensions), []).append(call)
    data = [
        dict(zip(dimensions, key, strict=True)) | totals(group) for key, group in groups.items()
    ]
    return ledger.head(query) | {"data": data, "totals": totals(calls)}


def page(rows: list[dict[str, Any]], query: dict[str, str]) -> dict[str, Any]:
    start, limit = int(query.get("cursor", "0")), int(query["limit"])
    more = str(start + limit) if start + limit < len(rows) else None
    return {"data": rows[start : start + limit], "page": {"next_cursor": more, "limit": limit}}


def subjects(ledger: Ledger, query: dict[str, str]) -> dict[str, Any]:
    calls = ledger.between(query)
    wanted = query.get("q", "").lower()
    rows = []
    for subject in dict.fromkeys(call.subject for call in calls):
        own = [call for call in calls if call.subject == subject]
        who = person(subject)
        if wanted in f"{subject} {who['name']}".lower():
            last = max(call.day for call in own)
            rows.append(who | {"last_day": last.isoformat()} | totals(own))
    keys = {
        "charge": lambda row: Decimal(row["cost"]["charge"]),
        "calls": lambda row: row["calls"],
        "subject": lambda row: row["subject"],
    }
    rows.sort(key=keys[query["sort"]], reverse=query["order"] == "desc")
    return ledger.head(query) | page(rows, query) | {"totals": totals(calls)}


def call_row(call: FakeCall) -> dict[str, Any]:
    return {
        "id": call.id,
        "call_id": f"request-{call.number}",
        "time": stamp(call.time),
        "day": call.day.isoformat(),
        "model": call.model,
        "deployment": f"{call.model}-eu",
        "operation": "chat-completions",
        "status": call.status,
        "stream": False,
        "state": "unpriced" if call.unpriced else "priced",
        "reason": f"no alias for deployment {call.model}-eu" if call.unpriced else None,
        "units": call.units,
        "cost": None if call.unpriced else call.cost(),
        "duration_ms": 800 + call.number,
        "session": None,
    }


def call_detail(call: FakeCall) -> dict[str, Any]:
    """As the contract has it; a chain of one entry."""
    row = call_row(call)
    lines = [] if call.unpriced else call.lines()
    change = Decimal(call.cost()["contracted"]) - Decimal(call.cost()["list"])
    discount = {"rule_id": "eu-10", "layer": "negotiated", "factor": "0.9", "delta": text(change)}
    entry = {key: row[key] for key in ("state", "units", "cost", "reason")}
    recorded = stamp(call.time + timedelta(seconds=2))
    return (
        row
        | person(call.subject)
        | {
            "currency": "USD",
            "zone": ZONE,
            "provider": "openai",
            "region": "swedencentral",
            "response_id": f"chatcmpl-{call.number}",
            "origin": {
                "hub": "llm-usage",
                "partition": "3",
                "sequence_number": call.number,
                "enqueued_time": stamp(call.time + timedelta(seconds=1)),
            },
            "explanation": {
                "book_version": "sha256:5f3c",
                "base_rule_id": f"{call.model}-2026-01",
                "tier": 0,
                "lines": lines,
                "adjustments": [discount] if lines else [],
            },
            "chain": [entry | {"n": 0, "recorded_at": recorded, "book_version": "sha256:5f3c"}],
        }
    )


def metering(ledger: Ledger) -> dict[str, Any]:
    counts = dict.fromkeys(("posted", "corrected", "duplicates", "dead_lettered", "unpriced"), 0)
    return {
        "partitions": [],
        "totals": counts | {"received": len(ledger.calls), "deferred": 12},
        "dead_letters_open": ledger.dead_letters,
        "audit": ledger.audit,
    }


class Unknown(Exception):
    """The path names nothing that the ledger holds."""


def of_subject(ledger: Ledger, subject: str, what: str, query: dict[str, str]) -> dict[str, Any]:
    if not any(call.subject == subject for call in ledger.calls):
        raise Unknown(f"subject {subject!r} is in no call and among no people")
    own = [call for call in ledger.between(query) if call.subject == subject]
    if what == "usage":
        return person(subject) | usage(ledger, query, own)
    rows = [call_row(call) for call in own]
    return ledger.head(query) | person(subject) | page(rows, query)


def answer(ledger: Ledger, path: list[str], query: dict[str, str]) -> dict[str, Any]:
    match path:
        case ["healthz"]:
            return {"status": "ok", "zone": ZONE, "currency": "USD", "auth_mode": "local"}
        case ["v1", "metering"]:
            return metering(ledger)
        case ["v1", "usage"]:
            return usage(ledger, query, ledger.between(query))
        case ["v1", "subjects"]:
            return subjects(ledger, query)
        case ["v1", "subjects", subject, "usage" | "calls" as what]:
            return of_subject(ledger, subject, what, query)
        case ["v1", "calls", wanted]:
            for call in ledger.calls:
                if call.id == wanted:
                    return call_detail(call)
    raise Unknown("/" + "/".join(path))


@contextmanager
def serving(ledger: Ledger) -> Iterator[str]:
    """The base address of a server on a free loopback port, for as long as the block runs."""

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            parts = urlsplit(self.path)
            path = [unquote(part) for part in parts.path.strip("/").split("/")]
            query = {name: values[0] for name, values in parse_qs(parts.query).items()}
            try:
                if ledger.broken:
                    self.send_problem(503, "Storage does not answer", "table ledger: timed out")
                else:
                    self.send_json(200, "application/json", answer(ledger, path, query))
            except Unknown as unknown:
                self.send_problem(404, "Not found", str(unknown))

        def send_problem(self, status: int, title: str, detail: str) -> None:
            problem = {"type": "about:blank", "title": title, "status": status, "detail": detail}
            self.send_json(status, "application/problem+json", problem)

        def send_json(self, status: int, kind: str, body: dict[str, Any]) -> None:
            content = json.dumps(body).encode()
            self.send_response(status)
            self.send_header("content-type", kind)
            self.send_header("content-length", str(len(content)))
            self.end_headers()
            self.wfile.write(content)

        def log_message(self, format: str, *args: object) -> None:
            """Quiet: a failing test prints what matters."""

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    thread = Thread(target=server.serve_forever, daemon=True)
    thread.start()
    try:
        yield f"http://127.0.0.1:{server.server_port}"
    finally:
        server.shutdown()
        thread.join()
        server.server_close()
