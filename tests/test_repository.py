"""The repository keeps its own rules: import arrows, sizes, no float near money, documents."""

import ast
import json
import re
import subprocess
import tomllib
from collections import Counter
from functools import cache
from graphlib import TopologicalSorter
from pathlib import Path

import pytest

from tests.layout import (
    COMMANDS,
    MAY_IMPORT,
    OPEN_STORAGE,
    ORDER,
    READ_CHAIN_COLUMNS,
    READ_ENVIRONMENT,
    WALLS,
)
from tests.paths import ROOT

PACKAGES = (
    "command_line", "pricing_rules", "telemetry", "table_api", "consumers", "ui", "apim_policies",
    "local_stack", "chargeback", "chargeback_client", "benchmarks", "docs_site",
    "bicep",
)  # fmt: skip
EVENT_HUBS_USERS = {"consumers", "local_stack", "benchmarks", "tests"}
FUNCTION_LINES_MAX = 70
FILES_A_FOLDER_MAX = 15
FILE_LINES_MAX = 300
TEST_FILE_LINES_MAX = 450


@cache
def python_files() -> tuple[Path, ...]:
    listed = subprocess.run(
        ["git", "ls-files", "--cached", "--others", "--exclude-standard", "*.py"],
        cwd=ROOT, capture_output=True, text=True, check=True,
    )  # fmt: skip
    return tuple(ROOT / line for line in listed.stdout.splitlines() if (ROOT / line).exists())


@cache
def import_statements(path: Path) -> tuple[ast.Import | ast.ImportFrom, ...]:
    """Kept, since many tests ask for them; all trees would take hundreds of MB."""
    tree = ast.parse(path.read_text(encoding="utf-8"))
    return tuple(node for node in ast.walk(tree) if isinstance(node, ast.Import | ast.ImportFrom))


@cache
def imports_of(path: Path) -> tuple[str, ...]:
    names: list[str] = []
    for node in import_statements(path):
        if isinstance(node, ast.Import):
            names += (alias.name for alias in node.names)
        else:
            assert node.level == 0, f"{path} has a relative import"
            names.append(node.module or "")
    return tuple(names)


def module_of(path: Path) -> str:
    parts = path.relative_to(ROOT).with_suffix("").parts
    return ".".join(parts[:-1] if parts[-1] == "__init__" else parts)


@cache
def modules_imported(path: Path) -> tuple[str, ...]:
    """Modules, also where `from package import module` names them."""
    names: list[str] = []
    for node in import_statements(path):
        if isinstance(node, ast.Import):
            names += (alias.name for alias in node.names)
        elif node.module:
            for alias in node.names:
                inner = f"{node.module}.{alias.name}"
                folder = ROOT / inner.replace(".", "/")
                is_module = folder.is_dir() or folder.with_suffix(".py").exists()
                names.append(inner if is_module else node.module)
    return tuple(names)


def places_of(order: str) -> dict[str, int]:
    """Place by name; the names of one bracket share theirs."""
    places: dict[str, int] = {}
    for place, group in enumerate(re.findall(r"\[[^\]]*\]|\S+", order)):
        places |= dict.fromkeys(group.strip("[]").split(), place)
    return places


def layer_of(module: str, package: str, places: dict[str, int]) -> str | None:
    """The longest name that the module starts with; None where the list has none."""
    parts = module.removeprefix(f"{package}.").split(".")
    prefixes = [".".join(parts[:length]) for length in range(len(parts), 0, -1)]
    return next((prefix for prefix in prefixes if prefix in places), None)


def within(module: str, names: set[str]) -> bool:
    return any(module == name or module.startswith(f"{name}.") for name in names)


def reads_environment(path: Path) -> bool:
    """Whether it looks into `os.environ`; handing all of it to a child process is no look."""
    tree = ast.parse(path.read_text(encoding="utf-8"))
    handed_on = {
        id(value)
        for node in ast.walk(tree)
        if isinstance(node, ast.Dict)
        for key, value in zip(node.keys, node.values, strict=True)
        if key is None
    }
    return any(
        isinstance(node, ast.Attribute)
        and node.attr in {"environ", "getenv"}
        and id(node) not in handed_on
        for node in ast.walk(tree)
    )


def reads_chain_columns(node: ast.expr) -> bool:
    if isinstance(node, ast.Call):
        return isinstance(node.func, ast.Attribute) and node.func.attr == "text"
    return isinstance(node, ast.Attribute) and node.attr == "row"


def package_of(path: Path) -> str:
    return path.relative_to(ROOT).parts[0]


