"""Pages of this machine are led to the one name under which people can sign in."""

import pytest
from starlette.applications import Starlette
from starlette.middleware import Middleware
from starlette.responses import PlainTextResponse
from starlette.routing import Route
from starlette.testclient import TestClient

from ui.own_address import OwnAddress, address_in

UI_URL = "http://127.0.0.1:8501"


@pytest.mark.parametrize(
    ("ui_url", "asked", "address"),
    [
        (UI_URL, "http://localhost:8501/?range=x&q=%C3%BC", f"{UI_URL}/?range=x&q=%C3%BC"),
        (UI_URL, "http://[::1]:8501/invoices", f"{UI_URL}/invoices"),
        (UI_URL, f"{UI_URL}/invoices", None),
        ("http://localhost:8501", f"{UI_URL}/", "http://localhost:8501/"),
        (UI_URL, "http://localhost:8501//evil.example/", f"{UI_URL}//evil.example/"),
        (UI_URL, "https://billing.contoso.example/", None),
        (UI_URL, "http://localhost.evil.example/", None),
        ("https://billing.contoso.example", "http://localhost:8501/", None),
        ("", "http://localhost:8501/", None),
    ],
)
def test_only_another_name_of_this_machine_is_led_away(
    ui_url: str, asked: str, address: str | None
) -> None:
    assert address_in(ui_url, asked=asked) == address


def test_a_page_is_led_there_and_nothing_else_is() -> None:
    async def page(_request: object) -> PlainTextResponse:
        return PlainTextResponse("here")

    app = Starlette(
        routes=[Route("/{path:path}", page, methods=["GET", "POST"])],
        middleware=[Middleware(OwnAddress, ui_url=UI_URL)],
    )
    browser = TestClient(app, base_url="http://localhost:8501", follow_redirects=False)
    html = {"accept": "text/html,application/xhtml+xml"}
    led = browser.get("/invoices?q=a%26b", headers=html)
    assert (led.status_code, led.headers["location"]) == (307, f"{UI_URL}/invoices?q=a%26b")
    assert browser.get("/_stcore/health").text == "here"
    assert browser.post("/", headers=html).text == "here"
