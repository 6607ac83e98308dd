"""The worker that Azure runs indexes the deployed folder and invokes every function of it.

It runs in an environment of its own, with the Python and the requirements that are deployed
(`make test` makes it where that Python is found): worker_driver.py is what runs there.
"""

import asyncio
import json
import os
import re
import subprocess
import tomllib
from pathlib import Path
from typing import Any

import pytest

from bicep.function_requirements import WORKER, python_version
from local_stack.demo.azurite import AzuritePorts
from local_stack.insights.server import serving
from table_api.verbs.package import KILOBYTES_MAX, NEEDED, REQUIREMENTS, kilobytes, write_package
from tests.paths import ROOT

PYTHON = ROOT / ".venv/functions/bin/python"
DRIVER = Path(__file__).with_name("worker_driver.py")
MEGABYTES_INSTALLED_MAX = 120
"""What the requirements take in the app's file system; with pyarrow it would be 250."""

in_worker = pytest.mark.skipif(
    not PYTHON.exists(), reason=f"no Python {python_version()} is at hand for the worker"
)


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """What is deployed."""
    write_package(tmp_path / "app")
    return tmp_path / "app"


def run(folder: Path, **settings: str) -> dict[str, Any]:
    """Bindings and answer of every function, as the worker gives them."""
    environment = {"PATH": os.environ["PATH"], "PYTHONWARNINGS": "ignore", **settings}
    done = subprocess.run(
        [PYTHON, DRIVER, folder],
        cwd=folder, env=environment, capture_output=True, text=True, check=False, timeout=120,
    )  # fmt: skip
    found = re.search(r"^ANSWERS (.*)$", done.stdout, re.MULTILINE)
    assert found, done.stderr
    answers: dict[str, Any] = json.loads(found[1])
    return answers


@in_worker
async def test_the_worker_finds_and_invokes_every_function(
    folder: Path, own_azurite: AzuritePorts
) -> None:
    async with serving() as insights:
        functions = await asyncio.to_thread(
            run,
            folder,
            STORAGE_CONNECTION_STRING=own_azurite.connection_string,
            APPLICATIONINSIGHTS_CONNECTION_STRING=insights.connection_string,
            OIDC_ISSUERS="https://login.contoso.com",
            OIDC_AUDIENCES="api://chargeback",
        )
    assert functions.keys() == {
        "azFn-AoAiModel-Pricing", "azFn-AppInsightAPI", "http_app_func", "publish_calls",
        "purge_access_log",
    }  # fmt: skip
    for name, path in (("http_app_func", "/{*route}"), ("azFn-AoAiModel-Pricing", "v1/rate")):
        trigger, answer = functions[name]["bindings"][0], functions[name]["answer"]
        assert (trigger["authLevel"], trigger["route"]) == ("ANONYMOUS", path)
        assert (answer["status"], answer["type"]) == ("401", "application/problem+json")
        assert json.loads(answer["body"])["title"] == "Nobody is signed in"
    for name in ("publish_calls", "purge_access_log"):
        assert functions[name]["bindings"][0]["type"] == "timerTrigger"
        assert functions[name]["answer"] == {}


@in_worker
def test_a_setting_that_is_missing_is_named_when_the_worker_starts(folder: Path) -> None:
    with pytest.raises(AssertionError, match="OIDC_ISSUERS"):
        run(folder, STORAGE_CONNECTION_STRING="UseDevelopmentStorage=true")


@in_worker
def test_the_requirements_of_the_app_stay_small() -> None:
    [packages] = PYTHON.parents[1].glob("lib/python*/site-packages")
    size = sum(path.stat().st_size for path in packages.rglob("*") if path.is_file())
    assert size // 1_000_000 <= MEGABYTES_INSTALLED_MAX


def test_the_folder_that_is_uploaded_stays_small(folder: Path) -> None:
    assert 1000 < kilobytes(folder) <= KILOBYTES_MAX
    assert (folder / "requirements.txt").read_bytes() == REQUIREMENTS.read_bytes()


def pins(file: Path) -> dict[str, str]:
    return dict(re.findall(r"^([\w.-]+)==(\S+)", file.read_text(encoding="utf-8"), re.MULTILINE))


def test_the_requirements_are_versions_of_the_lock_with_hashes() -> None:
    lock = tomllib.loads((ROOT / "uv.lock").read_text(encoding="utf-8"))
    locked = {(package["name"], package.get("version")) for package in lock["package"]}
    deployed = pins(REQUIREMENTS)
    assert deployed.keys() >= set(NEEDED)
    assert not deployed.keys() & {"pyarrow", "streamlit", "azure-eventhub"}
    assert set(deployed.items()) <= locked
    for file in (REQUIREMENTS, WORKER):
        text = file.read_text(encoding="utf-8")
        assert text.count("==") == len(re.findall(r"== *\S+ \\\n +--hash=sha256:", text))
