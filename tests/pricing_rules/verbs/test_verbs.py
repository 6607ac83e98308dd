"""The verbs of `python -m pricing_rules`, run as a person runs them."""

import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pytest

from pricing_rules.__main__ import main
from pricing_rules.engine.what_if import OPERATION_NAMES
from pricing_rules.price_book.book import BASE_BOOKS, load_book, load_compiled
from pricing_rules.price_book.rules import DeploymentType, PriceOrigin
from pricing_rules.verbs.options import APIS, BASE, DEPLOYMENT_TYPES, PRICE_SOURCES
from tests.fixtures.builders import chat_usage
from tests.pricing_rules.books import base_rule
from tests.pricing_rules.price_sources.azure.test_fetch import page, serving
from tests.pricing_rules.price_sources.azure.test_proposed import NAMES, row, rows, write_dump

CONTOSO = str(BASE_BOOKS / "examples" / "contoso.toml")
USAGE = json.dumps(chat_usage(prompt=128_000, cached=100_000, completion=2_000, reasoning=1_500))
AT = "2026-11-20T12:00:00+01:00"
FREE = ["price", "--model", "gpt-5", "--usage", "{}"]

Output = pytest.CaptureFixture[str]


def run(capsys: Output, words: Sequence[str], *, code: int = 0) -> tuple[str, str]:
    assert main(words) == code
    captured = capsys.readouterr()
    return captured.out, captured.err


def price(capsys: Output, *words: str) -> dict[str, Any]:
    out, err = run(capsys, ["price", "--usage", USAGE, "--at", AT, "--json", *words])
    assert err == ""
    document: dict[str, Any] = json.loads(out)
    return document


def test_price_answers_with_exact_decimal_strings(capsys: Output) -> None:
    answer = price(capsys, "--model", "gpt-5.4")
    assert answer["state"] == "priced"
    assert (answer["total"], answer["currency"]) == ("0.125", "USD")
    assert [(line["unit"], line["quantity"], line["amount"]) for line in answer["lines"]] == [
        ("input", 28_000, "0.07"),
        ("cache_read", 100_000, "0.025"),
        ("output", 2_000, "0.03"),
    ]
    assert answer["rules"] == ["azure.gpt-5.4.2026-03-05.GlobalStandard.2026-03-05"]
    assert answer["book"] == load_book().version


def test_price_goes_through_the_layers_of_a_company(capsys: Output) -> None:
    answer = price(capsys, "--model", "gpt-5.4", "--book", CONTOSO, "--cost-centre", "4711")
    assert (answer["total"], answer["currency"]) == ("0.097703122", "EUR")
    assert answer["layers"]["charge"] == {"currency": "USD", "amount": "0.1133"}
    assert answer["rules"][1:] == [
        "contoso.ea-2026",
        "contoso.platform-markup.4711",
        "fx.USD-EUR.2026-11",
    ]


def test_price_of_a_free_product_is_zero_with_a_reason(capsys: Output) -> None:
    answer = price(capsys, "--model", "gpt-5.4", "--book", CONTOSO, "--product", "ai-academy")
    assert (answer["state"], answer["total"]) == ("zero", "0")
    assert "paid centrally" in answer["reason"]


def test_price_of_a_model_that_two_providers_sell_asks_for_the_provider(
    capsys: Output, tmp_path: Path
) -> None:
    other = tmp_path / "openai.toml"
    rule = base_rule(
        "openai.gpt-5", rates='rates = { input = "3", cache_read = "1", output = "9" }'
    )
    rule = rule.replace('provider = "azure", model = "m"', 'provider = "openai", model = "gpt-5"')
    other.write_text(rule, encoding="utf-8")
    words = ["--model", "gpt-5", "--book", str(other)]
    _, err = run(capsys, ["price", "--usage", USAGE, "--at", AT, *words], code=1)
    assert err == "error: gpt-5 is sold by azure and openai: name the provider\n"
    assert price(capsys, *words, "--provider", "openai")["rules"] == ["openai.gpt-5"]
    (rule_id,) = price(capsys, *words, "--provider", "azure")["rules"]
    assert rule_id.startswith("azure.gpt-5.")


