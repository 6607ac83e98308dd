"""What an owner and an employee see of a company, by charge day and by closed month."""

from collections.abc import AsyncIterator
from typing import Any

import httpx
import pytest

from table_api.consumer_state.progress import Count, Progress, ProgressTable
from table_api.owners.ownership import Kind, Owners
from table_api.storage.timestamp import now_utc
from tests.fixtures.calls import make_call, open_ledger
from tests.fixtures.office import (
    ANN,
    BEN,
    CAT,
    CENTRE_A,
    CENTRE_B,
    DAN,
    MARK,
    NOW,
    SUBJECTS,
    TEAM,
    Office,
    issuer_of_office,
    open_office,
    own,
)

ALL = {"from": "2026-10-01", "to": "2027-01-01"}
BY_SUBJECT_AND_DAY = ALL | {"group_by": "subject,day"}


@pytest.fixture
async def office() -> AsyncIterator[Office]:
    with issuer_of_office() as (issuer, access):
        yield await open_office(issuer, access)


async def get(office: Office, caller: str, path: str, **query: str) -> Any:
    async with office.client(caller) as api:
        answer = await api.get(path, params=query)
    assert answer.status_code == 200, answer.text
    return answer.json()


def seen(body: Any) -> set[tuple[str, str]]:
    return {(line["subject"], line["day"]) for line in body["data"]}


MINE = {"2026-10-05", "2026-11-05", "2026-11-20", "2026-12-05"}
OF_ANN = (
    {(ANN, day) for day in MINE}
    | {(BEN, "2026-10-05"), (BEN, "2026-11-05")}
    | {(DAN, "2026-10-05")}
    | {(TEAM, "2026-11-20"), (TEAM, "2026-12-05")}
)


async def test_an_employee_sees_their_own_calls_and_an_owner_those_of_the_days_they_own(
    office: Office,
) -> None:
    assert seen(await get(office, "employee", "/v1/usage", **BY_SUBJECT_AND_DAY)) == {
        (BEN, day) for day in MINE
    }
    assert seen(await get(office, "owner", "/v1/usage", **BY_SUBJECT_AND_DAY)) == OF_ANN
    everybody = seen(await get(office, "reader", "/v1/usage", **BY_SUBJECT_AND_DAY))
    assert everybody == {(who, day) for who in (ANN, BEN, CAT, DAN, TEAM) for day in MINE}
    assert seen(await get(office, "service", "/v1/usage", **BY_SUBJECT_AND_DAY)) == set()


async def test_totals_groups_and_lists_are_those_of_what_is_seen(office: Office) -> None:
    for query in ({}, {"group_by": "model"}, {"group_by": "cost_centre"}, {"group_by": "subject"}):
        report = await get(office, "owner", "/v1/usage", **ALL, **query)
        assert report["totals"]["calls"] == 2 * len(OF_ANN)
    centres = await get(office, "owner", "/v1/usage", **ALL, group_by="cost_centre")
    assert [line["cost_centre"] for line in centres["data"]] == [CENTRE_A, "CC-HQ"]
    listed = await get(office, "owner", "/v1/subjects", **ALL)
    assert {
        line["subject"]: (line["cost_centre"], line["last_day"]) for line in listed["data"]
    } == {
        ANN: ("CC-HQ", "2026-12-05"),
        BEN: (CENTRE_A, "2026-11-05"),
        DAN: (None, "2026-10-05"),
        TEAM: ("CC-HQ", "2026-12-05"),
    }
    assert listed["totals"]["calls"] == 2 * len(OF_ANN)
    for text, found in (("ben", {BEN}), (CAT, set()), (MARK, set()), ("cc-b", set())):
        found_now = await get(office, "owner", "/v1/subjects", **ALL, q=text)
        assert {line["subject"] for line in found_now["data"]} == found
    assert [row["subject"] for row in (await get(office, "owner", "/v1/people"))["data"]] == [
        ANN, BEN, TEAM,
    ]  # fmt: skip


