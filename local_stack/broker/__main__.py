"""`python -m local_stack.broker`; docs/cli.md lists its flags."""

import sys
from collections.abc import Sequence

from command_line.app import run
from local_stack.app import broker


def main(words: Sequence[str] | None = None) -> int:
    """The exit code."""
    return run(broker, words, name="python -m local_stack.broker")


if __name__ == "__main__":
    sys.exit(main())
