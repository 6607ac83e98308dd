"""What has to be there before something else, though no value leads from one to the other.

The service refuses a policy whose fragment is not saved yet, and a program without its role ends.
"""

from collections.abc import Iterator

from bicep.check.finding import Finding
from bicep.check.graph import edges, reached
from bicep.check.language.syntax import every, member, text
from bicep.check.language.template import Declared, Template

_MODULES = {
    "Microsoft.App/containerApps": ("modules/roles.bicep", "a program without its roles ends"),
    "Microsoft.App/jobs": ("modules/roles.bicep", "a program without its roles ends"),
    "Microsoft.ApiManagement/service/apis/policies": (
        "modules/gateway_policies.bicep", "a policy includes fragments",
    ),
    "Microsoft.ApiManagement/service/policyFragments": (
        "modules/gateway_loggers.bicep", "a fragment names the logger",
    ),
    "Microsoft.EventHub/namespaces/eventhubs": (
        "modules/capture_role.bicep", "Capture writes as soon as the hub is there",
    ),
}  # fmt: skip
"""By type: the module that comes before, and why."""
_GATEWAY = "Microsoft.ApiManagement/service"
_RESOURCES = {
    f"{_GATEWAY}/policyFragments": f"{_GATEWAY}/namedValues",
    "Microsoft.Web/sites": "Microsoft.Storage/storageAccounts/blobServices/containers",
}
"""By type: the type in the same file that comes before."""


def order(main: Template, templates: dict[str, Template]) -> Iterator[Finding]:
    """Findings of main.bicep and of its modules."""
    needs = edges(main, {each.name: each for each in main.of("module")})
    for each in main.of("module"):
        inner = templates.get(main.beside(each.target))
        if inner is not None:
            yield from _modules(main, each, inner, {*reached(needs, each.name)})
    for template in templates.values():
        yield from _resources(template)


def _modules(
    main: Template, each: Declared, inner: Template, before: set[str]
) -> Iterator[Finding]:
    for made in inner.of("resource"):
        wanted = None if made.existing else _MODULES.get(made.target.partition("@")[0])
        if wanted is None or (made.name == "hub" and not _captures(made)):
            continue
        path, why = wanted
        targets = {main.beside(one.target) for one in main.of("module") if one.name in before}
        if path not in targets:
            words = f"'{each.name}' does not wait for {path}: {why}"
            yield main.finding(each.node, words)


def _captures(made: Declared) -> bool:
    return member(member(made.body, "properties"), "captureDescription") is not None


def _resources(template: Template) -> Iterator[Finding]:
    for each in template.of("resource"):
        kind = None if each.existing else _RESOURCES.get(each.target.partition("@")[0])
        for before in template.of("resource"):
            if before.existing or before.target.partition("@")[0] != kind:
                continue
            named = {text(node) for node in every(each.node) if node.type == "identifier"}
            if before.name not in named:
                words = f"'{each.name}' does not wait for '{before.name}'"
                yield template.finding(each.node, words)
