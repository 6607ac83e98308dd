"""docs/deployed.md: what is deployed, made from the very files that deploy it.

`python -m bicep.page > docs/deployed.md` writes it, as `make fmt` does, and a test compares.
"""

import json
from collections.abc import Iterable, Iterator
from pathlib import Path

from bicep.check import graph
from bicep.check.checkout import resource_types, templates
from bicep.reads import BY_PLATFORM, OF_PROGRAMS, read_by
from bicep.settings import program_settings

ROOT = Path(__file__).parents[1]
START = """\
# What is deployed

`python -m bicep.page` makes this page from the files of `bicep/`. [What it runs
on](../bicep/README.md) explains them, and [deploying](deploy.md) says how to use them.

## Modules
Each box is a module of `main.bicep` with the kinds of resources that it makes. An arrow leads from
what has to be there first.

"""
SCOPES = {
    "hubs": "hub `{hub}`", "account": "all tables", "tables": "table `{table}`",
    "containers": "container `{container}`", "capture": "container `{container}`",
    "telemetry": "{on}", "registry": "registry", "vaults": "vault of {vault}",
    "functionStorage": "storage of the Functions host", "models": "accounts of kind `{kind}`",
}  # fmt: skip
"""Where each list of roles.json assigns."""


def render(root: Path = ROOT) -> str:
    """The page."""
    return START + "".join(
        [
            "```mermaid\n", graph.render(templates(root)), "```\n\n",
            "## Roles by identity\n",
            "[Security](security.md#who-needs-which-role) says why each is needed.\n\n",
            *_table(("identity", "role", "on"), _roles(root)),
            "\n## Settings by program\n",
            "Every setting that a program reads. A default can be changed by the parameter\n",
            "`settings`; the others follow from what is deployed.\n\n",
            *_table(("setting", "programs", "value"), _settings()),
            "\n## API versions\n",
            "`bicep/check/resource_types.json` has the types of these versions.\n\n",
            *_table(("type", "version"), _versions()),
        ]
    )  # fmt: skip


def _table(heads: tuple[str, ...], rows: Iterable[tuple[str, ...]]) -> Iterator[str]:
    yield f"| {' | '.join(heads)} |\n|{'---|' * len(heads)}\n"
    for row in rows:
        yield f"| {' | '.join(row)} |\n"


def _roles(root: Path) -> Iterator[tuple[str, ...]]:
    table = json.loads((root / "bicep/roles.json").read_text(encoding="utf-8"))
    found: dict[tuple[str, str], list[str]] = {}
    for kind, scope in SCOPES.items():
        for row in table[kind]:
            found.setdefault((row["who"], row["role"]), []).append(scope.format(**row))
    for (who, role), scopes in sorted(found.items()):
        yield who, role, ", ".join(scopes)


def _settings() -> Iterator[tuple[str, ...]]:
    reads = read_by()
    defaults = program_settings()
    known = {name: value for program in defaults.values() for name, value in program.items()}
    names = {name for program in reads.values() for name in program} | BY_PLATFORM
    for name in sorted(names):
        programs = [each for each, kind in OF_PROGRAMS.items() if name in reads[kind]]
        of = ", ".join(programs) or "the platform"
        yield f"`{name}`", of, _value(known[name]) if name in known else "of the deployment"


def _value(text: str) -> str:
    return f"`{text}`" if text else "empty"


def _versions() -> Iterator[tuple[str, ...]]:
    for each in sorted(resource_types()):
        name, _, version = each.partition("@")
        yield f"`{name}`", version


if __name__ == "__main__":
    print(render(), end="")
