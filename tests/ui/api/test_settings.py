"""Settings are complete or refused by the name of the variable."""

import os
import subprocess
import sys

import pytest

from chargeback.__main__ import main
from tests.paths import ROOT
from tests.ui.walking import free_port
from ui.api.errors import SettingMissing
from ui.api.settings import Settings, SignIn, check_reach, load_settings
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


@pytest.mark.parametrize("sign_in", ["", "none", " none "])
@pytest.mark.parametrize("host", ["0.0.0.0", "::", "10.0.0.4", "billing.contoso.example", ""])
def test_pages_that_ask_nobody_to_sign_in_are_on_this_machine_alone(
    host: str, sign_in: str
) -> None:
    with pytest.raises(SettingMissing, match="SIGN_IN=none asks nobody"):
        check_reach({"SIGN_IN": sign_in}, host)
    for here in ("127.0.0.1", "::1", "localhost"):
        check_reach({"SIGN_IN": sign_in}, here)
    for asked in ("oidc", "easy-auth"):
        check_reach({"SIGN_IN": asked}, host)


def test_the_ui_does_not_start_where_others_could_open_it_without_sign_in(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("SIGN_IN", raising=False)
    assert main(["ui", "--host", "0.0.0.0"]) == 2
    assert "the address '0.0.0.0' can be reached" in capsys.readouterr().err
    command = (sys.executable, "-m", "streamlit", "run", "ui/server.py")
    ran = subprocess.run(
        [*command, "--server.address", "0.0.0.0", "--server.port", str(free_port())],
        cwd=ROOT,
        env={**os.environ, "API_URL": "http://127.0.0.1:9"},
        capture_output=True,
        timeout=60,
        check=False,
    )
    assert ran.returncode != 0
    assert b"SIGN_IN=none asks nobody" in ran.stderr


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
