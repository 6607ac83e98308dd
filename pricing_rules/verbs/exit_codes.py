"""How a verb of the price books is run, and the exit code of whatever ends it."""

import sys
from collections.abc import Callable
from functools import wraps
from typing import ParamSpec

import typer

from command_line.app import Verb
from pricing_rules.errors import PricingError

FAILED = 1
P = ParamSpec("P")
PlainVerb = Callable[P, int]


def verb(
    app: typer.Typer, name: str, kind: type[Verb] = Verb
) -> Callable[[PlainVerb[P]], PlainVerb[P]]:
    """Register `def verb(…) -> int`. A PricingError ends it with its message and exit code 1, and
    so does a file that cannot be read or written."""

    def register(asked: PlainVerb[P]) -> PlainVerb[P]:
        @wraps(asked)
        def started(*args: P.args, **given: P.kwargs) -> int:
            try:
                return asked(*args, **given)
            except PricingError as error:
                print(f"error: {error}", file=sys.stderr)
            except OSError as error:
                if error.filename is None:  # of no file that somebody named
                    raise
                print(f"error: {error.filename}: {error.strerror}", file=sys.stderr)
            return FAILED

        app.command(name, cls=kind)(started)
        return asked

    return register
