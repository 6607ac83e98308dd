"""Which rule holds: by name, version, type, region, tier and time; never one that is close."""

import tomllib
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from pricing_rules.engine.rating import rate
from pricing_rules.price_book.book import TERMS_KEPT_MAX, Book, load_book
from pricing_rules.provider_usage.normalise import normalise
from pricing_rules.types import CallState, Operation, PricedCall
from tests.fixtures.builders import make_event, make_usage
from tests.pricing_rules.books import ALIAS, base_rule, compile_text, modifier

CHANGE = datetime(2026, 6, 1, tzinfo=UTC)
INSTANT = timedelta(microseconds=1)


def alias(name: str, **fields: str) -> str:
    values = {"provider": "azure", "type": "GlobalStandard", **fields}
    return f'\n[[deployment]]\nname = "{name}"\n' + "".join(
        f'{field} = "{value}"\n' for field, value in values.items()
    )


def over_base(directory: Path, *texts: str) -> Book:
    path = directory / "company.toml"
    path.write_text("".join(texts), encoding="utf-8")
    return load_book([path])


def call(book: Book, **changes: object) -> PricedCall:
    fields = {"deployment": "dep", "model": None, "usage": make_usage(input=1_000_000), **changes}
    return rate(make_event(**fields), book)


def test_a_price_holds_from_its_first_instant_to_the_one_before_the_next(tmp_path: Path) -> None:
    book = compile_text(
        tmp_path,
        ALIAS
        + base_rule()
        + base_rule(
            "new",
            valid_from=CHANGE.isoformat(),
            more='supersedes = "base.m"',
            rates='rates = { input = "3" }',
        ),
    )
    first = datetime(2026, 1, 1, tzinfo=UTC)
    assert call(book, time=first - INSTANT).state is CallState.UNPRICED
    assert call(book, time=first).base_rule_id == "base.m"
    assert call(book, time=CHANGE - INSTANT).base_rule_id == "base.m"
    assert call(book, time=CHANGE).base_rule_id == "new"


def test_a_call_before_or_after_its_rules_is_told_which_they_are(tmp_path: Path) -> None:
    ends = "valid_to = 2026-06-01T00:00:00Z"
    book = compile_text(tmp_path, ALIAS + base_rule(more=ends))
    before = call(book, time=datetime(2025, 12, 31, tzinfo=UTC))
    after = call(book, time=CHANGE)
    assert str(before.reason).endswith("; rule base.m begins 2026-01-01T00:00:00+00:00")
    assert str(after.reason).endswith("; rule base.m ended 2026-06-01T00:00:00+00:00")


def test_a_region_is_one_however_it_is_written(tmp_path: Path) -> None:
    for rule, deployed in (("Sweden Central", "swedencentral"), ("swedencentral", "SwedenCentral")):
        book = compile_text(
            tmp_path,
            base_rule(match=f', region = ["{rule}"]'),
            alias("dep", model="m", region=deployed),
        )
        assert call(book).state is CallState.PRICED


def test_the_lines_to_add_are_toml_whatever_the_caller_sent(tmp_path: Path) -> None:
    book = compile_text(tmp_path, base_rule())
    name = 'a"\n[[rule]]\\\x00\x7fé'
    reason = str(call(book, deployment=name, model="m\r", region="é\n").reason)
    lines = tomllib.loads(reason.split("of the book:\n", 1)[1])
    assert lines == {
        "deployment": [
            {
                "name": name,
                "provider": "azure",
                "model": "m\r",
                "type": "GlobalStandard",
                "region": "é\n",
            }
        ]
    }


def test_the_more_specific_rule_wins(tmp_path: Path) -> None:
    book = compile_text(
        tmp_path,
        ALIAS
        + base_rule()
        + base_rule("special", match=', service_tier = "priority"', rates='rates = {input = "5"}'),
    )
    assert call(book, service_tier="default").base_rule_id == "base.m"
    assert call(book, service_tier="priority").base_rule_id == "special"


