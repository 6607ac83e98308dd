"""What functions and decorators of Bicep take: how many arguments, and of which kind."""

from collections.abc import Sequence

from bicep.check.language.kinds import Type, kind

ANY, MANY = "any", 99
_LAMBDA = "lambda"
Argument = str
"""Kinds that it may be, separated by `|`."""

TAKES: dict[str, tuple[int, int, tuple[Argument, ...]]] = {
    "base64": (1, 1, ("string",)), "bool": (1, 1, ("string|int",)),
    "cidrSubnet": (3, 3, ("string", "int", "int")), "concat": (1, MANY, ("array|string",)),
    "contains": (2, 2, ("string|array|object", "string|int")),
    "dateTimeAdd": (2, 3, ("string", "string")),
    "empty": (1, 1, ("string|array|object",)), "endsWith": (2, 2, ("string", "string")),
    "environment": (0, 0, ()), "filter": (2, 2, ("array", _LAMBDA)),
    "first": (1, 1, ("array|string",)), "flatten": (1, 1, ("array",)),
    "format": (1, MANY, ("string",)), "guid": (1, MANY, ("string",)),
    "indexOf": (2, 2, ("string|array", ANY)), "int": (1, 1, ("string|int",)),
    "items": (1, 1, ("object",)), "join": (2, 2, ("array", "string")),
    "json": (1, 1, ("string",)), "last": (1, 1, ("array|string",)),
    "length": (1, 1, ("string|array|object",)), "loadFileAsBase64": (1, 1, ("string",)),
    "loadJsonContent": (1, 3, ("string", "string", "string")),
    "loadTextContent": (1, 2, ("string", "string")), "map": (2, 2, ("array", _LAMBDA)),
    "mapValues": (2, 2, ("object", _LAMBDA)), "newGuid": (0, 0, ()),
    "objectKeys": (1, 1, ("object",)), "padLeft": (2, 3, ("string|int", "int", "string")),
    "range": (2, 2, ("int", "int")), "reduce": (3, 3, ("array", ANY, _LAMBDA)),
    "replace": (3, 3, ("string", "string", "string")),
    "resourceGroup": (0, 2, ("string", "string")), "resourceId": (2, MANY, ("string",)),
    "skip": (2, 2, ("array|string", "int")), "sort": (2, 2, ("array", _LAMBDA)),
    "split": (2, 2, ("string", "string|array")), "startsWith": (2, 2, ("string", "string")),
    "string": (1, 1, (ANY,)), "subscription": (0, 1, ("string",)),
    "subscriptionResourceId": (2, MANY, ("string",)),
    "substring": (2, 3, ("string", "int", "int")), "take": (2, 2, ("array|string", "int")),
    "tenant": (0, 0, ()), "toLower": (1, 1, ("string",)),
    "toObject": (2, 3, ("array", _LAMBDA, _LAMBDA)), "toUpper": (1, 1, ("string",)),
    "trim": (1, 1, ("string",)), "union": (2, MANY, ("array|object",)),
    "uniqueString": (1, MANY, ("string",)), "utcNow": (0, 1, ("string",)),
}  # fmt: skip
"""Fewest and most arguments, and their kinds; the last kind is that of all that follow."""
_ALIKE = {"union", "concat"}
"""Their arguments are all of one kind."""

OF_DECORATOR: dict[str, tuple[str, str, str]] = {
    "allowed": ("param", "string|int|bool|array|object", "array"),
    "batchSize": ("resource module", ANY, "int"),
    "description": ("param var resource module output type func", ANY, "string"),
    "discriminator": ("param type output", ANY, "string"),
    "export": ("type var func", ANY, ""), "maxLength": ("param type output", "string|array", "int"),
    "maxValue": ("param type output", "int", "int"),
    "metadata": ("param output type var resource module", ANY, "object"),
    "minLength": ("param type output", "string|array", "int"),
    "minValue": ("param type output", "int", "int"), "sealed": ("param type output", "object", ""),
    "secure": ("param output type", "string|object", ""),
}  # fmt: skip
"""What it may precede, of which kinds, and the kind of its argument."""


def wrong_call(name: str, given: Sequence[Type | None]) -> str | None:
    """What is wrong with the arguments; a lambda's type is None. None where nothing is."""
    if name not in TAKES:
        return None
    fewest, most, kinds = TAKES[name]
    if not fewest <= len(given) <= most:
        wanted = str(fewest) if most == fewest else f"{fewest} to {most}"
        if most == MANY:
            wanted = f"at least {fewest}"
        return f"{name} takes {wanted} arguments, and this has {len(given)}"
    for number, each in enumerate(given):
        words = _wrong(each, kinds[min(number, len(kinds) - 1)].split("|"))
        if words:
            return f"argument {number + 1} of {name} {words}"
    known = {kind(each) for each in given if each is not None} - {"any", "null"}
    if name in _ALIKE and len(known) > 1:
        return f"{name} joins values of one kind, and these are {' and '.join(sorted(known))}"
    return None


def _wrong(given: Type | None, wanted: list[str]) -> str | None:
    if given is None or wanted == [_LAMBDA]:
        both = (given is None, wanted == [_LAMBDA])
        return None if all(both) else "has to be a lambda" if both[1] else "cannot be a lambda"
    found = kind(given)
    if ANY in wanted or found in {"any", "null", "nothing", *wanted}:
        return None
    return f"wants {' or '.join(wanted)}, and this is {found}"


def wrong_decorator(name: str, on: str, of: Type, given: Sequence[Type]) -> str | None:
    """What is wrong with a decorator of a declaration `on` that is `of` a type."""
    declarations, kinds, argument = OF_DECORATOR[name]
    if on not in declarations.split():
        return f"'@{name}' is not for {on}"
    if kind(of) not in {"any", *kinds.split("|")} and kinds != ANY:
        return f"'@{name}' is for {' or '.join(kinds.split('|'))}, and this is {kind(of)}"
    if len(given) != bool(argument):
        return f"'@{name}' takes {'one argument' if argument else 'no argument'}"
    if argument and kind(given[0]) not in {argument, "any"}:
        return f"'@{name}' wants {argument}, and this is {kind(given[0])}"
    return None
