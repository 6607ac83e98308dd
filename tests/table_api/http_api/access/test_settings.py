"""Who may ask, as an operator says it."""

import pytest

from table_api.errors import SettingsError
from table_api.http_api.access.settings import AuthMode, is_safe_url, read_access

SIGN_IN = {"OIDC_ISSUERS": "https://a/v2.0, https://b/", "OIDC_AUDIENCES": "api://x,guid"}


def test_sign_in_is_the_default_except_on_loopback() -> None:
    assert read_access({}, host="127.0.0.1").auth_mode is AuthMode.LOCAL
    assert read_access({}, host="localhost").auth_mode is AuthMode.LOCAL
    for host in ("0.0.0.0", "10.0.0.4", "api.contoso.com", ""):
        settings = read_access(SIGN_IN, host=host)
        assert settings.auth_mode is AuthMode.OIDC
        assert settings.issuers == ("https://a/v2.0", "https://b/")
        assert settings.audiences == ("api://x", "guid")
    assert read_access(SIGN_IN | {"AUTH_MODE": "oidc"}, host="::1").auth_mode is AuthMode.OIDC


@pytest.mark.parametrize(
    ("changes", "named"),
    [
        ({"AUTH_MODE": "local"}, "API_HOST '0.0.0.0' can be reached"),
        ({"AUTH_MODE": "none"}, "AUTH_MODE 'none' is not known"),
        ({"AUTH_MODE": "function_key"}, "AUTH_MODE 'function_key' is not known"),
        ({"OIDC_ISSUERS": ""}, "OIDC_ISSUERS is not set"),
        ({"OIDC_AUDIENCES": " , "}, "OIDC_AUDIENCES is not set"),
        ({"OIDC_ISSUERS": "http://login.contoso.com"}, "OIDC_ISSUERS 'http://login.contoso.com'"),
        ({"OIDC_ISSUERS": "login.contoso.com"}, "does not start with https://"),
        ({"API_REQUESTS_PER_MINUTE": "0"}, "API_REQUESTS_PER_MINUTE '0'"),
        ({"API_REQUESTS_PER_MINUTE": "1.5"}, "API_REQUESTS_PER_MINUTE '1.5'"),
        ({"API_CORS_ORIGINS": "*"}, "API_CORS_ORIGINS '\\*' is no origin"),
        ({"API_CORS_ORIGINS": "https://a/path"}, "API_CORS_ORIGINS 'https://a/path'"),
    ],
)
def test_a_setting_that_cannot_be_used_is_named(changes: dict[str, str], named: str) -> None:
    with pytest.raises(SettingsError, match=named):
        read_access(SIGN_IN | changes, host="0.0.0.0")


def test_keys_are_read_over_tls_except_on_loopback() -> None:
    assert is_safe_url("https://login.microsoftonline.com/t/v2.0")
    assert is_safe_url("http://127.0.0.1:9000")
    assert not is_safe_url("http://127.0.0.1.evil.example/")
    assert not is_safe_url("file:///etc/passwd")
    assert not is_safe_url("https://")
