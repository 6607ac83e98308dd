"""Rows of the queries as the API spells them. Pure."""

from collections.abc import Iterator, Mapping, Sequence
from datetime import date

from pricing_rules.money import format_pico
from table_api.http_api.access.question import Question
from table_api.http_api.conventions.models import Fields
from table_api.http_api.telemetry.queries import By
from table_api.http_api.telemetry.traces import milliseconds
from table_api.usage.daily_usage import DailyUsage, Totals, sum_totals
from telemetry.queries.answers import Call, Session, TokenHour, Top, UserDay


def usage_lines(found: Sequence[UserDay], cells: Sequence[DailyUsage]) -> Iterator[Fields]:
    """By day and model, each next to the ledger's: models.TelemetryUsageLine."""
    held: dict[tuple[date, str], list[UserDay]] = {}
    for row in found:
        held.setdefault((row.day.date(), row.model), []).append(row)
    ledger: dict[tuple[date, str], list[Totals]] = {}
    for cell in cells:
        ledger.setdefault((cell.day, cell.model), []).append(cell.totals)
    for day, model in sorted(held.keys() | ledger.keys()):
        rows = held.get((day, model), [])
        totals = sum_totals(ledger.get((day, model), ()))
        if totals.calls or rows:
            yield {"day": day, "model": model} | _usage_line(rows, totals)


def _usage_line(rows: Sequence[UserDay], totals: Totals) -> Fields:
    calls, pico = sum(row.calls for row in rows), sum(row.pico for row in rows)
    return {
        "calls": calls,
        "charge": format_pico(pico) if any(row.cost_known for row in rows) else None,
        "ledger_calls": totals.calls,
        "ledger_charge": format_pico(totals.charge) if totals.cost_known else None,
        "is_equal": (calls, pico) == (totals.calls, totals.charge),
        "errors": sum(row.errors for row in rows),
        "unpriced_calls": sum(row.unpriced for row in rows),
        "no_usage_calls": sum(row.no_usage for row in rows),
        "pending_calls": sum(row.pending for row in rows),
        "input_tokens": sum(row.input or 0 for row in rows),
        "cached_tokens": sum(row.cached or 0 for row in rows),
        "output_tokens": sum(row.output or 0 for row in rows),
        "reasoning_tokens": sum(row.reasoning or 0 for row in rows),
    }


def session_lines(found: Sequence[Session]) -> list[Fields]:
    """One line for each session, whose days may have been asked in several parts."""
    parts: dict[str, list[Session]] = {}
    for row in found:
        parts.setdefault(row.session_id, []).append(row)
    lines: list[Fields] = [
        {
            "session": session or None,
            "first": min(row.first for row in rows),
            "last": max(row.last for row in rows),
            "calls": sum(row.calls for row in rows),
            "errors": sum(row.errors for row in rows),
            "charge": format_pico(sum(row.pico for row in rows))
            if any(row.known for row in rows)
            else None,
            "input_tokens": sum(row.input or 0 for row in rows),
            "output_tokens": sum(row.output or 0 for row in rows),
        }
        for session, rows in parts.items()
    ]
    return sorted(lines, key=lambda line: str(line["last"]), reverse=True)


def call_line(call: Call, opaque_id: str | None) -> Fields:
    """models.TelemetryCall."""
    return {
        "id": opaque_id,
        "call_id": call.call_id,
        "time": call.time,
        "session": call.session_id or None,
        "revision": call.revision,
        "deployment": call.deployment or None,
        "model": call.model,
        "operation": call.operation,
        "state": call.state,
        "reason": call.reason or None,
        "status": call.status,
        "charge": call.charge or None,
        "input_tokens": call.input or 0,
        "cached_tokens": call.cached or 0,
        "output_tokens": call.output or 0,
        "recorded_at": call.recorded_at,
        "trace_id": call.operation_id,
        "gateway_status": call.gateway_status or None,
        "gateway_ms": milliseconds(call.gateway_ms),
        "backend_status": call.backend_status or None,
        "backend_ms": milliseconds(call.backend_ms),
        "backend_target": call.backend_target or None,
        "backend_tries": call.backend_tries or 0,
    }


def top(
    question: Question, rows: Sequence[Top], by: By, subjects: Mapping[str, str]
) -> dict[str, object]:
    """The fields of models.TelemetryTop but its head."""
    groups = [row for row in rows if row.scope == "group"]
    everything = [row for row in rows if row.scope == "all"]
    lines = []
    for row in groups:
        user = row.group if by is By.USER else row.of if by is By.SESSION else ""
        subject = subjects.get(user)
        about: Fields = {
            "group": (subject or row.group if by is By.USER else row.group) or None,
            "name": subject and question.people.name(subject, question.today),
            "subject": subject,
        }
        lines.append(about | _sums([row]))
    nobody: Fields = {"group": None, "name": None, "subject": None}
    return {
        "by": by.value,
        "data": lines,
        "rest": nobody | _sums(everything, less=groups),
        "totals": nobody | _sums(everything),
    }


def _sums(rows: Sequence[Top], less: Sequence[Top] = ()) -> Fields:
    def total(name: str) -> int:
        more = sum(getattr(row, name) or 0 for row in rows)
        return int(more - sum(getattr(row, name) or 0 for row in less))

    return {
        "calls": total("calls"),
        "charge": None if total("calls") and not total("known") else format_pico(total("pico")),
        "input_tokens": total("input"),
        "output_tokens": total("output"),
    }


def token_line(row: TokenHour) -> Fields:
    """models.TokenHourLine."""
    return {
        "hour": row.hour,
        "api": row.api or None,
        "operation": row.operation or None,
        "metric_prompt": row.metric_prompt,
        "metric_completion": row.metric_completion,
        "metric_total": row.metric_total,
        "ledger_calls": row.ledger_calls,
        "ledger_input": row.ledger_input or 0,
        "ledger_output": row.ledger_output or 0,
    }
