"""Where metering's CPU time goes, by py-spy: `make profile`.

    python -m benchmarks.metering.profile [--events 30000] [--folder .local/profile]

One process meters events while py-spy samples it from outside, native code too. It prints each
part's share of the samples and leaves them as `metering.raw` (a line per stack, for any flame graph
tool). The sampler of benchmarks.metering sorts them into the same parts from inside.
"""

import argparse
import asyncio
import re
import shutil
import signal
import sys
from collections import Counter
from collections.abc import Iterable
from pathlib import Path

from rich.console import Console
from rich.table import Table

from benchmarks.metering.sampling import NAMES, part_of
from benchmarks.metering.stand import standing

WARM_EVENTS = 10_000
EVENTS = 30_000
SAMPLES_PER_S = 200
FOLDER, RAW = Path(".local/profile"), "metering.raw"
_FILE = re.compile(r"\(([^()]*?)(?::\d+)?\)$")


async def record(events: int, folder: Path) -> Path:
    """Meter these events under py-spy; the file of stacks."""
    py_spy = shutil.which("py-spy", path=str(Path(sys.executable).parent)) or shutil.which("py-spy")
    if py_spy is None:
        raise SystemExit("py-spy is not installed: `make profile` installs it")
    raw = folder / RAW
    async with standing() as stand, stand.metering() as metering:
        await metering.take(WARM_EVENTS)
        spy = await asyncio.create_subprocess_exec(
            *(py_spy, "record", "--pid", str(metering.pids[0]), "--rate", str(SAMPLES_PER_S)),
            *("--gil", "--full-filenames", "--format", "raw", "--output", str(raw)),
            stdout=asyncio.subprocess.DEVNULL,
        )
        took = await metering.take(events)
        spy.send_signal(signal.SIGINT)  # it writes what it has
        await spy.wait()
        if not await asyncio.to_thread(raw.exists):
            raise SystemExit("py-spy recorded nothing: it may need root, or ptrace to be allowed")
    print(f"{took.cpu_us_per_event:.1f} CPU µs per event while it was sampled")
    return raw


def by_part(stacks: Iterable[str]) -> Counter[str]:
    """Samples by part of the work; a line is a stack from its outermost frame, and a number."""
    found: Counter[str] = Counter()
    for line in stacks:
        stack, _, samples = line.rpartition(" ")
        files = [match[1] for frame in stack.split(";") if (match := _FILE.search(frame))]
        found[part_of(files[::-1])] += int(samples)
    return found


def main() -> None:
    """Command line."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--events", type=int, default=EVENTS)
    parser.add_argument("--folder", type=Path, default=FOLDER)
    options = parser.parse_args()
    options.folder.mkdir(parents=True, exist_ok=True)
    (options.folder / RAW).unlink(missing_ok=True)
    raw = asyncio.run(record(options.events, options.folder))
    found = by_part(raw.read_text().splitlines())
    table = Table("part", "percent", title=f"{found.total():,} samples")
    for name in sorted(NAMES, key=lambda name: -found[name]):
        table.add_row(name, f"{found[name] * 100 / found.total():.1f}")
    Console(width=100).print(table)
    print(raw)


if __name__ == "__main__":
    main()
