"""A second opinion on every policy element: Microsoft's own schemas, where they are at hand."""

import warnings
from pathlib import Path
from typing import Any

import pytest
import xmlschema
from lxml import etree

from apim_policies.check import read_named_values
from tests.apim_policies.conftest import FOLDER

SCHEMAS = FOLDER.parents[1] / "shared" / "data" / "apim_policy_xsd"
# Structure that the schemas do not know (fragment) or know only inside another element.
NOT_GLOBAL = {"fragment", "policies", "inbound", "backend", "outbound", "on-error", "base"}
NOT_GLOBAL |= {"when", "otherwise", "metadata", "message", "dimension", "audiences", "audience"}
NOT_GLOBAL |= {"value"}


@pytest.fixture(scope="module")
def schema() -> Any:
    if not SCHEMAS.is_dir():
        pytest.skip(f"Microsoft's policy schemas are not at {SCHEMAS}")
    with warnings.catch_warnings():
        # One file of theirs imports a namespace without saying where it is.
        warnings.simplefilter("ignore", xmlschema.XMLSchemaImportWarning)
        return xmlschema.XMLSchema11(SCHEMAS / "policies.xsd")


def filled(path: Path) -> bytes:
    """The file with its named values put in, as the gateway does before it looks at attributes."""
    text = path.read_text(encoding="utf-8")
    for name, value in read_named_values(FOLDER).items():
        text = text.replace(f"{{{{{name}}}}}", value)
    return text.encode()


def policy_elements() -> list[Any]:
    """Every policy on its own: the schemas do not look into branches of choose."""
    return [
        pytest.param(element, id=f"{path.name}:{element.sourceline}:{element.tag}")
        for path in sorted(FOLDER.glob("*.xml"))
        for element in etree.fromstring(filled(path)).iter(etree.Element)
        if element.tag not in NOT_GLOBAL
    ]


@pytest.mark.parametrize("element", policy_elements())
def test_policy_is_valid_by_microsofts_schema(element: etree._Element, schema: Any) -> None:
    assert element.tag in schema.elements
    errors = list(schema.iter_errors(element, path=f"/{element.tag}"))
    assert [error.reason for error in errors] == []


def test_schema_refuses_a_misspelt_attribute(schema: Any) -> None:
    element = etree.fromstring('<log-to-eventhub loger-id="l">x</log-to-eventhub>')

    assert list(schema.iter_errors(element, path="/log-to-eventhub"))
