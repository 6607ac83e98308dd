"""`python -m consumers VERB`: data goes to stdout, words to stderr; docs/cli.md lists all."""

import sys
from collections.abc import Sequence

from command_line.app import run
from consumers.verbs.app import app


def main(words: Sequence[str] | None = None) -> int:
    """The exit code."""
    return run(app, words, name="python -m consumers")


if __name__ == "__main__":
    sys.exit(main())
