"""The API's lists, compared with raw reads of the same rows: CPU time of this process, in one run.

    python -m benchmarks.api [--rows 100000] [--subjects 10000] [--rounds 7]

Azurite runs outside. The reference asks the same storage client for the same rows and columns,
parses the bytes and does nothing else. A second one, without a goal, is azure-data-tables reading
the same rows: it does not become cheaper when our own client does. The API answers over ASGI to the
last byte of its JSON. Both take turns, and their medians are compared. A warm app answers the month
of one subject, since a person clicks through such pages. A cold app answers lists over everybody:
it is new and has read no row, no settings and no people. Only its framework has answered one
question at the same path, which was refused without a read: at the first one FastAPI reads the
source of the path's handler. The lists of a month that is over are also asked of an app that has
answered them before: it looks whether a row has changed. So are those of the running month, each
time after one percent of the rows has changed.
"""

import argparse
import asyncio
import gc
import random
import statistics
import time
from collections.abc import Awaitable, Callable, MutableMapping, Sequence
from datetime import UTC, datetime
from typing import Any
from urllib.parse import quote

import uvloop
from fastapi import FastAPI

from benchmarks.api.ledger import NOW, SEED, SUBJECT, change, fill
from benchmarks.api.sdk_read import sdk_read
from benchmarks.result import Result, add_results_argument, at_most, beside, report
from benchmarks.sign_in import access_log_row
from local_stack.demo import azurite
from table_api.http_api.app import create_app
from table_api.http_api.garbage import set_for_answers
from table_api.ledger.keys import LEDGER_TABLE, subject_rows
from table_api.monthly.projected_day import MONTHLY_TABLE, day_columns, sum_texts
from table_api.storage.azure_tables import AzureTableStorage
from table_api.storage.keys import EVERY_ROW, KeyRange
from table_api.storage.memory_blobs import MemoryBlobStore
from table_api.storage.table_storage import TableStorage
from table_api.usage.daily_usage import USAGE_COLUMNS, read_daily_usage

AFTER = datetime(2026, 12, 15, 12, tzinfo=UTC)
"""When the month is over."""
WARM_ROUNDS = 10
"""Rounds of a short question per round of a long one."""
REPETITIONS = 15
CHANGED_PERCENT = 1
"""Of the rows of a running month between two questions."""
DAY_NAMES = tuple(day_columns(day)[0] for day in range(1, 31))

Read = Callable[[], Awaitable[None]]
Question = tuple[str, str, str, tuple[str, str, KeyRange], Sequence[str], float]
"""Name, path, query, what the raw read reads, its columns, and the goal."""


async def ask(app: FastAPI, path: str, query: str, *, expected: int = 200) -> bytes:
    """One request over ASGI; its body."""
    parts: list[bytes] = []
    status: list[int] = []

    async def receive() -> dict[str, object]:
        return {"type": "http.request", "body": b"", "more_body": False}

    async def send(message: MutableMapping[str, Any]) -> None:
        if message["type"] == "http.response.start":
            status.append(int(str(message["status"])))
        elif isinstance(body := message.get("body"), bytes):
            parts.append(body)

    scope = {
        "type": "http", "asgi": {"version": "3.0"}, "http_version": "1.1", "method": "GET",
        "scheme": "http", "path": path, "raw_path": quote(path).encode(),
        "query_string": query.encode(), "headers": [(b"host", b"localhost")],
        "server": ("localhost", 80), "client": ("127.0.0.1", 1), "root_path": "",
    }  # fmt: skip
    await app(scope, receive, send)
    if status != [expected]:
        raise SystemExit(f"{path}: {status} {b''.join(parts)[:300]!r}")
    return b"".join(parts)


def raw(storage: TableStorage, place: tuple[str, str, KeyRange], select: Sequence[str]) -> Read:
    """The raw read that a question is compared with."""

    async def read() -> None:
        table, partition, keys = place
        async for _ in storage.query(table, partition, keys, select=select):
            pass

    return read


async def cold_app(
    storage: TableStorage, now: datetime = NOW, *, path: str = "/v1/usage"
) -> FastAPI:
    """A new app, as `serve` makes it; only its framework is warm for a path."""
    app = create_app(storage, MemoryBlobStore(), now=lambda: now)
    await ask(app, path, "unknown=parameter", expected=400)
    gc.unfreeze()  # what the last app left
    set_for_answers()
    return app


async def measure(
    storage: TableStorage,
    question: tuple[str, str],
    reference: Read,
    *,
    rounds: int,
    warm: FastAPI | None = None,
    before: Read | None = None,
) -> tuple[float, float]:
    """Medians in milliseconds of CPU: ours, the reference. Without a `warm` app, each round has a
    cold one. `before` comes before each round.
    """
    ours, raws = [], []
    if warm is not None:  # it keeps what it is asked again
        await ask(warm, *question)
    for number in range(rounds + 1):
        app = warm or await cold_app(storage, path=question[0])
        if before is not None:
            await before()
        started = time.process_time()
        await ask(app, *question)
        between = time.process_time()
        await reference()
        ended = time.process_time()
        if number:  # the first warms up the interpreter
            ours.append(between - started)
            raws.append(ended - between)
    return statistics.median(ours) * 1e3, statistics.median(raws) * 1e3


