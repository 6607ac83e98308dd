"""Each program takes the settings that Bicep gives it: what the template sets, with values of the
form that Azure gives, and the defaults of settings.json."""

import json
import re

import pytest

from consumers.settings import options
from consumers.settings import read_settings as read_consumer
from table_api.http_api.access.settings import AuthMode, read_access
from table_api.settings import read_settings as read_tables
from telemetry.settings import read_telemetry
from tests.paths import ROOT
from ui.api.settings import SignIn, check_reach, load_settings

MAIN = (ROOT / "bicep/main.bicep").read_text(encoding="utf-8")
DEFAULTS = json.loads((ROOT / "bicep/settings.json").read_text(encoding="utf-8"))
VALUES = {
    "EVENTHUB_NAMESPACE": "evhns-usage-abc.servicebus.windows.net",
    "DIAGNOSTICS_EVENTHUB_NAMESPACE": "evhns-log-abc.servicebus.windows.net",
    "TABLES_URL": "https://stledgerabc.table.core.windows.net",
    "BLOBS_URL": "https://stledgerabc.blob.core.windows.net",
    "APPLICATIONINSIGHTS_CONNECTION_STRING": "InstrumentationKey=0;IngestionEndpoint=https://a.b/",
    "AZURE_CLIENT_ID": "00000000-0000-0000-0000-000000000000",
    "PRICE_BOOKS": "/app/price_books/company.toml",
    "AUTH_MODE": "oidc",
    "OIDC_ISSUERS": "https://login.microsoftonline.com/0/v2.0",
    "OIDC_AUDIENCES": "0,api://0",
    "OIDC_TENANTS": "0",
    "LOG_ANALYTICS_WORKSPACE_ID": "00000000-0000-0000-0000-000000000000",
    "API_URL": "https://func-api-abc.azurewebsites.net",
    "GATEWAY_URL": "https://apim-abc.azure-api.net/llm/openai/v1",
    "SIGN_IN": "oidc",
    "UI_URL": "https://ca-ui-abc.swedencentral.azurecontainerapps.io",
    "OIDC_ISSUER": "https://login.microsoftonline.com/0/v2.0",
    "OIDC_CLIENT_ID": "0",
    "OIDC_SCOPES": "openid profile api://0/access",
}
SHARED = ("hubAddresses", "storageAddresses", "telemetrySettings")
KINDS = {"consumerSettings": "consumers", "apiSettings": "api", "closeSettings": "close"}


def environment(module: str) -> dict[str, str]:
    """What main.bicep passes to a module as `variables`."""
    body = MAIN.partition(f"\nmodule {module} ")[2].partition("\n}\n")[0]
    passed = body.partition("    variables: ")[2]
    passed = re.split(r"\n    \w+: ", passed, maxsplit=1)[0]
    names = set(re.findall(r"\b([A-Z][A-Z_]+): ", passed))
    for shared in SHARED:
        if shared in passed:
            block = MAIN.partition(f"\nvar {shared} = {{\n")[2].partition("\n}\n")[0]
            names |= set(re.findall(r"\b([A-Z][A-Z_]+): ", block))
    found = {name: VALUES[name] for name in names}
    for settings, kind in KINDS.items():
        if settings in passed:
            found = {**DEFAULTS[kind], **found}
    return found


@pytest.mark.parametrize("module", ["metering", "pairing", "audit"])
def test_a_consumer_takes_what_it_is_given(module: str) -> None:
    given = environment(module)
    settings = read_consumer({}, given)
    assert settings.eventhub_namespace == VALUES["EVENTHUB_NAMESPACE"]
    assert settings.diagnostics_eventhub_namespace == VALUES["DIAGNOSTICS_EVENTHUB_NAMESPACE"]
    assert settings.storage.tables_url == VALUES["TABLES_URL"]
    assert [str(book) for book in settings.price_books] == [VALUES["PRICE_BOOKS"]]
    assert read_telemetry(given).signs_in
    assert "AZURE_CLIENT_ID" in given


def test_the_api_takes_what_it_is_given_and_asks_everybody_to_sign_in() -> None:
    given = environment("api")
    assert read_tables(given).storage.blobs_url == VALUES["BLOBS_URL"]
    access = read_access(given, host="")
    assert access.auth_mode is AuthMode.OIDC
    assert access.audiences == ("0", "api://0")
    assert read_telemetry(given).publish_from is None
    functions = (ROOT / "bicep/modules/function_app.bicep").read_text(encoding="utf-8")
    assert "AZURE_CLIENT_ID: identityClientId" in functions


def test_the_close_takes_what_it_is_given() -> None:
    given = environment("close")
    assert read_tables(given).storage.tables_url == VALUES["TABLES_URL"]
    assert "AZURE_CLIENT_ID" in given


def test_the_ui_takes_what_it_is_given_with_its_two_secrets() -> None:
    secrets = {"OIDC_CLIENT_SECRET": "s", "COOKIE_SECRET": "c" * 64}
    module = (ROOT / "bicep/modules/ui.bicep").read_text(encoding="utf-8")
    assert set(re.findall(r"name: '(\w+)', secretRef: ", module)) == secrets.keys()
    given = {**environment("ui"), **secrets}
    assert load_settings(given).sign_in is SignIn.OIDC
    check_reach(given, "0.0.0.0")


def test_verbs_of_an_operator_get_the_settings_of_the_programs() -> None:
    """`azd env get-values` has the outputs. With other defaults a verb would refuse the ledger, or
    look at a hub and a group that nobody uses.
    """
    outputs = dict(re.findall(r"^output ([A-Z_]+) string = (\S+)$", MAIN, re.MULTILINE))
    fixed = {each.variable for each in options() if "fixed when the ledger" in each.meaning}
    named = {name for name in DEFAULTS["consumers"] if name.endswith(("_NAME", "_GROUP"))}
    assert len(fixed) == 4
    assert {outputs.get(name) for name in fixed | named} == {
        f"consumerSettings.{name}" for name in fixed | named
    }
    of_the_close = {name for name in DEFAULTS["close"] if name.startswith("INVOICE_")}
    assert {outputs.get(name) for name in of_the_close} == {
        f"closeSettings.{name}" for name in of_the_close
    }
