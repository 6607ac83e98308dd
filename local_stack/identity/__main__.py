"""`python -m local_stack.identity VERB`; docs/cli.md lists the verbs."""

import sys
from collections.abc import Sequence

from command_line.app import run
from local_stack.app import identity


def main(words: Sequence[str] | None = None) -> int:
    """The exit code."""
    return run(identity, words, name="python -m local_stack.identity")


if __name__ == "__main__":
    sys.exit(main())
