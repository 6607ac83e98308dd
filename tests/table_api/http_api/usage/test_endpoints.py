"""Usage and subjects over HTTP: exact, grouped, paged; an unknown cost is null."""

from datetime import date, timedelta
from typing import Any

import pytest

from pricing_rules.money import format_pico
from pricing_rules.types import Rank
from table_api.people.people import People, Person
from table_api.storage.memory_tables import MemoryTableStorage
from table_api.usage.call_usage import CallUsageReads
from tests.fixtures.builders import CALL_TIME, call_id, make_usage
from tests.fixtures.calls import NOW, make_call, open_ledger
from tests.table_api.conftest import ApiClient, api_over
from tests.table_api.http_api.asking import get, post, problem

LATER = CALL_TIME + timedelta(days=1)


async def test_usage_of_the_running_month_is_exact_and_by_day(
    api: ApiClient, memory: MemoryTableStorage
) -> None:
    await post(memory, "a", "a", "b")
    totals = {
        "calls": 3,
        "errors": 0,
        "unpriced_calls": 0,
        "no_usage_calls": 0,
        "excluding_calls": 0,
        "pending_calls": 0,
        "failed_calls": 0,
        "units": {"input": 3072, "cache_read": 3072, "output": 1281},
        "cost": {"list": "0.0035856", "contracted": "0.0035856", "charge": "0.0035856"},
    }
    assert await get(api, "/v1/usage") == {
        "from": "2026-11-01",
        "to": "2026-12-01",
        "zone": "Europe/Berlin",
        "currency": "USD",
        "newest_call": None,
        "data": [{"day": "2026-11-20", **totals}],
        "totals": totals,
    }


async def test_usage_is_grouped_and_filtered_by_cost_centre_of_the_charge_day(
    api: ApiClient, memory: MemoryTableStorage
) -> None:
    await post(memory, "a", "b", "b")
    joined = Person(subject="a", display_name="Ada", cost_centre="R&D", valid_from=CALL_TIME.date())
    late = Person(subject="b", display_name="Bob", cost_centre="IT", valid_from=date(2026, 11, 21))
    await People(memory, now=lambda: NOW).save([joined, late])
    usage = await get(api, "/v1/usage", group_by="cost_centre,model")
    assert [(line["cost_centre"], line["model"], line["calls"]) for line in usage["data"]] == [
        ("R&D", "gpt-4.1-mini", 1),
        (None, "gpt-4.1-mini", 2),
    ]
    assert (await get(api, "/v1/usage", cost_centre="R&D"))["totals"]["calls"] == 1
    assert (await get(api, "/v1/usage", cost_centre=""))["totals"]["calls"] == 2
    assert (await get(api, "/v1/usage", cost_centre="IT"))["totals"]["calls"] == 0
    for wrong, hint in (("r&d", "; the nearest is 'R&D'"), ("Zoo", "")):
        answer = await api.get("/v1/usage", params={"cost_centre": wrong})
        assert (answer.status_code, answer.json()["detail"]) == (
            400,
            f"cost_centre = {wrong!r}: nobody has this cost centre{hint}",
        )
    assert (await get(api, "/v1/usage", subject="b"))["totals"]["calls"] == 2


async def test_filter_that_nobody_has_is_refused_with_the_nearest(
    api: ApiClient, memory: MemoryTableStorage
) -> None:
    await post(memory, "a-service", "b")
    ada = Person(subject="b", display_name="Ada Byron", cost_centre=None, valid_from=NOW.date())
    await People(memory, now=lambda: NOW).save([ada])
    for name, wrong, why in (
        ("model", "GPT-4.1-mini", "no call has this model; the nearest is 'gpt-4.1-mini'"),
        ("model", "zzz", "no call has this model"),
        ("subject", "Ada Biron", "nobody has this subject; the nearest is 'b (Ada Byron)'"),
        ("subject", "zzz", "nobody has this subject"),
    ):
        answer = await api.get("/v1/usage", params={name: wrong})
        assert answer.status_code == 400
        assert answer.json()["detail"] == f"{name} = {wrong!r}: {why}"
    calls = await api.get("/v1/subjects/b/calls", params={"model": "GPT-4.1-mini"})
    assert "the nearest is 'gpt-4.1-mini'" in calls.json()["detail"]
    october = {"month": "2026-10"}
    for name, known in (("model", "gpt-4.1-mini"), ("subject", "a-service"), ("subject", "b")):
        assert (await get(api, "/v1/usage", **october, **{name: known}))["data"] == []


async def test_usage_by_subject_says_the_names(api: ApiClient, memory: MemoryTableStorage) -> None:
    await post(memory, "a", "b")
    ada = Person(subject="a", display_name="Ada", cost_centre=None, valid_from=CALL_TIME.date())
    await People(memory, now=lambda: NOW).save([ada])
    usage = await get(api, "/v1/usage", group_by="model,subject")
    named = [(line["subject"], line["name"]) for line in usage["data"]]
    assert named == [("a", "Ada"), ("b", None)]
    assert "name" not in (await get(api, "/v1/usage", group_by="model"))["data"][0]