async def test_a_subject_is_seen_on_its_visible_days_alone(office: Office) -> None:
    usage = await get(office, "owner", f"/v1/subjects/{BEN}/usage", **ALL)
    assert [line["day"] for line in usage["data"]] == ["2026-10-05", "2026-11-05"]
    assert (usage["name"], usage["cost_centre"]) == ("Ben Mover", CENTRE_A)
    calls, query = [], ALL | {"limit": "1"}
    while True:
        page = await get(office, "owner", f"/v1/subjects/{BEN}/calls", **query)
        calls += page["data"]
        if page["page"]["next_cursor"] is None:
            break
        query["cursor"] = page["page"]["next_cursor"]
    assert [call["day"] for call in calls] == ["2026-10-05"] * 2 + ["2026-11-05"] * 2
    everything = await get(office, "reader", f"/v1/subjects/{BEN}/calls", **ALL)
    hidden = {call["id"] for call in everything["data"]} - {call["id"] for call in calls}
    assert len(hidden) == 4
    async with office.client("owner") as api:
        assert (await api.get(f"/v1/calls/{calls[0]['id']}")).status_code == 200
        for each in hidden:
            assert (await api.get(f"/v1/calls/{each}")).status_code == 404


async def test_what_is_not_seen_is_unknown_by_the_same_words(office: Office) -> None:
    everything = await get(office, "reader", f"/v1/subjects/{CAT}/calls", **ALL)
    theirs = everything["data"][0]["id"]
    changed = theirs[:-6] + ("AAAAAA" if not theirs.endswith("AAAAAA") else "BBBBBB")
    invoices = (await get(office, "reader", "/v1/invoices", month="2026-11"))["data"]
    [number] = [each["number"] for each in invoices if each["cost_centre"] == CENTRE_B]
    pairs = [
        (f"/v1/subjects/{CAT}/usage", "/v1/subjects/nobody-at-all/usage"),
        (f"/v1/subjects/{CAT}/calls", "/v1/subjects/nobody-at-all/calls"),
        (f"/v1/calls/{theirs}", f"/v1/calls/{changed}"),
        (f"/v1/invoices/{number}", "/v1/invoices/INV-999999"),
        (f"/v1/invoices/{number}/files/{number}.csv", "/v1/invoices/INV-999999/files/x.csv"),
        ("/v1/invoices/2026-11/files/cost_and_usage.csv", "/v1/invoices/2026-11/files/no.csv"),
    ]
    for kind in ("employee", "owner", "service"):
        async with office.client(kind) as api:
            for exists, exists_not in pairs:
                answers = [await api.get(path, params={}) for path in (exists, exists_not)]
                assert [answer.status_code for answer in answers] == [404, 404], exists
                bodies = [
                    answer.text.replace(path, "PATH")
                    for answer, path in zip(answers, (exists, exists_not), strict=True)
                ]
                assert bodies[0] == bodies[1]
                assert same_headers(*answers)


def same_headers(one: httpx.Response, other: httpx.Response) -> bool:
    heads = [dict(answer.headers) | {"content-length": ""} for answer in (one, other)]
    return heads[0] == heads[1]


