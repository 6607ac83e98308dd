"""Hooks of a deployment, against a stand-in for the Azure CLI: what they make, and that repeating
them makes nothing."""

import ast
import json
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from bicep.hooks import gateway_check, once, registrations
from bicep.hooks.__main__ import Unknown, check_settings, main
from bicep.hooks.azure_cli import AzError
from bicep.hooks.registrations import Ambiguous
from table_api.http_api.access.caller import Role
from tests.paths import ROOT

FAKE = Path(__file__).with_name("fake_az.py")
VAULT = "/subscriptions/s/resourceGroups/rg-dev/providers/Microsoft.KeyVault/vaults"
APPS = "/subscriptions/s/resourceGroups/rg-dev/providers/Microsoft.App/containerApps"
OUTPUTS = {
    "environmenT_NAME": "dev",  # Resource Manager changes the case of names
    "OPERATOR_ID": "11111111-0000-0000-0000-000000000000",
    "UI_URL": "https://ui.example",
    "UI_VAULT_ID": f"{VAULT}/ui",
    "TELEMETRY_VAULT_ID": f"{VAULT}/tel",
    "METERING_ID": f"{APPS}/ca-metering-1",
    "PAIRING_ID": f"{APPS}/ca-pairing-1",
    "AZURE_CONTAINER_REGISTRY_NAME": "cr1",
    "AZURE_CONTAINER_REGISTRY_ENDPOINT": "cr1.azurecr.io",
}
DEPLOYED = ["--deployment", "chargeback"]

State = Callable[[], dict[str, Any]]


@pytest.fixture
def state(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> State:
    """What the stand-in holds; it is the `az` of this test."""
    file = tmp_path / "state.json"
    file.write_text(json.dumps({"outputs": OUTPUTS}), encoding="utf-8")
    az = tmp_path / "az"
    az.write_text(f'#!/bin/sh\nexec "{sys.executable}" -S -E "{FAKE}" "$@"\n', encoding="utf-8")
    az.chmod(0o755)
    monkeypatch.setenv("PATH", f"{tmp_path}:/usr/bin:/bin")
    monkeypatch.setenv("FAKE_AZ_STATE", str(file))
    monkeypatch.setattr(registrations, "RETRY_DELAY_S", 0)
    return lambda: dict(json.loads(file.read_text(encoding="utf-8")))


def change(state: State, tmp_path: Path, **values: Any) -> None:
    text = json.dumps({**state(), **values})
    (tmp_path / "state.json").write_text(text, encoding="utf-8")


def test_a_first_pass_makes_secrets_registrations_and_image(
    state: State, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["postprovision", *DEPLOYED]) == 0
    made = state()
    telemetry, ui_secrets = made["vaults"][f"{VAULT}/tel"], made["vaults"][f"{VAULT}/ui"]
    assert len(telemetry["telemetry-subject-key"]) == 64
    assert len(ui_secrets["cookie-secret"]) == 64
    assert ui_secrets["oidc-client-secret"] == "password-1"
    [api, ui] = made["applications"]
    assert {role["value"] for role in api["appRoles"]} == {role.value for role in Role}
    assert api["identifierUris"] == [f"api://{api['appId']}"]
    assert api["api"]["requestedAccessTokenVersion"] == 2
    assert ui["web"]["redirectUris"] == ["https://ui.example/oauth2callback"]
    [allowed] = api["api"]["preAuthorizedApplications"]
    assert allowed["appId"] == ui["appId"]
    assert api["api"]["oauth2PermissionScopes"][0]["value"] == "access"
    given = [each for principal in made["servicePrincipals"] for each in principal.get("given", [])]
    assert [each["principalId"] for each in given] == [OUTPUTS["OPERATOR_ID"]]
    said = capsys.readouterr().out
    assert f"image=cr1.azurecr.io/chargeback@sha256:{'a' * 64}" in said
    assert f"apiClientId={api['appId']}" in said
    assert f"uiClientId={ui['appId']}" in said
    assert telemetry["telemetry-subject-key"] not in said
    assert "password-1" not in said


def test_no_secret_is_an_argument_of_a_command(state: State) -> None:
    main(["postprovision", *DEPLOYED])
    made = state()
    secrets = [value for vault in made["vaults"].values() for value in vault.values()]
    asked = json.dumps(made["asked"])
    assert secrets
    assert [secret for secret in secrets if secret in asked] == []


def test_a_second_pass_makes_nothing(state: State) -> None:
    main(["postprovision", *DEPLOYED])
    first = state()
    assert main(["postprovision", *DEPLOYED]) == 0
    again = state()
    for kept in ("vaults", "applications", "servicePrincipals", "builds"):
        assert again[kept] == first[kept], kept


def test_azd_is_told_of_the_image_and_a_person_of_the_one_before(
    state: State, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]
) -> None:
    azd = tmp_path / "azd"
    azd.write_text('#!/bin/sh\necho azd "$@"\n', encoding="utf-8")
    azd.chmod(0o755)
    for name, value in OUTPUTS.items():
        monkeypatch.setenv(name.upper(), value)
    monkeypatch.setenv("IMAGE", "cr1.azurecr.io/chargeback@sha256:before")
    assert main(["postprovision"]) == 0
    said = capfd.readouterr().out
    image = f"IMAGE cr1.azurecr.io/chargeback@sha256:{'a' * 64}"
    assert f"azd env set {image}\n" in said
    assert f"has {image} (before: cr1.azurecr.io/chargeback@sha256:before)\n" in said
    monkeypatch.setenv("IMAGE", image.removeprefix("IMAGE "))
    main(["postprovision"])
    assert "IMAGE" not in capfd.readouterr().out


