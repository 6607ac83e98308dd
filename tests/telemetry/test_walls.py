"""What is heavy, or ours to keep away from others, is imported in one place."""

import ast
from collections.abc import Iterator
from pathlib import Path

from telemetry.names import GenAi, Own
from telemetry.queries.query_text import QueryName, query_text
from telemetry.workbook.alerts import RULES
from telemetry.workbook.pages import parts
from tests.test_repository import module_of, package_of, python_files, within

AZURE = {"telemetry.exporting.exporters", "telemetry.queries.logs_client"}
GATEWAY_PROPERTIES = {"Request Id", "API ID", "operation"}
"""What API Management calls them."""


def imported(path: Path) -> Iterator[tuple[str, bool]]:
    """Each module that a file imports, also by name in a text, and whether that is at its top."""
    tree = ast.parse(path.read_text(encoding="utf-8"))
    for node in ast.walk(tree):
        top = node in tree.body
        if isinstance(node, ast.Import):
            yield from ((alias.name, top) for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            yield node.module or "", top
        elif isinstance(node, ast.Constant) and str(node.value).startswith("azure.monitor."):
            yield str(node.value), False


def importers(library: str, *, top_only: bool = False) -> set[str]:
    return {
        module_of(path)
        for path in python_files()
        if package_of(path) != "tests"
        and any(within(name, {library}) and (top or not top_only) for name, top in imported(path))
    }


def test_azure_monitor_is_imported_in_two_places_and_late() -> None:
    assert importers("azure.monitor") - {"benchmarks.queries"} == AZURE
    assert importers("azure.monitor", top_only=True) <= {"benchmarks.queries"}


def test_duckdb_is_imported_by_the_stand_in_alone() -> None:
    users = importers("duckdb") | importers("duckdb_kql")
    assert users == {"local_stack.insights.store", "local_stack.insights.query"}


def test_queries_and_alerts_read_only_properties_that_are_sent() -> None:
    """No parser sees a property that nobody sends: it would only be empty."""
    known = {*(each.value for each in (*GenAi, *Own)), *GATEWAY_PROPERTIES}
    texts = [*map(query_text, QueryName), *(rule.query for rule in RULES)]
    texts += [part.query for part in parts()]
    read = {name for text in texts for name in properties_of(text)}
    assert read - known == set()
    assert "chargeback.charge.pico" in read


def properties_of(text: str) -> list[str]:
    return [each.partition('"]')[0] for each in text.split('Properties["')[1:]]
