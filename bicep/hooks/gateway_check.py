"""`check --gateway` against what was deployed, with the keys of the check's own subscriptions."""

import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path

from bicep.hooks.azure_cli import ARM, rest
from bicep.hooks.values import Values

ROOT = Path(__file__).parents[2]
PYTHON = ROOT / ".venv/bin/python"
API_VERSION = "2024-06-01-preview"
SUBSCRIPTION = "chargeback-check"
LONG_SUBSCRIPTION = f"{SUBSCRIPTION}-{'x' * 110}"
"""Ids as bicep/modules/gateway_reports.bicep makes them."""
NAMES = (
    "GATEWAY_URL", "EVENTHUB_NAMESPACE", "DIAGNOSTICS_EVENTHUB_NAMESPACE", "TABLES_URL",
    "BLOBS_URL",
)  # fmt: skip
SETTINGS = ("EVENTHUB_NAME", "DIAGNOSTICS_HUB_NAME", "CHECK_GROUP")
"""Of the deployment; one of an earlier release does not say them, and has the defaults."""


def check(values: Values, environment: Mapping[str, str]) -> int:
    """The check's exit code; its calls cost less than a cent."""
    settings = {name: values[name] for name in NAMES}
    settings |= {name: values.get(name) for name in SETTINGS if values.get(name)}
    settings["GATEWAY_KEY"] = _key(values["GATEWAY_ID"], SUBSCRIPTION)
    settings["GATEWAY_LONG_KEY"] = _key(values["GATEWAY_ID"], LONG_SUBSCRIPTION)
    command = [str(PYTHON), "-m", "consumers", "check", "--gateway", "--yes"]
    done = subprocess.run(command, cwd=ROOT, env={**environment, **settings}, check=False)
    if done.returncode:
        print(
            "A new role may take 20 minutes until it works, and the first log as long again.\n"
            "Then repeat: azd hooks run postdeploy, or python3 -m bicep.hooks postdeploy "
            "--deployment NAME",
            file=sys.stderr,
        )
    return done.returncode


def _key(gateway_id: str, subscription: str) -> str:
    path = f"{gateway_id}/subscriptions/{subscription}/listSecrets"
    return str(rest("post", f"{ARM}{path}?api-version={API_VERSION}")["primaryKey"])
