"""A resource with an identity uses that one everywhere: for the registry, vaults and scalers."""

import re
from collections.abc import Iterator

from tree_sitter import Node

from bicep.check.finding import Finding
from bicep.check.language.syntax import every, member, parts, text
from bicep.check.language.template import Declared, Template

_SIGNS_IN = {"identity", "keyVaultReferenceIdentity", "userAssignedIdentityResourceId"}
_KEY = re.compile(r"\{\s*'\$\{(\w+)\}': \{\}\s*\}")


def own_identity(template: Template) -> Iterator[Finding]:
    """Findings of one file."""
    for each in template.of("resource"):
        given = member(member(each.body, "identity"), "userAssignedIdentities")
        if given is not None:
            yield from _identity(template, each, given)


def _identity(template: Template, each: Declared, given: Node) -> Iterator[Finding]:
    found = _KEY.fullmatch(text(given))
    own = found[1] if found else ""
    if not own.lower().endswith("identityid"):
        yield template.finding(given, f"{text(given)} is not the id of an identity")
        return
    kind = member(member(each.body, "identity"), "type")
    if kind is not None and "UserAssigned" not in text(kind):
        yield template.finding(kind, f"'{each.name}' has identities, and is {text(kind)}")
    yield from _signs_in(template, each, own)
    app = member(each.body, "properties")
    if each.target.startswith("Microsoft.Web/sites@"):
        if member(app, "keyVaultReferenceIdentity") is None:
            words = f"'{each.name}' lacks keyVaultReferenceIdentity"
            yield template.finding(app or each.node, words)
        yield from _package(template, app)


def _signs_in(template: Template, each: Declared, own: str) -> Iterator[Finding]:
    for node in every(each.body) if each.body is not None else ():
        if node.type != "object_property":
            continue
        name, value = text(parts(node)[0]), parts(node)[-1]
        if name in _SIGNS_IN and value.type == "identifier" and text(value) != own:
            yield template.finding(node, f"'{each.name}' signs in as {text(value)}, and has {own}")
        if name == "registries":
            for one in parts(value):
                if member(one, "identity") is None:
                    yield template.finding(one, "this registry is signed in to by no identity")


def _package(template: Template, app: Node | None) -> Iterator[Finding]:
    """The package is put into the container that is made for it."""
    made = {
        text(name)
        for each in template.of("resource")
        if each.target.partition("@")[0].endswith("/containers")
        and (name := member(each.body, "name")) is not None
    }
    for node in every(app) if app is not None else ():
        found = re.search(r"primaryEndpoints\.blob\}\$\{(\w+)\}", text(node))
        if node.type == "string" and found is not None and found[1] not in made:
            yield template.finding(node, f"no container '{found[1]}' is made in this file")
