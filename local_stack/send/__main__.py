"""`python -m local_stack.send`; docs/cli.md lists its flags."""

import sys
from collections.abc import Sequence

from command_line.app import run
from local_stack.app import send


def main(words: Sequence[str] | None = None) -> int:
    """The exit code."""
    return run(send, words, name="python -m local_stack.send")


if __name__ == "__main__":
    sys.exit(main())
