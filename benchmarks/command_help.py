"""What `chargeback --help` costs: CPU time of the whole process, next to an empty interpreter.

python -m benchmarks.command_help
"""

import argparse
import os
import resource
import statistics
import subprocess
import sys

from benchmarks.result import Result, add_results_argument, at_most, beside, report

ROUNDS = 15
GOAL_S = 0.4
PAGES = (("--help",), ("usage", "--help"), ("consumer", "run", "--help"))


def cpu_s(rounds: int, *words: str) -> float:
    """The median CPU seconds of a process that must end well."""
    seconds = []
    for _ in range(rounds):
        before = resource.getrusage(resource.RUSAGE_CHILDREN)
        subprocess.run(
            (sys.executable, *words), check=True, stdout=subprocess.DEVNULL, env={**os.environ}
        )
        after = resource.getrusage(resource.RUSAGE_CHILDREN)
        spent = (after.ru_utime + after.ru_stime) - (before.ru_utime + before.ru_stime)
        seconds.append(spent)
    return statistics.median(seconds)


def measure(rounds: int) -> list[Result]:
    """Each page against the goal."""
    empty = cpu_s(rounds, "-c", "pass")
    found = []
    for words in PAGES:
        page = cpu_s(rounds, "-m", "chargeback", *words)
        name = f"`chargeback {' '.join(words)}`: CPU s, next to the {GOAL_S} s that it may take"
        found.append(at_most(name, page, GOAL_S, 1))
    idle = "an interpreter that does nothing: CPU s, next to the same"
    return [*found, beside(idle, empty, GOAL_S)]


def main() -> int:
    """The exit code."""
    parser = argparse.ArgumentParser(description="CPU time of help pages")
    parser.add_argument("--rounds", type=int, default=ROUNDS)
    add_results_argument(parser)
    given = parser.parse_args()
    report(measure(given.rounds), given.results)
    return 0


if __name__ == "__main__":
    sys.exit(main())
