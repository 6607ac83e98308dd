"""The verbs of `telemetry`: one person's calls as a tree, one call as a trace, and comparisons.

They ask the API with the caller's token, so nobody sees more here than there; or, for operators,
Application Insights itself.
"""

import itertools
import re
import sys
import time
from collections.abc import Iterator, Sequence
from datetime import date, timedelta
from decimal import Decimal

import msgspec
from rich.console import Console
from rich.tree import Tree

from chargeback_client.connection import Connection, Json, Parameters
from chargeback_client.errors import ClientError
from chargeback_client.verbs.telemetry_source import Source
from chargeback_client.verbs.usage import print_columns

PLAIN_WIDTH = 200
"""Columns where nobody looks, so that lines stay whole."""
SESSIONS_SHOWN = 10
POLL_S = 5
DIFFERS = 1
MISSING = "gateway: no item (sampled, or not arrived)"

_FINER = re.compile(r"(?<=\.\d{3})\d+(?=Z)")


def user(
    source: Source, subject: str | None, asked: Parameters, *, calls: int, as_json: bool
) -> int:
    """The sessions of one person, each with its newest calls."""
    usage, sessions = source.usage(subject, asked), source.sessions(subject, asked)
    for session in sessions["data"][:SESSIONS_SHOWN]:
        name = session["session"] or ""
        session["newest"] = source.calls(subject, asked, session=name, most=calls)[0]
    if as_json:
        return _print_json({"usage": usage, "sessions": sessions})
    tree = Tree(_plain(_heading(usage)))
    for session in sessions["data"]:
        branch = tree.add(_plain(_session_line(session, usage["currency"])))
        newest = session.get("newest", [])
        for call in newest:
            _add_call(branch, call, usage["currency"])
        if len(newest) < session["calls"]:
            left = session["calls"] - len(newest)
            branch.add(_plain(f"… {left:,} more"))
    if sessions["more"]:
        tree.add("… more sessions: ask for fewer days")
    _console().print(tree)
    return 0


def session(
    source: Source, name: str, subject: str | None, asked: Parameters, *, as_json: bool
) -> int:
    """The calls of one session in the order of their time, with a running total."""
    newest_first, currency = source.calls(subject, asked, session=name)
    calls = newest_first[::-1]
    if as_json:
        return _print_json({"session": name, "currency": currency, "data": calls})
    if not calls:
        raise ClientError(
            f"no call of these days is of session {name!r}: ask for earlier days by --from, or for "
            "somebody else's calls by --user"
        )
    tree = Tree(_plain(f"session {name or '(none given)'}  {_counted(len(calls))}"))
    total: Decimal | None = None
    for call in calls:
        if call["charge"] is not None:
            total = (total or Decimal(0)) + Decimal(call["charge"])
        _add_call(tree, call, currency, "" if total is None else f"  total {_amount(total)}")
    _console().print(tree)
    return 0


def call(source: Source, call_id: str, *, as_json: bool, day: str | None = None) -> int:
    """One call from the gateway to the ledger."""
    found = source.call(call_id, day)
    if as_json:
        return _print_json(found)
    who = found["name"] or found["subject"]
    of_whom = f" for {who}" if who else ""
    tree = Tree(_plain(f"{found['call_id']}  {_instant(found['time'])}  {found['model']}{of_whom}"))
    if not found["gateway_found"]:
        tree.add(_plain(MISSING))
    branches: dict[str | None, Tree] = {None: tree}
    for step in found["steps"]:
        if step["step"] in {"gateway", "model"}:
            line = f"{step['step']} {step['status']} {_ms(step['duration_ms'])}  {step['name']}"
            parent = branches.get(step["parent"], tree)
            branches[step["id"]] = parent.add(_plain(f"{_clock(step['start'])}  {line}"))
        elif step["step"] == "metering":
            tree.add(_plain(f"{_clock(step['start'])}  metering {_ms(step['duration_ms'])}"))
    for row in found["rows"]:
        charge = _charge(row, found["currency"])
        why = f", {row['correction']}" if row["correction"] else ""
        sent = "published" if row["copies"] else "not published yet"
        line = f"ledger row {row['revision']}  {row['state']}  {charge}{why}  ({sent})"
        tree.add(_plain(f"{_clock(row['recorded_at'])}  {line}"))
    _console().print(tree)
    if "published_until" in found:
        _say_until(found)
    return 0


