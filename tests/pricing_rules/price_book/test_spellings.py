"""A model is the same one in every rule and alias, in whatever case its name is written."""

from pathlib import Path

import pytest
from msgspec.structs import replace

from pricing_rules.errors import InvalidBook
from pricing_rules.price_book.book import Book, load_book
from pricing_rules.price_sources.ages import ages
from pricing_rules.types import Caller, Operation, PricedCall
from tests.fixtures.builders import CALL_TIME, make_usage
from tests.pricing_rules.books import ALIAS, base_rule, compile_text, modifier
from tests.pricing_rules.price_book.test_terms import alias, call, over_base

HALF = 'layer = "contracted"\nfactor = "0.5"'

OF_RESPONSES = (
    ', deployment = ["GlobalStandard"], service_tier = "default", operation = ["responses"]'
)


def half_of(model: str, provider: str = 'provider = "azure", ') -> str:
    return modifier("half", "multiply", HALF, match=f'{provider}model = "{model}"')


@pytest.mark.parametrize(
    ("priced", "written"),
    [
        ("gpt-4.1", "GPT-4.1"),
        ("deepseek-v3.1", "DeepSeek-V3.1"),
        ("Llama-3.3-70B-Instruct", "llama-3.3-70b-instruct"),
    ],
)
@pytest.mark.parametrize("provider", ['provider = "azure", ', ""], ids=["azure", "any"])
def test_a_discount_is_for_a_model_in_any_spelling(
    tmp_path: Path, priced: str, written: str, provider: str
) -> None:
    """Also where the deployment's alias has it in a third one."""
    deployed = alias("dep", model=written.upper(), service_tier="default")
    book = over_base(tmp_path, deployed, half_of(written, provider))
    at = CALL_TIME.replace(day=30)
    charged = call(book, model=written, time=at)
    assert charged.model == priced
    assert [step.rule_id for step in charged.adjustments] == ["half"]
    assert 0 < charged.charge < charged.list


@pytest.mark.parametrize("written", ["model-router", "Model-Router"])
def test_a_router_has_its_fee_in_any_spelling(tmp_path: Path, written: str) -> None:
    book = over_base(tmp_path, alias("dep", model=written, rate_by="reported"))
    routed = call(book, model="gpt-4.1-2025-04-14")
    assert routed.base_rule_id is not None
    assert routed.base_rule_id.endswith(" + azure.model-router.2025-11-18")


def test_a_router_by_a_dated_name_is_refused_with_the_name_that_has_a_fee(tmp_path: Path) -> None:
    dated = alias("dep", model="model-router-2025-11-18", rate_by="reported")
    with pytest.raises(InvalidBook, match="the nearest is 'model-router'"):
        over_base(tmp_path, dated)


@pytest.mark.parametrize("wrong", ["gpt-41", "gpt-4.1-2025-04-14"])
def test_a_discount_by_a_name_that_no_call_has_is_refused(tmp_path: Path, wrong: str) -> None:
    with pytest.raises(InvalidBook, match=r"the nearest is 'gpt-4\.1'"):
        over_base(tmp_path, half_of(wrong))


def test_a_discount_may_come_before_the_price_of_a_known_model(tmp_path: Path) -> None:
    family = '[[family]]\nname = "f"\nbegins = ["soon-"]\nmodels = ["soon-1"]\n'
    assert over_base(tmp_path, family, half_of("SOON-1")).content.modifiers


def test_a_name_without_what_a_price_map_adds_is_the_priced_model(tmp_path: Path) -> None:
    priced = base_rule().replace('model = "m"', 'model = "m-latest"')
    book = compile_text(tmp_path, priced, ALIAS, half_of("M"))
    assert call(book).charge == call(book).list // 2 > 0


def test_a_price_of_the_company_in_another_spelling_is_a_rule_of_the_same_model(
    tmp_path: Path,
) -> None:
    """Its other calls keep the shipped price, and every call the discount."""
    own = base_rule("own", match=OF_RESPONSES).replace('model = "m"', 'model = "GPT-4.1"')
    own = own.replace('kind = "report"', 'kind = "contract"')
    deployed = alias("dep", model="gpt-4.1", service_tier="default")
    book = over_base(tmp_path, deployed, own, half_of("gpt-4.1"))
    shipped = call(book, operation=Operation.CHAT_COMPLETIONS)
    ours = call(book, operation=Operation.RESPONSES)
    assert (shipped.base_rule_id, ours.base_rule_id) == (
        "azure.gpt-4.1.GlobalStandard.2025-04-01",
        "own",
    )
    assert {each.model for each in (shipped, ours)} == {"gpt-4.1"}
    assert all(each.adjustments for each in (shipped, ours))


def test_a_successor_may_spell_the_model_in_its_own_way(tmp_path: Path) -> None:
    new = base_rule("new", valid_from="2026-06-01T00:00:00Z", more='supersedes = "base.m"')
    book = compile_text(tmp_path, base_rule(), new.replace('model = "m"', 'model = "M"'), ALIAS)
    assert call(book).base_rule_id == "new"


def test_facts_of_a_model_are_about_it_in_any_spelling(tmp_path: Path) -> None:
    facts = '[[model]]\nprovider = "azure"\nname = "M"\ncached_tokens = "input"\n'
    rule = base_rule(rates='rates = { input = "2" }')
    book = compile_text(tmp_path, rule, ALIAS, facts + 'default_version = "1"\n')
    assert call(book, usage=make_usage(cache_read=1_000_000)).charge == 2 * 10**12
    assert book.content.default_versions == (("azure", "m", "1"),)


def test_no_spelling_changes_the_shipped_book(tmp_path: Path) -> None:
    shipped, ours = load_book(), over_base(tmp_path, half_of("GPT-4.1"))
    assert ours.content.cards == shipped.content.cards
    assert ours.content.fees == shipped.content.fees


@pytest.mark.parametrize("first", ["gold", "basic"])
def test_a_fee_of_an_earlier_release_s_book_is_asked_for_by_each_caller(
    tmp_path: Path, first: str
) -> None:
    """Today's files may not have such a fee; a book that was compiled before may."""
    book = _with_fee(tmp_path, ("product", ("gold",)))
    found = {product: _searched(book, product) for product in (first, "gold", "basic")}
    assert found["gold"].charge > 0
    assert found["basic"].reason == "rule base.m has no rate for 2 web_search"


def test_a_fee_of_an_earlier_release_s_book_may_name_no_provider(tmp_path: Path) -> None:
    book = _with_fee(tmp_path, ("operation", ("chat-completions",)))
    assert ages(book, at=CALL_TIME).prices == 2


def _with_fee(tmp_path: Path, match: tuple[str, tuple[str, ...]]) -> Book:
    rule = base_rule("fee", rates='rates = { web_search = "10" }').replace('"base"', '"fee"')
    book = compile_text(tmp_path, ALIAS, base_rule(), rule)
    [fee] = book.content.fees
    content = replace(book.content, fees=(replace(fee, matches=(match,)),))
    return Book(content, book.sources)


def _searched(book: Book, product: str) -> PricedCall:
    usage = make_usage(input=1_000, web_search=2)
    return call(book, usage=usage, caller=Caller(product=product))
