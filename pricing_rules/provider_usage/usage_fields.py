"""Which fields of a usage object may set a price: all that no reader takes, but the harmless ones.

The list of harmless fields is data of the book, so that a company extends it without a release.
"""

import re
import tomllib
from collections.abc import Iterable
from decimal import Decimal
from functools import cache
from pathlib import Path

_INDEX = re.compile(r"\[\d+\]")
_Fields = tuple[tuple[str, str], ...]
_SHIPPED = Path(__file__).parents[1].joinpath("books", "usage_fields.toml")


class UsageFieldRules:
    """What one book says about unread fields."""

    def __init__(self, harmless: Iterable[str], plain: Iterable[tuple[str, Iterable[str]]]) -> None:
        self._harmless = frozenset(harmless)
        self._plain = {path: frozenset(map(str.lower, values)) for path, values in plain}

    def doubtful(self, unread: _Fields) -> _Fields:
        """The fields that may set the price, by path (list places as `[]`) and value.

        Where one item of a list has such a value, the others' are named as well: a price of that
        value alone is none of the whole list.
        """
        named = [(_INDEX.sub("[]", path), value) for path, value in unread]
        paths = {path for path, value in named if not self._is_harmless(path, value)}
        return tuple((path, value) for path, value in named if path in paths)

    def _is_harmless(self, path: str, value: str) -> bool:
        if value.lower() in self._plain.get(path, ()):
            return True
        return path in self._harmless or any(
            f"{prefix}.*" in self._harmless for prefix in _prefixes(path)
        )


@cache
def shipped_rules() -> UsageFieldRules:
    """What every book says, for readers that have none: a company's book only adds to it."""
    usage = tomllib.loads(_SHIPPED.read_text(encoding="utf-8"), parse_float=Decimal)["usage"]
    return UsageFieldRules(usage["harmless"], usage["plain"].items())


def _prefixes(path: str) -> Iterable[str]:
    parts = path.split(".")
    return (".".join(parts[:length]) for length in range(1, len(parts)))
