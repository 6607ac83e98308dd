"""The page at /docs: the routes of the OpenAPI document, for people. No script, no other file."""

import base64
import hashlib
import json
import re
from collections.abc import Iterator, Mapping
from html import escape
from typing import Any

from starlette.requests import Request
from starlette.responses import RedirectResponse, Response

from table_api.http_api.conventions.etags import content_answer

STYLE = """
body { font: 16px/1.5 sans-serif; max-width: 60rem; margin: 2rem auto; padding: 0 1rem; }
h2 { margin: 3rem 0 0; }
h3 { font-size: 1.1rem; margin: 2rem 0 0; border-top: 1px solid #c9ced6; padding-top: 1rem; }
table { border-collapse: collapse; width: 100%; }
th, td { text-align: left; vertical-align: top; padding: .25rem .75rem .25rem 0; }
code { font-size: 1em; overflow-wrap: anywhere; }
"""
_CODE = re.compile("`([^`]+)`")
_STYLE_SHA256 = base64.b64encode(hashlib.sha256(STYLE.encode()).digest()).decode("ascii")
POLICY = (
    f"default-src 'none'; style-src 'sha256-{_STYLE_SHA256}'; base-uri 'none'; "
    "form-action 'none'; frame-ancestors 'none'"
)
"""Content-Security-Policy of the page: it may use its own style, and nothing else."""


async def get_start(request: Request) -> Response:
    """Lead to the page, also behind a prefix of the path."""
    return RedirectResponse("docs")


async def get_docs(request: Request) -> Response:
    """The page."""
    content = page_of(request.app.openapi()).encode()
    answer = content_answer(
        request,
        content,
        "text/html; charset=utf-8",
        digest=hashlib.sha256(content).hexdigest(),
        immutable=False,
    )
    answer.headers["Content-Security-Policy"] = POLICY
    return answer


def page_of(document: Mapping[str, Any]) -> str:
    """The HTML of an OpenAPI document."""
    about = document["info"]
    title, summary = escape(about["title"]), escape(about["summary"])
    groups = "\n".join(part for tag in document["tags"] for part in _group(tag, document))
    contents = ", ".join(
        f'<a href="#{_anchor(tag)}">{escape(tag["name"])}</a>' for tag in document["tags"]
    )
    return (
        f'<!doctype html>\n<html lang="en"><head><meta charset="utf-8">\n'
        f'<meta name="viewport" content="width=device-width"><title>{title}</title>\n'
        f"<style>{STYLE}</style></head>\n<body><h1>{title}</h1>\n<p>{summary} "
        f'<a href="openapi.json">openapi.json</a> has the fields of each answer.</p>\n'
        f"{_sign_in(document)}<nav>{contents}</nav>\n{groups}\n</body></html>\n"
    )


def _group(tag: Mapping[str, str], document: Mapping[str, Any]) -> Iterator[str]:
    """The routes of one group, under its name."""
    yield f'<h2 id="{_anchor(tag)}">{escape(tag["name"])}</h2>'
    yield f"<p>{_prose(tag['description'])}</p>"
    schemas = document["components"]["schemas"]
    for path, operations in document["paths"].items():
        for method, operation in operations.items():
            if tag["name"] in operation["tags"]:
                yield from _route(f"{method.upper()} {path}", operation, schemas)


def _anchor(tag: Mapping[str, str]) -> str:
    return escape(tag["name"].lower().replace(" ", "-"))


def _sign_in(document: Mapping[str, Any]) -> str:
    if "securitySchemes" not in document["components"]:
        return ""
    return (
        "<p>Each route wants an access token, <code>Authorization: Bearer TOKEN</code>, "
        "unless it says <em>public</em>.</p>\n"
    )


def _route(name: str, operation: Mapping[str, Any], schemas: Mapping[str, Any]) -> Iterator[str]:
    is_public = operation.get("security") == []
    yield f"<h3><code>{escape(name)}</code>{' <em>public</em>' if is_public else ''}</h3>"
    yield f"<p>{_prose(operation['description'])} Answers {_answer(operation)}.</p>"
    parameters = operation.get("parameters", [])
    if parameters:
        yield "<table><tr><th>parameter</th><th>value</th><th>meaning</th></tr>"
        yield from (_parameter(each, schemas) for each in parameters)
        yield "</table>"
    answer = operation["responses"]["200"]["content"].get("application/json", {})
    if "example" in answer:
        text = json.dumps(answer["example"], indent=1, ensure_ascii=False)
        yield f"<details><summary>Example</summary><pre>{escape(text)}</pre></details>"


def _prose(text: str) -> str:
    return _CODE.sub(r"<code>\1</code>", escape(text))


def _answer(operation: Mapping[str, Any]) -> str:
    """The name of what it answers with, or the kinds of its files."""
    content = operation["responses"]["200"]["content"]
    schema = content.get("application/json", {}).get("schema", {})
    if "$ref" in schema:
        return f"<code>{escape(schema['$ref'].rpartition('/')[2])}</code>"
    return ", ".join(f"<code>{escape(kind)}</code>" for kind in content)


def _parameter(parameter: Mapping[str, Any], schemas: Mapping[str, Any]) -> str:
    value = _value(parameter["schema"], schemas)
    name = f"<code>{escape(parameter['name'])}</code>"
    place = " in the path" if parameter["in"] == "path" else ""
    meaning = _prose(parameter.get("description", ""))
    return f"<tr><td>{name}{place}</td><td>{value}</td><td>{meaning}</td></tr>"


def _value(schema: Mapping[str, Any], schemas: Mapping[str, Any]) -> str:
    """What a parameter may be, with its default."""
    options = [
        schemas[each["$ref"].rpartition("/")[2]] if "$ref" in each else each
        for each in schema.get("anyOf", [schema])
    ]
    kinds = [each for each in options if each.get("type") != "null"]
    said = " or ".join(escape(str(each.get("format", each.get("type", "text")))) for each in kinds)
    if chosen := next((each["enum"] for each in kinds if "enum" in each), None):
        said = ", ".join(f"<code>{escape(str(each))}</code>" for each in chosen)
    if examples := schema.get("examples") or kinds[0].get("examples"):
        said += f", such as <code>{escape(str(examples[0]))}</code>"
    default = schema.get("default")
    return said if default in {None, ""} else f"{said}; default <code>{escape(str(default))}</code>"