def top(source: Source, asked: Parameters, by: str, *, as_json: bool) -> int:
    """Who, or what, costs most."""
    found = source.top(asked, by)
    if as_json:
        return _print_json(found)
    total = Decimal(found["totals"]["charge"] or 0)
    rows = [[found["by"], "calls", f"charge {found['currency']}", "share", "input", "output"]]
    for line in found["data"]:
        rows.append(_top_row(line["name"] or line["group"] or "—", line, total))
    if found["rest"]["calls"]:
        rows.append(_top_row("Others", found["rest"], total))
    rows.append(_top_row("total", found["totals"], total))
    print_columns(rows, left=1)
    return 0


def tail(
    source: Source, subject: str | None, *, as_json: bool, polls: Iterator[int] | None = None
) -> int:
    """Each new call, and each correction of one, as it arrives."""
    shown = dict[str, Json]()
    for number in polls or itertools.count():
        if number:
            time.sleep(POLL_S)
        calls, currency = source.recent(subject)
        for found in calls:
            name = found.get("entry") or found["call_id"]
            before = shown.get(name)
            if before is not None and before["revision"] >= found["revision"]:
                continue
            shown[name] = found
            if as_json:
                print(msgspec.json.encode(found).decode(), flush=True)
            else:
                print(_call_line(found, currency) + change(before, found), flush=True)
    return 0


def reconcile(api: Connection, asked: Parameters, *, as_json: bool) -> int:
    """The three sides by day; the exit code is 1 when a day differs."""
    found = api.json("/v1/telemetry/reconciliation", asked)
    differs = any(day["state"] == "differs" for day in found["data"])
    if as_json:
        _print_json(found)
        return DIFFERS if differs else 0
    titles = ["day", "state"]
    for side in ("ledger", "published", "insights"):
        titles += [f"{side} calls", f"{found['currency']}"]
    rows = [[*titles, "differing", "copies", "refused"]]
    for day in found["data"]:
        row = [day["day"], day["state"]]
        for side in ("ledger", "published", "insights"):
            row += [f"{day[f'{side}_calls']:,}", day[f"{side}_charge"]]
        rows.append([*row, *(f"{day[name]:,}" for name in _COUNTS)])
    print_columns(rows, left=2)
    _say_until(found)
    return DIFFERS if differs else 0


_COUNTS = ("differing_cells", "copies", "refused_rows")


def _say_until(found: Json) -> None:
    until = _instant(found["published_until"] or "nothing yet")
    print(f"published up to {until}", file=sys.stderr)


def _heading(usage: Json) -> str:
    calls = sum(line["calls"] for line in usage["data"])
    charge = _sum(usage["data"]) if calls else Decimal()
    cost = "cost unknown" if charge is None else f"{_amount(charge)} {usage['currency']}"
    who = usage["name"] or usage["subject"]
    days = f"{usage['from']} … {_day_before(usage['to'])}"
    said = f"{_counted(calls)}, {cost}, {days}{_unknown(usage)} ({_compared(usage, calls)})"
    return f"{who}: {said}"


def _sum(lines: Sequence[Json]) -> Decimal | None:
    """Of the charges that are known; None where none is."""
    known = [Decimal(line["charge"]) for line in lines if line["charge"] is not None]
    return sum(known, Decimal(0)) if known else None


def _day_before(day: str) -> str:
    return (date.fromisoformat(day) - timedelta(days=1)).isoformat()


