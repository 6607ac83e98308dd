"""What people open: the provider that signs them in, the API, and the UI."""

import secrets
import sys
from collections.abc import Mapping
from functools import partial
from pathlib import Path

from local_stack.demo.stack import Ports, reads_telemetry, settings
from local_stack.demo.supervisor import Child, Supervisor, answers
from local_stack.identity.config import UI_CLIENT, IdentityConfig, demo_config, write_config
from local_stack.identity.tokens import SCOPE

ROOT = Path(__file__).parents[2]


def api_settings(ports: Ports, identity: IdentityConfig) -> Mapping[str, str]:
    """The environment of the API: it takes tokens of the demonstration's own provider."""
    return {
        **settings(ports),
        "AUTH_MODE": "oidc",
        "OIDC_ISSUERS": identity.issuer,
        "OIDC_AUDIENCES": identity.audience,
        "OIDC_TENANTS": identity.tenant,
        **reads_telemetry(ports),
    }


def ui_settings(ports: Ports, identity: IdentityConfig) -> Mapping[str, str]:
    """The environment of the UI: its cookies do not outlive the run, as its tokens do not."""
    return {
        "API_URL": ports.api_url,
        "SIGN_IN": "oidc",
        "UI_URL": ports.ui_url,
        "OIDC_ISSUER": identity.issuer,
        "OIDC_CLIENT_ID": UI_CLIENT,
        "OIDC_CLIENT_SECRET": identity.clients[UI_CLIENT].secret or "",
        "OIDC_SCOPES": f"openid profile {SCOPE}",
        "COOKIE_SECRET": secrets.token_hex(),
        "GATEWAY_URL": ports.base_url,
    }


async def start_pages(supervisor: Supervisor, ports: Ports, data: Path) -> None:
    """Start what people see: the provider that signs them in, the API, and the UI."""
    python = sys.executable
    identity = demo_config(port=ports.identity, ui_url=ports.ui_url)
    write_config(data, identity)
    serve = [python, "-m", "local_stack.identity", "serve", "--data", str(data)]
    api = [python, "-m", "table_api", "serve", "--host", "127.0.0.1", "--port", str(ports.api)]
    ui = [python, "-m", "streamlit", "run", str(ROOT / "ui/server.py")]
    ui += ["--server.address", "127.0.0.1", "--server.port", str(ports.ui)]
    ui += ["--server.headless", "true"]
    for name, command, environment in (
        ("identity", serve, {}),
        ("api", api, api_settings(ports, identity)),
        ("ui", ui, ui_settings(ports, identity)),
    ):
        await supervisor.start(Child(name=name, command=command, environment=environment))


async def wait_for_pages(supervisor: Supervisor, ports: Ports) -> None:
    """Until every address of the box answers."""
    for name, url in (
        ("identity", f"http://127.0.0.1:{ports.identity}/healthz"),
        ("api", f"{ports.api_url}/healthz"),
        ("ui", f"{ports.ui_url}/_stcore/health"),
        ("insights", f"http://127.0.0.1:{ports.insights}/healthz"),
    ):
        await supervisor.wait_ready(name, partial(answers, url))
