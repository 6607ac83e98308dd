"""Every route × every kind of caller, from one table: the one in docs/security.md."""

import inspect
import re
from collections.abc import AsyncIterator
from typing import Any

import httpx
import pytest

from table_api.http_api.access.caller import Permission
from table_api.http_api.app import DESCRIPTION, PUBLIC_PATHS, RATE, ROUTES, create_app
from table_api.http_api.calls import endpoints as calls
from table_api.http_api.conventions.forms import SUFFIXES
from table_api.http_api.usage import endpoints as usage
from table_api.storage.memory_blobs import MemoryBlobStore
from table_api.storage.memory_tables import MemoryTableStorage
from tests.fixtures.insights import running_insights
from tests.fixtures.office import (
    CAT,
    CENTRE_B,
    MARK,
    NOW,
    SUBJECTS,
    Office,
    issuer_of_office,
    open_office,
)
from tests.paths import ROOT

CALLERS = ("nobody", *SUBJECTS)
ALL = {"from": "2026-10-01", "to": "2027-01-01"}
OWN, EVERYBODY = "own", "all"
SAME_FOR_ALL = PUBLIC_PATHS | {"/v1/prices", RATE}
"""Nothing in these answers belongs to somebody."""
PRICED: dict[str, Any] = {"model": "gpt-4o-mini", "usage": {"prompt_tokens": 1}}
"""A body of the route that takes one."""
HEADER = f"| route | wants | {' | '.join(CALLERS)} |"


@pytest.fixture
async def office() -> AsyncIterator[Office]:
    with issuer_of_office() as (issuer, access), running_insights(lambda: NOW) as running:
        found = await open_office(issuer, access)
        await running.publish(found.storage)
        found.insights = running.insights
        yield found


async def examples(office: Office) -> dict[str, str]:
    """A path for each route: of somebody in a cost centre that neither owner nor employee has."""
    async with office.client("reader") as api:
        calls = (await api.get(f"/v1/subjects/{CAT}/calls", params=ALL)).json()["data"]
        runs = (await api.get("/v1/reratings")).json()["data"]
        invoices = (await api.get("/v1/invoices", params={"month": "2026-11"})).json()["data"]
    [number] = [each["number"] for each in invoices if each["cost_centre"] == CENTRE_B]
    parts = {
        "{subject:path}": CAT,
        "{call_id}": calls[0]["id"],
        "{number}": number,
        "{month}": "2026-11",
        "{file}": f"{number}.csv",
        "{run}": runs[0]["run"],
    }
    found = {}
    for route in ROUTES:
        path = route.path
        for name, text in parts.items():
            path = path.replace(name, text)
        found[route.path] = path
    return found


def cell(answer: httpx.Response, caller: str, path: str) -> str:
    """What a caller gets: `own`, `all` or the status."""
    sees_all = path in SAME_FOR_ALL or caller in {"reader", "admin"}
    if answer.status_code == 200 and sees_all and not f"{path}/".startswith("/v1/me/"):
        return EVERYBODY
    for foreign in (CAT, *(f"{MARK}{what}-cat" for what in ("name", "session", "model"))):
        assert foreign not in answer.text.replace(answer.request.url.path, "")
    return OWN if answer.status_code == 200 else str(answer.status_code)


async def test_each_route_gives_each_caller_what_the_page_says(office: Office) -> None:
    paths = await examples(office)
    rows = {route.path: [f"`{route.path}`", route.permission.value] for route in ROUTES}
    for caller in CALLERS:
        async with office.client(caller) as api:
            for route in ROUTES:
                body = PRICED if route.method == "POST" else None
                answer = await api.request(route.method, paths[route.path], json=body)
                rows[route.path].append(cell(answer, caller, route.path))
    page = (ROOT / "docs/security.md").read_text(encoding="utf-8")
    lines = page.split(f"{HEADER}\n")[1].partition("\n\n")[0].splitlines()[1:]
    made = [f"| {' | '.join(row)} |" for row in rows.values()]
    assert lines == made, "\n" + "\n".join([HEADER, *made])


async def test_no_other_path_answers_nobody(office: Office) -> None:
    assert {"/", "/docs", "/healthz", DESCRIPTION} == PUBLIC_PATHS
    async with office.client("nobody") as api:
        assert (await api.get(DESCRIPTION)).status_code == 200
        for path in (b"/docs/", b"//docs", b"/redoc", b"/v1", b"/healthz/", b"//healthz"):
            url = httpx.URL("https://api.test").copy_with(raw_path=path)
            assert (await api.get(url)).status_code == 401
        for method in ("POST", "PUT", "DELETE", "PATCH", "OPTIONS", "HEAD", "TRACE"):
            assert (await api.request(method, "/v1/usage")).status_code == 401


def test_each_route_says_what_it_wants_and_no_other_is_served() -> None:
    app = create_app(MemoryTableStorage(), MemoryBlobStore())
    served = {getattr(route, "path", None) for route in app.routes}
    lists = [route.path for route in ROUTES if route.line is not None]
    files = {path + suffix for path in lists for suffix in SUFFIXES}
    assert served == {route.path for route in ROUTES} | {DESCRIPTION} | files


def test_handlers_of_what_is_narrowed_read_nothing_themselves() -> None:
    """They ask `http_api.visible`, which cannot forget to narrow what it reads."""
    readers = re.compile(r"\bapi\.(storage|blobs|people|sights)\b|\.reads\.(?!meta\(\))")
    allowed = {"/v1/me", "/v1/prices", RATE}  # what the caller owns; what belongs to nobody
    for route in ROUTES:
        if route.permission is Permission.SIGNED_IN and route.path not in allowed:
            assert not readers.search(inspect.getsource(route.handler)), route.path
    for module in (usage, calls):
        assert not readers.search(inspect.getsource(module))
