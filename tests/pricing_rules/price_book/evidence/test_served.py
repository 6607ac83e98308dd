"""Who really served: the alias proposes, and the answer, the host and the region dispose."""

import tomllib
from pathlib import Path
from typing import Any

import pytest

from pricing_rules.engine.rating import rate
from pricing_rules.errors import InvalidBook
from pricing_rules.price_book.book import Book, load_book, load_compiled
from pricing_rules.types import CallState, PricedCall, Rank
from tests.fixtures.builders import make_event, make_usage
from tests.pricing_rules.books import compile_text

MILLION = make_usage(input=1_000_000)


def alias(name: str, **fields: str) -> str:
    values = {"provider": "azure", "type": "GlobalStandard", **fields}
    return f'\n[[deployment]]\nname = "{name}"\n' + "".join(
        f'{field} = "{value}"\n' for field, value in values.items()
    )


def over_base(directory: Path, *texts: str) -> Book:
    path = directory / "company.toml"
    path.write_text("".join(texts), encoding="utf-8")
    return load_book([path])


def call(book: Book, **changes: Any) -> PricedCall:
    silent = dict.fromkeys(("model", "region", "service_tier"))
    return rate(make_event(**{"deployment": "chat", "usage": MILLION, **silent, **changes}), book)


def lines_of(reason: str | None) -> list[dict[str, str]]:
    """The aliases that a reason says to add."""
    listed: list[dict[str, str]] = tomllib.loads(str(reason).split("of the book:\n", 1)[1])[
        "deployment"
    ]
    return listed


@pytest.mark.parametrize(
    ("of_alias", "reported", "moved"),
    [
        ("gpt-4o", "gpt-5.1-2025-11-13", {"model": "gpt-5.1", "version": "2025-11-13"}),
        ("gpt-4o", "gpt-5-2025-08-07", {"model": "gpt-5", "version": "2025-08-07"}),
        ("gpt-4o", "gpt-4.1-nano-2025-04-14", {"model": "gpt-4.1-nano", "version": "2025-04-14"}),
        ("gpt-4o", "GPT-4o-mini", {"model": "gpt-4o-mini"}),
        ("gpt-4", "gpt-4.1-mini", {"model": "gpt-4.1-mini"}),
        ("gpt-4o", "gpt-4o-ultra", {"model": "gpt-4o-ultra"}),
        ("gpt-4o", "gpt-4.1-2025-04-14.ft-0123abcd", {"model": "gpt-4.1", "version": "2025-04-14"}),
        ("gpt-4o", "claude-opus-5-20260801", {"model": "claude-opus-5", "version": "2026-08-01"}),
        ("gpt-5", "gpt-5-chat-latest", {"model": "gpt-5-chat"}),
        ("gpt-4o-ft", "gpt-4o-2024-08-06", {"model": "gpt-4o", "version": "2024-08-06"}),
    ],
)
def test_an_answer_of_another_model_leaves_the_call_without_a_price(
    of_alias: str, reported: str, moved: dict[str, str], tmp_path: Path
) -> None:
    book = over_base(tmp_path, alias("chat", model=of_alias))
    priced = call(book, model=reported)
    assert priced.state is CallState.UNPRICED
    assert f"says {of_alias}, the answer says {reported}" in str(priced.reason)
    [line] = lines_of(priced.reason)
    assert {"version": None, **line}["version"] == moved.get("version")
    assert (line["name"], line["model"], line["type"]) == ("chat", moved["model"], "GlobalStandard")


def test_the_lines_of_a_reason_make_the_call_priced(tmp_path: Path) -> None:
    moved = {"model": "gpt-5-2025-08-07", "usage": MILLION}
    reason = call(over_base(tmp_path, alias("chat", model="gpt-4o")), **moved).reason
    lines = str(reason).split("of the book:\n", 1)[1]
    priced = call(over_base(tmp_path, lines), **moved)
    assert (priced.state, priced.model, priced.list) == (
        CallState.PRICED,
        "gpt-5",
        1_250_000_000_000,
    )
    assert not priced.alias_unconfirmed


