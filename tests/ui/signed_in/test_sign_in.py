"""People sign in and out of the real UI in real browsers, over the real API and provider."""

import json
from dataclasses import replace
from secrets import token_urlsafe

import pytest
from playwright.sync_api import Browser, expect
from streamlit.web.server.starlette.starlette_app_utils import create_signed_value

from local_stack.identity.accounts import ADMIN_ROLE
from local_stack.identity.ask import access_token
from tests.fixtures.browser import CHROMIUM
from tests.ui.signed_in.company import ACCOUNTS, COOKIE_SECRET, Company
from tests.ui.stand import ADA
from tests.ui.walking import Watched

LEEWAY_S = 30
"""How long the API takes a token after its end."""

pytestmark = pytest.mark.skipif(CHROMIUM is None, reason="chromium is not installed")


def asks_to_sign_in(watched: Watched, button: str = "Sign in") -> None:
    """The page is the bar, without figures and without an exception."""
    expect(watched.page.get_by_role("button", name=button, exact=True)).to_be_visible()
    watched.settle()
    expect(watched.page.get_by_test_id("stException")).to_have_count(0)
    expect(watched.page.get_by_test_id("stMetric")).to_have_count(0)


def test_a_deep_link_survives_the_sign_in_and_nothing_survives_the_sign_out(
    here: Company, browser: Browser
) -> None:
    path = f"/?range=Custom&first=2020-01-01&last=2020-01-31&subject={ADA}"
    watched = here.somebody(browser)
    watched.open(path)
    asks_to_sign_in(watched)
    here.sign_in(watched, "admin")
    assert watched.page.url == here.ui_url + path
    watched.heading("Ada Lovelace")
    watched.page.get_by_role("button", name="Ann Admin").click()
    watched.page.get_by_role("button", name="Sign out").click()
    asks_to_sign_in(watched)
    names = {cookie.get("name", "") for cookie in watched.page.context.cookies()}
    assert {name for name in names if not name.startswith("_streamlit_xsrf")} == set()
    watched.open("/invoices?documents=Statements")
    asks_to_sign_in(watched)
    here.sign_in(watched, "finance")
    assert watched.page.url == f"{here.ui_url}/invoices?documents=Statements"


def test_a_long_token_fits(here: Company, browser: Browser) -> None:
    many = (ADMIN_ROLE, *(token_urlsafe(24) for _ in range(80)))
    here.provider.accounts["admin"] = replace(ACCOUNTS["admin"], roles=many)
    token = access_token(here.provider.config, "admin")
    assert len(token) > 4096
    watched = here.signed_in(browser, "admin", "/completeness?span=Today")
    watched.heading("Is anything missing?")
    assert watched.page.url == f"{here.ui_url}/completeness?span=Today"


def test_a_live_page_asks_to_sign_in_when_the_token_ends_and_comes_back(
    here: Company, browser: Browser
) -> None:
    lifetime_s = here.provider.config.token_lifetime_s
    here.clock.behind_s = lifetime_s + LEEWAY_S - 12
    watched = here.signed_in(browser, "admin", "/?by=Cost+centre")
    watched.page.get_by_test_id("stMetric").first.wait_for()
    asks_to_sign_in(watched, "Sign in again")
    assert watched.complaints == []
    here.clock.behind_s = 0
    here.sign_in(watched, "admin", "Sign in again")
    watched.heading("Overview")
    assert watched.page.url == f"{here.ui_url}/?by=Cost+centre"


@pytest.mark.parametrize("secret", ["another secret of forty characters, ok.", COOKIE_SECRET])
def test_a_cookie_counts_only_if_our_secret_signed_it(
    here: Company, browser: Browser, secret: str
) -> None:
    """The right secret shows that the cookies are well-formed but for their signature."""
    said = {"is_logged_in": True, "origin": here.ui_url, "provider": "default", "name": "Ann"}
    tokens = {"access_token": access_token(here.provider.config, "ada")}
    watched = here.somebody(browser)
    for name, content in (("_streamlit_user", said), ("_streamlit_user_tokens", tokens)):
        signed = create_signed_value(secret, name, json.dumps(content)).decode()
        watched.page.context.add_cookies([{"name": name, "value": signed, "url": here.ui_url}])
    watched.open(f"/?subject={ADA}")
    if secret == COOKIE_SECRET:
        watched.heading("Ada Lovelace")
    else:
        asks_to_sign_in(watched)


def test_whoever_opens_localhost_signs_in_at_the_address_that_is_registered(
    here: Company, browser: Browser
) -> None:
    watched = here.somebody(browser)
    localhost = here.ui_url.replace("127.0.0.1", "localhost")
    watched.page.goto(f"{localhost}/invoices?documents=Statements")
    assert watched.foreign == [f"{localhost}/invoices?documents=Statements"]
    watched.foreign.clear()
    asks_to_sign_in(watched)
    assert watched.page.url == f"{here.ui_url}/invoices?documents=Statements"
    here.sign_in(watched, "finance")
    assert watched.page.url == f"{here.ui_url}/invoices?documents=Statements"


def test_a_sign_out_ends_the_other_tabs_too(here: Company, browser: Browser) -> None:
    """Each went on to refresh and to open pages with the token of its connection."""
    watched = here.signed_in(browser, "ada", "/")
    other = replace(watched, page=watched.page.context.new_page())
    other.open("/live")
    other.heading("Live")
    watched.page.get_by_role("button", name="Ada Lovelace").click()
    watched.page.get_by_role("button", name="Sign out").click()
    asks_to_sign_in(watched)
    asks_to_sign_in(other)
    assert other.page.url == f"{here.ui_url}/live"
