"""Compiling: every way a rule or a book can be wrong is refused with file, rule and reason."""

import hashlib
import json
from pathlib import Path

import pytest

from pricing_rules.errors import InvalidBook
from pricing_rules.price_book.book import compile_book, load_book, load_compiled
from tests.pricing_rules.books import ALIAS, base_rule, compile_text, modifier, per

EURO = '[book]\nbilling_currency = "EUR"\n'
GLOBAL = ', deployment = ["GlobalStandard"]'
REGION = ', region = ["eastus2"]'
LATER = "2026-06-01T00:00:00Z"
OFF = 'layer = "contracted"\nfactor = "0.5"'


def fx(rule_id: str, begins: str, end: str, rate: str = "0.9", pair: str = "USD-EUR") -> str:
    return (
        f'\n[[rule]]\nid = "{rule_id}"\nkind = "fx"\npair = "{pair}"\nrate = "{rate}"\n'
        f"valid_from = {begins}T00:00:00Z\nvalid_to = {end}T00:00:00Z\n"
        'source = { kind = "contract", checked = 2026-11-01 }\n'
    )


WRONG = {
    "duplicate id": (
        base_rule() + base_rule(match=GLOBAL),
        "'base.m': duplicate id",
    ),
    "overlap": (
        base_rule() + base_rule("other", valid_from=LATER),
        "'other': overlaps 'base.m' in time with equal specificity",
    ),
    "overlap of other dimensions": (
        base_rule(match=GLOBAL) + base_rule("other", match=REGION),
        "overlaps .* with equal specificity",
    ),
    "gap": (
        base_rule(more="valid_to = 2026-03-01T00:00:00Z") + base_rule("later", valid_from=LATER),
        "'later': begins 2026-06-01.* a gap after 'base.m' that ends 2026-03-01",
    ),
    "a gap between rules that share a version": (
        base_rule(match=', versions = ["1", "2"]', more="valid_to = 2026-03-01T00:00:00Z")
        + base_rule("later", match=', versions = ["2"]', valid_from=LATER),
        "'later': begins 2026-06-01.* a gap after 'base.m'",
    ),
    "a successor of fewer calls": (
        base_rule()
        + base_rule("new", match=REGION, valid_from=LATER, more='supersedes = "base.m"'),
        "'new': supersedes 'base.m' but matches fewer calls, by region",
    ),
    "unknown unit": (base_rule(rates='rates = { inptu = "2" }'), "'base.m': .*inptu.*'input'"),
    "off the grid": (
        base_rule(rates='rates = { input = "0.0000005" }'),
        "'base.m': input = '0.0000005' per 1M is off the grid",
    ),
    "a bare float": (base_rule(rates="rates = { input = 0.5 }"), "'base.m': .*valid string"),
    "no rates": (base_rule(rates="rates = {}"), "'base.m': .*at least 1 item"),
    "digits of another script": (
        base_rule(rates='rates = { input = "\u0661" }'),
        "'base.m': .*pattern",
    ),
    "a negative price": (base_rule(rates='rates = { input = "-1" }'), "'base.m': .*pattern"),
    "tier order": (
        base_rule(
            rates='tier = [{ up_to_prompt_tokens = 9, rates = { input = "1" } }, '
            '{ up_to_prompt_tokens = 9, rates = { input = "2" } }, { rates = { input = "3" } }]'
        ),
        r"'base.m': tier bounds \[9, 9, None\] do not ascend",
    ),
    "an open tier before the last": (
        base_rule(rates='tier = [{ rates = { input = "1" } }, { rates = { input = "3" } }]'),
        "do not ascend",
    ),
    "a bounded last tier": (
        base_rule(rates='tier = [{ up_to_prompt_tokens = 9, rates = { input = "1" } }]'),
        "the last tier ends at 9",
    ),
    "neither rates nor tiers": (base_rule(rates=""), "has rates and tiers or neither"),
    "an unknown key": (base_rule(more='colour = "red"'), "'base.m': .*colour"),
    "an unknown kind": (
        modifier("odd", "discount", 'factor = "0.9"'),
        "'odd': .*'discount'",
    ),
    "a base rule without a model": (
        base_rule().replace('model = "m"', 'service_tier = "default"'),
        "names no provider or no model",
    ),
    "a base rule for one caller": (
        base_rule(match=', product = ["p"]'),
        "'base.m': match names a caller",
    ),
    "a fee for one caller": (
        base_rule(match=', product = ["p"]').replace('kind = "base"', 'kind = "fee"'),
        "'base.m': match names a caller",
    ),
    "a fee of any provider": (
        base_rule("fee").replace('"base"', '"fee"').replace('provider = "azure", ', ""),
        "'fee': match names no provider, a fee needs one",
    ),
    "a fee for a model that nothing knows": (
        base_rule("fee").replace('"base"', '"fee"'),
        "'fee': match is for model 'm' of azure, which no price, alias or family",
    ),
    "a discount for a model that nothing knows": (
        base_rule() + modifier("x", "multiply", OFF, match='provider = "azure", model = "mm"'),
        "'x': match is for model 'mm' of azure, which no price, .* names; the nearest is 'm'",
    ),
    "a discount for another provider's model": (
        base_rule() + modifier("x", "multiply", OFF, match='provider = "Azure", model = "m"'),
        "'x': match is for model 'm' of Azure, which no price",
    ),
    "a router that nothing knows": (
        base_rule() + ALIAS.replace('"m"', '"chooser"') + 'rate_by = "reported"\n',
        "book_0.toml: alias 'dep' is of model 'chooser' of azure, which no price",
    ),
    "hours of tokens": (per("hour", base_rule()), "an hour is the unit of audio_ms alone"),
    "validity backwards": (
        base_rule(more="valid_to = 2025-01-01T00:00:00Z"),
        "'base.m': valid_to .* is not after valid_from",
    ),
    "a time without a zone": (
        base_rule(valid_from="2026-01-01T00:00:00"),
        "'base.m': .*no time zone",
    ),
    "a successor of nothing": (
        base_rule(more='supersedes = "ghost"'),
        "'base.m': supersedes 'ghost', which is no rule",
    ),
    "a successor before its predecessor": (
        base_rule("new", valid_from=LATER) + base_rule(more='supersedes = "new"'),
        "expected an earlier rule of the same kind",
    ),
    "an alias to nothing": (
        base_rule(match=', deployment = ["DataZoneStandard"]') + ALIAS,
        "book_0.toml: alias 'dep' resolves to nothing: no rule prices azure m .*GlobalStandard",
    ),
    "two aliases of one name": (base_rule() + ALIAS + ALIAS.replace('"dep"', '"DEP"'), "already"),
    "two default versions": (
        base_rule() + '[[model]]\nprovider = "azure"\nname = "m"\ndefault_version = "1"\n' * 2,
        "has a default already",
    ),
    "a default version without a rule": (
        base_rule(match=', versions = ["2"]')
        + '[[model]]\nprovider = "azure"\nname = "m"\ndefault_version = "1"\n',
        "book_0.toml: default version '1' of azure m has no rule",
    ),
    "missing fx": (EURO + base_rule(), "book_0.toml: has no fx rule for USD-EUR"),
    "fx for some calls": (
        EURO
        + base_rule()
        + fx("f", "2026-01-01", "2027-01-01").replace("pair", 'match = { model = "m" }\npair'),
        "'f': has a match, but one rate holds for every call",
    ),
    "fx of another pair": (
        EURO + base_rule() + fx("f", "2026-01-01", "2027-01-01", pair="USD-GBP"),
        "'f': pair USD-GBP, expected USD-EUR",
    ),
    "overlapping fx": (
        EURO + fx("f", "2026-01-01", "2026-03-01") + fx("g", "2026-02-01", "2026-04-01"),
        "overlaps",
    ),
    "a gap in fx": (
        EURO + fx("f", "2026-01-01", "2026-02-01") + fx("g", "2026-03-01", "2026-04-01"),
        "'g': begins .* a gap after 'f'",
    ),
    "a zero rate": (
        EURO + fx("f", "2026-01-01", "2027-01-01", rate="0"),
        "'f': rate '0' is out of range",
    ),
    "a factor out of range": (
        modifier("x", "multiply", 'layer = "charge"\nfactor = "1001"'),
        "'x': factor '1001' is out of range",
    ),
    "a factor too fine": (
        modifier("x", "multiply", 'layer = "charge"\nfactor = "0.1234567890123"'),
        "'x': factor .* 12 decimals",
    ),
    "a minimum off the grid": (
        modifier("x", "minimum", 'scope = "call"\ncurrency = "USD"\namount = "0.0000000000001"'),
        "'x': amount .* more than 12 decimals",
    ),
    "a minimum in another currency": (
        modifier("x", "minimum", 'scope = "call"\ncurrency = "EUR"\namount = "1"'),
        "'x': currency EUR, expected the book's USD",
    ),
    "a minimum per month": (
        modifier("x", "minimum", 'scope = "month"\ncurrency = "USD"\namount = "1"'),
        "'x': .*'call'",
    ),
    "an allocation": (
        modifier("x", "allocate", 'amount = "1"\ncurrency = "USD"\nunit = "hour"'),
        "'x': kind allocate is not supported",
    ),
    "no TOML": ("[[rule", "book_0.toml: is not TOML"),
    "TOML without an end": ("a = " + "[" * 10_000, "book_0.toml: is not TOML"),
}


