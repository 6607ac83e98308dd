"""The commands that mend a gateway, compared with what Microsoft documents.

Resource types come from Microsoft's own description, as the check of the Bicep files has it. The
options of `az` are those of its reference. No command runs here: there is no Azure.
"""

import json
import re
import shlex
from typing import Any

import pytest

from consumers.gateway_check import cures
from tests.paths import ROOT

TYPES = json.loads((ROOT / "bicep/check/resource_types.json").read_bytes())["resources"]
OPTIONS = {
    "az rest": {"--method", "--url", "--body", "--headers"},
    "az role assignment create": {"--role", "--assignee", "--scope"},
    "az apim nv update": {"--service-name", "--resource-group", "--named-value-id", "--value"},
    "az monitor diagnostic-settings create": {
        "--name", "--resource", "--event-hub", "--event-hub-rule", "--logs",
    },
    "az eventhubs eventhub consumer-group create": {
        "--namespace-name", "--resource-group", "--eventhub-name", "--name",
    },
}  # fmt: skip
COMMANDS = [
    (name, shlex.split(command, comments=True))
    for name, text in vars(cures).items()
    if name.isupper() and name.strip("_") == name and text.startswith("az ")
    for command in re.split(r"; (?=az )", text)
]
IDS = [f"{name}-{' '.join(words[1:3])}" for name, words in COMMANDS]


def options(words: list[str]) -> dict[str, str]:
    start = next(at for at, word in enumerate(words) if word.startswith("--"))
    return dict(zip(words[start::2], words[start + 1 :: 2], strict=True))


@pytest.mark.parametrize("words", [words for _, words in COMMANDS], ids=IDS)
def test_a_command_has_the_options_that_its_reference_names(words: list[str]) -> None:
    verb = " ".join(words).partition(" --")[0]
    assert options(words).keys() <= OPTIONS[verb]


@pytest.mark.parametrize("words", [words for _, words in COMMANDS], ids=IDS)
def test_a_body_has_only_properties_of_its_resource_type(words: list[str]) -> None:
    given = options(words)
    for logs in json.loads(given.get("--logs", "[]")):
        assert logs.keys() == {"category", "enabled"}
    if "--url" not in given:
        return
    path, _, version = given["--url"].removeprefix("$APIM/").partition("?api-version=")
    kind = "/".join(path.split("/")[::2])
    described = TYPES[f"Microsoft.ApiManagement/service/{kind}@{version}"]["{}"]["properties"][1]
    if given["--method"] == "get":
        assert "--body" not in given
        return
    properties = json.loads(given["--body"])["properties"]
    assert properties
    assert_fits(properties, described, whole=given["--method"] == "put")


def assert_fits(value: Any, described: Any, *, whole: bool) -> None:
    """`whole`: nothing that the type requires may be absent."""
    if isinstance(described, dict) and "{}" in described:
        known = described["{}"]
        assert value.keys() <= known.keys() or "*" in described
        required = {name for name, (flags, _) in known.items() if flags & 1}
        assert not whole or required <= value.keys()
        for name, item in value.items():
            assert_fits(item, known[name][1] if name in known else described["*"], whole=whole)
    elif isinstance(described, dict) and "|" in described:
        assert value in [each["="] for each in described["|"] if isinstance(each, dict)]
    else:
        kind = described["is"] if isinstance(described, dict) else described
        assert isinstance(value, {"int": int, "string": str, "bool": bool}[kind])
