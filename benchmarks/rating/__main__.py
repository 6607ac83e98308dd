"""Rating with audit lines, compared with genai-prices and litellm on the same calls in one run.

    python -m benchmarks.rating [--without-litellm]

The token counts are those of two published traces. Neither says which model was called, so a seeded
rule chooses the models. Ratios are of CPU time; absolute figures are for orientation only.
"""

import argparse
import csv
import json
import os
import random
import shutil
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Sequence
from datetime import UTC, datetime
from decimal import Decimal
from pathlib import Path
from typing import NamedTuple

from genai_prices import Usage as GenaiUsage
from genai_prices import calc_price
from rich.console import Console
from rich.table import Table

from benchmarks.result import Result, add_results_argument, at_least, beside, report
from pricing_rules.engine.rating import rate
from pricing_rules.money import PICO_PER_UNIT, format_pico
from pricing_rules.price_book.book import BASE_BOOKS, Book, load_book, load_compiled
from pricing_rules.types import Operation, Rank, Usage, UsageEvent
from pricing_rules.units import Unit

ROOT = Path(__file__).parents[2]
TRACES = ROOT.parent / "shared" / "data" / "traces"
DEMO_BOOK = ROOT / "local_stack" / "demo_book.toml"
CONTOSO_BOOK = BASE_BOOKS / "examples" / "contoso.toml"
CALLS = 10_000
SEED = 20261123
REPETITIONS = 5
"""The fastest of these repetitions counts, because a busy machine slows short runs most."""
LITELLM = "litellm==1.106.2"
LITELLM_GOAL, GENAI_GOAL = 90, 50
GENAI = "genai-prices"
LITELLM_TIMEOUT_S = 600
CALL_TIME = datetime(2026, 11, 20, 12, tzinfo=UTC)
CHAT_MODELS = (
    "gpt-4o", "gpt-4o-mini", "gpt-4.1", "gpt-4.1-mini", "gpt-4.1-nano",
    "gpt-5", "gpt-5-mini", "gpt-5-nano", "o3", "o4-mini",
)  # fmt: skip
EMBEDDING_MODELS = ("text-embedding-3-small", "text-embedding-3-large")
EMBEDDING_SHARE = 0.05

Call = tuple[str, int, int, int]
"""Model, prompt tokens, cached ones among them, completion tokens."""


class Row(NamedTuple):
    """One engine over all calls."""

    name: str
    seconds: list[float]
    """CPU time of each repetition."""
    total: Decimal | None
    """USD; None if it is not the list price."""


def read_calls(traces: Path) -> list[Call]:
    """A seeded sample of both traces, with a model chosen for each call."""
    counts = []
    with (traces / "azure_llm_inference_2023_code.csv").open(newline="") as file:
        for row in csv.DictReader(file):
            counts.append((int(row["ContextTokens"]), 0, int(row["GeneratedTokens"])))
    with (traces / "mooncake_conversation.csv").open(newline="") as file:
        for row in csv.DictReader(file):
            columns = (row["input_tokens"], row["cached_tokens"], row["output_tokens"])
            counts.append((int(columns[0]), int(columns[1]), int(columns[2])))
    dealer = random.Random(SEED)
    calls = []
    for prompt, cached, completion in dealer.sample(counts, CALLS):
        if dealer.random() < EMBEDDING_SHARE:
            calls.append((dealer.choice(EMBEDDING_MODELS), prompt, 0, 0))
        else:
            calls.append((dealer.choice(CHAT_MODELS), prompt, cached, completion))
    return calls


def make_event(index: int, call: Call) -> UsageEvent:
    """The call as the consumer hands it to rating."""
    model, prompt, cached, completion = call
    counts = {Unit.INPUT: prompt - cached, Unit.CACHE_READ: cached, Unit.OUTPUT: completion}
    embedding = model in EMBEDDING_MODELS
    return UsageEvent(
        id=f"call-{index}",
        source="benchmark",
        subject="benchmark",
        time=CALL_TIME,
        operation=Operation.EMBEDDINGS if embedding else Operation.CHAT_COMPLETIONS,
        stream=False,
        status=200,
        rank=Rank.MODEL_USAGE,
        usage=Usage(counts={unit: count for unit, count in counts.items() if count}),
        deployment=model,
        region="swedencentral",
        service_tier="default",
    )


def make_genai_usage(call: Call) -> GenaiUsage:
    """The same counts in the other library's form: its input includes cached tokens."""
    _, prompt, cached, completion = call
    return GenaiUsage(input_tokens=prompt, cache_read_tokens=cached, output_tokens=completion)


def genai_price(model: str, usage: GenaiUsage) -> Decimal:
    """USD by genai-prices at the benchmark's time."""
    price = calc_price(usage, model, provider_id="azure", genai_request_timestamp=CALL_TIME)
    return price.total_price