_WITHOUT_COST = ("unpriced_calls", "no_usage_calls", "pending_calls")
"""Of a line of usage. An API of an earlier release does not count the last."""


def _unknown(usage: Json) -> str:
    calls = sum(sum(line.get(name, 0) for name in _WITHOUT_COST) for line in usage["data"])
    return f", the cost of {calls:,} unknown" if calls else ""


def _compared(usage: Json, calls: int) -> str:
    if "published_until" not in usage:
        return "not compared with the ledger"
    ahead = sum(line["ledger_calls"] for line in usage["data"]) - calls
    until = _instant(usage["published_until"] or "nothing yet")
    return f"published up to {until}; the ledger is {ahead:,} calls ahead"


def _session_line(found: Json, currency: str) -> str:
    errors = f"  {found['errors']:,} errors" if found["errors"] else ""
    first, last = _instant(found["first"]), _instant(found["last"])
    return (
        f"session {found['session'] or '(none given)'}  {first} – {last}  "
        f"{_counted(found['calls'])}  {_charge(found, currency)}{errors}"
    )


def _add_call(tree: Tree, found: Json, currency: str, more: str = "") -> None:
    branch = tree.add(_plain(_call_line(found, currency) + more))
    if found["gateway_ms"] is None:
        branch.add(_plain(MISSING))
        return
    gateway = branch.add(_plain(f"gateway {found['gateway_status']} {_ms(found['gateway_ms'])}"))
    if found["backend_ms"] is not None:
        model = f"model {found['backend_status']} {_ms(found['backend_ms'])}"
        gateway.add(_plain(f"{model}  {found['backend_target'] or ''}"))


def _call_line(found: Json, currency: str) -> str:
    charge = _charge(found, currency)
    return (
        f"{_instant(found['time'])}  {found['model']}  {found['input_tokens']:,} in "
        f"{found['output_tokens']:,} out  {charge}  {found['state']}  {found['call_id']}"
    )


def _counted(calls: int) -> str:
    return "1 call" if calls == 1 else f"{calls:,} calls"


def _charge(found: Json, currency: str) -> str:
    return f"{found['charge']} {currency}" if found["charge"] else "cost unknown"


def change(before: Json | None, found: Json) -> str:
    """How a correction changed the charge. A source may know the charge before it."""
    old = found.get("charge_before") if before is None else before["charge"]
    if before is None and old is None:
        return "  ↺" if found.get("correction") else ""
    change = Decimal(found["charge"] or 0) - Decimal(old or 0)
    return f"  ↺ {'+' if change >= 0 else ''}{_amount(change)}"


def _top_row(name: str, line: Json, total: Decimal) -> list[str]:
    charge = line["charge"]
    share = f"{Decimal(charge) * 100 / total:.1f} %" if charge and total else ""
    tokens = (f"{line['input_tokens']:,}", f"{line['output_tokens']:,}")
    return [name, f"{line['calls']:,}", charge or "unknown", share, *tokens]


def _amount(amount: Decimal) -> str:
    """Exact, without zeros at its end: a sum has as many digits as its longest part."""
    text = f"{amount:f}"
    return text.rstrip("0").rstrip(".") if "." in text else text


def _ms(duration: int | None) -> str:
    return "? ms" if duration is None else f"{duration:,} ms"


def _instant(text: str) -> str:
    """A time to the millisecond; `--json` has all its digits."""
    return _FINER.sub("", text)


def _clock(text: str) -> str:
    """The time of day, without the day."""
    return _instant(text.partition("T")[2])


def _plain(text: str) -> str:
    """Text without markup: a session is a client's word."""
    return text.replace("[", "\\[")


def _print_json(found: object) -> int:
    print(msgspec.json.format(msgspec.json.encode(found), indent=2).decode())
    return 0


def _console() -> Console:
    is_seen = sys.stdout.isatty()
    return Console(highlight=False, width=None if is_seen else PLAIN_WIDTH, soft_wrap=True)