@pytest.mark.parametrize("name", WRONG)
def test_a_wrong_book_is_refused_with_file_rule_and_reason(name: str, tmp_path: Path) -> None:
    text, message = WRONG[name]
    with pytest.raises(InvalidBook, match=message):
        compile_text(tmp_path, text)


@pytest.mark.parametrize("end", ["", "valid_to = 2026-03-01T00:00:00Z"])
def test_a_less_specific_rule_fills_what_would_be_a_gap(end: str, tmp_path: Path) -> None:
    rules = (
        base_rule(more=end, match=GLOBAL)
        + base_rule("all")
        + base_rule("later", match=GLOBAL + REGION, valid_from=LATER)
    )
    assert len(compile_text(tmp_path, rules).content.cards) == 3


def test_settings_in_two_files_are_refused(tmp_path: Path) -> None:
    with pytest.raises(InvalidBook, match=r"book_0.toml and book_1.toml"):
        compile_text(tmp_path, "[book]\n", "[book]\n")


def test_a_missing_file_is_refused_by_name(tmp_path: Path) -> None:
    with pytest.raises(InvalidBook, match=r"absent\.toml: cannot be read"):
        compile_book([tmp_path / "absent.toml"])


def test_a_successor_ends_its_predecessor_without_editing_it(tmp_path: Path) -> None:
    book = compile_text(
        tmp_path, base_rule() + base_rule("new", valid_from=LATER, more='supersedes = "base.m"')
    )
    old, new = sorted(book.content.cards, key=lambda card: card.valid_from)
    assert old.valid_to == new.valid_from
    assert new.valid_to is None