@pytest.mark.parametrize(
    ("of_alias", "reported", "unconfirmed"),
    [
        ("gpt-4o", "gpt-4o", False),
        ("gpt-4o", "gpt-4o-2024-11-20", False),
        ("gpt-4o", "openai/GPT-4o@20241120", False),
        ("gpt-4o", None, True),
        ("gpt-4o", "contoso-7b", True),
        ("gpt-4o", "gpt-4o-2024-08-06.ft-0123abcd", True),
        ("gpt-4o-ft", "gpt-4o-2024-08-06.ft-0123abcd", True),
        ("gpt-5-chat", "gpt-chat-latest", True),
        ("gpt-5-chat", "gpt-5-chat-latest", True),
        ("gpt-4o", "chat", True),
        ("DeepSeek-V3", "deepseek-v3", False),
    ],
)
def test_a_name_that_says_nothing_against_the_alias_is_trusted_and_marked(
    of_alias: str, reported: str | None, unconfirmed: bool, tmp_path: Path
) -> None:
    book = over_base(tmp_path, alias("chat", model=of_alias))
    priced = call(book, model=reported)
    assert (priced.state, priced.model) == (CallState.PRICED, of_alias)
    assert priced.alias_unconfirmed is unconfirmed


def test_an_answer_that_repeats_the_deployment_s_name_is_no_evidence(tmp_path: Path) -> None:
    book = over_base(tmp_path, alias("gpt-prod", model="gpt-4o"))
    assert call(book, deployment="gpt-prod", model="gpt-prod").alias_unconfirmed
    other = call(book, deployment="gpt-prod", model="gpt-staging")
    assert other.state is CallState.UNPRICED


def test_a_deployment_named_like_another_model_is_not_trusted(tmp_path: Path) -> None:
    book = over_base(tmp_path, alias("gpt-4o", model="gpt-4o"))
    assert call(book, deployment="gpt-4o", model="gpt-4.1").state is CallState.UNPRICED


def test_a_company_names_a_family_of_its_own(tmp_path: Path) -> None:
    family = '[[family]]\nname = "contoso"\nbegins = ["contoso-"]\nmodels = ["contoso-13b"]\n'
    book = over_base(tmp_path, alias("chat", model="gpt-4o"), family)
    assert call(book, model="contoso-13b").state is CallState.UNPRICED
    assert call(book, model="contoso-7b").state is CallState.UNPRICED


def test_a_book_of_before_rates_as_it_did(tmp_path: Path) -> None:
    """A stronger report is rated with the book of its chain, which may know no families."""
    full = over_base(tmp_path, alias("chat", model="gpt-4o"))
    text = full.to_bytes()
    assert load_compiled(text).version == full.version
    book = compile_text(
        tmp_path,
        alias("chat", model="m", version="2026-01-01"),
        '[[rule]]\nid = "m"\nkind = "base"\nvalid_from = 2026-01-01T00:00:00Z\ncurrency = "USD"\n'
        'unit = "1M"\nmatch = { provider = "azure", model = "m" }\nrates = { input = "2" }\n'
        'source = { kind = "report", checked = 2026-11-01 }\n',
    )
    priced = call(book, model="gpt-5-2025-08-07")
    assert (priced.state, priced.version) == (CallState.PRICED, "2026-01-01")
    assert not priced.alias_unconfirmed


def test_the_deployment_that_served_has_the_price(tmp_path: Path) -> None:
    book = over_base(
        tmp_path,
        alias("gpt-5-ptu", model="gpt-5", type="GlobalProvisionedManaged"),
        alias("gpt-5-std", model="gpt-5"),
    )
    usage = make_usage(input=1_000_000, output=100_000)
    fields = {"deployment": "gpt-5-ptu", "model": "gpt-5-2025-08-07", "usage": usage}
    own = call(book, **fields)
    assert (own.state, own.charge) == (CallState.ZERO, 0)
    spilled = call(book, **fields, served_deployment="GPT-5-std", spillover_from="gpt-5-ptu")
    assert (spilled.state, spilled.charge) == (CallState.PRICED, 2_250_000_000_000)
    unknown = call(book, **fields, served_deployment="gpt-5-eu")
    assert unknown.state is CallState.UNPRICED
    assert "'gpt-5-eu', which served the call to 'gpt-5-ptu'" in str(unknown.reason)
    [line] = lines_of(unknown.reason)
    assert (line["name"], line["model"]) == ("gpt-5-eu", "gpt-5")
    for served in (None, "GPT-5-ptu"):
        unsaid = call(book, **fields, served_deployment=served, spillover_from="gpt-5-PTU")
        assert (unsaid.state, unsaid.charges) == (CallState.UNPRICED, ())
        assert "was full, and nobody said which one served" in str(unsaid.reason)