@pytest.mark.parametrize("package", PACKAGES)
def test_imports_between_packages_point_one_way(package: str) -> None:
    allowed = {*MAY_IMPORT.get(package, {*PACKAGES, "tests"}), package}
    found = {
        (path.relative_to(ROOT).as_posix(), name)
        for path in python_files()
        if package_of(path) == package
        for name in imports_of(path)
        if name.partition(".")[0] in {*PACKAGES, "tests"} - allowed
    }
    assert found == set()


@pytest.mark.parametrize("package", ORDER)
def test_imports_within_a_package_point_to_the_left(package: str) -> None:
    places = places_of(ORDER[package])
    found, unknown = set(), set()
    for path in python_files():
        if not within(module_of(path), {package}) or module_of(path) == package:
            continue
        here = layer_of(module_of(path), package, places)
        if here is None:
            unknown.add(module_of(path))
            continue
        for name in modules_imported(path):
            there = layer_of(name, package, places) if name.startswith(f"{package}.") else None
            if there is None or there == here:
                continue
            if places[there] >= places[here]:
                found.add((path.relative_to(ROOT).as_posix(), name))
    assert (found, unknown) == (set(), set())


def test_no_modules_import_each_other_in_a_circle() -> None:
    """An import for types alone counts; the graph raises a CycleError that names the circle."""
    paths = {module_of(path): path for path in python_files()}
    imported = {module: set(modules_imported(path)) for module, path in paths.items()}
    graph = {module: names & paths.keys() for module, names in imported.items()}
    TopologicalSorter(graph).prepare()


@pytest.mark.parametrize("name", WALLS)
def test_walls_stand(name: str) -> None:
    """What stands behind a wall takes of table_api only what is written beside it."""
    found = {
        (module_of(path), imported)
        for path in python_files()
        if within(module_of(path), {name})
        for imported in modules_imported(path)
        if within(imported, {"table_api"}) and not within(imported, {name, *WALLS[name]})
    }
    assert found == set()


def test_only_commands_know_the_command_line() -> None:
    users = {
        module_of(path)
        for path in python_files()
        if package_of(path) not in {"command_line", "chargeback", "tests"}
        and any(name.partition(".")[0] in {"command_line", "typer"} for name in imports_of(path))
    }
    assert users
    assert {user for user in users if COMMANDS.isdisjoint(user.split(".")[1:])} == set()


def test_only_verbs_of_the_consumers_reach_the_http_api() -> None:
    users = {
        module_of(path)
        for path in python_files()
        if package_of(path) == "consumers"
        and any(within(name, {"table_api.http_api"}) for name in modules_imported(path))
    }
    assert all(within(user, {"consumers.verbs"}) for user in users)


def test_the_environment_is_read_where_a_process_starts() -> None:
    readers = {
        module_of(path)
        for path in python_files()
        if package_of(path) not in {"tests", "benchmarks"} and reads_environment(path)
    }
    assert {each for each in readers if each.rpartition(".")[2] != "__main__"} <= READ_ENVIRONMENT


STORAGE_SDKS = {"azure.core.pipeline", "azure.data", "azure.storage", "azure.eventhub.extensions"}


def test_a_storage_account_is_opened_in_one_place() -> None:
    users = {
        module_of(path)
        for path in python_files()
        if package_of(path) in {"table_api", "consumers", "ui", "telemetry"}
        and any(within(name, STORAGE_SDKS) for name in modules_imported(path))
    }
    assert users == OPEN_STORAGE


def test_the_columns_of_a_ledger_entry_are_read_in_one_place() -> None:
    """Nobody else says `entry.row` or `entry.text(column)`. The gateway's log, which knows no
    ledger, has a `text` of its own.
    """
    allowed = {"consumers.gateway_log", "consumers.gateway_check", *READ_CHAIN_COLUMNS}
    readers = {
        f"{module_of(path)}:{node.lineno}"
        for path in python_files()
        if package_of(path) in {"table_api", "consumers", "benchmarks"}
        and not within(module_of(path), allowed)
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8")))
        if isinstance(node, ast.expr) and reads_chain_columns(node)
    }
    assert readers == set()


def test_no_folder_of_code_has_more_than_fifteen_files() -> None:
    files = Counter(
        path.parent.relative_to(ROOT).as_posix()
        for path in python_files()
        if path.name != "__init__.py" and package_of(path) != "tests"
    )
    assert {folder: count for folder, count in files.items() if count > FILES_A_FOLDER_MAX} == {}