@pytest.mark.parametrize(
    "words",
    [
        ["--model", "gpt-9"],
        ["--model", "gpt-4.1", "--deployment-type", "Standard", "--region", "westeurope"],
        ["--model", "gpt-5.5", "--service-tier", "flex"],
        ["--model", "gpt-5.4", "--at", "2026-03-04T23:59:59Z"],
    ],
)
def test_what_has_no_price_is_unpriced_and_never_zero(capsys: Output, words: list[str]) -> None:
    answer = price(capsys, *words)
    assert (answer["state"], answer["total"], answer["lines"]) == ("unpriced", None, [])
    assert answer["reason"].startswith("no price for azure")


@pytest.mark.parametrize(
    ("words", "total"),
    [
        (["--model", "gpt-4.1-2025-04-14"], "0.122"),
        (["--model", "GPT-4.1"], "0.122"),
        (["--model", "gpt-4.1", "--deployment-type", "DataZoneStandard"], "0.1342"),
        (
            ["--model", "gpt-4.1", "--deployment-type", "Standard", "--region", "eastus2"],
            "0.1342",
        ),
        (["--model", "gpt-5", "--service-tier", "batch"], "0.03375"),
        (["--model", "gpt-5", "--deployment-type", "GlobalBatch"], "0.03375"),
        (["--model", "gpt-4o-2024-08-06"], "0.215"),
    ],
)
def test_names_types_and_tiers_lead_to_their_own_price(
    capsys: Output, words: list[str], total: str
) -> None:
    assert price(capsys, *words)["total"] == total


def test_price_speaks_plainly_and_explains(capsys: Output) -> None:
    words = ["price", "--model", "gpt-5.4", "--usage", USAGE, "--at", AT]
    assert run(capsys, words)[0] == "0.125 USD\n"
    out, _ = run(capsys, [*words, "--explain"])
    assert "cache_read" in out
    assert "0.125" in out
    out, _ = run(capsys, ["price", "--model", "gpt-9", "--usage", USAGE])
    assert out.startswith("unpriced: no price for azure gpt-9")


def test_a_contradictory_usage_is_unpriced_and_names_both_numbers(capsys: Output) -> None:
    usage = json.dumps(chat_usage(prompt=10, cached=11))
    out, _ = run(capsys, ["price", "--model", "gpt-5", "--usage", usage])
    why = "usage contradicts itself: cached_tokens (11) > prompt tokens (10)"
    assert out == f"unpriced: {why}\n"


@pytest.mark.parametrize("usage", ["{", "[]"])
def test_a_usage_that_is_no_object_is_a_wrong_argument(capsys: Output, usage: str) -> None:
    _, err = run(capsys, ["price", "--model", "gpt-5", "--usage", usage], code=2)
    assert f"--usage: {usage!r} is" in err
    assert "expected an object" in err


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (["show", "gpt-5", "--at", "yesterday"], "--at: 'yesterday' is not a time; expected one"),
        (["show", "gpt-5", "--today", "2026-13-01"], "--today: '2026-13-01' is not a day"),
        (
            [*FREE, "--deployment-type", "GlobalStandart"],
            "--deployment-type: 'GlobalStandart' is unknown; expected one of GlobalStandard, ",
        ),
        ([*FREE, "--deployment-type", "globalstandard"], "; did you mean GlobalStandard?"),
        ([*FREE, "--explain", "--json"], "--explain and --json are given; expected one of"),
        (["price", "--model", "gpt-5"], "--usage is missing: usage as the model sent it"),
    ],
)
def test_a_wrong_argument_exits_2(capsys: Output, words: list[str], said: str) -> None:
    assert said in run(capsys, words, code=2)[1]


def test_words_of_the_command_line_are_those_of_the_engine() -> None:
    assert list(DEPLOYMENT_TYPES) == list(DeploymentType)
    assert list(APIS) == sorted(OPERATION_NAMES)
    assert list(PRICE_SOURCES) == list(PriceOrigin)
    assert Path(BASE) == BASE_BOOKS


def test_lint_says_ok_or_what_is_wrong_and_why(capsys: Output, tmp_path: Path) -> None:
    out, _ = run(capsys, ["lint", CONTOSO])
    assert out.startswith("OK ")
    wrong = tmp_path / "wrong.toml"
    wrong.write_text("[[rule", encoding="utf-8")
    _, err = run(capsys, ["lint", str(wrong)], code=1)
    assert err.startswith("error: wrong.toml: is not TOML")
    assert len(err.splitlines()) == 1


@pytest.mark.parametrize("moment", ["0001-01-01T00:00:00+14:00", "9999-12-31T23:59:59-05:00", "x"])
def test_a_time_that_is_none_is_a_wrong_argument(capsys: Output, moment: str) -> None:
    _, err = run(capsys, [*FREE, "--at", moment], code=2)
    assert f"--at: {moment!r} is " in err


