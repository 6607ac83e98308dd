"""The folder that is deployed starts by itself, and its requirements are what it imports."""

import ast
import os
import subprocess
import sys
from collections.abc import Iterator
from importlib.metadata import packages_distributions
from pathlib import Path

import pytest

from table_api.__main__ import main
from table_api.verbs.package import NEEDED

BY_OTHERS = {"aiohttp", "cryptography", "tzdata"}
OF_TELEMETRY = {"azure-monitor-opentelemetry-exporter", "opentelemetry-sdk"}
"""The one is imported by name, the other shares its package with many distributions."""
NOT_DEPLOYED = {"pyarrow"}
"""The app asks whether it is there."""
NOT_IN_THE_APP = {"subset.py"}
"""A program of its own, which makes the fonts."""
STARTS = """
import calendar, table_api, function_app
print(calendar.__file__, table_api.__file__, function_app.__file__, sep="\\n")
print(sorted(each.get_function_name() for each in function_app.app.get_functions()))
"""


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    assert main(["package", str(tmp_path / "app")]) == 0
    return tmp_path / "app"


FUNCTIONS = {"azFn-AoAiModel-Pricing", "azFn-AppInsightAPI", "http_app_func", "purge_access_log"}
INSIGHTS = (
    "InstrumentationKey=00000000-0000-0000-0000-000000000000;IngestionEndpoint=http://127.0.0.1:9"
)


@pytest.mark.parametrize(
    ("insights", "more"), [("", set()), (INSIGHTS, {"publish_calls"})], ids=["", "insights"]
)
def test_a_fresh_interpreter_starts_the_app_from_its_folder(
    folder: Path, insights: str, more: set[str]
) -> None:
    connection = "AccountName=a;AccountKey=YQ==;TableEndpoint=http://127.0.0.1:9/a;"
    connection += "BlobEndpoint=http://127.0.0.1:9/a"
    environment = os.environ | {
        "STORAGE_CONNECTION_STRING": connection,
        "OIDC_ISSUERS": "https://login.contoso.com",
        "OIDC_AUDIENCES": "api://chargeback",
        "APPLICATIONINSIGHTS_CONNECTION_STRING": insights,
    }
    environment.pop("PYTHONPATH", None)
    run = subprocess.run(
        [sys.executable, "-c", STARTS],
        cwd=folder, env=environment, capture_output=True, text=True, check=False,
    )  # fmt: skip
    assert run.returncode == 0, run.stderr
    standard, package, app, functions = run.stdout.splitlines()
    assert Path(standard).parent == Path(ast.__file__).parent
    assert (Path(package).parent.parent, Path(app).parent) == (folder, folder)
    assert functions == str(sorted(FUNCTIONS | more))


def test_a_folder_with_something_in_it_is_refused(
    folder: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["package", str(folder)]) == 2
    assert "is not empty" in capsys.readouterr().err


def imported(folder: Path) -> Iterator[str]:
    for path in (folder / "function_app.py", *(folder / "table_api").rglob("*.py")):
        if path.name in NOT_IN_THE_APP:
            continue
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            if isinstance(node, ast.Import):
                yield from (alias.name for alias in node.names)
            elif isinstance(node, ast.ImportFrom):
                yield node.module or ""


def test_commands_are_left_out(folder: Path) -> None:
    names = {path.name for path in folder.rglob("*")}
    assert names.isdisjoint({"__main__.py", "verbs", "app"})
    assert {"function_app.py", "host.json", "table_api", "books"} <= names


def test_requirements_are_what_the_app_imports(folder: Path) -> None:
    modules = set(imported(folder))
    tops = {name.partition(".")[0] for name in modules} - set(sys.stdlib_module_names)
    tops -= {"azure", "opentelemetry"}
    known = packages_distributions()
    found = {known[top][0].lower() for top in tops if top in known}
    # Many distributions share the package `azure`: they are named after their modules.
    azure = {"-".join(name.split(".")[:3]) for name in modules if name.startswith("azure.storage")}
    azure |= {"-".join(name.split(".")[:2]) for name in modules if name.startswith("azure.")}
    found |= azure - {"azure-storage"}
    assert found - NOT_DEPLOYED == set(NEEDED) - BY_OTHERS - OF_TELEMETRY