async def test_usage_is_grouped_by_what_only_calls_say(
    api: ApiClient, memory: MemoryTableStorage, monkeypatch: pytest.MonkeyPatch
) -> None:
    ledger = await open_ledger(memory)
    weak = make_usage(input=10)
    calls: list[dict[str, Any]] = [
        {"id": "1", "subject": "a", "session": "s1", "rank": Rank.GATEWAY_LOG, "usage": weak},
        {"id": "1", "subject": "a", "session": "s1"},
        {"id": "2", "subject": "a"},
        {"id": "3", "subject": "b", "session": "s1", "status": 429, "usage": None},
        {"id": "4", "subject": "b", "deployment": "new", "model": "brand-new", "api": "other"},
        {"id": "5", "subject": "a", "time": CALL_TIME - timedelta(days=30)},
    ]
    for number, changes in enumerate(calls):
        await ledger.post([make_call(number, **changes)])
    usage = await get(api, "/v1/usage")
    by_session = await get(api, "/v1/usage", group_by="session")
    lines = [(line["session"], line["calls"], line["errors"]) for line in by_session["data"]]
    assert lines == [("s1", 2, 1), (None, 2, 0)]
    assert by_session["totals"] == usage["totals"]
    for group_by in ("product", "subscription", "api,day", "deployment,subject,cost_centre,model"):
        assert (await get(api, "/v1/usage", group_by=group_by))["totals"] == usage["totals"]
    narrow = {"group_by": "api,subject", "subject": "b", "model": "brand-new"}
    [line] = (await get(api, "/v1/usage", **narrow))["data"]
    assert (line["api"], line["subject"], line["name"], line["cost"]) == ("other", "b", None, None)
    file = await api.get("/v1/usage.csv", params={"group_by": "session"})
    assert file.text.lstrip("\ufeff").startswith("session,calls,")
    monkeypatch.setattr(CallUsageReads.of, "__kwdefaults__", {"calls_max": 3})
    refused = await api.get("/v1/usage", params={"group_by": "session"})
    assert (refused.status_code, refused.json()["type"]) == (400, "urn:problem:too-much")


async def test_subjects_are_paged_dearest_first_and_the_link_leads_on(
    api: ApiClient, memory: MemoryTableStorage
) -> None:
    await post(memory, "a", "b", "b", "b", "c/ü", "c/ü")
    answer = await api.get("/v1/subjects", params={"limit": "2"})
    first = answer.json()
    assert [line["subject"] for line in first["data"]] == ["b", "c/ü"]
    assert first["totals"]["calls"] == 6
    assert first["subjects"] == 3
    assert first["data"][0]["last_day"] == "2026-11-20"
    assert answer.links["next"]["url"].count("cursor=") == 1
    second = (await api.get(answer.links["next"]["url"])).json()
    assert [line["subject"] for line in second["data"]] == ["a"]
    assert second["page"] == {"next_cursor": None, "limit": 2}
    assert "next" not in (await api.get(answer.links["next"]["url"])).links


async def test_subjects_are_listed_by_their_change_to_other_days(
    api: ApiClient, memory: MemoryTableStorage
) -> None:
    ledger = await open_ledger(memory)
    before = [make_call(n, id=call_id(n), subject="a") for n in range(2)]
    dearer = [make_call(n, id=call_id(n), subject="b", time=LATER) for n in range(2, 5)]
    same = [make_call(5, id=call_id(5), subject="a", time=LATER)]
    await ledger.post([*before, *dearer, *same])
    days = {"from": "2026-11-21", "to": "2026-11-23"}
    compared = {"compare_from": "2026-11-20", "compare_to": "2026-11-21", "sort": "change"}
    found = await get(api, "/v1/subjects", **days, **compared)
    lines = [(line["subject"], line["earlier_charge"]) for line in found["data"]]
    assert lines == [("b", "0"), ("a", "0.0023904")]
    assert {line["active_days"] for line in found["data"]} == {1}
    assert found["gone"] == {"subjects": 0, "earlier_charge": "0"}
    alone = await get(api, "/v1/subjects", **days)
    assert "earlier_charge" not in alone["data"][0]
    assert "gone" not in alone


async def test_who_has_no_usage_any_more_is_counted_so_that_changes_add_up(
    api: ApiClient, memory: MemoryTableStorage
) -> None:
    ledger = await open_ledger(memory)
    before = [make_call(n, id=call_id(n), subject=f"a{n}") for n in range(3)]
    now = make_call(3, id=call_id(3), subject="b", time=LATER)
    await ledger.post([*before, now])
    days = {"from": "2026-11-21", "to": "2026-11-23"}
    compared = {"compare_from": "2026-11-20", "compare_to": "2026-11-21"}
    for wanted, gone in (("", 3), ("A1", 1), ("b", 0)):
        found = await get(api, "/v1/subjects", **days, **compared, q=wanted)
        charge = format_pico(sum(call.priced.charge for call in before[:gone]))
        assert found["gone"] == {"subjects": gone, "earlier_charge": charge}


