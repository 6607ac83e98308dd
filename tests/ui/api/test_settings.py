"""Settings are complete or refused by the name of the variable."""

import pytest

from ui.api.errors import SettingMissing
from ui.api.settings import Settings, SignIn, load_settings
from ui.server import sign_in_secrets

COMPLETE = {
    "API_URL": "http://h:1",
    "SIGN_IN": "oidc",
    "UI_URL": "https://billing.contoso.example/",
    "OIDC_ISSUER": "https://issuer.example/t/v2.0",
    "OIDC_CLIENT_ID": "ui",
    "OIDC_CLIENT_SECRET": "s",
    "COOKIE_SECRET": "c" * 32,
}


def test_a_trailing_slash_does_not_matter() -> None:
    assert load_settings({"API_URL": "http://h:1/"}) == Settings(api_url="http://h:1")


@pytest.mark.parametrize("value", ["", "  ", "localhost:8000", "ftp://h", "http://"])
def test_an_unusable_address_is_refused_by_name(value: str) -> None:
    with pytest.raises(SettingMissing, match="API_URL"):
        load_settings({"API_URL": value})


def test_nobody_signs_in_unless_it_is_set() -> None:
    settings = load_settings(COMPLETE | {"SIGN_IN": ""})
    assert settings == Settings(api_url="http://h:1", sign_in=SignIn.NONE)
    assert sign_in_secrets(settings) == {}
    assert load_settings(COMPLETE | {"SIGN_IN": "easy-auth"}).sign_in is SignIn.EASY_AUTH


def test_sign_in_takes_what_streamlit_reads_from_the_environment() -> None:
    [auth] = sign_in_secrets(load_settings(COMPLETE)).values()
    assert auth["redirect_uri"] == "https://billing.contoso.example/oauth2callback"
    assert auth["server_metadata_url"] == (
        "https://issuer.example/t/v2.0/.well-known/openid-configuration"
    )
    assert auth["expose_tokens"] == ["access"]


@pytest.mark.parametrize(
    ("name", "value"),
    [
        *((name, "") for name in COMPLETE if name != "SIGN_IN"),
        ("SIGN_IN", "entra"),
        ("UI_URL", "billing"),
        ("OIDC_ISSUER", "issuer.example"),
        ("COOKIE_SECRET", "short"),
    ],
)
def test_an_incomplete_sign_in_is_refused_by_the_name_of_its_variable(
    name: str, value: str
) -> None:
    with pytest.raises(SettingMissing, match=name) as refused:
        load_settings(COMPLETE | {name: value})
    assert value != "short" or value not in str(refused.value)
