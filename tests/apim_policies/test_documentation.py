"""Each policy file says what its reader must know, and the folder's README leaves nothing out."""

import json
from pathlib import Path

import pytest

from apim_policies.check import read_named_values
from apim_policies.harness.policy_file import named_values_used
from tests.apim_policies.conftest import FOLDER

FILES = sorted(FOLDER.glob("*.xml"))
README = (FOLDER / "README.md").read_text(encoding="utf-8")


@pytest.mark.parametrize("path", FILES, ids=lambda path: path.name)
def test_policy_file_opens_with_contract_named_values_and_failure_mode(path: Path) -> None:
    text = path.read_text(encoding="utf-8")
    assert text.startswith("<!--\n")
    opening = text[: text.index("-->")]
    headings = [opening.index(h) for h in ("CALLER CONTRACT", "NAMED VALUES", "FAILURE MODE")]
    assert headings == sorted(headings)
    assert [name for name in named_values_used(path) if name not in opening] == []


@pytest.mark.parametrize("path", FILES, ids=lambda path: path.name)
def test_readme_names_every_file(path: Path) -> None:
    assert f"`{path.name.removesuffix('.fragment.xml')}`" in README


@pytest.mark.parametrize(("name", "value"), read_named_values(FOLDER).items())
def test_readme_names_every_named_value_with_its_default(name: str, value: str) -> None:
    shown = value.replace("|", "\\|")  # in a table, a bar would end the cell
    assert f"| `{name}` | `{shown}` |" in README


def test_readme_shows_the_trace_fields_that_the_policy_writes() -> None:
    sample = json.loads((FOLDER / "samples" / "chat.json").read_text(encoding="utf-8"))
    names = ["id", "time", "subject", *sample["data"]["caller"], *sample["data"]]
    written = [name for name in names if name not in ("caller", "usage")]
    policy = (FOLDER / "chargeback-usage-event.fragment.xml").read_text(encoding="utf-8")
    assert [name for name in written if f'<metadata name="{name}"' not in policy] == []
