"""The repository keeps its own rules: import arrows, sizes, no float near money, documents."""

import ast
import json
import re
import subprocess
import tomllib
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from pricing_rules.types import CountedAt, Rank
from pricing_rules.units import Unit
from table_api.consumer_state.dead_letters import DeadLetter, DeadLetterIndex
from table_api.consumer_state.progress import Count, Progress, ProgressTable
from table_api.ledger.measures import (
    ADDITIVE_AMOUNTS,
    ADDITIVE_INTEGERS,
    AMOUNT_COLUMNS,
    QUANTITY_COLUMNS,
)
from table_api.people.people import People, Person
from table_api.storage.memory_tables import MemoryTableStorage
from tests.builders import CALL_TIME
from tests.calls import NOW, all_rows, make_call, open_ledger
from tests.paths import ROOT

PACKAGES = (
    "pricing_rules", "telemetry", "table_api", "consumers", "ui", "apim_policies", "local_stack",
    "benchmarks",
)  # fmt: skip
MAY_IMPORT = {
    "pricing_rules": set(),
    "telemetry": set(),
    "table_api": {"pricing_rules", "telemetry"},
    "consumers": {"pricing_rules", "telemetry", "table_api"},
    "ui": set(),
    "apim_policies": set(),
    "local_stack": {"pricing_rules", "telemetry", "table_api", "consumers", "apim_policies"},
    "benchmarks": {*PACKAGES, "tests"},
}
EVENT_HUBS_USERS = {"consumers", "local_stack", "benchmarks", "tests"}
FUNCTION_LINES_MAX = 70
FILE_LINES_MAX = 300
TEST_FILE_LINES_MAX = 450


def python_files() -> list[Path]:
    listed = subprocess.run(
        ["git", "ls-files", "--cached", "--others", "--exclude-standard", "*.py"],
        cwd=ROOT, capture_output=True, text=True, check=True,
    )  # fmt: skip
    return [ROOT / line for line in listed.stdout.splitlines() if (ROOT / line).exists()]


def imports_of(path: Path) -> Iterator[str]:
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            assert node.level == 0, f"{path} has a relative import"
            yield node.module or ""


def package_of(path: Path) -> str:
    return path.relative_to(ROOT).parts[0]


@pytest.mark.parametrize("package", PACKAGES)
def test_imports_point_one_way(package: str) -> None:
    found = {
        (path.relative_to(ROOT).as_posix(), name)
        for path in python_files()
        if package_of(path) == package
        for name in imports_of(path)
        if name.partition(".")[0] in {*PACKAGES, "tests"} - MAY_IMPORT[package] - {package}
    }
    assert found == set()


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


async def test_every_column_of_the_ledger_is_documented() -> None:
    storage = MemoryTableStorage()
    ledger = await open_ledger(storage)
    every: dict[str, Any] = {
        "session": "s",
        "traceparent": "00-aa-bb-01",
        "completed_from": ("trace",),
        "replaces": CountedAt(subject="unattributed", time=CALL_TIME),
        "api": "llm",
        "region": "swedencentral",
        "service_tier": "default",
    }
    await ledger.post([make_call(1, rank=Rank.GATEWAY_LOG, **every)])
    await ledger.post([make_call(2, **every)])
    await ledger.post([make_call(3, id="other", deployment="lab-model-x", **every)])
    columns = {
        column
        for table in ("ledger", "meta")
        for row in (await all_rows(storage, table)).values()
        for column in row
    }
    columns -= ADDITIVE_AMOUNTS | ADDITIVE_INTEGERS
    columns |= {"calls", "errors", "unpriced", "no_usage", "list", "contracted", "charge", "billed"}
    text = (ROOT / "docs/tables.md").read_text(encoding="utf-8")
    assert {column for column in columns if f"`{column}`" not in text} == set()
    assert {unit.value for unit in Unit if f"`{unit.value}`" not in text} == set()
    assert set(QUANTITY_COLUMNS) == set(Unit)
    assert {layer for layer, _ in AMOUNT_COLUMNS if f"`{layer}_{{unit}}`" not in text} == set()


async def test_every_column_of_the_other_tables_is_documented() -> None:
    storage = MemoryTableStorage()
    await People(storage, now=lambda: NOW).save(
        [Person(subject="s", display_name="n", cost_centre="c", valid_from=NOW.date())]
    )
    progress = ProgressTable(storage)
    await progress.create()
    await progress.write(
        Progress(
            hub="h",
            group="g",
            partition="0",
            hub_created_at=NOW,
            sequence_number=1,
            enqueued_time=NOW,
            recorded_at=NOW,
            counts=dict.fromkeys(Count, 1),
        ),
        None,
    )
    letters = DeadLetterIndex(storage, "h")
    await letters.create()
    texts: dict[str, Any] = {
        "reason": "r",
        "field": "f",
        "value": "v",
        "message": "m",
        "event_id": "e",
    }
    await letters.add(
        [
            DeadLetter(
                hub="h",
                partition="0",
                sequence_number=1,
                content_hash="c",
                enqueued_time=NOW,
                recorded_at=NOW,
                body_bytes=1,
                outcome="posted",
                **texts,
            )
        ]
    )
    text = (ROOT / "docs/tables.md").read_text(encoding="utf-8")
    consumer = (ROOT / "docs/consumer.md").read_text(encoding="utf-8")
    for table in ("people", "progress", "deadletters"):
        rows = await all_rows(storage, table)
        assert rows
        section = text.split(f"## `{table}`\n")[1].partition("\n## ")[0]
        columns = {column for row in rows.values() for column in row}
        undocumented = {column for column in columns if f"`{column}`" not in section}
        counted = {column for column in undocumented if column.removeprefix("n_") in consumer}
        assert undocumented - counted == set()


def test_the_lock_names_the_public_index_only() -> None:
    lock = tomllib.loads((ROOT / "uv.lock").read_text(encoding="utf-8"))
    sources = {
        package["source"].get("registry", "local")
        for package in lock["package"]
        if package["name"] != "llm-chargeback"
    }
    assert sources == {"https://pypi.org/simple"}
    locked = (ROOT / "package-lock.json").read_text(encoding="utf-8")
    assert '"resolved"' not in locked  # npm resolves by name, from the registry it is set to


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
        if name and not package.get("integrity", "").startswith("sha512-")
    ]
    assert locked["packages"]
    assert unsafe == []


def test_the_makefile_has_at_most_ten_targets_each_with_help() -> None:
    text = (ROOT / "Makefile").read_text(encoding="utf-8")
    targets = re.findall(r"^([a-z]+):", text, flags=re.MULTILINE)
    helped = re.findall(r"^([a-z]+):.*## ", text, flags=re.MULTILINE)
    assert len(helped) <= 10
    assert set(targets) - set(helped) == {"debian"}