async def test_charge_that_nobody_knows_of_who_is_gone_is_null(
    api: ApiClient, memory: MemoryTableStorage
) -> None:
    ledger = await open_ledger(memory)
    unpriced = make_call(1, subject="a", deployment="nobody knows it")
    now = make_call(2, id=call_id(2), subject="b", time=LATER)
    await ledger.post([unpriced, now])
    asked = {"from": "2026-11-21", "to": "2026-11-23"}
    asked |= {"compare_from": "2026-11-20", "compare_to": "2026-11-21"}
    found = await get(api, "/v1/subjects", **asked)
    assert found["gone"] == {"subjects": 1, "earlier_charge": None}
    refused = make_call(3, id=call_id(3), subject="c", status=429, usage=None)
    await ledger.post([refused])
    found = await get(api, "/v1/subjects", **asked)
    assert found["gone"] == {"subjects": 2, "earlier_charge": "0"}
    assert (await get(api, "/v1/subjects", **asked, q="b"))["gone"]["earlier_charge"] == "0"


@pytest.mark.parametrize(
    ("asked", "field"),
    [
        ({"sort": "change"}, "sort"),
        ({"compare_from": "2026-11-01"}, "compare_from"),
        ({"compare_to": "2026-11-01"}, "compare_to"),
        ({"compare_from": "2026-11-02", "compare_to": "2026-11-01"}, "compare_from"),
    ],
)
async def test_days_to_compare_with_need_both_ends(
    api: ApiClient, memory: MemoryTableStorage, asked: dict[str, str], field: str
) -> None:
    await post(memory, "a")
    refused = await api.get("/v1/subjects", params=asked)
    assert refused.status_code == 400
    assert field in refused.text


async def test_subjects_of_a_model_or_a_cost_centre(
    api: ApiClient, memory: MemoryTableStorage
) -> None:
    await post(memory, "a", "b")
    joined = Person(subject="a", display_name="Ada", cost_centre="R&D", valid_from=CALL_TIME.date())
    await People(memory, now=lambda: NOW).save([joined])

    async def listed(**only: str) -> list[str]:
        return [line["subject"] for line in (await get(api, "/v1/subjects", **only))["data"]]

    assert await listed(cost_centre="R&D") == ["a"]
    assert await listed(cost_centre="") == ["b"]
    assert await listed(model="gpt-4.1-mini") == ["b", "a"]
    refused = await api.get("/v1/subjects", params={"cost_centre": "r&d"})
    assert "the nearest is 'R&D'" in refused.text


async def test_search_narrows_the_list_and_its_totals(
    api: ApiClient, memory: MemoryTableStorage
) -> None:
    await post(memory, "ada", "bob", "bob")
    found = await get(api, "/v1/subjects", q="BO", sort="subject", order="asc")
    assert [line["subject"] for line in found["data"]] == ["bob"]
    assert found["totals"]["calls"] == 2


@pytest.mark.parametrize("spelled", ["\u00e9", "e\u0301"])
async def test_a_name_is_found_however_its_letters_are_composed(
    api: ApiClient, memory: MemoryTableStorage, spelled: str
) -> None:
    """`é` is one character or two, by keyboard and by file."""
    await post(memory, "a\u00e9", "b")
    joined = Person(
        subject="a\u00e9", display_name="Zoe\u0301", cost_centre="CC-\u00e9",
        valid_from=CALL_TIME.date(),
    )  # fmt: skip
    await People(memory, now=lambda: NOW).save([joined])
    asked = ({"q": f"Zo{spelled}"}, {"q": f"a{spelled}"}, {"cost_centre": f"CC-{spelled}"})
    for only in asked:
        found = await get(api, "/v1/subjects", **only)
        assert [line["subject"] for line in found["data"]] == ["a\u00e9"], only
    for only in ({"cost_centre": f"CC-{spelled}"}, {"subject": f"a{spelled}"}):
        assert (await get(api, "/v1/usage", **only))["totals"]["calls"] == 1, only
    calls = await get(api, "/v1/calls", subject=f"a{spelled}")
    assert [call["subject"] for call in calls["data"]] == ["a\u00e9"]


async def test_unknown_subject_is_a_problem_and_a_known_one_without_usage_is_not(
    api: ApiClient, memory: MemoryTableStorage
) -> None:
    await post(memory, "a")
    body = await problem(api, "/v1/subjects/nobody/usage", 404)
    assert body["type"] == "urn:problem:unknown-subject"
    assert body["instance"] == "/v1/subjects/nobody/usage"
    await problem(api, "/v1/subjects/nobody/calls", 404)
    october = {"from": "2026-10-01", "to": "2026-11-01"}
    usage = await get(api, "/v1/subjects/a/usage", **october)
    assert (usage["data"], usage["totals"]["calls"]) == ([], 0)
    assert (await get(api, "/v1/subjects/a/calls", **october))["data"] == []
    newcomer = Person(subject="n", display_name="N", cost_centre=None, valid_from=NOW.date())
    await People(memory, now=lambda: NOW).save([newcomer])
    async with api_over(memory) as later:
        assert (await get(later, "/v1/subjects/n/usage"))["name"] == "N"
