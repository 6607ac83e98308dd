"""azure.yaml and Dockerfile: valid, complete and pinned."""

import json
import re
import tomllib
from pathlib import Path
from typing import Any

import jsonschema
import pytest
import yaml  # type: ignore[import-untyped]
from referencing import Registry, Resource
from referencing.jsonschema import DRAFT201909

from bicep.hooks.image import content_tag, copied
from pricing_rules.price_book.book import load_book
from tests.layout import MAY_IMPORT
from tests.paths import ROOT

SCHEMA = ROOT.parent / "shared/data/azure_yaml_schema.json"
DOCKERFILE = (ROOT / "Dockerfile").read_text(encoding="utf-8")
MAIN = (ROOT / "bicep/main.bicep").read_text(encoding="utf-8")


def azure_yaml() -> Any:
    return yaml.safe_load((ROOT / "azure.yaml").read_text(encoding="utf-8"))


@pytest.mark.skipif(not SCHEMA.exists(), reason="azd's schema of azure.yaml is not at hand")
def test_azure_yaml_is_valid_by_its_schema() -> None:
    remote: Registry[Any] = Registry(  # type: ignore[call-arg]
        retrieve=lambda _: Resource.from_contents({}, default_specification=DRAFT201909)
    )
    schema = json.loads(SCHEMA.read_text(encoding="utf-8"))
    validator = jsonschema.Draft201909Validator(schema, registry=remote)
    assert [error.message for error in validator.iter_errors(azure_yaml())] == []
    assert list(validator.iter_errors({**azure_yaml(), "hooks": {"postprovison": {"run": "x"}}}))


def test_azd_finds_what_azure_yaml_names() -> None:
    described = azure_yaml()
    infra = described["infra"]
    assert (ROOT / infra["path"] / f"{infra['module']}.bicep").is_file()
    steps = [step["azd"] for step in described["workflows"]["up"]["steps"]]
    assert steps[:2] == ["provision", "provision"]
    functions = (ROOT / "bicep/modules/function_app.bicep").read_text(encoding="utf-8")
    for service in described["services"]:
        assert f"'azd-service-name': '{service}'" in functions


def test_the_function_app_is_packaged_anew_by_each_command_that_sends_it() -> None:
    """azd runs the project's hooks of the command alone: `azd deploy` runs no prepackage."""
    hooks = azure_yaml()["hooks"]
    project = azure_yaml()["services"]["api"]["project"]
    assert f"table_api package {project}" in hooks["prepackage"]["run"]
    assert hooks["predeploy"]["run"] == hooks["prepackage"]["run"]


def test_every_parameter_of_azd_is_one_of_main_bicep() -> None:
    file = ROOT / "bicep/main.parameters.json"
    given = json.loads(file.read_text(encoding="utf-8"))["parameters"]
    declared = dict(re.findall(r"^param (\w+) [^=\n{]+(=)?", MAIN, re.MULTILINE))
    assert given.keys() <= declared.keys()
    assert {name for name, default in declared.items() if not default} <= given.keys()


def test_the_image_copies_what_is_there_and_all_that_its_packages_import() -> None:
    assert [name for name in copied() if not (ROOT / name).exists()] == []
    packages = {name for name in copied() if (ROOT / name / "__init__.py").exists()}
    assert {"consumers", "table_api", "ui"} <= packages
    assert {each for name in packages for each in MAY_IMPORT[name]} <= packages


def test_the_build_is_sent_what_it_copies() -> None:
    allowed = (ROOT / ".dockerignore").read_text(encoding="utf-8").splitlines()
    for name in copied():
        ancestors = [name, *(str(parent) for parent in Path(name).parents)]
        assert any(f"!{each}" in allowed for each in ancestors), name