def test_members_of_a_pool_have_prices_of_their_own(tmp_path: Path) -> None:
    book = over_base(
        tmp_path,
        alias("chat", model="gpt-5", type="GlobalProvisionedManaged", host="PTU.openai.azure.com"),
        alias("chat", model="gpt-5", host="std.openai.azure.com"),
    )
    ptu = call(book, backend_host="ptu.openai.azure.com")
    std = call(book, backend_host="STD.openai.azure.com")
    assert (ptu.state, std.state) == (CallState.ZERO, CallState.PRICED)
    nobody = call(book)
    assert nobody.state is CallState.UNPRICED
    assert "nobody reported which host served" in str(nobody.reason)
    assert "no alias for host 'x.example'" in str(call(book, backend_host="x.example").reason)


def test_a_pool_of_one_price_needs_no_host(tmp_path: Path) -> None:
    one = alias("chat", model="gpt-5", host="a.example")
    book = over_base(tmp_path, one, alias("chat", model="gpt-5", host="b.example"))
    assert call(book).state is CallState.PRICED
    with pytest.raises(InvalidBook, match=r"has an alias already at host a\.example"):
        over_base(tmp_path, one, one)


def test_one_alias_with_a_host_says_nothing_of_a_call_whose_host_nobody_knows(
    tmp_path: Path,
) -> None:
    book = over_base(
        tmp_path,
        alias("chat", model="gpt-5", type="GlobalProvisionedManaged", host="ptu.example"),
    )
    assert call(book, backend_host="ptu.example").state is CallState.ZERO
    unknown = call(book)
    assert unknown.state is CallState.UNPRICED
    assert "an alias for host 'ptu.example' alone, and nobody reported" in str(unknown.reason)


def test_an_alias_without_a_host_is_for_all_other_hosts(tmp_path: Path) -> None:
    book = over_base(
        tmp_path,
        alias("chat", model="gpt-5"),
        alias("chat", model="gpt-5", type="GlobalProvisionedManaged", host="ptu.example"),
    )
    assert call(book, backend_host="other.example").state is CallState.PRICED
    assert call(book, backend_host="ptu.example").state is CallState.ZERO
    assert call(book).state is CallState.UNPRICED


ROUTER = alias("router", model="model-router", rate_by="reported")


@pytest.mark.parametrize(
    ("reported", "model", "provider", "charge"),
    [
        ("gpt-5-2025-08-07", "gpt-5", "azure", "0.00678084"),
        ("gpt-5-mini-2025-08-07", "gpt-5-mini", "azure", "0.00166484"),
        ("claude-haiku-4-5-20251001", "claude-haiku-4-5", "azure", "0.00461684"),
    ],
)
def test_a_router_costs_the_routed_model_and_its_fee(
    reported: str, model: str, provider: str, charge: str, tmp_path: Path
) -> None:
    usage = make_usage(input=2756, output=295)
    priced = call(over_base(tmp_path, ROUTER), deployment="router", model=reported, usage=usage)
    assert (priced.state, priced.model, priced.provider) == (CallState.PRICED, model, provider)
    pico = int(charge.removeprefix("0.").ljust(12, "0"))
    assert priced.charge == priced.list == pico
    assert {line.unit: line.quantity for line in priced.charges} == {
        "input": 2756, "output": 295, "router_input": 2756,
    }  # fmt: skip
    assert str(priced.base_rule_id).endswith(" + azure.model-router.2025-11-18")


@pytest.mark.parametrize(
    ("reported", "why"),
    [
        (None, "nobody reported it"),
        ("contoso-7b", "'contoso-7b' is no known model"),
        ("model-router", "no price"),
    ],
)
def test_a_routed_call_without_a_priced_model_is_unpriced(
    reported: str | None, why: str, tmp_path: Path
) -> None:
    priced = call(over_base(tmp_path, ROUTER), deployment="router", model=reported)
    assert priced.state is CallState.UNPRICED
    assert why in str(priced.reason)


def test_an_alias_of_one_model_for_a_router_is_contradicted(tmp_path: Path) -> None:
    book = over_base(tmp_path, alias("router", model="gpt-5-mini"))
    priced = call(book, deployment="router", model="gpt-5-2025-08-07")
    assert "says gpt-5-mini, the answer says gpt-5-2025-08-07" in str(priced.reason)