def measure(calls: Sequence[Call], book: Book) -> list[Row]:
    """Time our engine twice and genai-prices twice, interleaved, so that a slow moment affects all
    of them.
    """
    contoso = load_book([DEMO_BOOK, CONTOSO_BOOK])
    events = [make_event(index, call) for index, call in enumerate(calls)]
    usages = [(call[0], make_genai_usage(call)) for call in calls]

    def ours(book: Book) -> None:
        for event in events:
            rate(event, book, "4711")

    def genai_built_before() -> None:
        for model, usage in usages:
            genai_price(model, usage)

    def genai_building() -> None:
        for call in calls:
            genai_price(call[0], make_genai_usage(call))

    total = sum(rate(event, book).list for event in events)
    genai_total = sum((genai_price(model, usage) for model, usage in usages), Decimal())
    rows = [
        Row("rate: lines at list price", [], Decimal(format_pico(total))),
        Row("rate: discount, mark-up and fx too", [], None),
        Row("genai-prices calc_price, Usage built before", [], genai_total),
        Row("genai-prices calc_price, building Usage", [], genai_total),
    ]
    work = [lambda: ours(book), lambda: ours(contoso), genai_built_before, genai_building]
    for _ in range(REPETITIONS):
        for row, run in zip(rows, work, strict=True):
            row.seconds.append(cpu_seconds(run))
    return rows


def cpu_seconds(work: Callable[[], object]) -> float:
    """CPU time of this process."""
    began = time.process_time()
    work()
    return time.process_time() - began


def differing_calls(calls: Sequence[Call], book: Book) -> int:
    """Number of calls whose list price differs from genai-prices in any digit."""
    return sum(
        rate(make_event(0, call), book).list
        != genai_price(call[0], make_genai_usage(call)) * PICO_PER_UNIT
        for call in calls
    )


def run_litellm(calls: Sequence[Call]) -> Row:
    """Time litellm in an environment of its own, which is deleted afterwards."""
    uv = shutil.which("uv", path=f"{Path(sys.executable).parent}:{os.environ['PATH']}")
    if uv is None:
        raise FileNotFoundError("uv is not on the path, or run with --without-litellm")
    lines = "\n".join(json.dumps([f"azure/{model}", *counts]) for model, *counts in calls)
    with tempfile.TemporaryDirectory() as directory:
        python = str(Path(directory) / "venv" / "bin" / "python")
        create = [uv, "venv", "--quiet", "--python", sys.executable, str(Path(directory) / "venv")]
        subprocess.run(create, check=True, timeout=LITELLM_TIMEOUT_S)
        install = [uv, "pip", "install", "--quiet", "--python", python, LITELLM]
        subprocess.run(install, check=True, timeout=LITELLM_TIMEOUT_S)
        answer = subprocess.run(
            [python, str(Path(__file__).with_name("litellm_rating.py"))],
            input=lines,
            env={**os.environ, "LITELLM_LOCAL_MODEL_COST_MAP": "True"},
            check=True,
            stdout=subprocess.PIPE,
            text=True,
            timeout=LITELLM_TIMEOUT_S,
        )
    result = json.loads(answer.stdout.splitlines()[-1])
    return Row(f"{LITELLM} cost_per_token", result["seconds"], Decimal(repr(result["total"])))


def loading(book: Book) -> Table:
    """CPU time of loading the whole base book and its compiled form."""
    compiled = book.to_bytes()
    table = Table("loading", "rules", "min ms", "goal ms")
    rules = str(len(book.content.cards) + len(book.content.modifiers))
    for name, work, goal in (
        ("rule files, validated and compiled", lambda: load_book([DEMO_BOOK]), 1_000),
        ("compiled form, version verified", lambda: load_compiled(compiled), 50),
    ):
        fastest = min(cpu_seconds(work) for _ in range(REPETITIONS))
        table.add_row(name, rules, f"{fastest * 1_000:.1f}", str(goal))
    return table


def comparison(rows: Sequence[Row]) -> Table:
    """Each engine's time per call and its ratio to the first."""
    table = Table("engine", "min µs", "median µs", "ratio of minima", "total USD")
    for row in rows:
        fastest = min(row.seconds)
        table.add_row(
            row.name,
            f"{fastest / CALLS * 1e6:.2f}",
            f"{statistics.median(row.seconds) / CALLS * 1e6:.2f}",
            f"{fastest / min(rows[0].seconds):.1f}",
            str(row.total.normalize()) if row.total is not None else "",
        )
    return table


def results(rows: Sequence[Row]) -> list[Result]:
    """How many times faster our rating is than each reference."""
    ours = min(rows[0].seconds) / CALLS * 1e6
    found = []
    for row in rows[1:]:
        each = min(row.seconds) / CALLS * 1e6
        if row.name.startswith((LITELLM, GENAI)):
            goal = LITELLM_GOAL if row.name.startswith(LITELLM) else GENAI_GOAL
            name = f"{row.name}: CPU µs per call, compared with our rating with audit lines"
            found.append(at_least(name, each, ours, goal))
        else:
            found.append(
                beside(f"{row.name}: CPU µs per call, compared with list price", each, ours)
            )
    return found


def main() -> None:
    parser = argparse.ArgumentParser(prog="python -m benchmarks.rating")
    parser.add_argument("--traces", type=Path, default=TRACES)
    parser.add_argument("--without-litellm", action="store_true", help="install nothing")
    add_results_argument(parser)
    arguments = parser.parse_args()
    calls = read_calls(arguments.traces)
    book = load_book([DEMO_BOOK])
    rows = measure(calls, book)
    if not arguments.without_litellm:
        rows.append(run_litellm(calls))
    console = Console()
    console.print(comparison(rows))
    console.print(
        f"{differing_calls(calls, book)} of {len(calls)} calls differ from genai-prices; "
        f"goals: {GENAI_GOAL}× genai-prices, {LITELLM_GOAL}× litellm"
    )
    console.print(loading(book))
    report(results(rows), arguments.results)


if __name__ == "__main__":
    main()