def test_the_version_is_of_what_decides_prices_alone(tmp_path: Path) -> None:
    book = compile_text(tmp_path, base_rule())
    checked_again = compile_text(tmp_path, base_rule().replace("2026-11-01", "2026-11-20"))
    other_price = compile_text(tmp_path, base_rule(rates='rates = { input = "2.1" }'))
    assert checked_again.version == book.version
    assert other_price.version != book.version


def test_the_order_of_files_and_rules_does_not_matter(tmp_path: Path) -> None:
    one, two = base_rule(match=GLOBAL), base_rule("other", match=', deployment = ["Standard"]')
    versions = {
        compile_text(tmp_path, one + two).version,
        compile_text(tmp_path, two + one).version,
        compile_text(tmp_path, one, two).version,
        compile_text(tmp_path, two, one).version,
    }
    assert len(versions) == 1


def test_the_compiled_form_is_the_same_book() -> None:
    book = load_book()
    again = load_compiled(book.to_bytes())
    assert again.content == book.content
    assert again.version == book.version
    assert again.sources == book.sources


def test_a_compiled_form_that_was_changed_is_refused(tmp_path: Path) -> None:
    data = compile_text(tmp_path, base_rule()).to_bytes()
    with pytest.raises(InvalidBook, match="content has version"):
        load_compiled(data.replace(b"2000000", b"1000000"))
    with pytest.raises(InvalidBook, match="is no compiled book"):
        load_compiled(data[:-9])


def test_a_book_that_an_older_release_wrote_is_read_and_stays_what_it_was(tmp_path: Path) -> None:
    """Its content lacks the fields that were added since; its version is of its own bytes."""
    newer = json.loads(compile_text(tmp_path, base_rule()).to_bytes())
    for added in ("harmless", "plain"):
        del newer["content"][added]
    content = json.dumps(newer["content"], separators=(",", ":"), ensure_ascii=False)
    version = hashlib.sha256(content.encode()).hexdigest()
    stored = f'{{"content":{content},"sources":{{}},"version":"{version}"}}'.encode()
    book = load_compiled(stored)
    assert book.version == version
    assert load_compiled(book.to_bytes()).version == version  # also when it is archived again


@pytest.mark.parametrize(
    ("match", "meant"),
    [
        (', cost_centre = "LAGO"', r'match.cost_centre: expected a list, as \["LAGO"\]'),
        (", service_tier = 41", "match.service_tier: "),
        (", product = [41]", 'expected text in quotes, as "41"'),
        (', modle = "m"', "match.modle: no such key"),
    ],
)
def test_a_slip_of_a_rule_is_explained_in_the_words_of_the_file(
    match: str, meant: str, tmp_path: Path
) -> None:
    with pytest.raises(InvalidBook, match=meant):
        compile_text(tmp_path, base_rule(match=match))