@pytest.mark.parametrize("why", ["too_large", "no_length"])
def test_a_call_whose_body_nobody_read_is_priced_by_what_served_it(
    why: str, tmp_path: Path
) -> None:
    aliases = (alias("chat", model="gpt-5"), alias("chat-2", model="gpt-5"))
    book = over_base(tmp_path, *aliases)
    unread = {"deployment": None, "body_unread": why}
    by_model = call(book, **unread, model="gpt-5-2025-08-07")
    assert (by_model.state, by_model.alias_unconfirmed) == (CallState.PRICED, True)
    assert call(book, **unread, served_deployment="chat").state is CallState.PRICED
    unknown = call(book, **unread)
    assert unknown.state is CallState.UNPRICED
    assert "the call names no deployment: its body" in str(unknown.reason)
    two = over_base(tmp_path, *aliases, alias("eu", model="gpt-5", type="DataZoneStandard"))
    assert "the answer says gpt-5" in str(call(two, **unread, model="gpt-5").reason)


@pytest.mark.parametrize(
    ("fields", "price", "excludes"),
    [
        ({}, 2, ()),
        ({"requested_tier": "auto"}, 2, ()),
        ({"requested_tier": "default"}, 2, ()),
        ({"requested_tier": "priority"}, 2, ("tier",)),
        ({"requested_tier": "scale"}, 2, ("tier",)),
        ({"requested_tier": "priority", "service_tier": "default"}, 2, ()),
        ({"requested_tier": "default", "service_tier": "priority"}, 4, ()),
        ({"stream": True, "rank": Rank.GATEWAY_LOG}, 2, ("tier",)),
        ({"stream": True}, 2, ("tier",)),
        ({"stream": True, "requested_tier": "default"}, 2, ()),
        ({"stream": True, "rank": Rank.GATEWAY_LOG, "requested_tier": "default"}, 2, ()),
        ({"stream": True, "rank": Rank.GATEWAY_LOG, "requested_tier": "priority"}, 2, ("tier",)),
        ({"deployment": "fast"}, 4, ("tier",)),
        ({"deployment": "fast", "service_tier": "priority"}, 4, ()),
        ({"deployment": "fast", "service_tier": "default"}, 2, ()),
        ({"deployment": "fast", "stream": True, "rank": Rank.GATEWAY_LOG}, 4, ("tier",)),
        ({"deployment": "slow", "stream": True, "rank": Rank.GATEWAY_LOG}, 2, ()),
        ({"deployment": "slow", "requested_tier": "priority"}, 2, ("tier",)),
        ({"deployment": "untiered", "stream": True, "rank": Rank.GATEWAY_LOG}, 2, ()),
    ],
)
def test_a_tier_that_nobody_confirms_is_marked(
    fields: dict[str, Any], price: int, excludes: tuple[str, ...], tmp_path: Path
) -> None:
    rule = (
        '\n[[rule]]\nid = "{0}"\nkind = "base"\nvalid_from = 2026-01-01T00:00:00Z\n'
        'currency = "USD"\nunit = "1M"\nmatch = {{ provider = "azure", model = "{1}", '
        'service_tier = "{2}" }}\nrates = {{ input = "{3}" }}\n'
        'source = {{ kind = "report", checked = 2026-11-01 }}\n'
    )
    book = over_base(
        tmp_path,
        alias("chat", model="m"),
        alias("fast", model="m", service_tier="priority"),
        alias("slow", model="m", service_tier="default"),
        alias("untiered", model="n"),
        rule.format("m", "m", "default", "2"),
        rule.format("m.fast", "m", "priority", "4"),
        rule.format("n", "n", "default", "2"),
    )
    priced = call(book, **fields)
    assert (priced.state, priced.list) == (CallState.PRICED, price * 10**12)
    assert priced.excludes == excludes


def test_an_answer_of_the_gateway_s_cache_costs_nothing(tmp_path: Path) -> None:
    book = over_base(tmp_path, alias("chat", model="gpt-5"))
    for fields in ({}, {"usage": None, "rank": Rank.NO_USAGE}, {"deployment": "nobody-knows"}):
        priced = call(book, cache="hit", **fields)
        assert (priced.state, priced.charge, priced.charges) == (CallState.ZERO, 0, ())
        assert priced.reason == "answered from the gateway's cache"


def test_only_a_hit_is_an_answer_of_the_gateway_s_cache(tmp_path: Path) -> None:
    book = over_base(tmp_path, alias("chat", model="gpt-5"))
    assert call(book, cache="miss").state is CallState.PRICED
    nobody_knows = call(book, cache="miss", usage=None, rank=Rank.NO_USAGE)
    assert nobody_knows.state is CallState.NO_USAGE