def test_a_regional_price_of_another_region_is_never_borrowed(tmp_path: Path) -> None:
    book = over_base(
        tmp_path,
        alias("here", model="gpt-4.1", type="Standard", region="eastus2"),
        alias("open", model="gpt-4.1", type="Standard"),
    )
    assert call(book, deployment="here", region=None).state is CallState.PRICED
    moved = call(book, deployment="here", region="westeurope")
    assert moved.state is CallState.UNPRICED
    assert "the alias says region eastus2, the answer came from westeurope" in str(moved.reason)
    assert call(book, deployment="open", region="eastus2").state is CallState.PRICED
    assert call(book, deployment="open", region="East US 2").state is CallState.PRICED
    elsewhere = call(book, deployment="open", region="westeurope")
    assert elsewhere.state is CallState.UNPRICED
    assert "region westeurope" in str(elsewhere.reason)


@pytest.mark.parametrize(
    ("kind", "tier", "price"),
    [
        ("GlobalStandard", "default", 2_000_000),
        ("GlobalStandard", None, 2_000_000),
        ("GlobalStandard", "standard", 2_000_000),
        ("GlobalStandard", "batch", 1_000_000),
        ("GlobalBatch", "default", 1_000_000),
        ("DataZoneStandard", "default", 2_200_000),
        ("DataZoneBatch", None, 1_100_000),
        ("GlobalStandard", "priority", 3_500_000),
        ("GlobalStandard", "flex", None),
        ("GlobalStandard", "scale", None),
        ("GlobalStandard", "auto", None),
    ],
)
def test_type_and_service_tier_set_the_price(
    kind: str, tier: str | None, price: int | None, tmp_path: Path
) -> None:
    book = over_base(tmp_path, alias("dep", model="gpt-4.1", type=kind))
    priced = call(book, service_tier=tier)
    assert [line.unit_price for line in priced.charges] == ([price] if price else [])
    assert priced.state is (CallState.PRICED if price else CallState.UNPRICED)


@pytest.mark.parametrize(
    ("stated", "reported", "version", "price"),
    [
        ("2024-05-13", "gpt-4o", "2024-05-13", 5_000_000),
        ("2024-05-13", "gpt-4o-2024-11-20", "2024-11-20", 2_500_000),
        ("2024-05-13", "gpt-4o-2031-01-01", "2031-01-01", None),
        (None, "gpt-4o-2024-05-13", "2024-05-13", 5_000_000),
        (None, "gpt-4o-2031-01-01", "2031-01-01", None),
        (None, "gpt-4o", "2024-11-20", 2_500_000),
        (None, None, "2024-11-20", 2_500_000),
    ],
)
def test_the_answer_states_the_version_then_the_alias_then_the_default(
    stated: str | None, reported: str | None, version: str, price: int | None, tmp_path: Path
) -> None:
    fields = {"version": stated} if stated else {}
    book = over_base(tmp_path, alias("dep", model="gpt-4o", **fields))
    priced = call(book, model=reported)
    assert priced.version == version
    assert [line.unit_price for line in priced.charges] == ([price] if price else [])


def test_a_model_with_several_prices_and_no_version_is_unpriced(tmp_path: Path) -> None:
    book = over_base(tmp_path, alias("dep", model="gpt-4o-realtime-preview"))
    priced = call(book)
    assert priced.state is CallState.UNPRICED
    assert "priced versions are 2024-10-01, 2024-12-17, 2025-06-03" in str(priced.reason)


def test_provisioned_throughput_costs_nothing_per_call(tmp_path: Path) -> None:
    book = over_base(tmp_path, alias("dep", model="gpt-5", type="GlobalProvisionedManaged"))
    priced = call(book, usage=make_usage(input=10, output=5))
    assert priced.state is CallState.ZERO
    assert "paid by the hour" in str(priced.reason)
    assert [(line.unit, line.quantity, line.list) for line in priced.charges] == [
        ("input", 10, 0),
        ("output", 5, 0),
    ]
    assert priced.adjustments[0].rule_id == "azure.provisioned.2024-04-01"


