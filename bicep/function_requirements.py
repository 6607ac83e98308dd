"""`python -m bicep.function_requirements` writes the requirements of the function app.

They are the versions of uv.lock with their hashes, for the Python that Bicep deploys: a package of
another Python may not even install there. The worker of the tests runs with the same files.
"""

import re
import subprocess
import tempfile
from pathlib import Path

from table_api.verbs.package import NEEDED, REQUIREMENTS

ROOT = Path(__file__).parents[1]
UV = str(ROOT / ".venv/bin/uv")
WORKER = ROOT / "tests/table_api/function_worker.txt"
_VERSION = re.compile(r"runtime: \{ name: 'python', version: '([\d.]+)' \}")


def python_version() -> str:
    """The Python of the function app, as Bicep says."""
    text = (ROOT / "bicep/modules/function_app.bicep").read_text(encoding="utf-8")
    [version] = _VERSION.findall(text)
    return str(version)


def compile_into(file: Path, names: list[str], constraints: Path) -> None:
    """Lock names and all that they need."""
    command = [UV, "pip", "compile", "-", "--quiet", "--generate-hashes", "--no-header"]
    command += ["--no-annotate", "--python-version", python_version(), "--only-binary", ":all:"]
    command += ["--python-platform", "x86_64-manylinux_2_28", "--constraints", str(constraints)]
    subprocess.run(
        [*command, "--output-file", str(file)], input="\n".join(names), text=True, check=True
    )


def main() -> None:
    """Both files: what is deployed, and the worker's own library for the tests."""
    with tempfile.TemporaryDirectory() as folder:
        locked = Path(folder) / "locked.txt"
        export = [UV, "export", "--quiet", "--frozen", "--no-hashes", "--no-emit-project"]
        with locked.open("w", encoding="utf-8") as file:
            subprocess.run(export, cwd=ROOT, stdout=file, check=True)
        compile_into(REQUIREMENTS, [*NEEDED], locked)
        compile_into(WORKER, ["azure-functions-runtime"], locked)


if __name__ == "__main__":
    main()
