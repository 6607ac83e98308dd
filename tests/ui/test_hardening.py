"""Every answer of the UI has its headers, and cookies are `Secure` behind HTTPS."""

import pytest
from starlette.applications import Starlette
from starlette.middleware import Middleware
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route
from starlette.testclient import TestClient

from ui.hardening import HEADERS, Hardening


async def with_cookies(_: Request) -> Response:
    answer = Response("x")
    answer.set_cookie("a", "1", httponly=True)
    answer.set_cookie("b", "2", secure=True)
    return answer


@pytest.mark.parametrize("https", [False, True])
def test_cookies_are_secure_where_the_ui_is(https: bool) -> None:
    layer = Middleware(Hardening, https=https)
    app = Starlette(routes=[Route("/", with_cookies)], middleware=[layer])
    with TestClient(app) as client:
        answer = client.get("/")
    first, second = answer.headers.get_list("set-cookie")
    assert first.endswith("; Secure") is https
    assert second.count("Secure") == 1
    assert {name: answer.headers[name] for name in HEADERS} == HEADERS