async def test_documents_are_seen_by_who_owned_their_centre_all_month(office: Office) -> None:
    owners = await get(office, "owner", "/v1/invoices")
    assert [(each["month"], each["cost_centre"]) for each in owners["data"]] == [
        ("2026-11", CENTRE_A),
        ("2026-10", CENTRE_A),
    ]
    assert [month["amount"] for month in owners["months"]] == [
        each["amount"] for each in owners["data"]
    ]
    assert [(month["invoices"], month["files"]) for month in owners["months"]] == [(1, [])] * 2
    mine = await get(office, "employee", "/v1/invoices", kind="statement", month="2026-11")
    assert [each["subject"] for each in mine["data"]] == [BEN]
    assert mine["months"][0]["amount"] == mine["data"][0]["amount"]
    assert mine["closed_months"] == ["2026-11", "2026-10"]
    nothing = await get(office, "employee", "/v1/invoices")
    assert nothing == {"months": [], "data": [], "closed_months": []}
    theirs = await get(office, "owner", "/v1/invoices", kind="statement", month="2026-11")
    assert [each["subject"] for each in theirs["data"]] == [ANN]
    assert owners["closed_months"] == [each["month"] for each in owners["months"]]
    number = mine["data"][0]["number"]
    async with office.client("employee") as api:
        for ending in ("json", "csv", "pdf", "xlsx"):
            found = await api.get(f"/v1/invoices/{number}/files/{number}.{ending}")
            assert found.status_code == 200


async def test_a_damaged_month_is_an_error_of_itself_alone(office: Office) -> None:
    office.blobs.blobs["202610/manifest.json"] = b"{}"
    async with office.client("employee") as api:
        healthy = await api.get("/v1/invoices", params={"kind": "statement", "month": "2026-11"})
        damaged = await api.get("/v1/invoices", params={"kind": "statement", "month": "2026-10"})
        newest = await api.get("/v1/invoices", params={"kind": "statement"})
    assert healthy.status_code == newest.status_code == 200, newest.text
    assert [each["subject"] for each in healthy.json()["data"]] == [BEN]
    assert healthy.json()["closed_months"] == newest.json()["closed_months"] == ["2026-11"]
    assert newest.json()["data"] == healthy.json()["data"]
    assert (damaged.status_code, damaged.json()["type"]) == (500, "urn:problem:altered")


async def test_documents_older_than_a_damaged_month_are_found(office: Office) -> None:
    older = (await get(office, "reader", "/v1/invoices", month="2026-10"))["data"][0]["number"]
    office.blobs.blobs["202611/manifest.json"] = b"{}"
    found = await get(office, "reader", f"/v1/invoices/{older}")
    assert found["number"] == older
    newest = await get(office, "reader", "/v1/invoices")
    assert newest["closed_months"] == ["2026-11", "2026-10"]
    assert {each["month"] for each in newest["data"]} == {"2026-10"}
    async with office.client("reader") as api:
        unknown = await api.get("/v1/invoices/INV-999999")
    assert (unknown.status_code, unknown.json()["type"]) == (500, "urn:problem:altered")


async def test_a_cursor_and_an_etag_are_of_one_caller(office: Office) -> None:
    async with office.client("owner") as owner, office.client("reader") as reader:
        first = await reader.get("/v1/subjects", params=ALL | {"limit": "1"})
        cursor = first.json()["page"]["next_cursor"]
        refused = await owner.get("/v1/subjects", params=ALL | {"limit": "1", "cursor": cursor})
        assert (refused.status_code, MARK in refused.text) == (400, False)
        again = await reader.get("/v1/subjects", params=ALL | {"limit": "1", "cursor": cursor})
        assert again.status_code == 200
        path = f"/v1/subjects/{ANN}/usage"
        tags = [(await api.get(path, params=ALL)).headers["etag"] for api in (owner, reader)]
        assert tags[0] != tags[1]
        foreign = await owner.get(path, params=ALL, headers={"If-None-Match": tags[1]})
        own = await owner.get(path, params=ALL, headers={"If-None-Match": tags[0]})
        assert (foreign.status_code, own.status_code) == (200, 304)


@pytest.mark.parametrize(
    "spelled",
    [
        SUBJECTS["employee"].upper(),
        f"..%2F{CAT}",
        f"{BEN}%2F..%2F{CAT}",
        f"{BEN}/../{CAT}",
        f"{CAT}%00",
        "\uff12" + BEN[1:],  # a full-width digit, which NFKC makes one's own id of
    ],
)
async def test_a_path_that_only_looks_like_ones_own_is_unknown(
    office: Office, spelled: str
) -> None:
    async with office.client("employee") as api:
        for last in ("usage", "calls"):
            answer = await api.get(f"/v1/subjects/{spelled}/{last}", params=ALL)
            assert answer.status_code == 404
            assert MARK not in answer.text


