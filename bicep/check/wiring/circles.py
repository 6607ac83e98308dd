"""What needs itself: variables, resources and modules of a file, and files that use each other."""

from collections.abc import Iterator, Mapping

from tree_sitter import Node

from bicep.check.finding import Finding
from bicep.check.language.syntax import every, parts, text
from bicep.check.language.template import Declared, Template

Needs = Mapping[str, list[str]]


def circles(template: Template) -> Iterator[Finding]:
    """Findings of one file."""
    needs = {
        each.name: [*_named(template, each)]
        for each in template.declared
        if each.kind in {"var", "resource", "module", "param"}
    }
    for circle in _found(needs):
        declared = template.named(circle[0])
        if declared is not None:
            words = f"these need each other: {' → '.join(circle)}"
            yield template.finding(declared.node, words)


def circles_of_files(templates: dict[str, Template]) -> Iterator[Finding]:
    """Files whose modules lead back to themselves."""
    needs = {
        name: [template.beside(each.target) for each in template.of("module")]
        for name, template in templates.items()
    }
    for circle in _found(needs):
        words = f"these files use each other: {' → '.join(circle)}"
        yield Finding(templates[circle[0]].file, 1, words)


def _named(template: Template, each: Declared) -> Iterator[str]:
    for node in every(each.value) if each.value is not None else ():
        if node.type == "identifier" and not _is_name(node):
            declared = template.named(text(node))
            if declared is not None:
                yield declared.name


def _is_name(node: Node) -> bool:
    """Whether it is the name of a property, or a variable of a loop or lambda."""
    above = node.parent
    if above is None:
        return False
    if above.type == "object_property":
        return parts(above)[0] == node
    if above.type == "member_expression":
        return parts(above)[-1] == node
    return above.type in {"for_loop_parameters", "lambda_expression", "property_identifier"}


def _found(needs: Needs) -> Iterator[list[str]]:
    """Each circle once, from its first name on."""
    done: set[str] = set()
    for start in needs:
        if start not in done:
            circle = _from(needs, start, [], done)
            if circle:
                yield circle


def _from(needs: Needs, name: str, path: list[str], done: set[str]) -> list[str] | None:
    if name in path:
        return [*path[path.index(name) :], name]
    if name in done or name not in needs:
        return None
    for each in needs[name]:
        circle = _from(needs, each, [*path, name], done)
        if circle:
            done.add(name)
            return circle
    done.add(name)
    return None
