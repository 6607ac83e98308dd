"""docs/api.md and the OpenAPI document name the same endpoints, parameters and fields."""

import json
import re
from typing import Any

import pytest

from table_api.__main__ import main
from table_api.consumer_state.progress import Count
from table_api.http_api.access.settings import ACCESS_VARIABLES
from table_api.http_api.app import ROUTES, create_app
from table_api.http_api.conventions.problems import ProblemKind
from table_api.http_api.openapi import EXAMPLES, OPTIONAL, openapi_of
from table_api.settings import VARIABLES
from table_api.storage.memory_blobs import MemoryBlobStore
from table_api.storage.memory_tables import MemoryTableStorage
from tests.paths import ROOT

PAGE = (ROOT / "docs/api.md").read_text(encoding="utf-8")
OPENAPI: dict[str, Any] = openapi_of(create_app(MemoryTableStorage(), MemoryBlobStore()))
SCHEMAS: dict[str, Any] = {
    name: schema
    for name, schema in OPENAPI["components"]["schemas"].items()
    if "properties" in schema
}
OPERATIONS: dict[str, Any] = {
    path: operation
    for path, operations in OPENAPI["paths"].items()
    for operation in operations.values()
}
"""Each path has one method."""
INHERITED = re.compile(r"Has the fields of `(\w+)`(?: except `(\w+)`)?")


def section(title: str) -> str:
    """The text under a third-level heading."""
    found = re.search(rf"^### {re.escape(title)}\n(.*?)(?=^##|\Z)", PAGE, re.M | re.S)
    assert found, f"docs/api.md has no section {title}"
    return found.group(1)


def first_cells(text: str) -> set[str]:
    """The names in the first column of a section's first table."""
    table = re.split(r"\n\n(?=\|)", text.strip())
    rows = [line for part in table[:2] for line in part.splitlines() if line.startswith("| `")]
    return {name for row in rows for name in re.findall(r"`([^`]+)`", row.split("|")[1])}


def documented_fields(name: str) -> set[str]:
    """The fields that the page gives a schema, inherited ones too."""
    text = section(name)
    fields = {field for field in first_cells(text) if not field.startswith("urn:")}
    if inherited := INHERITED.search(text):
        fields |= documented_fields(inherited[1]) - {inherited[2]}
    return fields


@pytest.mark.parametrize("name", sorted(SCHEMAS))
def test_fields_of_an_answer_are_those_documented(name: str) -> None:
    assert documented_fields(name) == set(SCHEMAS[name]["properties"])


@pytest.mark.parametrize("path", sorted(OPENAPI["paths"]))
def test_parameters_of_an_endpoint_are_those_documented(path: str) -> None:
    text = section(f"`{path}`")
    parameters = OPERATIONS[path].get("parameters", [])
    in_query = {each["name"] for each in parameters if each["in"] == "query"}
    in_path = {each["name"] for each in parameters if each["in"] == "path"}
    assert first_cells(text) == in_query
    assert in_path == set(re.findall(r"{(\w+)}", path))
    content = OPERATIONS[path]["responses"]["200"]["content"]
    if not any("$ref" in each["schema"] for each in content.values()):
        assert all(f"`{content_type}`" in text for content_type in content)
        return
    answer = content["application/json"]
    assert f"[{answer['schema']['$ref'].rsplit('/', 1)[1]}]" in text


def test_page_has_no_endpoint_and_no_answer_that_the_api_has_not() -> None:
    headings = set(re.findall(r"^### (.+)$", PAGE, re.M))
    assert headings == {f"`{path}`" for path in OPENAPI["paths"]} | set(SCHEMAS)


def test_every_problem_and_every_count_is_documented() -> None:
    for kind in ProblemKind:
        name, status, _ = kind.value
        assert f"| `urn:problem:{name}` | {status} |" in PAGE
    for count in Count:
        assert f"`{count.value}`" in section("PartitionProgress")


def test_every_setting_is_documented_with_its_default() -> None:
    lines = {
        name: line
        for line in PAGE.split("## Settings\n")[1].split("\n## ")[0].splitlines()
        for name in re.findall(r"^\|[^|]*\| `(\w+)` \|", line)
    }
    variables = (*VARIABLES, *ACCESS_VARIABLES)
    assert set(lines) == {"API_HOST", "API_PORT"} | {each.name for each in variables}
    for each in variables:
        assert f"`{each.default}`" in lines[each.name] or not each.default


def test_every_flag_of_the_server_is_documented(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["serve", "--help"]) == 0
    own = capsys.readouterr().out.partition("\nSettings")[0]
    flags = set(re.findall(r"--[a-z-]+", own)) - {"--help"}
    assert flags == {"--host", "--port"}
    assert {flag for flag in flags if f"`{flag}`" not in PAGE} == set()


def test_help_names_every_variable(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["invoice", "close", "--help"]) == 0
    said = capsys.readouterr().out
    assert [each.name for each in VARIABLES if f"[{each.name}" not in said] == []


def test_settings_alone_name_variables() -> None:
    """What reads the environment elsewhere would be in no list."""
    named = re.compile(r"environ(?:ment)?(?:\.get\(|\[)")
    readers = {
        path.relative_to(ROOT / "table_api").as_posix()
        for path in (ROOT / "table_api").rglob("*.py")
        if named.search(path.read_text(encoding="utf-8"))
    }
    assert readers == {"settings.py", "http_api/access/settings.py"}


def test_description_has_problems_and_not_the_frameworks_own_errors() -> None:
    assert OPENAPI["openapi"].startswith("3.1")
    assert "HTTPValidationError" not in str(OPENAPI)
    for path, operation in OPERATIONS.items():
        answers = operation["responses"]
        assert "422" not in answers
        assert "application/problem+json" in answers["400"]["content"]
        assert ("404" in answers) == ("{" in path or path.startswith(OPTIONAL))


@pytest.mark.parametrize("path", sorted(OPENAPI["paths"]))
def test_every_parameter_has_an_example(path: str) -> None:
    [operation] = OPENAPI["paths"][path].values()
    for each in operation.get("parameters", []):
        schemas = [each["schema"], *each["schema"].get("anyOf", [])]
        assert any(schema.get("examples") for schema in schemas), each["name"]


def test_every_answer_has_an_example_that_its_model_takes() -> None:
    routes = {route.path.replace(":path", ""): route for route in ROUTES if route.described}
    examples = json.loads(EXAMPLES.read_bytes())
    assert set(examples) == {path for path, route in routes.items() if route.answer is not None}
    for path, example in examples.items():
        model = routes[path].answer
        assert model is not None
        read = model.model_validate_json(json.dumps(example))
        assert read.model_dump(mode="json", by_alias=True, exclude_unset=True) == example
        [operation] = OPENAPI["paths"][path].values()
        assert operation["responses"]["200"]["content"]["application/json"]["example"] == example