def test_another_base_makes_another_image(state: State, monkeypatch: pytest.MonkeyPatch) -> None:
    main(["postprovision", *DEPLOYED])
    monkeypatch.setenv("PYTHON_IMAGE", "cr1.azurecr.io/python@sha256:0")
    main(["postprovision", *DEPLOYED])
    built = [words for words in state()["asked"] if words[:2] == ["acr", "build"]]
    assert ["PYTHON_IMAGE=cr1.azurecr.io/python@sha256:0" in words for words in built] == [
        False,
        True,
    ]
    assert len(set(state()["tags"])) == 2


def test_what_somebody_added_to_a_registration_stays(state: State, tmp_path: Path) -> None:
    main(["postprovision", *DEPLOYED])
    applications = state()["applications"]
    applications[0]["appRoles"].append({"id": "theirs", "value": "Reports.Read"})
    applications[1]["web"]["redirectUris"].append("https://billing.example/oauth2callback")
    change(state, tmp_path, applications=applications)
    main(["postprovision", *DEPLOYED])
    api, ui = state()["applications"]
    assert "Reports.Read" in {role["value"] for role in api["appRoles"]}
    assert "https://billing.example/oauth2callback" in ui["web"]["redirectUris"]


def test_a_directory_that_refuses_costs_only_the_sign_in(
    state: State, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    change(state, tmp_path, denied=True)
    assert main(["postprovision", *DEPLOYED]) == 0
    said = capsys.readouterr()
    assert "bicep.hooks register --environment dev --ui-url https://ui.example" in said.err
    assert "azd env set API_CLIENT_ID" in said.err
    assert "image=cr1.azurecr.io" in said.out


def test_the_gateway_is_checked_with_the_keys_of_its_own_subscriptions(
    state: State, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """What is started in place of the verb writes down how it was started."""
    outputs = {**OUTPUTS, "GATEWAY_ID": "/subscriptions/s/apim", "GATEWAY_URL": "https://g/llm"}
    names = ("EVENTHUB_NAMESPACE", "DIAGNOSTICS_EVENTHUB_NAMESPACE", "TABLES_URL", "BLOBS_URL")
    outputs |= {name: f"of-{name}" for name in names}
    change(state, tmp_path, outputs={**outputs, "EVENTHUB_NAME": "calls", "CHECK_GROUP": "probe"})
    started = tmp_path / "started"
    program = tmp_path / "python"
    program.write_text(f'#!/bin/sh\necho "$@" > {started}\nenv >> {started}\nexit 7\n')
    program.chmod(0o755)
    monkeypatch.setattr(gateway_check, "PYTHON", program)
    assert main(["postdeploy", *DEPLOYED]) == 7
    words, *variables = started.read_text(encoding="utf-8").splitlines()
    assert words == "-m consumers check --gateway --yes"
    assert {"GATEWAY_KEY=key-of-chargeback-check", "TABLES_URL=of-TABLES_URL"} <= set(variables)
    assert f"GATEWAY_LONG_KEY=key-of-chargeback-check-{'x' * 110}" in variables
    assert {"EVENTHUB_NAME=calls", "CHECK_GROUP=probe"} <= set(variables)


def test_secrets_of_the_ui_can_be_replaced_and_the_key_of_pseudonyms_cannot(
    state: State, capsys: pytest.CaptureFixture[str]
) -> None:
    main(["postprovision", *DEPLOYED])
    first = state()["vaults"]
    assert main(["rotate", "cookie-secret", *DEPLOYED]) == 0
    assert main(["rotate", "oidc-client-secret", *DEPLOYED]) == 0
    after = state()["vaults"]
    assert after[f"{VAULT}/ui"]["cookie-secret"] != first[f"{VAULT}/ui"]["cookie-secret"]
    assert after[f"{VAULT}/ui"]["oidc-client-secret"] == "password-2"
    assert after[f"{VAULT}/tel"] == first[f"{VAULT}/tel"]
    with pytest.raises(SystemExit):
        main(["rotate", "telemetry-subject-key", *DEPLOYED])
    assert "password-2" not in capsys.readouterr().out


def test_both_consumers_are_stopped_and_started(state: State) -> None:
    assert main(["stop", *DEPLOYED]) == 0
    assert main(["start", *DEPLOYED]) == 0
    apps = ("ca-metering-1", "ca-pairing-1")
    assert state()["switched"] == [[word, app] for word in ("stop", "start") for app in apps]


def test_the_hooks_need_no_package() -> None:
    files = [ROOT / "bicep/__init__.py", *(ROOT / "bicep/hooks").glob("*.py")]
    named = {
        name.partition(".")[0]
        for file in files
        for node in ast.walk(ast.parse(file.read_text(encoding="utf-8")))
        for name in (
            [alias.name for alias in node.names]
            if isinstance(node, ast.Import)
            else [node.module or ""]
            if isinstance(node, ast.ImportFrom)
            else []
        )
    }
    assert named - {"bicep"} <= sys.stdlib_module_names


def test_two_applications_of_our_name_are_named(state: State, tmp_path: Path) -> None:
    twins = [{"id": n, "appId": n, "displayName": "llm-chargeback-api-dev"} for n in ("a", "b")]
    change(state, tmp_path, applications=twins)
    with pytest.raises(Ambiguous, match=r"llm-chargeback-api-dev: a, b\. Delete all but one"):
        registrations.register_api("dev")


def test_a_vault_that_cannot_be_asked_makes_no_key(state: State, tmp_path: Path) -> None:
    change(state, tmp_path, vaults_down=True)
    with pytest.raises(AzError, match="Service unavailable"):
        once.keep(f"{VAULT}/tel", "telemetry-subject-key", lambda: pytest.fail("it was made"))


def test_a_value_that_is_not_known_is_named(
    state: State, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    change(state, tmp_path, outputs={"ENVIRONMENT_NAME": "dev"})
    assert main(["postprovision", *DEPLOYED]) == 1
    assert "TELEMETRY_VAULT_ID is not known" in capsys.readouterr().err


def test_a_new_gateway_without_an_address_is_refused_before_it_is_made(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.delenv("GATEWAY_PUBLISHER_EMAIL", raising=False)
    monkeypatch.setenv("EXISTING_GATEWAY_ID", "")
    assert main(["preprovision"]) == 1
    assert "azd env set GATEWAY_PUBLISHER_EMAIL" in capsys.readouterr().err
    monkeypatch.setenv("GATEWAY_PUBLISHER_EMAIL", "a@example.com")
    monkeypatch.setenv("IMAGE", "cr1.azurecr.io/chargeback@sha256:0")
    assert main(["preprovision"]) == 0  # the second pass


def test_a_setting_that_no_program_reads_is_refused(tmp_path: Path) -> None:
    parameters = json.loads((ROOT / "bicep/main.parameters.json").read_text(encoding="utf-8"))
    parameters["parameters"]["settings"]["value"] = {"LINGERS_S": "2", "LINGER_S": "2"}
    file = tmp_path / "main.parameters.json"
    file.write_text(json.dumps(parameters), encoding="utf-8")
    with pytest.raises(Unknown, match="no program reads the setting LINGERS_S"):
        check_settings(file)
    parameters["parameters"]["settings"]["value"] = {"LINGER_S": 2}
    file.write_text(json.dumps(parameters), encoding="utf-8")
    with pytest.raises(Unknown, match="the value of LINGER_S is no text"):
        check_settings(file)
    check_settings(ROOT / "bicep/main.parameters.json")
