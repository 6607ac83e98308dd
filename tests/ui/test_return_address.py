"""The way back leads to a page of this site, whoever wrote the cookie or the referrer."""

import pytest

from ui.return_address import ADDRESS_CHARS_MAX, COOKIE, ReturnAddress, local_address, page_of

HOST = "billing.contoso.example"
Headers = list[tuple[bytes, bytes]]


@pytest.mark.parametrize(
    ("referrer", "page"),
    [
        (f"https://{HOST}/", "/"),
        (f"https://{HOST}/invoices?invoice=A%2F1&q=%C3%BC#x", "/invoices?invoice=A%2F1&q=%C3%BC"),
        (f"https://{HOST.upper()}/x", "/x"),
        (f"https://{HOST}//evil.example/x", None),
        (f"https://{HOST}.evil.example/x", None),
        (f"https://{HOST}@evil.example/x", None),
        (f"https://evil.example/{HOST}", None),
        ("", None),
    ],
)
def test_only_a_page_of_this_host_is_kept(referrer: str, page: str | None) -> None:
    assert page_of(referrer, host=HOST) == page


@pytest.mark.parametrize(
    "text",
    [
        *("", "//evil.example", "/\\evil.example", "https://evil.example", "javascript:alert(1)"),
        *("/a\r\nSet-Cookie: x=1", "/ü", "/" + "a" * ADDRESS_CHARS_MAX),
    ],
)
def test_an_address_that_could_lead_elsewhere_counts_for_nothing(text: str) -> None:
    assert local_address(text) is None


async def answered(path: str, *headers: tuple[bytes, bytes]) -> Headers:
    """What the layer makes of a redirect to the first page."""
    sent: Headers = []

    async def to_first_page(_scope: object, _receive: object, send: object) -> None:
        assert callable(send)
        location = [(b"location", b"/")]
        await send({"type": "http.response.start", "status": 302, "headers": location})

    async def receive() -> dict[str, object]:
        raise AssertionError("nothing is read")

    async def send(message: object) -> None:
        assert isinstance(message, dict)
        sent.extend(message["headers"])

    scope = {"type": "http", "path": path, "headers": headers}
    await ReturnAddress(to_first_page)(scope, receive, send)
    return sent


async def test_the_address_goes_out_in_a_cookie_and_comes_back_as_the_redirect() -> None:
    host, referrer = (b"host", b"h:1"), (b"referer", b"http://h:1/invoices?month=2026-10&q=a;b")
    begun = dict(await answered("/auth/login", host, referrer))
    cookie = begun[b"set-cookie"].decode()
    assert begun[b"location"] == b"/"
    assert "HttpOnly; SameSite=Lax" in cookie
    kept = cookie.partition(";")[0].encode()
    ended = dict(await answered("/oauth2callback", (b"cookie", b"x=1; " + kept)))
    assert ended[b"location"] == b"/invoices?month=2026-10&q=a;b"
    assert ended[b"set-cookie"].startswith(f"{COOKIE}=; Path=/; Max-Age=0;".encode())


@pytest.mark.parametrize("value", ["", "https%3A%2F%2Fevil.example", "%2F%2Fevil.example"])
async def test_without_a_usable_cookie_the_first_page_opens(value: str) -> None:
    cookie = (b"cookie", f"{COOKIE}={value}".encode())
    assert await answered("/oauth2callback", cookie) == [(b"location", b"/")]
