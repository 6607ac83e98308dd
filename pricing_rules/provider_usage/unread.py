"""What a usage object says and no reader takes: a number above zero, a text, a `true`.

Whether such a field is harmless is the price book's to say; a call with any other has no price.
"""

import re
from collections.abc import Iterable, Iterator, Mapping
from decimal import Decimal
from itertools import islice

Known = Mapping[str, "Known | None"]
"""Fields that a reader takes; None where it takes the value, else what it takes inside."""

VALUE_CHARS_MAX = 64
PATH_CHARS_MAX = 120
_WORD = re.compile(rf"[\w.:/+@-]{{1,{VALUE_CHARS_MAX}}}").fullmatch
"""A modifier is one word. What people and models say is not kept, only how long it is."""
UNREAD_MAX = 20
"""Fields that are named; a longer list would only repeat that the shape is unknown."""
_REST = (f"fields beyond the first {UNREAD_MAX}", "not named")
"""What follows the last that is named: any of the others may set a price."""

Unread = tuple[tuple[str, str], ...]
"""(path, value as text) of each field, in the order of the object."""


def unread(usage: Mapping[str, object], known: Known) -> Unread:
    """The fields that are not in `known` and mean something. Lists are written `name[0]`."""
    if all_known(usage, known):
        return ()
    return limited(leaves(usage, known))


def limited(fields: Iterable[tuple[str, str]]) -> Unread:
    """The first UNREAD_MAX fields, and that there are more."""
    found = tuple(islice(fields, UNREAD_MAX + 1))
    return found if len(found) <= UNREAD_MAX else (*found[:UNREAD_MAX], _REST)


def all_known(usage: Mapping[str, object], known: Known) -> bool:
    """Whether every field is read: nearly always, and quick to see."""
    if not usage.keys() <= known.keys():
        return False
    for name, value in usage.items():
        if type(value) is int:  # most are, and to ask for a Mapping takes far longer
            continue
        inner = known[name]
        if inner is not None and isinstance(value, Mapping) and not all_known(value, inner):
            return False
    return True


def leaves(
    usage: Mapping[str, object], known: Known, prefix: str = ""
) -> Iterator[tuple[str, str]]:
    """All fields that are not in `known` and mean something, however many."""
    for name, value in usage.items():
        path = f"{prefix}{name}"
        if name not in known:
            yield from _meaningful(path, value)
        elif (inner := known[name]) is not None and isinstance(value, Mapping):
            yield from leaves(value, inner, f"{path}.")


def _meaningful(path: str, value: object) -> Iterator[tuple[str, str]]:
    pending = [(path, value)]
    while pending:  # no recursion: a caller's proxy may nest as deep as it likes
        path, value = pending.pop()
        path = path[:PATH_CHARS_MAX]
        if isinstance(value, Mapping):
            inner = [(f"{path}.{name}", part) for name, part in value.items()]
            pending += reversed(inner)
        elif isinstance(value, list | tuple):
            inner = [(f"{path}[{index}]", part) for index, part in enumerate(value)]
            pending += reversed(inner)
        elif isinstance(value, bool):
            if value:
                yield path, "true"
        elif isinstance(value, str):
            if value:
                yield path, value if _WORD(value) else f"text of {len(value)} characters"
        elif value is not None and not _is_zero(value):
            yield path, str(value)[:VALUE_CHARS_MAX]


def _is_zero(value: object) -> bool:
    """0, 0.0, -0 and the decimal 0.00; what is not finite means something."""
    return value == 0 or (isinstance(value, Decimal) and value.is_zero())
