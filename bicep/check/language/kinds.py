"""Types of values in the form of resource_types.json, and what one can ask of them.

`"string"`, `"int"`, `"bool"`, `"null"`, `"any"`; `{"is": one of them, bounds}`; `{"=": literal}`;
`{"|": types}`; `{"[]": item}`; `{"{}": {name: [flags, type]}, "*": type of other names}`; and
`{"by": name, "base": properties, "of": {value: type}}` where a property chooses the type.
"""

from typing import Any

from tree_sitter import Node

from bicep.check.language.syntax import literal, members, parts, text

Type = Any
ANY_OBJECT: Type = {"{}": {}, "*": "any"}
ANY_ARRAY: Type = {"[]": "any"}
NULLABLE = 0
REQUIRED, READ_ONLY = 1, 2


def kind(each: Type) -> str:
    """`string`, `int`, `bool`, `null`, `array`, `object` or `any`."""
    if isinstance(each, str):
        return each
    if "is" in each:
        return str(each["is"])
    if "=" in each:
        return "string" if isinstance(each["="], str) else "int"
    if "|" in each:
        kinds = {kind(one) for one in each["|"]} - {"null"}
        return kinds.pop() if len(kinds) == 1 else "any"
    return "array" if "[]" in each else "object"


def known_properties(each: Type) -> dict[str, Any] | None:
    """Flags and type by name; None where any name may be."""
    if kind(each) != "object" or isinstance(each, str):
        return None
    if "by" in each:
        found = dict(each["base"])
        for one in each["of"].values():
            found |= one["{}"]
        return found
    return each["{}"] if "{}" in each and "*" not in each else None


def property_of(each: Type, name: str) -> Type:
    """The type of a property that is there or may be."""
    if isinstance(each, str) or kind(each) != "object":
        return "any"
    if "by" in each:
        return (known_properties(each) or {}).get(name, [0, "any"])[1]
    return each.get("{}", {}).get(name, [0, each.get("*", "any")])[1]


def item_of(each: Type) -> Type:
    return each["[]"] if isinstance(each, dict) and "[]" in each else "any"


def joined(types: list[Type]) -> Type:
    """What a value of any of these types has."""
    kinds = {kind(each) for each in types} - {"null"}
    if len(kinds) != 1:
        return "any"
    [one] = kinds
    if one == "object":
        return _merged([each for each in types if kind(each) == "object"])
    if one == "array":
        return {"[]": joined([item_of(each) for each in types if each != {"[]": "nothing"}])}
    literals = {each["="] for each in types if isinstance(each, dict) and "=" in each}
    if len(literals) == len(types):
        return {"|": [{"=": value} for value in sorted(literals)]}
    return one


def _merged(types: list[Type]) -> Type:
    found: dict[str, Any] = {}
    for each in types:
        properties = known_properties(each)
        if properties is None:
            return ANY_OBJECT
        for name, (flags, inner) in properties.items():
            before = found.get(name)
            found[name] = [flags, joined([before[1], inner]) if before else inner]
    return {"{}": found}


def of_json(value: Any) -> Type:
    """The type of a value of a JSON file."""
    match value:
        case bool():
            return "bool"
        case int():
            return "int"
        case str():
            return {"=": value}
        case list():
            return {"[]": joined([of_json(each) for each in value]) if value else "any"}
        case dict():
            return {"{}": {name: [0, of_json(each)] for name, each in value.items()}}
    return "any"


def declared_type(node: Node | None, named: dict[str, Node]) -> Type:
    """The type that a parameter or output declares; `named` are the file's own types."""
    if node is None:
        return "any"
    inner = parts(node)
    match node.type:
        case "type" | "parenthesized_type" | "nullable_type" if inner:
            return declared_type(inner[0], named)
        case "primitive_type":
            return {"object": ANY_OBJECT, "array": ANY_ARRAY}.get(text(node), text(node))
        case "array_type":
            return {"[]": declared_type(inner[0], named)}
        case "union_type":
            return {"|": [declared_type(each, named) for each in inner]}
        case "string":
            return {"=": literal(node)}
        case "object":
            return {
                "{}": {
                    name: [
                        0 if value.type == "nullable_type" else REQUIRED,
                        declared_type(value, named),
                    ]
                    for name, _, value in members(node)
                    if name is not None
                }
            }
        case "identifier" if text(node) in named:
            return declared_type(named[text(node)], named)
    return "any"
