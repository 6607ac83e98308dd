"""`python -m local_stack.insights`; docs/cli.md lists its flags."""

import sys
from collections.abc import Sequence

from command_line.app import run
from local_stack.app import insights


def main(words: Sequence[str] | None = None) -> int:
    """The exit code."""
    return run(insights, words, name="python -m local_stack.insights")


if __name__ == "__main__":
    sys.exit(main())
