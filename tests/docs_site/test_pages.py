"""The site's pages are the repository's documents, with links and lists as the site wants them."""

import re
from os.path import normpath
from pathlib import Path

import pytest

from docs_site import api_reference
from docs_site.pages import API_REFERENCE, as_python_markdown, linked_files, page_of, pages
from tests.paths import ROOT
from tests.table_api.http_api.test_api_docs import OPENAPI, SCHEMAS

PAGES = dict(pages(ROOT))
REFERENCE = PAGES[API_REFERENCE]


def test_every_document_is_a_page_and_docs_is_the_root_of_the_site() -> None:
    assert {path.name for path in (ROOT / "docs").glob("*.md")} <= set(PAGES)
    assert page_of("README.md") == "overview.md"
    assert page_of("bicep/README.md") == "bicep.md"
    assert page_of("pricing_rules/books/x.toml") == "pricing_rules/books/x.toml"


@pytest.mark.parametrize("page", PAGES)
def test_every_link_of_a_page_leads_to_a_page_or_a_copied_file(page: str) -> None:
    there = {*PAGES, *map(page_of, linked_files(ROOT))}
    targets = re.findall(r"\]\(([^)#:\s]+)(?:#[^)\s]*)?\)", PAGES[page])
    assert [each for each in targets if normpath(Path(page).parent / each) not in there] == []


def test_a_link_to_an_answer_leads_to_the_reference() -> None:
    assert "reference/api.md#v1completeness" in PAGES["operations.md"]
    assert "reference/api.md#problem" in PAGES["api.md"]


@pytest.mark.parametrize(
    ("written", "wanted"),
    [
        ("a:\n- b\n- c", "a:\n\n- b\n- c\n"),
        ("- a\n  more\n\n  and more\n\nb", "- a\n    more\n\n    and more\n\nb\n"),
        (
            "1. a\n\n   ```\n   b\n     c\n   ```\nd",
            "1. a\n\n    ```\n    b\n      c\n    ```\nd\n",
        ),
        ("```\na:\n- b\n  c\n```", "```\na:\n- b\n  c\n```\n"),
        (r"| `a\|b` | c \| d |", "| `a|b` | c \\| d |\n"),
    ],
)
def test_markdown_for_github_becomes_that_of_the_site(written: str, wanted: str) -> None:
    assert as_python_markdown(written) == wanted


@pytest.mark.parametrize("path", OPENAPI["paths"])
def test_the_reference_has_every_parameter_with_type_and_meaning(path: str) -> None:
    [(method, operation)] = OPENAPI["paths"][path].items()
    section = section_of(f"`{method.upper()} {path}` {{ #{api_reference.anchor_of(path)} }}")
    for parameter in operation.get("parameters", []):
        assert re.search(rf"^\| `{parameter['name']}` \| \S.* \| \S.* \|$", section, re.M)


@pytest.mark.parametrize("name", SCHEMAS)
def test_the_reference_has_every_field_with_type_and_meaning(name: str) -> None:
    section = section_of(name)
    for field in SCHEMAS[name]["properties"]:
        assert re.search(rf"^\| `{field}` \| \S.* \| \S.* \|$", section, re.M), field


def section_of(heading: str) -> str:
    return REFERENCE.split(f"\n### {heading}\n", 1)[1].split("\n### ", 1)[0]
