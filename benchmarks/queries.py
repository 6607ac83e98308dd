"""What the eight queries cost in the local Application Insights: CPU seconds of this process, which
runs the store, the server and the real query client.

    python -m benchmarks.queries [--calls 50000]

The reference is `AppEvents | count` on the same items. Azure's engine has not been measured.
"""

import argparse
import asyncio
import time
from datetime import UTC, datetime, timedelta
from typing import Any

from azure.monitor.query.aio import LogsQueryClient

from benchmarks.result import Result, add_results_argument, beside, report
from local_stack.insights.server import Served, serving
from telemetry.queries import answers
from telemetry.queries.answers import Question
from telemetry.queries.logs_client import LogsClient
from telemetry.queries.query_text import Value
from tests.local_stack.insights.exporting import client_of
from tests.telemetry.queries.call_events import call_event, gateway_items

CALLS = 50_000
USERS = 200
DAYS = 7
ROUNDS = 3
START = datetime(2026, 11, 20, tzinfo=UTC)
STOP = START + timedelta(days=DAYS)
USER = "user-007"
MORE: dict[str, Any] = {f"filling_{number}": "x" * 24 for number in range(10)}
"""In place of the other properties that the publisher sends."""
COUNT = "AppEvents | count"

SPAN: dict[str, Value] = {"start": START, "stop": STOP}
ASKED: list[tuple[Question[Any], dict[str, Value]]] = [
    (answers.USER_BY_DAY, {**SPAN, "user": USER}),
    (answers.SESSIONS, {**SPAN, "user": USER}),
    (answers.CALLS, {**SPAN, "user": USER, "session": "", "every_session": True}),
    (answers.OPERATION, {"call": "call-25000", "start": START}),
    (answers.TOP, {**SPAN, "by_what": "user"}),
    (answers.CELLS, SPAN),
    (answers.TOKEN_METRIC, SPAN),
    (answers.TAIL, {"user": "", "every_user": True, "since": STOP - timedelta(minutes=15)}),
]


def fill(served: Served, calls: int) -> None:
    """Store the calls with their gateway items."""
    step = timedelta(days=DAYS) / calls
    for first in range(0, calls, 500):
        rows: dict[str, list[dict[str, object]]] = {"AppEvents": []}
        for number in range(first, min(first + 500, calls)):
            time_of, user = START + number * step, f"user-{number % USERS:03}"
            session = f"session-{number % 7}"
            event = call_event(str(number), time=time_of, user=user, session=session, **MORE)
            rows["AppEvents"].append(event)
            for table, found in gateway_items(str(number), time=time_of).items():
                rows.setdefault(table, []).extend(found)
        served.store.add(rows)


async def measure(calls: int) -> list[Result]:
    """One result per query."""
    async with serving() as served:
        fill(served, calls)
        async with client_of(served) as raw:
            await raw.query_workspace("any", COUNT, timespan=None)  # imports, once a process
            started = time.process_time()
            for _ in range(ROUNDS):
                await raw.query_workspace("any", COUNT, timespan=None)
            reference = (time.process_time() - started) / ROUNDS
            return [
                beside(
                    f"{question.name}.kql over {calls:,} calls, CPU seconds, compared with a count",
                    await _seconds(raw, question, values),
                    reference,
                )
                for question, values in ASKED
            ]


async def _seconds(
    raw: LogsQueryClient, question: Question[Any], values: dict[str, Value]
) -> float:
    started = time.process_time()
    for _ in range(ROUNDS):
        answer = await LogsClient(raw, "any").ask(question, **values)  # a new one has no cache
        assert answer.rows, question.name
    return (time.process_time() - started) / ROUNDS


def main() -> None:
    """Command line."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.queries", description=__doc__)
    parser.add_argument("--calls", type=int, default=CALLS)
    add_results_argument(parser)
    options = parser.parse_args()
    report(asyncio.run(measure(options.calls)), options.results)


if __name__ == "__main__":
    main()