def test_deployment_names_are_compared_without_case(tmp_path: Path) -> None:
    book = over_base(tmp_path, alias("Chat-EU", model="gpt-4.1"))
    assert call(book, deployment="chat-eu").state is CallState.PRICED
    assert call(book, deployment="CHAT-EU").state is CallState.PRICED


def test_a_call_without_a_deployment_is_unpriced(tmp_path: Path) -> None:
    book = compile_text(tmp_path, base_rule())
    assert call(book, deployment=None).reason == "the call names no deployment"


def test_an_operation_can_have_a_price_of_its_own(tmp_path: Path) -> None:
    book = compile_text(
        tmp_path,
        ALIAS
        + base_rule()
        + base_rule("speech", match=', operation = ["responses"]', rates='rates = {input = "1"}'),
    )
    assert call(book, operation=Operation.RESPONSES).base_rule_id == "speech"
    assert call(book, operation=Operation.CHAT_COMPLETIONS).base_rule_id == "base.m"


def test_a_base_rule_in_another_currency_leaves_the_call_unpriced(tmp_path: Path) -> None:
    book = compile_text(tmp_path, ALIAS + base_rule().replace('"USD"', '"EUR"'))
    priced = call(book)
    assert priced.state is CallState.UNPRICED
    assert priced.reason == "currency: rule base.m is in EUR, the book in USD"


def test_a_modifier_for_a_caller_is_for_no_other(tmp_path: Path) -> None:
    half = 'layer = "charge"\nfactor = "0.5"'
    book = compile_text(
        tmp_path,
        ALIAS + base_rule() + modifier("half", "multiply", half, match='product = ["team"]'),
    )
    caller = make_event().caller
    mine = call(book, caller=type(caller)(product="team"))
    other = call(book, caller=type(caller)(product="other"))
    assert mine.charge * 2 == other.charge == other.list


def test_terms_that_are_forgotten_are_found_again(tmp_path: Path) -> None:
    book = compile_text(tmp_path, ALIAS + base_rule())
    first = call(book)
    for index in range(0, TERMS_KEPT_MAX + 2):
        book.terms(make_event(deployment="dep", model=str(index)), None)
    assert call(book) == first


def lanes(book: Book, *values: str) -> PricedCall:
    """A call with an item of a list for each lane."""
    items = [{"lane": value} for value in values]
    usage = {"prompt_tokens": 1_000_000, "completion_tokens": 0, "items": items}
    return call(book, usage=normalise(Operation.CHAT_COMPLETIONS, usage))


def in_lanes(*values: str) -> str:
    """Of a rule's match."""
    return f', usage = {{ "items[].lane" = [{", ".join(map(repr, values))}] }}'


PLAIN_LANE = '\n[usage.plain]\n"items[].lane" = ["normal"]\n'


@pytest.mark.parametrize(
    ("values", "rule"),
    [
        (("us",), "us"),
        (("us", "us"), "us"),
        (("eu", "us"), None),
        (("us", "eu"), None),
        (("us", "ca"), "both"),
        (("ca", "us"), "both"),
        (("us", "normal"), None),
        (("normal", "us"), None),
        (("normal", "normal"), "base.m"),
    ],
)
def test_a_list_of_several_values_has_a_price_where_a_rule_asks_for_each(
    values: tuple[str, ...], rule: str | None, tmp_path: Path
) -> None:
    book = compile_text(
        tmp_path,
        ALIAS + PLAIN_LANE + base_rule(),
        base_rule("us", match=in_lanes("us") + ', service_tier = "default"'),
        base_rule("both", match=in_lanes("us", "ca")),
        modifier("less", "multiply", 'layer = "charge"\nfactor = "0.5"', match=in_lanes("us")[2:]),
    )
    priced = lanes(book, *values)
    if rule is None:
        assert priced.state is CallState.UNPRICED
        named = " and ".join(sorted(values))
        assert priced.reason == f"no rule prices usage field items[].lane = {named}"
    else:
        assert (priced.state, priced.base_rule_id) == (CallState.PRICED, rule)
        assert bool(priced.adjustments) == (set(values) == {"us"})
