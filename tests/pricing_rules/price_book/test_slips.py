"""Slips of a book that would change what calls cost, or match none, without a word."""

from datetime import UTC, datetime
from pathlib import Path
from unicodedata import normalize

import pytest

from pricing_rules.engine.rating import rate
from pricing_rules.errors import InvalidBook
from pricing_rules.price_book.book import Book
from pricing_rules.price_sources.ages import deployments_of, shadowed
from pricing_rules.types import CallState
from pricing_rules.units import Unit
from tests.fixtures.builders import TENANT, make_event, make_usage
from tests.pricing_rules.books import ALIAS, base_rule, compile_text, modifier

SOUTH = "Vertrieb Süd"
LATER = "2026-06-01T00:00:00Z"
ZONES = """
[[zone]]
name = "us"
regions = ["eastus2"]
[[zone]]
name = "eu"
regions = ["swedencentral"]
"""
IN_SWEDEN = ALIAS.replace("GlobalStandard", "DataZoneStandard") + 'region = "swedencentral"\n'
TIERED = 'tier = [{{ up_to_prompt_tokens = {}, rates = {{ input = "1" }} }}, {}]'
LAST = '{ rates = { input = "2" } }'


def off(factor: str) -> str:
    return f'layer = "contracted"\nfactor = "{factor}"'


def discount(rule_id: str, factor: str, *, begins: str, more: str = "") -> str:
    body = f'{off(factor)}\nsupersedes = "discount"\n{more}'
    return modifier(rule_id, "multiply", body).replace("2026-01-01T00:00:00Z", begins)


def fee(rule_id: str, price: str, *, currency: str = "USD", kind: str = "report") -> str:
    return (
        f'\n[[rule]]\nid = "{rule_id}"\nkind = "fee"\nvalid_from = 2026-01-01T00:00:00Z\n'
        f'currency = "{currency}"\nunit = "1K"\nmatch = {{ provider = "azure" }}\n'
        f'source = {{ kind = "{kind}", checked = 2026-11-01 }}\n'
        f'rates = {{ web_search = "{price}" }}\n'
    )


def refusal(directory: Path, text: str) -> str:
    with pytest.raises(InvalidBook) as refused:
        compile_text(directory, text)
    return str(refused.value)


@pytest.mark.parametrize("time", ["20270101", "1798761600", "2027.0101", "true"])
def test_a_number_is_no_time(time: str, tmp_path: Path) -> None:
    """Read as seconds since 1970, a price of next year would hold at once."""
    said = refusal(tmp_path, base_rule(valid_from=time))
    assert "rule 'base.m': rule.0.base.valid_from: Value error, expected a time in UTC" in said


def test_a_time_in_quotes_is_one(tmp_path: Path) -> None:
    book = compile_text(tmp_path, base_rule(valid_from='"2027-01-01T01:00:00+01:00"'))
    assert book.content.cards[0].valid_from == datetime(2027, 1, 1, tzinfo=UTC)
    assert "no time zone" in refusal(tmp_path, base_rule(valid_from='"20270101"'))


@pytest.mark.parametrize("bound", ["true", '"272000"', "9.0"])
def test_a_bound_of_a_tier_is_a_whole_number(bound: str, tmp_path: Path) -> None:
    assert "valid integer" in refusal(tmp_path, base_rule(rates=TIERED.format(bound, LAST)))
    ordered = modifier("x", "multiply", f"{off('0.9')}\norder = {bound}")
    assert "valid integer" in refusal(tmp_path, base_rule() + ordered)


def test_two_discounts_do_not_supersede_one_at_the_same_time(tmp_path: Path) -> None:
    """20 % off would be 28 %: the second should have superseded the first."""
    first = modifier("discount", "multiply", off("0.95"))
    second = discount("second", "0.9", begins="2026-02-01T00:00:00Z")
    third = discount("third", "0.8", begins="2026-03-01T00:00:00Z")
    for text in (first + second + third, third + second + first):
        assert refusal(tmp_path, ALIAS + base_rule() + text) == (
            "book_0.toml, rule 'third': supersedes 'discount', as 'second' does: both would apply "
            "from 2026-03-01T00:00:00+00:00 on; if that is meant, one of them needs no supersedes"
        )


def test_two_successors_may_follow_each_other(tmp_path: Path) -> None:
    ends = "valid_to = 2026-03-01T00:00:00Z"
    text = (
        modifier("discount", "multiply", off("0.95"))
        + discount("second", "0.9", begins="2026-02-01T00:00:00Z", more=ends)
        + discount("third", "0.8", begins="2026-03-01T00:00:00Z")
    )
    book = compile_text(tmp_path, ALIAS + base_rule() + text)
    event = make_event(deployment="dep", model=None, usage=make_usage(input=1_000_000))
    assert rate(event, book).charge == 1_600_000_000_000


