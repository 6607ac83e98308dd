"""The provider's process and the verb `token`, over the file that the demonstration writes."""

import signal
import stat
import subprocess
import sys
import time
from pathlib import Path

import httpx
import jwt
import pytest

from local_stack.app import SIGN_IN_AS
from local_stack.demo.azurite import free_port
from local_stack.identity.__main__ import main
from local_stack.identity.accounts import demo_accounts
from local_stack.identity.ask import SERVICE
from local_stack.identity.config import demo_config, read_config, write_config
from tests.paths import ROOT

START_TIMEOUT_S = 60
Output = pytest.CaptureFixture[str]


def test_the_verb_prints_a_token_of_the_running_provider(tmp_path: Path, capsys: Output) -> None:
    config = demo_config(port=free_port(), ui_url="http://127.0.0.1:8501")
    path = write_config(tmp_path, config)
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert read_config(tmp_path) == config
    serve = [sys.executable, "-m", "local_stack.identity", "serve", "--data", str(tmp_path)]
    with subprocess.Popen(serve, cwd=ROOT) as process:
        wait_until_it_answers(f"{config.base_url}/healthz")
        assert main(["token", "--as", "owner", "--data", str(tmp_path)]) == 0
        token = capsys.readouterr().out.strip()
        process.send_signal(signal.SIGTERM)
        assert process.wait(START_TIMEOUT_S) == 0
    claims = jwt.decode(token, options={"verify_signature": False})
    assert (claims["iss"], claims["name"]) == (config.issuer, "Diego Fernández")
    assert main(["token", "--as", "owner", "--data", str(tmp_path)]) == 1
    assert f"the identity provider at {config.base_url} gives no token" in capsys.readouterr().err


def test_without_a_demonstration_the_verb_says_how_to_start_one(
    tmp_path: Path, capsys: Output
) -> None:
    assert main(["token", "--as", "admin", "--data", str(tmp_path)]) == 1
    assert "start the demonstration with `make demo`" in capsys.readouterr().err
    (tmp_path / "identity.json").write_text('{"port": "x"}')
    assert main(["serve", "--data", str(tmp_path)]) == 1
    assert "is not a provider's configuration" in capsys.readouterr().err


def test_the_verb_offers_whoever_can_sign_in() -> None:
    assert (*demo_accounts(), SERVICE) == SIGN_IN_AS


def wait_until_it_answers(url: str) -> None:
    deadline = time.monotonic() + START_TIMEOUT_S
    while True:
        try:
            httpx.get(url).raise_for_status()
        except httpx.TransportError:
            assert time.monotonic() < deadline
            time.sleep(0.1)
        else:
            return
