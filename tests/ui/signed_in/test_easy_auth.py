"""Behind Easy Auth the platform passes the token in a header, which counts only if that is set."""

import time
from collections.abc import Iterator

import pytest
from playwright.sync_api import Browser
from streamlit.proto.BackMsg_pb2 import BackMsg
from websockets.sync.client import connect
from websockets.typing import Origin, Subprotocol

from local_stack.identity.ask import access_token
from tests.ui.signed_in.company import Company
from tests.ui.stand import ADA, BOB
from tests.ui.walking import free_port, running_ui
from ui.api.connection import EASY_AUTH_HEADER

SENT_TIMEOUT_S = 60


@pytest.fixture(scope="module")
def easy_auth_url(running: Company) -> Iterator[str]:
    settings = {"API_URL": running.stand.url, "SIGN_IN": "easy-auth"}
    with running_ui(settings, port=free_port()) as url:
        yield url


def sent(ui_url: str, query: str, text: str, **headers: str) -> bytes:
    """Everything that a page is sent until a text has come. No browser sets such headers."""
    run = BackMsg()
    run.rerun_script.query_string = query
    received = b""
    with connect(
        ui_url.replace("http", "ws") + "/_stcore/stream",
        origin=Origin(ui_url),
        subprotocols=[Subprotocol("streamlit")],
        additional_headers=headers,
        max_size=None,
    ) as socket:
        socket.send(run.SerializeToString())
        deadline = time.monotonic() + SENT_TIMEOUT_S
        while text.encode() not in received:
            frame = socket.recv(timeout=deadline - time.monotonic())
            received += frame if isinstance(frame, bytes) else frame.encode()
    return received


def test_the_header_is_the_sign_in(running: Company, easy_auth_url: str) -> None:
    token = access_token(running.provider.config, "ada")
    page = sent(easy_auth_url, f"subject={ADA}", "Days", **{EASY_AUTH_HEADER: token})
    assert b"Ada Lovelace" in page
    page = sent(easy_auth_url, f"subject={BOB}", "Not found", **{EASY_AUTH_HEADER: token})
    assert b"Bob Berg" not in page


@pytest.mark.parametrize("token", ["", "invented", "eyJhbGciOiJub25lIn0.eyJvaWQiOiJ4In0."])
def test_an_invented_header_shows_nothing(easy_auth_url: str, token: str) -> None:
    headers = {EASY_AUTH_HEADER: token} if token else {}
    page = sent(easy_auth_url, f"subject={ADA}", "/.auth/login/aad", **headers)
    assert b"post_login_redirect_uri=%2F%3Fsubject%3D" in page
    assert b"Ada Lovelace" not in page


def test_the_header_is_not_read_unless_that_is_set(running: Company) -> None:
    token = access_token(running.provider.config, "admin")
    page = sent(running.ui_url, f"subject={ADA}", "Sign in", **{EASY_AUTH_HEADER: token})
    assert b"Ada Lovelace" not in page


@pytest.mark.parametrize("width", [420, 1400])
def test_signing_in_and_out_leaves_no_tab_behind(
    easy_auth_url: str, browser: Browser, width: int
) -> None:
    """A second tab would leave the first one signed in, for whoever comes next."""
    context = browser.new_context(viewport={"width": width, "height": 900})
    page = context.new_page()
    page.goto(f"{easy_auth_url}/prices?model=gpt-4.1")
    page.get_by_role("link", name="Sign in").press("Enter")
    page.wait_for_url("**/.auth/login/aad?post_login_redirect_uri=%2Fprices%3Fmodel%3Dgpt-4.1")
    assert len(context.pages) == 1
    context.close()


def test_the_way_out_is_one_of_the_same_tab(running: Company, easy_auth_url: str) -> None:
    token = access_token(running.provider.config, "ada")
    page = sent(easy_auth_url, f"subject={ADA}", "/.auth/logout", **{EASY_AUTH_HEADER: token})
    assert b"chargeback_same_tab" in page