def test_a_successor_has_every_value_of_a_usage_field(tmp_path: Path) -> None:
    """Calls of the other lane would have no price from then on."""
    text = (
        ALIAS
        + base_rule()
        + base_rule("lanes", match=', usage = { lane = ["eu", "us"] }')
        + base_rule(
            "one",
            match=', usage = { lane = ["us"] }',
            more='supersedes = "lanes"',
            valid_from=LATER,
        )
    )
    assert "supersedes 'lanes' but matches fewer calls, by usage.lane" in refusal(tmp_path, text)
    wider = text.replace('lane = ["us"]', 'lane = ["us", "eu", "apac"]')
    assert len(compile_text(tmp_path, wider).content.cards) == 3


@pytest.mark.parametrize(
    ("rule", "said"),
    [
        (
            modifier("x", "multiply", off("0.9"), match='provider = "Azure"'),
            "'x': match is for provider 'Azure', which no price or alias of the book names; "
            "it has azure",
        ),
        (
            fee("x", "10").replace('provider = "azure"', 'provider = "azur"'),
            "'x': match is for provider 'azur', which no price or alias of the book names",
        ),
        (
            modifier("x", "multiply", off("0.9"), match='zone = ["eu", "EU"]'),
            "'x': match is for zone 'EU', the zones of the book are: eu, us",
        ),
        (
            base_rule("x", match=', zone = ["emea"]'),
            "'x': match is for zone 'emea', the zones of the book are: eu, us",
        ),
    ],
)
def test_a_provider_or_a_zone_that_nothing_names_is_refused(
    rule: str, said: str, tmp_path: Path
) -> None:
    assert said in refusal(tmp_path, ZONES + ALIAS + base_rule() + rule)


def searched(book: Book) -> int:
    usage = make_usage(input=1_000_000, web_search=1_000)
    priced = rate(make_event(deployment="dep", model=None, usage=usage), book)
    assert priced.state is CallState.PRICED
    return next(line.charge for line in priced.charges if line.unit is Unit.WEB_SEARCH)


@pytest.mark.parametrize("own", [{"currency": "EUR"}, {"kind": "contract"}])
def test_fees_of_two_lists_are_chosen_as_base_rules_are(
    own: dict[str, str], tmp_path: Path
) -> None:
    """In the book's currency, and then by whose word the price is."""
    book = compile_text(tmp_path, ALIAS + base_rule() + fee("list", "10") + fee("own", "9", **own))
    assert searched(book) == (9 if "kind" in own else 10) * 10**12
    twice = ALIAS + base_rule() + fee("list", "10", **own) + fee("own", "9", **own)
    assert "overlaps" in refusal(tmp_path, twice)


@pytest.mark.parametrize(
    ("own", "better", "never"),
    [
        (fee("own", "9"), fee("list", "10", kind="contract"), True),
        (fee("own", "9", currency="EUR"), fee("list", "10", kind="contract"), False),
        (fee("own", "9").replace("web_search", "file_search"),
         fee("list", "10", kind="contract"), False),
        (base_rule("own"), base_rule("list").replace("report", "contract"), True),
        (base_rule("own").replace("USD", "EUR"),
         base_rule("list").replace("report", "contract"), False),
    ],
)  # fmt: skip
def test_a_rule_that_never_holds_is_found_by_its_own_list(
    own: str, better: str, never: bool, tmp_path: Path
) -> None:
    """Azure's dollars hide no price in euro, and no fee of another tool."""
    content = compile_text(tmp_path, ALIAS + base_rule("any", match=', versions = ["1"]') + own
                           + better).content  # fmt: skip
    found = [*shadowed(content.cards, {"own"}), *shadowed(content.fees, {"own"})]
    assert found == ([("own", "list")] if never else [])


def dated(rule_id: str, begins: str, ends: str = "", *, unit: str = "web_search") -> str:
    """A fee of a period."""
    text = fee(rule_id, "10").replace("2026-01-01T00:00:00Z", f"{begins}T00:00:00Z", 1)
    text = text.replace("web_search", unit)
    return text + (f"valid_to = {ends}T00:00:00Z\n" if ends else "")


def test_no_time_is_between_two_fees_of_a_unit(tmp_path: Path) -> None:
    """In the gap a router's calls had no fee and looked priced."""
    own = ALIAS + base_rule()
    early = dated("early", "2026-01-01", "2026-06-01")
    said = refusal(tmp_path, own + early + dated("late", "2026-07-01"))
    assert "'late': begins 2026-07-01T00:00:00+00:00, a gap after 'early'" in said
    for follows in (dated("late", "2026-06-01"), dated("other", "2026-07-01", unit="file_search")):
        assert len(compile_text(tmp_path, own + early + follows).content.fees) == 2
    assert len(compile_text(tmp_path, own + early).content.fees) == 1


def test_an_alias_needs_a_price_of_its_zone_or_of_batches(tmp_path: Path) -> None:
    american = base_rule("american", match=', zone = ["us"]')
    said = refusal(tmp_path, ZONES + IN_SWEDEN + american)
    assert said.endswith(
        "alias 'dep' resolves to nothing: no rule prices azure m (any version) DataZoneStandard "
        "in swedencentral, zone eu"
    )
    nowhere = IN_SWEDEN.replace("swedencentral", "atlantis")
    assert "in atlantis, zone unknown" in refusal(tmp_path, ZONES + nowhere + american)
    nightly = ALIAS.replace("GlobalStandard", "GlobalBatch")
    assert "resolves to nothing" in refusal(
        tmp_path, nightly + base_rule(match=', service_tier = "default"')
    )


