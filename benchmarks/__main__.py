"""All benchmarks, one after another: `python -m benchmarks`. It says how long each of them took.

Writes `benchmarks/results.json` and `docs/performance.md`. The exit code is 1 when a benchmark
fails. The page shows which goals are missed; a missed goal is no failure, because other work on the
machine changes these figures.
"""

import argparse
import json
import platform
import subprocess
import sys
import tempfile
import textwrap
import time
from collections.abc import Mapping
from dataclasses import asdict
from datetime import UTC, datetime
from importlib.metadata import version
from pathlib import Path

from benchmarks.result import Result, verdict

ROOT = Path(__file__).parents[1]
RESULTS = ROOT / "benchmarks" / "results.json"
PAGE = ROOT / "docs" / "performance.md"
COMMENTS = ROOT / "benchmarks" / "comments.md"
"""Comments on the figures, written by people; the page contains them as they are."""
BENCHMARKS: tuple[tuple[str, tuple[str, ...]], ...] = (
    ("metering", ()),
    ("metering.latency", ("--events", "54000")),
    ("metering.subjects", ("--events", "6000")),
    ("rating", ()),
    ("api", ("--rows", "30000", "--rounds", "3")),
    ("gateway", ("--rounds", "2")),
    ("freshness", ("--calls", "3")),
    ("pairing", ("--calls", "4000")),
    ("history", ("--calls", "5000")),
    ("completeness", ("--calls", "10000")),
    ("invoices", ()),
    ("queries", ("--calls", "12000")),
    ("command_help", ("--rounds", "7")),
    ("telemetry", ("--events", "50000", "--rounds", "3")),
    ("sign_in", ()),
)
"""Each with its options. By itself each takes more rounds, or more of what it measures."""
LIBRARIES = ("azure-eventhub", "azure-core", "aiohttp", "msgspec", "uvloop", "genai-prices")


def run(name: str, options: tuple[str, ...]) -> list[Result]:
    """Run one benchmark as a process of its own. Raises CalledProcessError when it fails."""
    with tempfile.TemporaryDirectory() as directory:
        file = Path(directory) / "results.json"
        command = (sys.executable, "-m", f"benchmarks.{name}", *options, "--results", str(file))
        subprocess.run(command, check=True, cwd=ROOT)
        return [Result(**each) for each in json.loads(file.read_text())]


def durations(seconds: Mapping[str, float]) -> str:
    """How long all of it took, and each benchmark."""
    each = ", ".join(f"{name} {took:.0f}" for name, took in seconds.items())
    minutes, rest = divmod(round(sum(seconds.values())), 60)
    return f"All of it took {minutes} min {rest} s. In seconds: {each}."


def page(found: Mapping[str, list[Result]], at: datetime, seconds: Mapping[str, float]) -> str:
    """docs/performance.md."""
    versions = ", ".join(f"{name} {version(name)}" for name in LIBRARIES)
    lines = [
        "# Performance",
        "",
        "`make bench` writes this page; do not edit it. Read the ratios, not the absolute figures:",
        "both sides ran in one run on one machine. CPU is the processor time of the measured side;",
        "it never includes the broker, Azurite or the model stand-in.",
        "",
        *textwrap.wrap(
            f"{at:%Y-%m-%d} · {cpu_name()}, {cpu_count()} · Python {platform.python_version()} · "
            f"{versions}",
            width=100,
        ),
        "",
        *textwrap.wrap(durations(seconds), width=100),
        "",
    ]
    for benchmark, results in found.items():
        lines += [
            f"## `python -m benchmarks.{benchmark}`",
            "",
            "| what | ours | lowest–highest | reference | ratio | goal | |",
            "|---|--:|--:|--:|--:|--:|---|",
        ]
        lines += [
            f"| {each.name} | {each.ours:,.4g} | {each.spread} | {each.reference:,.4g} "
            f"| {each.ratio:.2f} | {each.goal} | {verdict(each)} |"
            for each in results
        ]
        lines.append("")
    return "\n".join(lines) + "\n" + COMMENTS.read_text()


def cpu_name() -> str:
    """The processor, as Linux names it."""
    for line in Path("/proc/cpuinfo").read_text().splitlines():
        if line.startswith("model name"):
            return line.partition(":")[2].strip()
    return platform.processor() or platform.machine()


def cpu_count() -> str:
    """The number of processors."""
    processors = Path("/proc/cpuinfo").read_text().count("processor\t")
    return f"{processors} processors"


def main() -> int:
    """Command line."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks", description=__doc__)
    parser.add_argument("names", nargs="*", help="run only these benchmarks, and write nothing")
    names = parser.parse_args().names
    found: dict[str, list[Result]] = {}
    seconds: dict[str, float] = {}
    for name, options in BENCHMARKS:
        if names and name not in names:
            continue
        started = time.monotonic()
        print(f"\n── {name}", flush=True)
        found[name] = run(name, options)
        seconds[name] = time.monotonic() - started
        print(f"   {seconds[name]:.0f} s", flush=True)
    print(f"\n{durations(seconds)}", flush=True)
    if not names:
        rows = [asdict(each) for results in found.values() for each in results]
        RESULTS.write_text(json.dumps(rows, indent=2, ensure_ascii=False) + "\n")
        PAGE.write_text(page(found, datetime.now(UTC), seconds))
    return 0


if __name__ == "__main__":
    sys.exit(main())
