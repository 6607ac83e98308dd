"""All checks of a checkout."""

import json
from collections.abc import Iterator
from pathlib import Path

from bicep.check.deployment import Deployment
from bicep.check.finding import Finding
from bicep.check.gateway import gateway
from bicep.check.language.kinds import Type
from bicep.check.language.template import Template, read
from bicep.check.other_files import dockerfile, parameters
from bicep.check.roles import assigned, role_ids
from bicep.check.rules import rules
from bicep.check.settings_passed import settings
from bicep.check.start import late

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
        yield from Deployment(each, types, files).findings()
        yield from late(each)
        yield from rules(each)
        yield from role_ids(each, root)
    yield from _never_used(files)
    yield from assigned(files, root)
    yield from settings(main, files, root)
    yield from gateway(files, root)
    yield from parameters(main, root)
    yield from dockerfile(root)


def _never_used(files: dict[str, Template]) -> Iterator[Finding]:
    used = {each.target for template in files.values() for each in template.of("module")}
    for name, template in files.items():
        if name != "main.bicep" and name not in used:
            yield Finding(template.file, 1, "no file uses this module")
