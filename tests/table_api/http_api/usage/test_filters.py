"""Values of filters: what the caller sees is taken, anything else is refused by one wording."""

from collections.abc import AsyncIterator

import pytest

from tests.fixtures.office import (
    ANN,
    BEN,
    CAT,
    CENTRE_A,
    CENTRE_B,
    MARK,
    Office,
    issuer_of_office,
    open_office,
)

ALL = {"from": "2026-10-01", "to": "2027-01-01"}
MONTH_WITHOUT_CALLS = {"month": "2026-09"}
OF_CAT = {"model": f"{MARK}model-cat", "subject": CAT, "cost_centre": CENTRE_B}
"""What neither the employee nor the owner sees; Ben's own rows have the cost centre."""
OF_NOBODY = {
    "model": f"{MARK}model-caz",
    "subject": "60000000-aaaa-4bbb-8ccc-000000000006",
    "cost_centre": CENTRE_B[:-1] + "z",
}
"""As near to what exists."""


@pytest.fixture
async def office() -> AsyncIterator[Office]:
    with issuer_of_office() as (issuer, access):
        yield await open_office(issuer, access)


@pytest.mark.parametrize("route", ["usage", "calls", "subjects"])
async def test_what_the_caller_does_not_see_is_refused_like_what_nobody_has(
    office: Office, route: str
) -> None:
    fields = {"usage": set(OF_CAT), "calls": {"model", "subject"}}.get(
        route, {"model", "cost_centre"}
    )
    async with office.client("owner") as api:
        for field in fields:
            said = []
            for value in (OF_CAT[field], OF_NOBODY[field]):
                answer = await api.get(f"/v1/{route}", params=ALL | {field: value})
                assert answer.status_code == 400, answer.text
                said.append(answer.text.replace(value, "VALUE"))
            assert said[0] == said[1]
            assert "you see has this" in said[0]


async def test_a_mistyped_name_of_ones_own_is_refused_with_the_nearest(office: Office) -> None:
    for caller, path, field, mine in (
        ("employee", "usage", "model", f"{MARK}model-ben5"),
        ("employee", "me/calls", "model", f"{MARK}model-ben5"),
        ("employee", "usage", "cost_centre", CENTRE_B),
        ("owner", "usage", "cost_centre", CENTRE_A),
        ("owner", f"subjects/{ANN}/calls", "model", f"{MARK}model-ann5"),
    ):
        async with office.client(caller) as api:
            answer = await api.get(f"/v1/{path}", params=ALL | {field: mine.upper()})
            assert answer.status_code == 400, (path, answer.text)
            assert f"the nearest is {mine!r}" in answer.json()["detail"]


async def test_what_the_caller_has_is_taken_also_for_days_without_calls(office: Office) -> None:
    for caller, filters in (
        ("employee", {"model": f"{MARK}model-ben"}),
        ("employee", {"subject": BEN}),
        ("employee", {"cost_centre": CENTRE_B}),
        ("owner", {"model": f"{MARK}model-ann"}),
        ("owner", {"cost_centre": CENTRE_A}),
        ("reader", {"model": f"{MARK}model-cat", "cost_centre": CENTRE_B}),
    ):
        async with office.client(caller) as api:
            answer = await api.get("/v1/usage", params=MONTH_WITHOUT_CALLS | filters)
        assert answer.status_code == 200, (caller, filters, answer.text)
        assert answer.json()["data"] == []


async def test_looking_for_names_records_no_look_at_others(office: Office) -> None:
    async with office.client("owner") as api:
        await api.get("/v1/usage", params=MONTH_WITHOUT_CALLS | {"model": "zzz"})
    async with office.client("admin") as api:
        rows = (await api.get("/v1/access-log", params=ALL)).json()["data"]
    assert [row["subjects"] for row in rows if "model=zzz" in row["query"]] == []
