"""What each expression is: names that nobody declared and properties that are not there are found.

One `Expressions` reads one file. `infer` returns the type as far as it is known, and looks at all
that is inside.
"""

from collections.abc import Sequence
from difflib import get_close_matches
from typing import Any

from tree_sitter import Node

from bicep.check.finding import Finding
from bicep.check.language.files import LOADING, NotLoaded, loaded
from bicep.check.language.functions import NAMESPACES, RETURNS
from bicep.check.language.kinds import (
    ANY_OBJECT,
    Type,
    declared_type,
    item_of,
    joined,
    kind,
    known_properties,
    property_of,
)  # fmt: skip
from bicep.check.language.signatures import wrong_call
from bicep.check.language.syntax import bare, literal, members, parts, text
from bicep.check.language.template import Declared, Template

Scope = dict[str, Type]
"""Variables of loops and lambdas by name."""


def hint(name: str, known: Any) -> str:
    """The nearest known name, as the end of a sentence."""
    near = get_close_matches(name, list(known), n=1)
    return f": did you mean '{near[0]}'?" if near else ""


class Expressions:
    def __init__(
        self, template: Template, resources: dict[str, Type], modules: dict[str, Template]
    ) -> None:
        self.template = template
        self.findings: set[Finding] = set()
        self.used: set[str] = set()
        self._resources = resources
        self._modules = modules
        self._named = {each.name: parts(each.node)[-1] for each in template.of("type")}
        self._types: dict[str, Type] = {}

    # ------------------------------------------------------------ declarations

    def type_of(self, each: Declared) -> Type:
        """The type of a name of the file."""
        if each.name not in self._types:
            self._types[each.name] = "any"  # while it is looked for: a circle has no type
            self._types[each.name] = self._type_of(each)
        return self._types[each.name]

    def _type_of(self, each: Declared) -> Type:
        match each.kind:
            case "param":
                return self.declared(each)
            case "var" if each.value is not None:
                return self.infer(each.value, {})
            case "resource":
                body = self._resources.get(each.target, "any")
            case "module":
                body = self._module(each)
            case _:
                return "any"
        return {"[]": body} if each.repeated else body

    def declared(self, each: Declared) -> Type:
        """The type of a parameter or output, narrowed by `@allowed`."""
        allowed = each.decorators.get("allowed")
        if allowed is not None:
            values = parts(parts(allowed)[-1])[0]
            types = [self.infer(value, {}) for value in parts(values)]
            if (
                all("=" in one for one in types if isinstance(one, dict))
                and kind(joined(types)) == "string"
            ):
                return {"|": types}
        return declared_type(each.type, self._named)

    def _module(self, each: Declared) -> Type:
        template = self._modules.get(self.template.beside(each.target))
        if template is None:
            return "any"
        inside = Expressions(template, self._resources, {})
        outputs = {
            name: [0, declared_type(one.type, inside._named)]
            for name, one in template.outputs.items()
        }
        return {"{}": {"name": [0, "string"], "outputs": [0, {"{}": outputs}]}}

    # ------------------------------------------------------------ expressions

    def infer(self, node: Node, scope: Scope) -> Type:
        """The type of an expression."""
        node = bare(node)
        known = getattr(self, f"_{node.type}", None)
        if known is not None:
            return known(node, scope)
        for child in parts(node):
            self.infer(child, scope)
        return "any"

    def loop(self, node: Node, scope: Scope) -> Scope:
        """The scope inside a `for`."""
        variables, over = parts(node)[:2]
        item = item_of(self.infer(over, scope))
        names = parts(variables) if variables.type == "for_loop_parameters" else [variables]
        return scope | dict(zip([text(each) for each in names], [item, "int"], strict=False))

    def _identifier(self, node: Node, scope: Scope) -> Type:
        name = text(node)
        if name in scope:
            return scope[name]
        declared = self.template.named(name)
        if declared is not None:
            self.used.add(name)
            return self.type_of(declared)
        if name not in NAMESPACES:
            names = [*scope, *(each.name for each in self.template.declared)]
            self._found(node, f"nobody declares '{name}'{hint(name, names)}")
        return "any"

    def _string(self, node: Node, scope: Scope) -> Type:
        for child in node.named_children:
            if child.type == "interpolation":
                for inner in parts(child):
                    found = kind(self.infer(inner, scope))
                    if found in {"array", "object", "null"}:
                        self._found(inner, f"'{text(inner)}' is {found}: it makes no text")
        value = literal(node)
        return "string" if value is None else {"=": value}

    def _number(self, node: Node, scope: Scope) -> Type:
        return "int"

    def _boolean(self, node: Node, scope: Scope) -> Type:
        return "bool"

    def _null(self, node: Node, scope: Scope) -> Type:
        return "null"

    def _object(self, node: Node, scope: Scope) -> Type:
        found: dict[str, Any] = {}
        is_open = False
        for name, each, value in members(node):
            self._key(parts(each)[0], scope)
            inner = self.infer(value, scope)
            if name is None:
                is_open = True
            elif name in found:
                self._found(each, f"'{name}' is set twice in one object")
            else:
                found[name] = [0, inner]
        return {"{}": found, "*": "any"} if is_open else {"{}": found}

    def _key(self, node: Node, scope: Scope) -> None:
        if node.type == "string":
            self.infer(node, scope)

    def _array(self, node: Node, scope: Scope) -> Type:
        types = [self.infer(each, scope) for each in parts(node)]
        return {"[]": joined(types) if types else "nothing"}

    def _for_statement(self, node: Node, scope: Scope) -> Type:
        return {"[]": self.infer(parts(node)[-1], self.loop(node, scope))}

    def _ternary_expression(self, node: Node, scope: Scope) -> Type:
        condition, *branches = parts(node)
        self.infer(condition, scope)
        return joined([self.infer(each, scope) for each in branches])

    def _binary_expression(self, node: Node, scope: Scope) -> Type:
        types = [self.infer(each, scope) for each in parts(node)]
        sign = next((child.type for child in node.children if not child.is_named), "")
        if sign == "??":
            return joined(types)
        return "int" if sign in {"+", "-", "*", "/", "%"} else "bool"

    def _unary_expression(self, node: Node, scope: Scope) -> Type:
        types = [self.infer(each, scope) for each in parts(node)]
        return types[0] if types and kind(types[0]) == "int" else "bool"

    def _member_expression(self, node: Node, scope: Scope) -> Type:
        owner, name = parts(node)[0], text(parts(node)[-1])
        return self._property(node, owner, self.infer(owner, scope), name)

    def _property(self, node: Node, owner: Node, of: Type, name: str) -> Type:
        properties = known_properties(of)
        if properties is not None and name not in properties:
            if not any(child.type == ".?" for child in node.children):
                self._found(node, f"'{text(owner)}' has no '{name}'{hint(name, properties)}")
            return "any"
        if kind(of) in {"string", "int", "bool", "array"}:
            self._found(node, f"'{text(owner)}' is of type {kind(of)} and has no '{name}'")
        return property_of(of, name)

    def _subscript_expression(self, node: Node, scope: Scope) -> Type:
        owner, index = parts(node)[:2]
        of, by = self.infer(owner, scope), self.infer(index, scope)
        name = literal(index)
        if name is not None:
            return self._property(node, owner, of, name)
        if kind(of) == "array":
            return item_of(of)
        properties = known_properties(of)
        if properties and isinstance(by, dict) and "|" in by:
            wrong = sorted(str(each["="]) for each in by["|"] if each.get("=") not in properties)
            if wrong:
                self._found(node, f"'{text(owner)}' has no '{wrong[0]}'")
        return joined([each for _, each in properties.values()]) if properties else "any"

    def _call_expression(self, node: Node, scope: Scope) -> Type:
        function, arguments = parts(node)[0], parts(parts(node)[-1])
        name = text(function).rpartition(".")[2]
        own = self.template.named(name)
        if own is not None and own.kind == "func":
            self.used.add(name)
        elif name not in RETURNS:
            self._found(node, f"there is no function '{name}'{hint(name, RETURNS)}")
        if any(_leading_lambda(each) for each in arguments):
            return self._with_lambdas(node, name, arguments, scope)
        types = [self.infer(each, scope) for each in arguments]
        self._signature(node, name, types)
        match name:
            case _ if name in LOADING:
                return self._file(node, name, arguments)
            case "union" if types:
                return joined(types)
            case "items":
                return {"[]": {"{}": {"key": [0, "string"], "value": [0, "any"]}}}
            case "first" | "last" if types:
                return item_of(types[0])
        return RETURNS.get(name, "any")

    def _signature(self, node: Node, name: str, types: Sequence[Type | None]) -> None:
        owner = parts(node)[0].type == "member_expression" and not text(node).startswith("az.")
        wrong = None if owner else wrong_call(name, types)
        if wrong is not None:
            self._found(node, wrong)

    def _with_lambdas(self, node: Node, name: str, arguments: list[Node], scope: Scope) -> Type:
        of = self.infer(arguments[0], scope)
        rest = [None if _leading_lambda(each) else "any" for each in arguments[1:]]
        self._signature(node, name, [of, *rest])
        types = [self._lambda(each, [item_of(of)], scope) for each in arguments[1:]]
        match name:
            case "filter" | "sort":
                return of
            case "map":
                return {"[]": types[0]}
            case "toObject":
                return ANY_OBJECT
        return "any"

    def _lambda(self, node: Node, given: list[Type], scope: Scope) -> Type:
        """`node` is `x => …`; the grammar takes `x => x.y` for `(x => x).y`."""
        head = _leading_lambda(node)
        if head is None:
            return self.infer(node, scope)
        variables = parts(head)[0]
        names = parts(variables) if variables.type == "parenthesized_expression" else [variables]
        types = [*given, *["any"] * len(names)]
        inner = dict(zip([text(each) for each in names], types, strict=False))
        return self.infer(node, scope | inner)

    def _lambda_expression(self, node: Node, scope: Scope) -> Type:
        return self.infer(parts(node)[-1], scope)

    def _file(self, node: Node, name: str, arguments: list[Node]) -> Type:
        path, *rest = [literal(each) for each in arguments[:2]] or [None]
        if path is None:
            self._found(node, f"{name} wants the path as a plain string")
            return "any"
        try:
            file = self.template.path.parent / path
            return loaded(name, file, path, rest[0] if rest else None)
        except NotLoaded as error:
            self._found(node, str(error))
            return "any"

    def _found(self, node: Node, words: str) -> None:
        self.findings.add(self.template.finding(node, words))


def _leading_lambda(node: Node) -> Node | None:
    """The lambda that an argument starts with."""
    while node.type != "lambda_expression":
        inner = parts(node)
        if not inner or inner[0].start_byte != node.start_byte:
            return None
        node = inner[0]
    return node