async def run(rows: int, subjects: int, rounds: int) -> list[Result]:
    """Fill and measure."""
    with azurite.running() as ports:
        storage = AzureTableStorage.from_connection_string(ports.connection_string)
        partition = await fill(storage, rows, subjects)
        of_subject = (LEDGER_TABLE, partition, subject_rows("d", SUBJECT, (1, 31)))
        everybody = (MONTHLY_TABLE, "202611", EVERY_ROW)
        questions = (
            (f"month of one subject, {rows:,} rows", f"/v1/subjects/{SUBJECT}/usage",
             "group_by=day", of_subject, USAGE_COLUMNS, 1.5),
            (f"overview of {subjects:,}: by day", "/v1/usage", "group_by=day",
             everybody, DAY_NAMES, 1.5),
            (f"overview of {subjects:,}: by day, model", "/v1/usage", "group_by=day,model",
             everybody, ("model", *DAY_NAMES), 1.5),
            (f"overview of {subjects:,}: by model", "/v1/usage", "group_by=model",
             everybody, ("model", "total"), 1.5),
            (f"list of {subjects:,} subjects", "/v1/subjects", "",
             everybody, ("subject", "total", "active"), 1.5),
        )  # fmt: skip
        results, raws = [], []
        for name, path, query, place, select, goal in questions:
            warm = place is of_subject
            ours, reference = await measure(
                storage,
                (path, query),
                raw(storage, place, select),
                # A question this short needs more rounds: in a few of them chance decides.
                rounds=rounds * WARM_ROUNDS if warm else rounds,
                warm=await cold_app(storage) if warm else None,
            )
            raws.append(reference)
            results.append(
                at_most(f"API, {name}: CPU ms, compared with a raw read", ours, reference, goal)
            )
            async with sdk_read(ports.connection_string, place, select) as read:
                by_sdk = statistics.median([await read() for _ in range(rounds + 1)][1:])
            shown = f"API, {name}: CPU ms, compared with a read by azure-data-tables"
            results.append(beside(shown, ours, by_sdk))
        results += await asked_again(storage, questions[1:], rounds)
        results += await changed_meanwhile(storage, questions[1:], subjects, rounds)
        results += await parts(storage, (partition, raws[0]), raws[1])
        results.append(await access_log_row(storage, raws[0]))
        await storage.close()
        return results


async def asked_again(
    storage: TableStorage, questions: Sequence[Question], rounds: int
) -> list[Result]:
    """The lists once their month is over, of an app that has answered them before."""
    results = []
    for name, path, query, place, select, goal in questions:
        ours, reference = await measure(
            storage,
            (path, f"{query}&month=2026-11".removeprefix("&")),
            raw(storage, place, select),
            rounds=rounds,
            warm=await cold_app(storage, AFTER),
        )
        shown = f"API, {name}, month over, asked again: CPU ms, compared with a raw read"
        results.append(at_most(shown, ours, reference, goal))
    return results


async def changed_meanwhile(
    storage: TableStorage, questions: Sequence[Question], subjects: int, rounds: int
) -> list[Result]:
    """The lists of the running month, of an app that has answered them before, each time after
    CHANGED_PERCENT of the rows has changed.
    """
    chance = random.Random(SEED)
    results = []
    for name, path, query, place, select, goal in questions:
        ours, reference = await measure(
            storage,
            (path, query),
            raw(storage, place, select),
            rounds=rounds,
            warm=await cold_app(storage),
            before=lambda: change(storage, chance, subjects, subjects * CHANGED_PERCENT // 100),
        )
        shown = (
            f"API, {name}, open month, asked again, {CHANGED_PERCENT} % of rows changed: CPU ms, "
            "compared with a raw read"
        )
        results.append(at_most(shown, ours, reference, goal))
    return results


async def parts(
    storage: TableStorage, of_subject: tuple[str, float], of_overview: float
) -> list[Result]:
    """What the API does besides its read, part by part: this explains the ratios. `of_subject` is
    the partition of the month and the CPU ms of its raw read; `of_overview` is the CPU ms of the
    raw read of all days.
    """
    partition, of_month = of_subject
    month = subject_rows("d", SUBJECT, (1, 31))
    pages = storage.query(LEDGER_TABLE, partition, month, select=USAGE_COLUMNS)
    cells = [row async for page in pages for row in page]
    everybody = storage.query(MONTHLY_TABLE, "202611", EVERY_ROW, select=DAY_NAMES)
    rows = [row async for page in everybody for row in page]
    texts = [[str(row[name]) for row in rows if row.get(name)] for name in DAY_NAMES]
    app = await cold_app(storage)
    framework = []
    for _ in range(REPETITIONS):
        started = time.process_time()
        await ask(app, "/v1/usage", "unknown=parameter", expected=400)
        framework.append(time.process_time() - started)
    return [
        beside(
            "API, a question that is refused without a read: CPU ms, compared with the raw month",
            statistics.median(framework) * 1e3,
            of_month,
        ),
        beside(
            f"API, {len(cells)} rows of the month as numbers: CPU ms, compared with the raw month",
            cpu_ms(lambda: read_daily_usage(cells)),
            of_month,
        ),
        beside(
            f"API, {sum(map(len, texts)):,} texts of days added up: CPU ms, "
            "compared with the raw days",
            cpu_ms(lambda: list(map(sum_texts, texts))),
            of_overview,
        ),
    ]


def cpu_ms(work: Callable[[], object]) -> float:
    """Median CPU milliseconds of REPETITIONS."""
    took = []
    for _ in range(REPETITIONS):
        started = time.process_time()
        work()
        took.append(time.process_time() - started)
    return statistics.median(took) * 1e3


def main() -> None:
    """Command line."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rows", type=int, default=100_000)
    parser.add_argument("--subjects", type=int, default=10_000)
    parser.add_argument("--rounds", type=int, default=7)
    add_results_argument(parser)
    options = parser.parse_args()
    with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
        results = runner.run(run(options.rows, options.subjects, options.rounds))
    report(results, options.results)


if __name__ == "__main__":
    main()