def test_only_consumers_and_the_local_stack_know_event_hubs() -> None:
    users = {
        package_of(path)
        for path in python_files()
        for name in imports_of(path)
        if name.startswith("azure.eventhub")
    }
    assert users <= EVENT_HUBS_USERS


def test_functions_and_files_stay_small() -> None:
    too_long = []
    for path in python_files():
        text = path.read_text(encoding="utf-8")
        lines_max = TEST_FILE_LINES_MAX if package_of(path) == "tests" else FILE_LINES_MAX
        if text.count("\n") > lines_max:
            too_long.append(f"{path.relative_to(ROOT)} has {text.count(chr(10))} lines")
        for node in ast.walk(ast.parse(text)):
            if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
                lines = (node.end_lineno or node.lineno) - node.lineno + 1
                if lines > FUNCTION_LINES_MAX:
                    too_long.append(f"{path.relative_to(ROOT)} {node.name} has {lines} lines")
    assert too_long == []


def test_no_float_comes_near_money() -> None:
    """Neither the type nor a literal, but for names that say seconds."""
    found = []
    for path in python_files():
        if package_of(path) not in {"pricing_rules", "table_api"}:
            continue
        lines = path.read_text(encoding="utf-8").splitlines()
        for node in ast.walk(ast.parse("\n".join(lines))):
            if not isinstance(node, ast.Name | ast.Constant):
                continue
            name = isinstance(node, ast.Name) and node.id == "float"
            literal = isinstance(node, ast.Constant) and isinstance(node.value, float)
            if (name or literal) and not re.search(
                r"_S\b|_S_MAX\b|seconds|backoff|sleep", lines[node.lineno - 1]
            ):
                found.append(f"{path.relative_to(ROOT)}:{node.lineno} {lines[node.lineno - 1]}")
    assert found == []


def test_every_python_module_says_what_it_owns() -> None:
    silent = [
        path.relative_to(ROOT).as_posix()
        for path in python_files()
        if path.read_text(encoding="utf-8").strip()
        and ast.get_docstring(ast.parse(path.read_text(encoding="utf-8"))) is None
    ]
    assert silent == []


def test_nothing_is_left_for_later_and_no_machine_is_named() -> None:
    here = re.escape(f"{ROOT.parent}/") if len(ROOT.parts) > 2 else "$^"
    words = re.compile(rf"\b(TODO|FIXME|XXX|NotImplementedError)\b|pragma: no cover|{here}")
    this_file = Path(__file__)
    found = [
        f"{path.relative_to(ROOT)}: {match.group()}"
        for path in python_files()
        if path != this_file
        for match in words.finditer(path.read_text(encoding="utf-8"))
    ]
    assert found == []


UNUSED = "local_stack/unused_package"


def test_the_lock_names_the_public_index_only() -> None:
    lock = tomllib.loads((ROOT / "uv.lock").read_text(encoding="utf-8"))
    sources = {
        package["source"].get("registry", "local")
        for package in lock["package"]
        if package["name"] != "llm-chargeback"
    }
    assert sources == {"https://pypi.org/simple"}
    locked = json.loads((ROOT / "package-lock.json").read_text(encoding="utf-8"))
    resolved = {package.get("resolved") for package in locked["packages"].values()}
    # npm resolves by name, from the registry it is set to; the one other is a folder of ours
    assert resolved == {None, UNUSED}


def test_every_locked_package_has_hashes() -> None:
    lock = tomllib.loads((ROOT / "uv.lock").read_text(encoding="utf-8"))
    packages = [package for package in lock["package"] if package["name"] != "llm-chargeback"]
    assert packages
    for package in packages:
        files = [*package.get("wheels", []), *filter(None, [package.get("sdist")])]
        assert files, package["name"]
        unsafe = [each["url"] for each in files if not each.get("hash", "").startswith("sha256:")]
        assert unsafe == []
    locked = json.loads((ROOT / "package-lock.json").read_text(encoding="utf-8"))
    unsafe = [
        name
        for name, package in locked["packages"].items()
        if name
        and not package.get("integrity", "").startswith("sha512-")
        and UNUSED not in (name, package.get("resolved"))
    ]
    assert locked["packages"]
    assert unsafe == []


def test_the_makefile_has_few_targets_each_with_help() -> None:
    """Each is one thing that a person asks for, and `make help` still fits a glance."""
    text = (ROOT / "Makefile").read_text(encoding="utf-8")
    targets = re.findall(r"^([a-z]+):", text, flags=re.MULTILINE)
    helped = re.findall(r"^([a-z]+):.*## ", text, flags=re.MULTILINE)
    assert len(helped) <= 14
    assert set(targets) - set(helped) == {"debian"}
