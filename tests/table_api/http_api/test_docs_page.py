"""The page at /docs lists every route, takes nothing from elsewhere, and runs no script."""

import base64
import hashlib
import re
from html.parser import HTMLParser
from typing import Any

import pytest

from table_api.http_api.app import create_app
from table_api.http_api.docs_page import page_of
from table_api.storage.memory_blobs import MemoryBlobStore
from table_api.storage.memory_tables import MemoryTableStorage
from tests.fixtures.office import issuer_of_office, open_office


class Page(HTMLParser):
    """The tags of a page, and its text."""

    def __init__(self, html: str) -> None:
        super().__init__()
        self.tags: list[tuple[str, dict[str, str | None]]] = []
        self.text = ""
        self.feed(html)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append((tag, dict(attrs)))

    def handle_data(self, data: str) -> None:
        self.text += data


def _example(schema: dict[str, Any]) -> str:
    found = [each for each in (schema, *schema.get("anyOf", [])) if "examples" in each]
    return str(found[0]["examples"][0])


async def test_nobody_is_led_to_the_page_and_reads_every_route() -> None:
    with issuer_of_office() as (issuer, access):
        office = await open_office(issuer, access)
        async with office.client("nobody") as api:
            start = await api.get("/")
            assert (start.status_code, start.headers["location"]) == (307, "docs")
            answer = await api.get("/docs")
            document = (await api.get("/openapi.json")).json()
    assert answer.headers["content-type"] == "text/html; charset=utf-8"
    page = Page(answer.text)
    for path, each in document["paths"].items():
        [(method, operation)] = each.items()
        assert f"{method.upper()} {path}" in page.text
        assert operation["description"] in page.text
        for parameter in operation.get("parameters", []):
            assert parameter["name"] in page.text
            assert parameter["description"].replace("`", "") in page.text
            assert f", such as {_example(parameter['schema'])}" in page.text
    assert "this-quarter" in page.text
    files = sum("/files/" in path or path.endswith(".zip") for path in document["paths"])
    assert page.text.count("Example") == len(document["paths"]) - files
    assert page.text.count(" public\n") == 1  # /healthz; the page and the document are not in it
    assert "charge, calls, subject" in page.text
    assert {tag for tag, _ in page.tags}.isdisjoint({"script", "link", "img", "iframe", "form"})
    [to_document, *to_groups] = [given["href"] for tag, given in page.tags if tag == "a"]
    assert to_document == "openapi.json"
    headings = [f"#{given['id']}" for tag, given in page.tags if tag == "h2"]
    assert to_groups == headings


def test_every_route_is_in_one_group_of_the_page() -> None:
    document = create_app(MemoryTableStorage(), MemoryBlobStore()).openapi()
    page = Page(page_of(document)).text
    names = [each["name"] for each in document["tags"]]
    groups: dict[str, list[str]] = {name: [] for name in names}
    for path, operations in document["paths"].items():
        for method, operation in operations.items():
            [name] = operation["tags"]
            groups[name].append(f"{method.upper()} {path}")
    assert all(groups.values())
    shown = [line for line in page.splitlines() if line.startswith(("GET ", "POST "))]
    routes = [route for name in names for route in groups[name]]
    assert [line.removesuffix(" public") for line in shown] == routes
    assert groups["Prices"] == ["GET /v1/prices", "POST /v1/rate"]


async def test_the_page_may_use_its_own_style_and_nothing_else() -> None:
    with issuer_of_office() as (issuer, access):
        office = await open_office(issuer, access)
        async with office.client("nobody") as api:
            answer = await api.get("/docs")
    [style] = re.findall(r"<style>(.*?)</style>", answer.text, re.S)
    digest = base64.b64encode(hashlib.sha256(style.encode()).digest()).decode()
    policy = answer.headers["content-security-policy"]
    assert policy.startswith(f"default-src 'none'; style-src 'sha256-{digest}'; ")
    assert "unsafe" not in policy
    assert answer.headers["x-content-type-options"] == "nosniff"


@pytest.mark.parametrize("hostile", ["<script>alert(1)</script>", '"><img src=x>', "&amp;"])
def test_what_the_document_says_is_text_on_the_page(hostile: str) -> None:
    app = create_app(MemoryTableStorage(), MemoryBlobStore())
    document: dict[str, Any] = app.openapi()
    before = {tag for tag, _ in Page(page_of(document)).tags}
    [path, operation] = next(iter(document["paths"].items()))
    operation["get"]["description"] = hostile
    document["paths"][f"{path}{hostile}"] = operation
    document["info"]["summary"] = hostile
    page = Page(page_of(document))
    assert {tag for tag, _ in page.tags} == before
    assert page.text.count(hostile) == 4
