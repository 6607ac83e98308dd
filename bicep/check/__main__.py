"""`python -m bicep.check`: what can be checked of the deployment without Azure.

`python -m bicep.check types FILE` cuts resource_types.json out of Microsoft's types in FILE.
"""

import argparse
import json
import shutil
import subprocess
import sys
from pathlib import Path

from bicep.check.checkout import TYPES, check, templates
from bicep.check.extract_types import extract, render

ROOT = Path(__file__).parents[2]


def main() -> int:
    """The exit code: 1 where something is wrong."""
    parser = argparse.ArgumentParser(prog="python -m bicep.check", description=__doc__)
    parser.add_argument("--root", type=Path, default=ROOT, help="another checkout")
    verbs = parser.add_subparsers(dest="verb")
    types = verbs.add_parser("types", help="write resource_types.json")
    types.add_argument("file", type=Path)
    given = parser.parse_args()
    if given.verb == "types":
        return write_types(given.file)
    findings = check(given.root)
    for each in findings:
        print(each)
    code = compiled(given.root)
    files = templates(given.root)
    if not findings and not code:
        resources = sum(len([*each.of("resource")]) for each in files.values())
        print(f"bicep: {len(files)} files with {resources} resources, nothing is wrong")
    return 1 if findings or code else 0


def compiled(root: Path) -> int:
    """What Microsoft's compiler says, where it is installed: warnings count as mistakes."""
    bicep = shutil.which("bicep")
    if bicep is None:
        print("bicep: the compiler is not installed here, so these checks are all")
        return 0
    command = [bicep, "build", "--diagnostics-format", "default", "--stdout"]
    done = subprocess.run(
        [*command, str(root / "bicep/main.bicep")], capture_output=True, text=True, check=False
    )
    print(done.stderr, end="")
    return 1 if done.returncode or ": Warning " in done.stderr else 0


def write_types(file: Path) -> int:
    """Every type that the Bicep files name; 1 if the file lacks one."""
    wanted = {
        each.target for template in templates(ROOT).values() for each in template.of("resource")
    }
    published = json.loads(file.read_text(encoding="utf-8"))
    TYPES.write_text(render(extract(published, wanted)), encoding="utf-8")
    missing = sorted(wanted - published["resources"].keys())
    for each in missing:
        print(f"{file} has no type {each}")
    return 1 if missing else 0


if __name__ == "__main__":
    sys.exit(main())
