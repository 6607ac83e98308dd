"""Rules of this project and of Bicep's own linter: secrets, open doors, needless text."""

import re
from collections.abc import Iterator

from tree_sitter import Node

from bicep.check.finding import Finding
from bicep.check.language.syntax import every, line, member, parts, text
from bicep.check.language.template import Declared, Template

SHUT = {
    "allowBlobPublicAccess": "false", "allowSharedKeyAccess": "false", "publicAccess": "'None'",
    "disableLocalAuth": "true", "DisableLocalAuth": "true", "supportsHttpsTrafficOnly": "true",
    "httpsOnly": "true", "adminUserEnabled": "false", "enableRbacAuthorization": "true",
    "anonymousPullEnabled": "false", "allowInsecure": "false", "minTlsVersion": "'1.2'",
    "minimumTlsVersion": "'1.2' 'TLS1_2'", "publicNetworkAccess": "'Enabled'",
    "bytes": "0",
}  # fmt: skip
"""Each property with the values that it may have: doors stay shut. Public access is limited by
`networkAcls` and not switched off, because hooks and the platform come that way.
"""
_HAS_TO = {
    "Microsoft.Storage/storageAccounts": ("allowBlobPublicAccess", "allowSharedKeyAccess"),
    "Microsoft.EventHub/namespaces": ("disableLocalAuth",),
    "Microsoft.CognitiveServices/accounts": ("disableLocalAuth",),
    "Microsoft.Web/sites": ("httpsOnly",),
    "Microsoft.KeyVault/vaults": ("enableRbacAuthorization",),
}
"""What these have to say, since the platform's default leaves the door open."""
_GATEWAY_LOG = "bicep/modules/diagnostics_hub.bicep"
"""Azure Monitor writes that hub with a key, so its namespace takes keys."""
_SECRET = re.compile(r"\blist[A-Z]\w*\(|primaryKey|primaryConnectionString|getSecret", re.I)
_ASKS_FOR_KEYS = re.compile(r"(?:^|\.)list[A-Z]\w*$")
_SECRET_NAME = re.compile(r"secret|password|(?<!public)key$", re.I)
_HOSTS = (
    "core.windows.net",
    "login.microsoftonline.com",
    "vault.azure.net",
    "management.azure.com",
)
"""They differ between clouds: `environment()` has them."""


def rules(template: Template) -> Iterator[Finding]:
    """Findings of one file."""
    for node in every(template.root):
        yield from _node(template, node)
    for each in template.of("resource"):
        yield from _has_to(template, each)
    for each in template.of("param"):
        if "secure" in each.decorators and each.value is not None:
            yield template.finding(each.node, f"'{each.name}' is secure and has a default")
    for each in template.outputs.values():
        yield from _secret(template, each)
    for each in (*template.of("resource"), *template.of("module")):
        yield from _needless(template, each)


def _node(template: Template, node: Node) -> Iterator[Finding]:
    match node.type:
        case "object_property":
            yield from _door(template, node)
        case "string":
            yield from _text(template, node)
        case "member_expression":
            yield from _maybe_absent(template, node)
        case "call_expression" if _ASKS_FOR_KEYS.search(text(parts(node)[0])):
            yield template.finding(node, "this asks for a key: programs sign in by identity")


def _door(template: Template, node: Node) -> Iterator[Finding]:
    key, *rest = parts(node)
    wanted = SHUT.get(text(key))
    if wanted is None or not rest or rest[-1].type not in {"boolean", "string", "number"}:
        return
    if text(key) == "disableLocalAuth" and template.file == _GATEWAY_LOG:
        return
    if text(rest[-1]) not in wanted.split():
        yield template.finding(node, f"{text(key)} is {text(rest[-1])}: it has to be {wanted}")


def _has_to(template: Template, each: Declared) -> Iterator[Finding]:
    if each.existing:
        return
    for name in _HAS_TO.get(each.target.partition("@")[0], ()):
        if member(member(each.body, "properties"), name) is None:
            yield template.finding(each.node, f"'{each.name}' does not set {name}")


def _text(template: Template, node: Node) -> Iterator[Finding]:
    inner = [
        child for child in node.named_children if child.type in {"string_content", "interpolation"}
    ]
    if len(inner) == 1 and inner[0].type == "interpolation" and not _is_key(node):
        yield template.finding(node, f"write {text(inner[0])[2:-1]} without '${{…}}'")
    for host in _HOSTS:
        if re.search(rf"(?<![\w-]){re.escape(host)}", text(node)):
            yield template.finding(node, f"'{host}' differs between clouds: ask environment()")


def _is_key(node: Node) -> bool:
    above = node.parent
    return above is not None and above.type == "object_property" and parts(above)[0] == node


def _maybe_absent(template: Template, node: Node) -> Iterator[Finding]:
    """An output of a module that is there under a condition is marked so: `module!.outputs`."""
    owner, name = parts(node)[0], text(parts(node)[-1])
    declared = template.named(text(owner)) if owner.type == "identifier" else None
    if declared is None or not declared.conditional or name in {"id", "name"}:
        return
    if not {child.type for child in node.children} & {"!", ".?"}:
        words = f"'{declared.name}' may not be deployed: write {declared.name}!.{name}"
        yield template.finding(node, words)


def _secret(template: Template, each: Declared) -> Iterator[Finding]:
    if each.value is None:
        return
    secure = {one.name for one in template.of("param") if "secure" in one.decorators}
    names = {text(node) for node in every(each.value) if node.type == "identifier"}
    if _SECRET.search(text(each.value)) or names & secure or _SECRET_NAME.search(each.name):
        words = f"output '{each.name}' is a secret: outputs are kept in the clear"
        yield template.finding(each.node, words)


def _needless(template: Template, each: Declared) -> Iterator[Finding]:
    listed = member(each.body, "dependsOn")
    if listed is None or each.body is None or listed.type != "array":
        return
    elsewhere = {
        text(node)
        for node in every(each.body)
        if node.type == "identifier" and not _within(node, listed)
    }
    for node in parts(listed):
        if text(node) in elsewhere:
            words = f"'{each.name}' depends on '{text(node)}' anyway: dependsOn is needless"
            yield template.finding(node, words)


def _within(node: Node, outer: Node) -> bool:
    return line(outer) <= line(node) and outer.start_byte <= node.start_byte < outer.end_byte
