"""Who I am, and what is mine."""

from collections.abc import AsyncIterator
from typing import Any

import pytest

from table_api.storage.memory_tables import MemoryTableStorage
from tests.fixtures.calls import open_ledger
from tests.fixtures.office import (
    ANN,
    BEN,
    CENTRE_A,
    CENTRE_B,
    Office,
    issuer_of_office,
    open_office,
)
from tests.table_api.conftest import ApiClient
from tests.table_api.http_api.asking import get as get_local
from tests.table_api.http_api.asking import problem

ALL = {"from": "2026-10-01", "to": "2027-01-01"}


@pytest.fixture
async def office() -> AsyncIterator[Office]:
    with issuer_of_office() as (issuer, access):
        yield await open_office(issuer, access)


async def get(office: Office, caller: str, path: str, **query: str) -> Any:
    async with office.client(caller) as api:
        answer = await api.get(path, params=query)
    assert answer.status_code == 200, answer.text
    return answer.json()


async def test_an_employee_is_told_their_name_and_that_they_own_nothing(office: Office) -> None:
    assert await get(office, "employee", "/v1/me") == {
        "subject": BEN,
        "name": "Ben Mover",
        "cost_centre": CENTRE_B,
        "roles": [],
        "permissions": ["public", "signed_in"],
        "sees_everybody": False,
        "owns": [],
    }


async def test_an_owner_is_told_what_they_own_and_a_role_what_it_gives(office: Office) -> None:
    owner = await get(office, "owner", "/v1/me")
    assert (owner["subject"], owner["owns"][0]) == (
        ANN,
        {"kind": "cost_centre", "name": CENTRE_A, "valid_from": "2026-10-01", "valid_until": None},
    )
    reader, admin = await get(office, "reader", "/v1/me"), await get(office, "admin", "/v1/me")
    assert reader["permissions"] == ["public", "signed_in", "billing", "rate"]
    assert admin["permissions"] == ["public", "signed_in", "billing", "admin", "rate"]
    service = await get(office, "service", "/v1/me")
    assert (service["roles"], service["name"]) == (["Pricing.Rate"], None)


async def test_my_usage_and_my_calls_are_those_of_my_subject(office: Office) -> None:
    for last in ("usage", "calls"):
        mine = await get(office, "employee", f"/v1/me/{last}", **ALL)
        assert mine == await get(office, "employee", f"/v1/subjects/{BEN}/{last}", **ALL)
        assert (await get(office, "admin", f"/v1/me/{last}", **ALL))["data"] == []
    page = await get(office, "employee", "/v1/me/calls", **ALL, limit="3")
    more = await get(
        office, "employee", "/v1/me/calls", **ALL, limit="3", cursor=page["page"]["next_cursor"]
    )
    days = [call["day"] for call in (*page["data"], *more["data"])]
    assert days == ["2026-10-05"] * 2 + ["2026-11-05"] * 2 + ["2026-11-20"] * 2


async def test_on_this_machine_nobody_is_me(api: ApiClient, memory: MemoryTableStorage) -> None:
    await open_ledger(memory)
    me = await get_local(api, "/v1/me")
    assert (me["subject"], me["sees_everybody"]) == (None, True)
    assert "local" in (await problem(api, "/v1/me/usage", 404))["detail"]