def test_the_image_is_pinned_and_does_not_run_as_root() -> None:
    [base] = re.findall(r"^ARG PYTHON_IMAGE=(\S+)$", DOCKERFILE, re.MULTILINE)
    assert re.fullmatch(r"\S+:\d+\.\d+-slim-\w+@sha256:[0-9a-f]{64}", base)
    assert set(re.findall(r"^FROM (\S+)", DOCKERFILE, re.MULTILINE)) == {"${PYTHON_IMAGE}"}
    last = DOCKERFILE.rpartition("\nFROM ")[2]
    assert re.findall(r"^USER (\d+)$", last, re.MULTILINE) == ["10001"]
    assert "pip" not in last.replace("no pip cache", "")
    assert "apt-get" not in last


def test_the_installer_of_the_image_is_the_one_of_the_lock() -> None:
    lock = tomllib.loads((ROOT / "uv.lock").read_text(encoding="utf-8"))
    [uv] = [package for package in lock["package"] if package["name"] == "uv"]
    text = (ROOT / "bicep/image/uv.txt").read_text(encoding="utf-8")
    assert f"uv=={uv['version']} " in text
    hashes = set(re.findall(r"--hash=(\S+)", text))
    assert hashes
    assert hashes <= {wheel["hash"] for wheel in uv["wheels"]}


def test_the_tag_of_an_image_is_that_of_its_content() -> None:
    assert re.fullmatch(r"[0-9a-f]{24}", content_tag())
    assert content_tag() == content_tag()


def test_every_deployment_that_is_made_has_a_price() -> None:
    load_book([ROOT / "bicep/price_books/company.toml"])
    [made] = re.findall(r"param modelDeployments \{.*?\}\[\] = \[(.*?)\n\]", MAIN, re.DOTALL)
    names = re.findall(r"^    name: '([^']+)'", made, re.MULTILINE)
    assert names
    text = (ROOT / "bicep/price_books/company.toml").read_text(encoding="utf-8")
    aliases = {each["name"]: each for each in tomllib.loads(text)["deployment"]}
    for name, model, version, sku in re.findall(
        r"name: '([^']+)'.*?model: '([^']+)'.*?version: '([^']+)'.*?sku: '([^']+)'", made, re.DOTALL
    ):
        alias = aliases[name]
        assert (alias["model"], alias["version"], alias["type"]) == (model, version, sku)


def test_the_page_deploys_with_parameters_that_exist() -> None:
    page = (ROOT / "bicep/README.md").read_text(encoding="utf-8")
    [command] = re.findall(r"^az deployment sub create .*?[^\\]$", page, re.MULTILINE | re.DOTALL)
    given = set(re.findall(r"(\w+)=", command.partition("--parameters")[2]))
    declared = dict(re.findall(r"^param (\w+) [^=\n{]+(=)?", MAIN, re.MULTILINE))
    assert {"environmentName", "publisherEmail"} <= given <= declared.keys()
    assert {name for name, default in declared.items() if not default} <= given
    parameters = json.loads((ROOT / "bicep/main.parameters.json").read_text(encoding="utf-8"))
    variables = set(re.findall(r"\$\{(\w+)", json.dumps(parameters)))
    read_by_hooks = {"PYTHON_IMAGE"}
    assert set(re.findall(r"azd env set (\w+)", page)) <= variables | read_by_hooks


def test_the_trace_of_a_call_is_in_the_gateways_log_and_not_where_pseudonyms_are() -> None:
    """A trace is written where its severity is not below the diagnostic's verbosity."""
    order = ("verbose", "information", "error")
    reports = (ROOT / "bicep/modules/gateway_reports.bicep").read_text(encoding="utf-8")
    verbosities = re.findall(
        r"  name: '(\w+)'\n  properties: \{.*?verbosity: '(\w+)'", reports, re.DOTALL
    )
    fragment = ROOT / "apim_policies/chargeback-usage-event.fragment.xml"
    severities = re.findall(
        r'<trace source="chargeback" severity="(\w+)">', fragment.read_text(encoding="utf-8")
    )
    assert len(severities) == 2
    written = {
        name: {each for each in severities if order.index(each) >= order.index(verbosity)}
        for name, verbosity in verbosities
    }
    assert written == {"azuremonitor": set(severities), "applicationinsights": set()}
