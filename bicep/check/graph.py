"""The modules of main.bicep as a graph: what each deploys, and what each needs of the others."""

from collections.abc import Iterator

from tree_sitter import Node

from bicep.check.language.syntax import bare, every, parts, text
from bicep.check.language.template import Declared, Template

Edges = dict[str, set[str]]


def render(files: dict[str, Template]) -> str:
    """A flowchart of Mermaid. An arrow leads from what has to be there first."""
    main = files["main.bicep"]
    modules = {each.name: each for each in main.of("module")}
    lines = ["flowchart LR"]
    for name, each in modules.items():
        title = "<br>".join([f"<b>{name}</b>{_how(each)}", *_made(files[each.target])])
        lines.append(f'  {name}["{title}"]')
    for name, needs in _reduced(edges(main, modules)).items():
        lines += [f"  {each} --> {name}" for each in sorted(needs)]
    return "\n".join(lines) + "\n"


def _how(module: Declared) -> str:
    """Whether it is deployed always, if a parameter says so, or for each of a list."""
    if module.conditional:
        return " (if wanted)"
    return " (for each)" if module.repeated else ""


def _made(template: Template) -> list[str]:
    """Kinds of resources that a module makes, as the last words of their types."""
    targets = [each.target for each in template.of("resource") if not each.existing]
    return [*dict.fromkeys(target.partition("@")[0].rpartition("/")[2] for target in targets)]


def edges(main: Template, modules: dict[str, Declared]) -> Edges:
    """What each module names, also behind variables."""
    return {
        name: {found for found in _named(main, each.node, frozenset({name})) if found in modules}
        for name, each in modules.items()
    }


def _named(main: Template, node: Node, seen: frozenset[str]) -> Iterator[str]:
    """Modules that an expression names, also behind variables."""
    for each in every(node):
        name = text(each)
        if each.type != "identifier" or name in seen or _is_key(each):
            continue
        declared = main.named(name)
        if declared is None:
            continue
        if declared.kind == "module":
            yield name
        elif declared.kind == "var" and declared.value is not None:
            yield from _named(main, bare(declared.value), seen | {name})


def _is_key(node: Node) -> bool:
    above = node.parent
    return above is not None and above.type == "object_property" and parts(above)[0] == node


def _reduced(edges: Edges) -> Edges:
    """Without arrows that others imply."""
    return {
        name: {
            each
            for each in needs
            if not any(each in reached(edges, other) for other in needs - {each})
        }
        for name, needs in edges.items()
    }


def reached(edges: Edges, name: str) -> set[str]:
    """All that a module needs, also by way of others."""
    found: set[str] = set()
    left = [name]
    while left:
        for each in edges[left.pop()] - found:
            found.add(each)
            left.append(each)
    return found