async def as_subject(office: Office, path: str, **claims: Any) -> httpx.Response:
    """What a caller with these claims gets, without a role."""
    async with office.client("nobody") as api:
        headers = {"Authorization": f"Bearer {office.issuer.token(**claims)}"}
        return await api.get(path, params=ALL, headers=headers)


async def test_who_owned_a_centre_for_a_part_of_a_month_gets_no_invoice_of_it(
    office: Office,
) -> None:
    rows = [
        own("late", Kind.COST_CENTRE, CENTRE_A, "2026-10-02"),
        own("early", Kind.COST_CENTRE, CENTRE_A, "2026-10-01", until="2026-11-30"),
        own("twice", Kind.COST_CENTRE, CENTRE_A, "2026-10-01", until="2026-11-20"),
        own("twice", Kind.COST_CENTRE, CENTRE_A, "2026-11-20"),
    ]
    await Owners(office.storage, now=now_utc).save(rows)
    months = {}
    for owner in ("late", "early", "twice"):
        async with office.client("nobody") as api:
            headers = {"Authorization": f"Bearer {office.issuer.token(oid=owner)}"}
            listed = (await api.get("/v1/invoices", headers=headers)).json()["data"]
        months[owner] = [each["month"] for each in listed]
    assert months == {"late": ["2026-11"], "early": ["2026-10"], "twice": ["2026-11", "2026-10"]}


async def test_when_others_called_and_who_approved_a_run_is_for_billing_roles(
    office: Office,
) -> None:
    progress = ProgressTable(office.storage)
    await progress.create()
    await progress.write(
        Progress(
            hub="llm-usage",
            group="metering",
            partition="0",
            hub_created_at=NOW,
            sequence_number=1,
            enqueued_time=NOW,
            recorded_at=NOW,
            counts=dict.fromkeys(Count, 0),
            caught_up_at=NOW,
            partitions=1,
        ),
        None,
    )
    newest = {
        caller: (await get(office, caller, "/v1/usage"))["newest_call"]
        for caller in ("employee", "owner", "reader")
    }
    assert newest == {"employee": None, "owner": None, "reader": "2026-12-10T12:00:00Z"}
    query = {"from": "2026-11-01", "to": "2026-11-10"}
    calls = (await get(office, "owner", f"/v1/subjects/{BEN}/calls", **query))["data"]
    [priced] = [call["id"] for call in calls if call["cost"] is not None]
    approvers = {
        caller: [
            row["run_by"] for row in (await get(office, caller, f"/v1/calls/{priced}"))["chain"]
        ]
        for caller in ("employee", "owner", "reader")
    }
    shown = [None, f"{MARK}operator"]
    assert approvers == {"employee": [None, None], "owner": [None, None], "reader": shown}


async def test_a_subject_of_an_issuer_without_object_ids_is_compared_in_nfc(
    office: Office,
) -> None:
    ledger = await open_ledger(office.storage)
    await ledger.post([make_call(1, id="1", subject="jos\u00e9", time=NOW)])
    claims = {"oid": None, "tid": None, "sub": "jose\u0301"}
    for spelled in ("jos\u00e9", "jose\u0301"):
        mine = await as_subject(office, f"/v1/subjects/{spelled}/usage", **claims)
        assert (mine.status_code, mine.json()["totals"]["calls"]) == (200, 1)
    for spelled in ("\uff4aos\u00e9", "JOS\u00c9", "jose"):
        other = await as_subject(office, f"/v1/subjects/{spelled}/usage", **claims)
        assert other.status_code == 404