def test_a_price_of_another_zone_is_nobodys_price(tmp_path: Path) -> None:
    american = base_rule("american", match=', zone = ["us"]')
    european = base_rule("european", match=', zone = ["eu"]')
    book = compile_text(tmp_path, ZONES + IN_SWEDEN + american + european)
    used = {card.id: deployments_of(book, card) for card in book.content.cards}
    assert used == {"american": [], "european": ["dep"]}


def test_what_is_free_by_its_type_needs_no_other_word_for_it(tmp_path: Path) -> None:
    """Provisioned throughput of any provider is paid by the hour."""
    note = 'layer = "list"\nnote = "paid by the hour"'
    kinds = 'deployment = ["GlobalProvisionedManaged"]'
    reserved = ALIAS.replace("GlobalStandard", "GlobalProvisionedManaged")
    book = compile_text(tmp_path, reserved + modifier("ptu", "zero", note, match=kinds))
    assert rate(make_event(deployment="dep", model=None), book).state is CallState.ZERO


def test_a_cost_centre_and_a_tenant_are_found_however_they_are_written(tmp_path: Path) -> None:
    """People's file and tokens have one spelling; an editor may have another."""
    centre = modifier(
        "centre", "multiply", off("0.5"), match=f'cost_centre = ["{normalize("NFD", SOUTH)}"]'
    )
    tenant = modifier("tenant", "multiply", off("0.5"), match=f'tenant = ["{TENANT.upper()}"]')
    book = compile_text(tmp_path, ALIAS + base_rule() + centre + tenant)
    event = make_event(deployment="dep", model=None, usage=make_usage(input=1_000_000))
    assert rate(event, book, SOUTH).charge == 500_000_000_000


@pytest.mark.parametrize(
    "match",
    [
        'product = ["internal"]',
        'operation = ["embeddings"]',
        'deployment = ["GlobalStandard"], product = ["internal"]',
        'deployment = ["GlobalStandard"], operation = ["embeddings"]',
        'deployment = ["GlobalStandard"], service_tier = "priority"',
        'provider = "azure", product = ["internal"]',
        'provider = "azure", operation = ["embeddings"]',
        'provider = "azure", service_tier = "priority"',
        'provider = "azure", deployment = ["GlobalStandard"], cost_centre = ["A"]',
    ],
)
def test_what_is_free_for_some_calls_is_no_price_of_an_alias(match: str, tmp_path: Path) -> None:
    """One such rule hid every alias without a price."""
    free = modifier("free", "zero", 'layer = "list"\nnote = "internal"', match=match)
    assert "alias 'dep' resolves to nothing" in refusal(tmp_path, ALIAS + free)


@pytest.mark.parametrize(
    ("kind", "match"),
    [
        ("GlobalStandard", 'provider = "azure"'),
        ("GlobalStandard", 'provider = "azure", model = "m", product = ["internal"]'),
        ("GlobalBatch", 'deployment = ["GlobalBatch"], service_tier = "batch"'),
    ],
)
def test_what_is_free_for_all_calls_or_by_its_model_is_a_price_of_an_alias(
    kind: str, match: str, tmp_path: Path
) -> None:
    free = modifier("free", "zero", 'layer = "list"\nnote = "internal"', match=match)
    deployed = ALIAS.replace("GlobalStandard", kind)
    assert compile_text(tmp_path, deployed + free).deployments == {"dep"}


@pytest.mark.parametrize("provider", ['provider = "azure", ', ""])
@pytest.mark.parametrize("known", ["fee", "alias"])
def test_a_discount_for_a_router_is_refused_as_it_would_never_apply(
    known: str, provider: str, tmp_path: Path
) -> None:
    """Its calls have the model that answered."""
    family = '\n[[family]]\nname = "R"\nbegins = ["r-"]\nmodels = ["r-1"]\n'
    routed = ALIAS.replace('"m"', '"r-1"') + 'rate_by = "reported"\n'
    rates = '\n[[rule]]\nid = "fee"\nkind = "fee"\nvalid_from = 2026-01-01T00:00:00Z\n'
    rates += 'currency = "USD"\nunit = "1M"\nmatch = { provider = "azure", model = "r-1" }\n'
    rates += 'source = { kind = "report", checked = 2026-11-01 }\nrates = { router_input = "1" }\n'
    text = base_rule() + family + {"fee": rates, "alias": routed}[known]
    assert compile_text(tmp_path, text).content.cards
    less = modifier("less", "multiply", off("0.9"), match=f'{provider}model = "R-1"')
    assert "rule 'less'" in refusal(tmp_path, text + less)
    assert "for the router 'R-1'" in refusal(tmp_path, text + less)
