"""`--json` of the verbs about books: one document on stdout, with what the text says."""

import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pytest

from pricing_rules.__main__ import main
from pricing_rules.price_book.book import BASE_BOOKS, load_book
from tests.pricing_rules.books import base_rule
from tests.pricing_rules.price_sources.azure.test_proposed import NAMES, row, rows, write_dump

Output = pytest.CaptureFixture[str]
CONTOSO = str(BASE_BOOKS / "examples" / "contoso.toml")
AT = "2026-11-20T12:00:00Z"


def said(capsys: Output, words: Sequence[str], *, code: int = 0) -> Any:
    assert main([*words, "--json"]) == code
    return json.loads(capsys.readouterr().out)


def test_lint_counts_and_names_a_rule_that_never_holds(capsys: Output, tmp_path: Path) -> None:
    own = tmp_path / "own.toml"
    match = ', deployment = ["GlobalStandard"], service_tier = "default"'
    own.write_text(base_rule("own.gpt-5", match=match).replace('"m"', '"gpt-5"'), encoding="utf-8")
    found = said(capsys, ["lint", str(own)])
    assert (found["version"], found["never_hold"]) == (
        load_book([own]).version,
        [{"rule": "own.gpt-5", "shadowed_by": "azure.gpt-5.GlobalStandard.2025-08-01"}],
    )
    assert found["base_rules"] == len(load_book([own]).content.cards)


def test_show_has_a_price_as_a_decimal_for_a_million(capsys: Output) -> None:
    days = ["--at", AT, "--today", "2025-11-23"]
    [rule] = [
        each for each in said(capsys, ["show", "gpt-4.1", *days])
        if each["rule"] == "azure.gpt-4.1.GlobalStandard.2025-04-01"
    ]  # fmt: skip
    [tier] = rule["tiers"]
    assert tier["up_to_prompt_tokens"] is None
    assert tier["per_million"] == {"input": "2", "cache_read": "0.5", "output": "8"}
    assert (rule["source"]["checked"], rule["source"]["age_days"]) == ("2025-08-25", 90)


def test_show_has_a_price_per_hour_for_a_million_milliseconds(capsys: Output) -> None:
    """3 USD an hour are 0.8333 for a million milliseconds, as the text says."""
    days = ["--at", "2026-11-30T00:00:00Z", "--today", "2026-11-30"]
    (rule,) = said(capsys, ["show", "gpt-live-1", *days])
    (tier,) = rule["tiers"]
    assert tier["per_million"] == {"audio_ms": "0.833333333333"}


def test_diff_is_a_list_of_changes(capsys: Output) -> None:
    assert said(capsys, ["diff", str(BASE_BOOKS), str(BASE_BOOKS)]) == []
    changes = said(capsys, ["diff", str(BASE_BOOKS), CONTOSO], code=1)
    assert {"kind": "changed", "name": "billing_currency: USD → EUR", "details": []} in changes
    assert "contoso.ea-2026" in {each["name"] for each in changes if each["kind"] == "added"}


def test_an_import_is_a_list_of_changes(capsys: Output, tmp_path: Path) -> None:
    items = rows()
    items[2] = row(NAMES["output"], "7", effectiveStartDate="2026-12-01T00:00:00Z")
    dump = str(write_dump(tmp_path, items))
    found = said(capsys, ["import-azure", dump, "--checked", "2026-11-23"])
    [change] = [each for each in found["changes"] if each["change"] == "changed"]
    assert change["details"] == ["output 10 → 7"]
    assert change["supersedes"]


def test_prices_of_genai_prices_are_changes(capsys: Output) -> None:
    words = ["import-genai", "--since", "2025-01-01", "--checked", "2026-10-14", "--provider"]
    found = said(capsys, [*words, "deepseek"])["changes"]
    [change] = [each for each in found if ".deepseek-v3.1-terminus." in each["rule"]]
    assert change == {
        "change": "added",
        "rule": "deepseek.deepseek-v3.1-terminus.GlobalStandard.2025-01-01",
        "supersedes": None,
        "details": ["input 0.27", "cache_read 0.13", "output 0.95"],
    }
    assert said(capsys, [*words, "anthropic"]) == {"changes": []}


def test_prices_of_litellm_are_changes_what_is_left_and_what_it_covers(
    capsys: Output, tmp_path: Path
) -> None:
    price = {"litellm_provider": "azure", "mode": "chat", "input_cost_per_token": 0.000_003}
    file = tmp_path / "map.json"
    entry = {**price, "output_cost_per_token": 0.000_012}
    file.write_text(json.dumps({"azure/gpt-4.1": entry, "azure/": price}), encoding="utf-8")
    words = [str(file), "--version", "1.0.0"]
    found = said(capsys, ["import-litellm", *words, "--checked", "2026-11-23"])
    assert set(found) == {"changes", "left", "cached_as_input"}
    assert found["left"]
    covered = said(capsys, ["coverage", *words, "--at", AT])
    [of_map] = [each for each in covered["litellm 1.0.0"] if each["key"] == "azure/gpt-4.1"]
    assert of_map["status"] == "different"
    assert {each["unit"]: (each["ours"], each["theirs"]) for each in of_map["differences"]} == {
        "input": ("2", "3"), "output": ("8", "12"),
    }  # fmt: skip
    assert covered["genai-prices"]
