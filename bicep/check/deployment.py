"""Resources and modules: their types, parents, scopes, names, parameters and outputs."""

from collections.abc import Iterator

from tree_sitter import Node

from bicep.check.finding import Finding
from bicep.check.language.expressions import Expressions, Scope, hint
from bicep.check.language.functions import DECORATORS
from bicep.check.language.kinds import Type
from bicep.check.language.syntax import bare, literal, member, members, parts, text
from bicep.check.language.template import Declared, Template
from bicep.check.language.values import Values

_ON_RESOURCES = frozenset({"parent", "scope", "dependsOn"})
_ON_MODULES = frozenset({"name", "scope", "params", "dependsOn"})
_EXTENSIONS = {"Microsoft.Authorization/roleAssignments", "Microsoft.Insights/diagnosticSettings"}
"""Resources that belong to another one, which `scope` names."""
_OF_SUBSCRIPTION = {"Microsoft.Resources/resourceGroups", *_EXTENSIONS}


class Deployment:
    """Checks one file."""

    def __init__(
        self,
        template: Template,
        types: dict[str, Type],
        modules: dict[str, Template],
    ) -> None:
        self.template = template
        self.expressions = Expressions(template, types, modules)
        self._values = Values(self.expressions)
        self._types = types
        self._modules = modules

    def findings(self) -> Iterator[Finding]:
        yield from self._declared_twice()
        for each in [*self.template.declared, *self.template.outputs.values()]:
            if each.value is not None:
                self.expressions.infer(each.value, {})
            yield from self._decorators(each)
            if each.kind in {"param", "output"} and each.value is not None:
                wanted = bounded(self.expressions.declared(each), each)
                yield from self._values.check(each.value, wanted, {}, f"'{each.name}'")
        yield from self.expressions.findings
        yield from self._unused()
        for each in self.template.of("resource"):
            yield from self._resource(each)
        for each in self.template.of("module"):
            yield from self._module(each)
        yield from self._one_name_each()

    def _declared_twice(self) -> Iterator[Finding]:
        seen: dict[str, Declared] = {}
        for each in self.template.declared:
            if each.name in seen:
                words = f"'{each.name}' is declared in line {seen[each.name].line} already"
                yield self.template.finding(each.node, words)
            seen.setdefault(each.name, each)

    def _decorators(self, each: Declared) -> Iterator[Finding]:
        for name, call in each.decorators.items():
            if name not in DECORATORS:
                words = f"there is no decorator '@{name}'{hint(name, DECORATORS)}"
                yield self.template.finding(call, words)
            for argument in parts(parts(call)[-1]):
                self.expressions.infer(argument, {})

    def _unused(self) -> Iterator[Finding]:
        for each in self.template.declared:
            existing = each.kind == "resource" and each.existing
            if (
                each.kind in {"param", "var"} or existing
            ) and each.name not in self.expressions.used:
                yield self.template.finding(each.node, f"nothing uses {each.kind} '{each.name}'")

    # ------------------------------------------------------------ resources

    def _resource(self, each: Declared) -> Iterator[Finding]:
        known = self._types.get(each.target)
        if known is None:
            yield self.template.finding(each.node, self._unknown(each.target))
            return
        if each.body is None:
            return
        yield from self._belongs(each)
        if each.existing:
            for name, node, _ in members(each.body):
                if name not in _ON_RESOURCES | {"name"}:
                    yield self.template.finding(node, f"an existing resource takes no '{name}'")
            return
        scope = self._inside(each)
        label = each.target.partition("@")[0].rpartition("/")[2]
        yield from self._values.properties(each.body, known, scope, label, _ON_RESOURCES)

    def _unknown(self, target: str) -> str:
        name, _, version = target.partition("@")
        versions = [
            other.partition("@")[2] for other in self._types if other.startswith(f"{name}@")
        ]
        if versions:
            return f"API version {version} of {name} is not the one in use: {', '.join(versions)}"
        return f"there is no resource type '{target}'{hint(target, self._types)}"

    def _belongs(self, each: Declared) -> Iterator[Finding]:
        name = each.target.partition("@")[0]
        above, parent = member(each.body, "scope"), member(each.body, "parent")
        if name in _EXTENSIONS and above is None and self.template.scope == "resourceGroup":
            yield self.template.finding(each.node, f"{name} lacks 'scope': it would be the group's")
        if self.template.scope == "subscription" and name not in _OF_SUBSCRIPTION:
            words = f"{name} belongs to a resource group: deploy it by a module"
            yield self.template.finding(each.node, words)
        if parent is None:
            if name.count("/") > 1 and "/" not in (literal(member(each.body, "name")) or ""):
                yield self.template.finding(each.node, f"{name} lacks 'parent'")
            return
        declared = self.template.named(text(parent).partition("[")[0])
        wanted = name.rpartition("/")[0]
        if declared is not None and declared.target.partition("@")[0] != wanted:
            yield self.template.finding(parent, f"the parent of {name} is a {wanted}")

    # ------------------------------------------------------------ modules

    def _module(self, each: Declared) -> Iterator[Finding]:
        inner = self._modules.get(self.template.beside(each.target))
        if inner is None:
            yield self.template.finding(each.node, f"there is no module '{each.target}'")
            return
        if each.body is None:
            return
        for name, node, _ in members(each.body):
            if name not in _ON_MODULES:
                yield self.template.finding(node, f"a module takes no '{name}'")
        if inner.scope != self.template.scope and member(each.body, "scope") is None:
            words = f"'{each.name}' is deployed into a {inner.scope} and lacks 'scope'"
            yield self.template.finding(each.node, words)
        yield from self._parameters(each, inner)

    def _parameters(self, each: Declared, inner: Template) -> Iterator[Finding]:
        inside = Expressions(inner, self._types, {})
        declared = {param.name: param for param in inner.of("param")}
        given = member(each.body, "params")
        names = set()
        for name, node, value in members(given) if given is not None else ():
            names.add(name)
            if name is None or name not in declared:
                words = f"{each.target} has no parameter '{name}'{hint(str(name), declared)}"
                yield self.template.finding(node, words)
                continue
            wanted = bounded(inside.declared(declared[name]), declared[name])
            yield from self._values.check(value, wanted, self._inside(each), f"parameter '{name}'")
        for name, param in declared.items():
            if param.value is None and name not in names:
                words = f"'{each.name}' lacks parameter '{name}' of {each.target}"
                yield self.template.finding(each.node, words)

    def _one_name_each(self) -> Iterator[Finding]:
        seen: dict[tuple[str, str], str] = {}
        for each in self.template.declared:
            if each.kind not in {"module", "resource"} or each.existing or each.body is None:
                continue
            name = literal(member(each.body, "name"))
            if name is None:
                continue
            inside = (member(each.body, "parent"), member(each.body, "scope"))
            kind = "module" if each.kind == "module" else each.target
            key = (kind, f"{name} {[text(node) for node in inside if node is not None]}")
            if key in seen:
                words = f"'{each.name}' has the name '{name}' of '{seen[key]}'"
                yield self.template.finding(member(each.body, "name") or each.node, words)
            seen.setdefault(key, each.name)

    def _inside(self, each: Declared) -> Scope:
        scope: Scope = {}
        node = each.value
        while node is not None and bare(node).type in {"for_statement", "if_statement"}:
            if node.type == "for_statement":
                scope = scope | self.expressions.loop(node, scope)
            node = _last(node)
        return scope


def _last(node: Node) -> Node | None:
    inner = parts(node)
    return inner[-1] if inner else None


def bounded(kind: Type, declared: Declared) -> Type:
    """The type of a parameter with `@minLength` and the like."""
    bounds = {}
    for name in ("minLength", "maxLength", "minValue", "maxValue"):
        given = parts(parts(declared.decorators[name])[-1]) if name in declared.decorators else []
        if given and text(given[0]).isdecimal():
            bounds[name] = int(text(given[0]))
    return {"is": kind, **bounds} if bounds and isinstance(kind, str) else kind
