"""resource_types.json, cut out of the types that Microsoft publishes (Azure/bicep-types-az, MIT).

`python -m bicep.check types FILE` writes it from FILE, with the types that the Bicep files name.
What a service alone writes is cut below its first level: a template only reads it.
"""

import json
from typing import Any

Types = dict[str, Any]

REQUIRED, READ_ONLY = 1, 2
_PLAIN = {"StringType": "string", "IntegerType": "int", "BooleanType": "bool", "AnyType": "any"}
_BOUNDS = ("minLength", "maxLength", "pattern", "minValue", "maxValue")


def extract(published: Types, wanted: set[str]) -> Types:
    """The compact form of the wanted types, by `NAME@VERSION`."""
    found = {}
    for name in sorted(wanted & published["resources"].keys()):
        each = published["resources"][name]
        found[name] = _Cut(each["types"]).of(each["body"]["$ref"], frozenset())
    return {"source": published["source"], "resources": found}


def render(extracted: Types) -> str:
    """One line for each resource type, so that a change of one is a change of one line."""
    lines = [
        f"{json.dumps(name)}: {json.dumps(body, separators=(',', ':'))}"
        for name, body in extracted["resources"].items()
    ]
    joined = ",\n".join(lines)
    return f'{{"source": {json.dumps(extracted["source"])}, "resources": {{\n{joined}\n}}}}\n'


class _Cut:
    """One resource type; a type inside itself becomes `any`."""

    def __init__(self, types: Types) -> None:
        self._types = types

    def of(self, ref: str, above: frozenset[str], *, read_only: bool = False) -> Any:
        if ref in above:
            return "any"
        above |= {ref}
        each = self._types[ref.removeprefix("#/")]
        match each["$type"]:
            case "StringLiteralType":
                return {"=": each["value"]}
            case "UnionType":
                return {"|": [self.of(one["$ref"], above) for one in each["elements"]]}
            case "ArrayType":
                item = "any" if read_only else self.of(each["itemType"]["$ref"], above)
                return {"[]": item, **_bounds(each)}
            case "ObjectType":
                return self._object(each, above, read_only=read_only)
            case "DiscriminatedObjectType":
                return {
                    "by": each["discriminator"],
                    "base": self._properties(each["baseProperties"], above, read_only=read_only),
                    "of": {
                        value: self.of(one["$ref"], above)
                        for value, one in each["elements"].items()
                    },
                }
        plain = _PLAIN[each["$type"]]
        bounds = _bounds(each)
        return {"is": plain, **bounds} if bounds else plain

    def _object(self, each: Types, above: frozenset[str], *, read_only: bool) -> Types:
        found = {"{}": self._properties(each["properties"], above, read_only=read_only)}
        if "additionalProperties" in each:
            found["*"] = self.of(each["additionalProperties"]["$ref"], above)
        return found

    def _properties(self, properties: Types, above: frozenset[str], *, read_only: bool) -> Types:
        found = {}
        for name, each in properties.items():
            written = each["flags"] & READ_ONLY
            inner = "any" if read_only else None
            kind = inner or self.of(each["type"]["$ref"], above, read_only=bool(written))
            found[name] = [each["flags"], kind]
        return found


def _bounds(each: Types) -> Types:
    return {name: each[name] for name in _BOUNDS if name in each}
