"""The way to the platform's sign-in and back."""

from urllib.parse import parse_qs, urlsplit

import pytest

from ui.parts.sign_in import easy_auth_login


@pytest.mark.parametrize(
    ("url", "back"),
    [
        ("https://ui.example/invoices", "/invoices?month=2026-11"),
        ("https://ui.example", "/?month=2026-11"),
        ("", "/?month=2026-11"),
        ("https://ui.example//evil.example/x", "/evil.example/x?month=2026-11"),
        ("https://ui.example/\\evil.example", "/evil.example?month=2026-11"),
        ("https://ui.example/a?b=https://evil.example/", "/a?month=2026-11"),
    ],
)
def test_the_platforms_sign_in_leads_back_to_this_site(url: str, back: str) -> None:
    address = urlsplit(easy_auth_login(url, {"month": "2026-11"}))
    assert (address.netloc, address.path) == ("", "/.auth/login/aad")
    assert parse_qs(address.query) == {"post_login_redirect_uri": [back]}
