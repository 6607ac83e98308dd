"""`python -m pricing_rules VERB`: prices, books and their sources; docs/cli.md lists all."""

import sys
from collections.abc import Sequence

from command_line.app import run
from pricing_rules.verbs.app import app


def main(words: Sequence[str] | None = None) -> int:
    """The exit code."""
    return run(app, words, name="python -m pricing_rules")


if __name__ == "__main__":
    sys.exit(main())
