"""One answer after another over one ledger: usage, calls and details agree."""

import msgspec

from table_api.ledger.meta import LedgerSettings
from table_api.monthly.projected_ledger import ProjectedLedger
from table_api.storage.memory_tables import MemoryTableStorage
from tests.fixtures.builders import SUBJECT, call_id
from tests.fixtures.calls import NOW, make_call, open_ledger
from tests.table_api.conftest import ApiClient, api_over
from tests.table_api.http_api.asking import CALL_COST, get, post


async def test_subject_of_any_spelling_has_its_usage_and_calls(
    api: ApiClient, memory: MemoryTableStorage
) -> None:
    subject = "contoso\\a/b ü'#?%2F|*"
    await post(memory, subject)
    quoted = "contoso%5Ca%2Fb%20%C3%BC%27%23%3F%252F%7C%2A"
    usage = await get(api, f"/v1/subjects/{quoted}/usage", group_by="day,model")
    assert (usage["subject"], usage["totals"]["cost"]) == (subject, CALL_COST)
    await (await open_ledger(memory)).post([make_call(1, id=call_id(1), subject=subject)])
    first = await api.get(f"/v1/subjects/{quoted}/calls?limit=1")
    next_page = (await api.get(first.links["next"]["url"])).json()
    assert [call["call_id"] for call in next_page["data"]] == [call_id(1)]
    calls = first.json()
    assert [call["call_id"] for call in calls["data"]] == [call_id(0)]
    assert (await get(api, f"/v1/calls/{calls['data'][0]['id']}"))["subject"] == subject


async def test_cost_of_calls_without_a_price_is_null_and_never_zero(
    api: ApiClient, memory: MemoryTableStorage
) -> None:
    ledger = await open_ledger(memory)
    await ledger.post([make_call(1, deployment="lab-model-x", model="lab")])
    await ledger.post([make_call(2, id=call_id(2), usage=None)])
    usage = await get(api, "/v1/usage", group_by="model")
    assert [(line["model"], line["cost"]) for line in usage["data"]] == [
        ("gpt-4.1-mini", None),
        ("lab", None),
    ]
    assert usage["totals"]["cost"] is None
    assert usage["totals"]["unpriced_calls"] == 1
    assert usage["totals"]["no_usage_calls"] == 1
    [unpriced, no_usage] = (await get(api, f"/v1/subjects/{SUBJECT}/calls"))["data"]
    assert (unpriced["state"], unpriced["cost"]) == ("unpriced", None)
    assert "lab-model-x" in unpriced["reason"]
    assert (no_usage["state"], no_usage["cost"], no_usage["units"]) == ("no_usage", None, {})
    detail = await get(api, f"/v1/calls/{unpriced['id']}")
    assert detail["explanation"]["lines"] == []


async def test_ledger_of_two_currencies_shows_what_is_billed(memory: MemoryTableStorage) -> None:
    settings = LedgerSettings(zone="UTC", pricing_currency="USD", billing_currency="EUR", shards=2)
    ledger = await ProjectedLedger.open(memory, settings, now=lambda: NOW)
    call = make_call()
    charges = tuple(
        msgspec.structs.replace(charge, billed=charge.charge // 2) for charge in call.priced.charges
    )
    priced = msgspec.structs.replace(call.priced, billing_currency="EUR", charges=charges)
    await ledger.post([msgspec.structs.replace(call, priced=priced)])
    billed = CALL_COST | {"billed": "0.0005976"}
    async with api_over(memory) as api:
        usage = await get(api, "/v1/usage")
        assert (usage["currency"], usage["billing_currency"]) == ("USD", "EUR")
        assert usage["totals"]["cost"] == billed
        [call_line] = (await get(api, f"/v1/subjects/{SUBJECT}/calls"))["data"]
        assert call_line["cost"] == billed
        detail = await get(api, f"/v1/calls/{call_line['id']}")
        assert detail["billing_currency"] == "EUR"
