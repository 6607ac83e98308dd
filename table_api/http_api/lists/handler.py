"""Answers a list as CSV or as a workbook, where its request asks for that.

The file is made from the JSON of the same question, so that both say the same.
"""

import asyncio
from collections.abc import Awaitable, Callable
from functools import wraps
from typing import Any

import msgspec
from pydantic import BaseModel
from starlette.requests import Request
from starlette.responses import Response

from table_api.http_api.access.question import asking_of
from table_api.http_api.conventions.etags import tagged_answer
from table_api.http_api.conventions.forms import Form, wanted_form
from table_api.http_api.conventions.models import Head
from table_api.http_api.lists.columns import Column, Kind, head_columns, line_columns
from table_api.http_api.lists.files import Table, csv_file, xlsx_file
from table_api.prices.price_list import PriceList

LINES_MAX = 10_000
"""Lines of one file when the request names no `limit`. `Link` leads to what follows."""
PAGE_LINES = 2_000
"""Of one page while a file is put together."""
FILES = {Form.CSV: csv_file, Form.XLSX: xlsx_file}
FILE_TYPES = {Form.CSV: "text/csv; charset=utf-8", Form.XLSX: Form.XLSX.value}
_ENDINGS = {Form.CSV: ".csv", Form.XLSX: ".xlsx"}
BOOK = Column(("book",), Kind.TEXT)
GOES_ON = Column(("goes_on",), Kind.TEXT)
"""Whether lines follow that are not in the file: a spreadsheet does not show its `Link`."""

Handler = Callable[..., Awaitable[Response]]


def as_list(handler: Handler, answer: type[BaseModel], line: type[BaseModel]) -> Handler:
    """The same handler, which can also answer with files."""
    lines, heads = line_columns(line), head_columns(answer)

    @wraps(handler)
    async def answered(request: Request, **given: Any) -> Response:
        form = wanted_form(request, tuple(Form))
        if form is Form.JSON:
            plain = await handler(request, **given)
            plain.headers["Vary"] = "Accept"
            return plain
        body, link = await _whole(handler, request, given)
        asking = asking_of(request)
        if issubclass(answer, Head):
            book = await PriceList(asking.api.storage).in_use()
            body["book"] = book.version if book else None
        if "page" in body:
            body["goes_on"] = link is not None
        asked = _asked(lines, body["data"], given["query"])
        named = {column.name for column in asked}
        heads_of_body = [*heads, *(each for each in (BOOK, GOES_ON) if each.name in body)]
        shown = [column for column in heads_of_body if column.name not in named]
        table = _table(body, asked, shown, request)
        content = await asyncio.to_thread(FILES[form], table)
        name = _file_name(table, form)
        headers = {"Content-Disposition": f'attachment; filename="{name}"', "Vary": "Accept"}
        if link is not None:
            headers["Link"] = link
        return tagged_answer(
            request, content, FILE_TYPES[form], asking.caller.binding, headers=headers
        )

    return answered


async def _whole(
    handler: Handler, request: Request, given: dict[str, Any]
) -> tuple[dict[str, Any], str | None]:
    """Up to LINES_MAX lines as one body, and the link to what follows."""
    headers = [
        each for each in request.scope["headers"] if each[0] not in (b"accept", b"if-none-match")
    ]
    plain = Request({**request.scope, "headers": headers}, request.receive)
    query = given["query"]
    of_pages = "limit" in type(query).model_fields and "limit" not in query.model_fields_set
    if of_pages:
        query = query.model_copy(update={"limit": PAGE_LINES})
    data: list[Any] = []
    while True:
        answer = await handler(plain, **(given | {"query": query}))
        body: dict[str, Any] = msgspec.json.decode(answer.body)
        data += body["data"]
        cursor = (body.get("page") or {}).get("next_cursor")
        if not of_pages or cursor is None or len(data) >= LINES_MAX:
            return body | {"data": data}, answer.headers.get("link")
        query = query.model_copy(update={"cursor": cursor})


def _asked(lines: list[Column], data: list[dict[str, Any]], query: BaseModel) -> list[Column]:
    """Without the columns that this question leaves out, such as what it does not group by."""
    groups = {each.value for each in getattr(query, "dimensions", ())}
    if "subject" in groups:
        groups.add("name")
    given = {name for line in data for name in line} | groups
    billed = any("billed" in (line.get("cost") or ()) for line in data)
    return [
        column
        for column in lines
        if (not column.optional or column.path[0] in given)
        and (billed or column.path[-1] != "billed")
    ]


def _table(
    body: dict[str, Any], lines: list[Column], heads: list[Column], request: Request
) -> Table:
    about = {column.name: column.value(body) for column in heads}
    ends = list(about.values())
    return Table(
        title=request.scope["path"].rpartition("/")[2].partition(".")[0],
        columns=[*lines, *heads],
        rows=[[*(column.value(line) for column in lines), *ends] for line in body["data"]],
        about=about | {"question": f"{request.url.path}?{request.url.query}"},
    )


def _file_name(table: Table, form: Form) -> str:
    days = [table.about[name] for name in ("from", "to") if table.about.get(name)]
    return "_".join([table.title, *days]) + _ENDINGS[form]
