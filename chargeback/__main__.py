"""`chargeback GROUP VERB`, also as `python -m chargeback`; docs/cli.md lists all."""

import sys
from collections.abc import Sequence

from chargeback.app import app
from command_line.app import run


def main(words: Sequence[str] | None = None) -> int:
    """The exit code."""
    return run(app, words, name="chargeback")


if __name__ == "__main__":
    sys.exit(main())