def test_show_gives_sources_and_warns_of_old_prices(capsys: Output) -> None:
    out, err = run(capsys, ["show", "gpt-4.1", "--at", AT, "--today", "2025-11-23"])
    assert "gpt 4.1 Inp glbl Tokens" in out
    assert "checked 2025-08-25, 90 days ago" in out
    assert err == ""
    _, err = run(capsys, ["show", "gpt-4.1", "--at", AT, "--today", "2025-11-24"])
    assert "checked 91 days ago, more than 90" in err
    out, _ = run(capsys, ["show", "gpt-5.4", "--at", AT])
    assert "up to 272,000 prompt tokens" in out
    dated, _ = run(capsys, ["show", "GPT-5.4-2026-03-05", "--at", AT])
    assert dated == out
    _, err = run(capsys, ["show", "gpt-9"], code=1)
    assert err.startswith("no price for gpt-9")


def test_diff_names_what_another_book_has_otherwise(capsys: Output, tmp_path: Path) -> None:
    compiled = tmp_path / "base.json"
    _, err = run(capsys, ["compile", "--out", str(compiled)])
    assert load_compiled(compiled.read_bytes()).version == load_book().version
    assert load_book().version in err
    out, _ = run(capsys, ["diff", str(BASE_BOOKS), str(compiled)])
    assert out == ""
    out, _ = run(capsys, ["diff", str(compiled), CONTOSO], code=1)
    assert "added     contoso.ea-2026" in out
    assert "added     deployment chat-eu" in out
    assert "changed   billing_currency: USD → EUR" in out
    out, _ = run(capsys, ["diff", CONTOSO, str(compiled)], code=1)
    assert "gone      contoso.ea-2026" in out


def test_the_editors_schema_is_the_models(capsys: Output) -> None:
    out, _ = run(capsys, ["schema"])
    shipped = (BASE_BOOKS.parent / "book.schema.json").read_text(encoding="utf-8")
    assert json.loads(out) == json.loads(shipped)


def test_an_import_writes_only_when_told_to(capsys: Output, tmp_path: Path) -> None:
    items = rows()
    items[2] = row(NAMES["output"], "7", effectiveStartDate="2026-12-01T00:00:00Z")
    dump = str(write_dump(tmp_path, items))
    books = tmp_path / "our" / "prices"
    words = ["import-azure", dump, "--checked", "2026-11-23"]
    out, _ = run(capsys, words)
    assert "1 changed" in out
    assert not books.parent.exists()
    _, err = run(capsys, [*words, "--write", str(books)])
    assert "written to azure_gpt_5.toml" in err
    assert 'output = "7"' in (books / "azure_gpt_5.toml").read_text(encoding="utf-8")


def test_an_import_that_does_not_compile_leaves_the_files_as_they_were(
    capsys: Output, tmp_path: Path
) -> None:
    odd = row("5.9 inp Rg 1M Tokens", "2", armRegionName="US East 2")
    dump = str(write_dump(tmp_path, [odd, row("6.1-sol inp Gl 1M Tokens", "2")]))
    books = tmp_path / "books"
    books.mkdir()
    before = (BASE_BOOKS / "azure_gpt_5.toml").read_text(encoding="utf-8")
    (books / "azure_gpt_5.toml").write_text("# Ours.\n", encoding="utf-8")
    _, err = run(capsys, ["import-azure", dump, "--write", str(books)], code=1)
    assert "azure.gpt-5.9.Standard.US East 2" in err
    assert "written to" not in err
    assert [path.name for path in books.iterdir()] == ["azure_gpt_5.toml"]
    assert (books / "azure_gpt_5.toml").read_text(encoding="utf-8") == "# Ours.\n"
    assert (BASE_BOOKS / "azure_gpt_5.toml").read_text(encoding="utf-8") == before


def test_import_genai_prints_its_review(capsys: Output) -> None:
    words = ["import-genai", "--since", "2026-01-01", "--checked", "2026-10-14"]
    out, _ = run(capsys, [*words, "--provider", "anthropic"])
    counts = "0 added, 0 changed, 0 gone, 0 off-grid, 0 conflict, 0 unread, 0 contradicted"
    assert out == f"{counts}\n"
    _, err = run(capsys, [*words, "--provider", "nobody"], code=1)
    assert "no provider 'nobody'" in err


