"""The API as Azure Functions runs it: one function whose callers sign in."""

import importlib
import json
import sys
from collections.abc import Iterator
from typing import Any
from uuid import uuid4

import azure.functions as func
import pytest

from local_stack.demo.azurite import AzuritePorts
from table_api.storage.azure_tables import AzureTableStorage
from tests.fixtures.calls import open_ledger
from tests.fixtures.issuer import AUDIENCE, Issuer, open_issuer
from tests.paths import ROOT

HOST_JSON = ROOT / "table_api/host.json"
MODULE = "table_api.function_app"


@pytest.fixture
def issuer() -> Iterator[Issuer]:
    """Whose tokens count."""
    with open_issuer() as opened:
        yield opened


@pytest.fixture
def module(
    own_azurite: AzuritePorts, issuer: Issuer, monkeypatch: pytest.MonkeyPatch
) -> Iterator[Any]:
    """`function_app` as a fresh worker imports it."""
    monkeypatch.setenv("OIDC_ISSUERS", issuer.url)
    monkeypatch.setenv("OIDC_AUDIENCES", AUDIENCE)
    monkeypatch.delenv("AUTH_MODE", raising=False)
    monkeypatch.setenv("STORAGE_CONNECTION_STRING", own_azurite.connection_string)
    monkeypatch.delenv("TABLES_URL", raising=False)
    sys.modules.pop(MODULE, None)
    yield importlib.import_module(MODULE)
    sys.modules.pop(MODULE, None)


def the_function(module: Any) -> Any:
    """The function with every path; the worker asks for the functions once."""
    return functions(module)["http_app_func"]


def functions(module: Any) -> dict[str, Any]:
    """All functions by name."""
    return {function.get_function_name(): function for function in module.app.get_functions()}


def test_every_path_goes_to_one_function_that_checks_tokens_itself(module: Any) -> None:
    bindings = the_function(module).get_bindings_dict()["bindings"]
    [trigger] = [binding for binding in bindings if "route" in binding]
    assert trigger["authLevel"] == func.AuthLevel.ANONYMOUS
    assert trigger["route"] == "/{*route}"


def test_host_takes_no_prefix_from_the_path() -> None:
    host = json.loads(HOST_JSON.read_text(encoding="utf-8"))
    assert host["version"] == "2.0"
    assert host["extensions"]["http"]["routePrefix"] == ""


def test_the_host_tells_application_insights_no_path() -> None:
    """A path holds a subject, or a call's id, which holds one. Our own spans name routes."""
    logging = json.loads(HOST_JSON.read_text(encoding="utf-8"))["logging"]
    options = logging["applicationInsights"]["httpAutoCollectionOptions"]
    assert options["enableHttpTriggerExtendedInfoCollection"] is False


async def test_answer_and_etag_pass_through_the_adapter(
    module: Any, own_azurite: AzuritePorts, issuer: Issuer
) -> None:
    storage = AzureTableStorage.from_connection_string(own_azurite.connection_string)
    await open_ledger(storage)
    await storage.close()
    invoke = the_function(module).get_user_function()
    nobody = await invoke(request("/v1/usage?group_by=model"), None)
    assert (nobody.status_code, "Bearer" in nobody.headers["www-authenticate"]) == (401, True)
    signed_in = {"Authorization": f"Bearer {issuer.token(roles=['Billing.Read.All'])}"}
    first = await invoke(request("/v1/usage?group_by=model", signed_in), None)
    assert first.status_code == 200
    assert json.loads(first.get_body())["zone"] == "Europe/Berlin"
    tag = first.headers["etag"]
    again = await invoke(
        request("/v1/usage?group_by=model", {"If-None-Match": tag} | signed_in), None
    )
    assert (again.status_code, again.get_body()) == (304, b"")
    health = await invoke(request("/healthz"), None)
    assert json.loads(health.get_body())["auth_mode"] == "oidc"
    unknown = await invoke(request(f"/v1/subjects/a%2F{uuid4().hex}/usage", signed_in), None)
    assert (unknown.status_code, unknown.mimetype) == (404, "application/problem+json")
    await module._storage.close()


def request(path: str, headers: dict[str, str] | None = None) -> func.HttpRequest:
    """What the host hands to the worker."""
    url = f"https://contoso.azurewebsites.net{path}"
    return func.HttpRequest("GET", url, headers=headers or {}, body=b"")
