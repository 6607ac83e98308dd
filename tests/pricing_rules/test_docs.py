"""docs/pricing.md is true: its books compile, its commands print that, nothing is left out."""

import re
import shlex
import textwrap
from pathlib import Path

import pytest

from pricing_rules.__main__ import main
from pricing_rules.price_book.book import load_book
from pricing_rules.price_book.book_file import BookFile, Deployment, Settings
from pricing_rules.price_book.rules import (
    BaseRule,
    DeploymentType,
    FixedRule,
    FxRule,
    Match,
    MinimumRule,
    MultiplyRule,
    ServiceTier,
    Source,
    ZeroRule,
)
from pricing_rules.types import CallState
from pricing_rules.units import Unit
from pricing_rules.verbs.app import app
from tests.fixtures.commands import verbs_of
from tests.paths import ROOT

TEXT = (ROOT / "docs" / "pricing.md").read_text(encoding="utf-8")
VERSION = re.compile(r"[0-9a-f]{64}")
"""Moves with every new rule; the test of the worked example holds it to the book's."""
RULE_FIELDS = {
    *BaseRule.model_fields,
    *MultiplyRule.model_fields,
    *FixedRule.model_fields,
    *MinimumRule.model_fields,
    *ZeroRule.model_fields,
    *FxRule.model_fields,
}
KINDS = ("base", "multiply", "fee", "fixed", "minimum", "zero", "fx", "allocate")


def blocks(language: str) -> list[str]:
    found = re.findall(rf"^( *)```{language}\n(.*?)^ *```", TEXT, re.MULTILINE | re.DOTALL)
    return [textwrap.dedent(block) for _, block in found]


def test_every_book_in_the_text_compiles_over_the_base_books(tmp_path: Path) -> None:
    path = tmp_path / "company.toml"
    path.write_text("\n".join(blocks("toml")), encoding="utf-8")
    book = load_book([path])
    assert "chat-prod" in book.deployments
    assert "contoso.gpt-4.1.DataZoneStandard.2027-01-01" in book.sources


@pytest.mark.parametrize("block", blocks("console"), ids=lambda block: block.split()[4])
def test_every_command_prints_what_the_text_shows(
    block: str, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(ROOT)
    command, _, shown = block.partition("\n")
    words = shlex.split(command.removeprefix("$ python -m pricing_rules "))
    assert main(words) == 0
    assert VERSION.sub("VERSION", capsys.readouterr().out) == VERSION.sub("VERSION", shown)


@pytest.mark.parametrize(
    "name",
    [
        *Unit,
        *DeploymentType,
        *ServiceTier,
        *KINDS,
        *Match.model_fields,
        *(state for state in CallState if state is not CallState.MOVED),
        *Source.model_fields["kind"].annotation.__args__,  # type: ignore[union-attr]  # a Literal
    ],
)
def test_every_word_of_a_rule_file_is_documented(name: str) -> None:
    assert f"`{name}`" in TEXT


def test_every_table_and_field_of_a_file_is_documented() -> None:
    assert all(f"[{name}]" in TEXT for name in BookFile.model_fields)
    for fields in (Deployment.model_fields, Settings.model_fields, RULE_FIELDS):
        assert [name for name in fields if f"`{name}`" not in TEXT] == []


def test_every_kind_of_rule_is_in_the_list_above() -> None:
    kinds = re.findall(r"'(\w+)': '#/\$defs/\w+Rule'", str(BookFile.model_json_schema()))
    assert sorted(kinds) == sorted(KINDS)


def test_every_verb_is_documented() -> None:
    verbs = verbs_of(app)
    assert len(verbs) == 12
    assert [verb for verb in verbs if f"`{verb}`" not in TEXT] == []


def test_every_state_of_a_call_is_documented_with_what_it_means_at_a_close() -> None:
    states = TEXT.split("## States", 1)[1].split("\n## ", 1)[0]
    assert [state for state in CallState if f"`{state.value}`" not in states] == []
