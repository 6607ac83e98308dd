"""`python -m apim_policies check`: compile and run the policies before they are deployed."""

import sys
from collections.abc import Sequence

from apim_policies.app import app
from command_line.app import run


def main(words: Sequence[str] | None = None) -> int:
    """The exit code."""
    return run(app, words, name="python -m apim_policies")


if __name__ == "__main__":
    sys.exit(main())
