"""All checks of a checkout."""

import json
from collections.abc import Iterator
from pathlib import Path

from bicep.check.deployment import Deployment
from bicep.check.finding import Finding
from bicep.check.gateway import gateway
from bicep.check.language.kinds import Type
from bicep.check.language.template import Template, read
from bicep.check.other_files import azd, dockerfile, parameters
from bicep.check.roles import assigned, role_ids
from bicep.check.rules import rules
from bicep.check.services.alerts import alerts, written_alerts
from bicep.check.services.containers import containers
from bicep.check.services.event_hubs import event_hubs
from bicep.check.services.expected import expected
from bicep.check.services.names import names
from bicep.check.services.own_identity import own_identity
from bicep.check.services.private_network import private_network
from bicep.check.services.programs import programs
from bicep.check.services.role_assignments import role_assignments
from bicep.check.services.storage import storage
from bicep.check.settings_passed import settings
from bicep.check.start import late
from bicep.check.wiring.circles import circles, circles_of_files
from bicep.check.wiring.declarations import declarations
from bicep.check.wiring.identities import identities
from bicep.check.wiring.order import order
from bicep.check.wiring.scopes import scopes

TYPES = Path(__file__).with_name("resource_types.json")


def resource_types() -> dict[str, Type]:
    """Types by `NAME@VERSION`. This is also the list of API versions: one for each type."""
    types: dict[str, Type] = json.loads(TYPES.read_text(encoding="utf-8"))["resources"]
    return types


def templates(root: Path) -> dict[str, Template]:
    """Every Bicep file by its path below bicep/."""
    folder = root / "bicep"
    return {
        path.relative_to(folder).as_posix(): read(path, root)
        for path in sorted(folder.rglob("*.bicep"))
    }


def check(root: Path) -> list[Finding]:
    """What is wrong, by file and line. While a file is no Bicep, only that is said."""
    files = templates(root)
    broken = [found for each in files.values() for found in each.syntax()]
    return sorted(set(broken or _all(files, root)))


def _all(files: dict[str, Template], root: Path) -> Iterator[Finding]:
    types = resource_types()
    main = files["main.bicep"]
    for each in files.values():
        deployment = Deployment(each, types, files)
        yield from deployment.findings()
        yield from declarations(each, deployment.expressions)
        yield from scopes(each, files)
        yield from circles(each)
        yield from role_assignments(each)
        yield from containers(each, files, root)
        yield from event_hubs(each, files, root)
        yield from storage(each)
        yield from names(each, files)
        yield from alerts(each)
        yield from expected(each)
        yield from own_identity(each)
        yield from late(each)
        yield from rules(each)
        yield from role_ids(each, root)
    yield from circles_of_files(files)
    yield from order(main, files)
    yield from identities(main, files)
    yield from _never_used(files)
    yield from assigned(files, root)
    yield from settings(main, files, root)
    yield from gateway(files, root)
    yield from programs(main, files, root)
    yield from private_network(main, files)
    yield from written_alerts(root)
    yield from parameters(main, root)
    yield from azd(main, files, root)
    yield from dockerfile(root)


def _never_used(files: dict[str, Template]) -> Iterator[Finding]:
    used = {
        template.beside(each.target)
        for template in files.values()
        for each in template.of("module")
    }
    for name, template in files.items():
        if name != "main.bicep" and name not in used:
            yield Finding(template.file, 1, "no file uses this module")