def test_fetched_prices_can_be_imported(capsys: Output, tmp_path: Path) -> None:
    items = json.loads(write_dump(tmp_path, rows()).read_text(encoding="utf-8"))["Items"]
    with serving((200, {}, {"Items": items, "NextPageLink": None}), page()) as api:
        out, err = run(capsys, ["fetch-azure", "--region", "eastus2", "--url", api.url])
    assert err == ""
    dump = tmp_path / "fetched.json"
    dump.write_text(out, encoding="utf-8")
    out, _ = run(capsys, ["import-azure", str(dump), "--checked", "2026-11-23"])
    assert out.splitlines()[-1].startswith("0 added, 0 changed, ")


def test_lint_warns_of_a_rule_that_a_more_trusted_one_always_replaces(
    capsys: Output, tmp_path: Path
) -> None:
    own = tmp_path / "own.toml"
    rule = base_rule(
        "own.gpt-5", match=', deployment = ["GlobalStandard"], service_tier = "default"'
    )
    own.write_text(rule.replace('"m"', '"gpt-5"'), encoding="utf-8")
    _, err = run(capsys, ["lint", str(own)])
    better = "azure.gpt-5.GlobalStandard.2025-08-01"
    assert err == f"warning: own.gpt-5 never holds: {better} is of a more trusted source\n"


def test_digests_are_of_every_base_rule(capsys: Output) -> None:
    out, _ = run(capsys, ["digests"])
    content = load_book().content
    ids = {card.id for card in content.cards} | {rule.id for rule in content.modifiers}
    ids |= {fee.id for fee in content.fees}
    assert json.loads(out).keys() == ids


@pytest.mark.parametrize(
    "name",
    [
        "claude-haiku-4-5-20251001",
        "claude-haiku-4-5@20251001",
        "anthropic.claude-haiku-4-5-20251001-v1:0",
        "vertex_ai/claude-haiku-4-5",
    ],
)
def test_a_model_is_found_by_its_vendors_own_name(capsys: Output, name: str) -> None:
    usage = '{"input_tokens": 1000, "output_tokens": 1000}'
    out, _ = run(capsys, ["price", "--model", name, "--api", "messages", "--usage", usage])
    assert out == "0.006 USD\n"


def test_the_nearest_names_are_suggested(capsys: Output) -> None:
    out, _ = run(capsys, ["price", "--model", "gpt-5-mni", "--usage", USAGE])
    assert out.rstrip().endswith("; the book has gpt-5-mini, gpt-5.4-mini, gpt-4o-mini")
    _, err = run(capsys, ["show", "gpt-5-mni", "--at", "2026-11-20"], code=1)
    assert err.rstrip().endswith("; the book has gpt-5-mini, gpt-5.4-mini, gpt-4o-mini")
    _, err = run(capsys, ["show", "gpt-5-mini", "--at", "2020-01-01"], code=1)
    assert err == "no price for gpt-5-mini at 2020-01-01T00:00:00+00:00\n"


def test_a_deployment_in_place_of_a_model_is_named_as_one(capsys: Output) -> None:
    out, _ = run(capsys, ["price", "--model", "Chat-EU", "--usage", USAGE, "--book", CONTOSO])
    said = "; Chat-EU is a deployment: ask for its model, gpt-4.1, DataZoneStandard, swedencentral"
    assert out.rstrip().endswith(said)


def test_price_reads_the_variables_of_metering_and_a_flag_is_stronger(
    capsys: Output, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PRICE_BOOKS", CONTOSO)
    monkeypatch.setenv("PRICE_SOURCES", "azure,vendor")
    assert price(capsys, "--model", "gpt-5.4", "--cost-centre", "4711")["currency"] == "EUR"
    asked = ["--model", "gpt-5.5"]
    left_out = price(capsys, *asked)["reason"]
    assert left_out.startswith("only a reported price, which PRICE_SOURCES leaves out")
    assert price(capsys, *asked, "--price-sources", "reported")["state"] == "priced"
    words = ["price", "--model", "gpt-5", "--usage", "{}", "--price-sources", "azure,rumour"]
    assert "expected some of azure, vendor, reported" in run(capsys, words, code=2)[1]


def test_a_directory_in_place_of_rule_files_says_what_to_name(
    capsys: Output, tmp_path: Path
) -> None:
    _, err = run(capsys, ["lint", str(tmp_path)], code=1)
    assert err == f"error: {tmp_path}: cannot be read: is a directory; name the files in it\n"
