"""All benchmarks, one after another: `python -m benchmarks`.

Writes `benchmarks/results.json` and `docs/performance.md`. Exit code 1 when a benchmark fails; a
goal that is missed is said on the page and fails nothing, since neighbours move these figures.
"""

import argparse
import json
import platform
import subprocess
import sys
import tempfile
import time
from dataclasses import asdict
from datetime import UTC, datetime
from importlib.metadata import version
from pathlib import Path

from benchmarks.result import Result, verdict

ROOT = Path(__file__).parents[1]
RESULTS = ROOT / "benchmarks" / "results.json"
PAGE = ROOT / "docs" / "performance.md"
COMMENTS = ROOT / "benchmarks" / "comments.md"
"""What people say of the figures; put on the page as it is."""
BENCHMARKS = (
    ("metering", ()),
    ("rating", ()),
    ("api", ()),
    ("gateway", ("--rounds", "3")),
    ("pairing", ("--calls", "5000")),
    ("history", ("--calls", "10000")),
    ("invoices", ()),
)
LIBRARIES = ("azure-eventhub", "azure-core", "aiohttp", "msgspec", "uvloop", "genai-prices")


def run(name: str, options: tuple[str, ...]) -> list[Result]:
    """One benchmark as a process of its own. CalledProcessError when it fails."""
    with tempfile.TemporaryDirectory() as directory:
        file = Path(directory) / "results.json"
        command = (sys.executable, "-m", f"benchmarks.{name}", *options, "--results", str(file))
        subprocess.run(command, check=True, cwd=ROOT)
        return [Result(**each) for each in json.loads(file.read_text())]


def page(found: dict[str, list[Result]], at: datetime) -> str:
    """docs/performance.md."""
    versions = ", ".join(f"{name} {version(name)}" for name in LIBRARIES)
    lines = [
        "# Performance",
        "",
        "Written by `make bench`; do not edit. Ratios of one run on one machine: read them, and",
        "not the absolute figures. CPU is processor time of the side that is measured, never of",
        "the broker, of Azurite or of the model stand-in.",
        "",
        f"{at:%Y-%m-%d} · {cpu_name()}, {cpu_count()} · Python {platform.python_version()} · "
        f"{versions}",
        "",
    ]
    for benchmark, results in found.items():
        lines += [
            f"## `python -m benchmarks.{benchmark}`",
            "",
            "| what | ours | reference | ratio | goal | |",
            "|---|--:|--:|--:|--:|---|",
        ]
        lines += [
            f"| {each.name} | {each.ours:,.4g} | {each.reference:,.4g} | {each.ratio:.2f} "
            f"| {each.goal} | {verdict(each)} |"
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
    """How many of them."""
    processors = Path("/proc/cpuinfo").read_text().count("processor\t")
    return f"{processors} processors"


def main() -> int:
    """Command line."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks", description=__doc__)
    parser.add_argument("names", nargs="*", help="only these benchmarks; nothing is written then")
    names = parser.parse_args().names
    found = {}
    for name, options in BENCHMARKS:
        if names and name not in names:
            continue
        started = time.monotonic()
        print(f"\n── {name}", flush=True)
        found[name] = run(name, options)
        print(f"   {time.monotonic() - started:.0f} s", flush=True)
    if not names:
        rows = [asdict(each) for results in found.values() for each in results]
        RESULTS.write_text(json.dumps(rows, indent=2, ensure_ascii=False) + "\n")
        PAGE.write_text(page(found, datetime.now(UTC)))
    return 0


if __name__ == "__main__":
    sys.exit(main())
