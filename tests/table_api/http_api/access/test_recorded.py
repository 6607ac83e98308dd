"""What is recorded when others' calls are shown, and that nothing is shown without it."""

import io
import json
import zipfile
from collections.abc import AsyncIterator, Sequence
from typing import Any
from urllib.parse import quote

import httpx
import pytest

from table_api.errors import Unavailable
from table_api.http_api.conventions.cursor import from_base64url, to_base64url
from table_api.owners.access_log import ACCESS_LOG_TABLE
from table_api.storage.table_storage import Operation
from tests.fixtures.calls import PrefixedStorage, make_call, open_ledger
from tests.fixtures.office import (
    ANN,
    BEN,
    CAT,
    DAN,
    NOW,
    READER,
    TEAM,
    Office,
    issuer_of_office,
    open_office,
)

FOLDERS = ("focus/", "invoices/", "statements/")
ALL = {"from": "2026-10-01", "to": "2027-01-01"}


@pytest.fixture
async def office() -> AsyncIterator[Office]:
    with issuer_of_office() as (issuer, access):
        yield await open_office(issuer, access)


async def log_of(office: Office) -> list[dict[str, Any]]:
    async with office.client("admin") as api:
        answer = await api.get("/v1/access-log")
    assert answer.status_code == 200, answer.text
    rows: list[dict[str, Any]] = answer.json()["data"]
    return [row for row in rows if row["route"] != "/v1/access-log"]


async def ask(office: Office, caller: str, path: str, **query: str) -> httpx.Response:
    async with office.client(caller) as api:
        return await api.get(path, params=query)


async def test_a_row_says_who_looked_at_whom_and_what_was_asked(office: Office) -> None:
    await ask(office, "reader", f"/v1/subjects/{CAT}/calls", **ALL)
    [row] = await log_of(office)
    assert (row["caller"][0], row["roles"]) == ("7", ["Billing.Read.All"])
    assert row["route"] == "/v1/subjects/{subject:path}/calls"
    assert row["path"] == f"/v1/subjects/{CAT}/calls"
    assert row["query"] == "from=2026-10-01&to=2027-01-01"
    assert (row["subjects"], row["count"]) == ([CAT], 1)


async def test_ones_own_and_what_was_refused_is_not_recorded(office: Office) -> None:
    for path in ("/v1/me", "/v1/me/usage", "/v1/me/calls", "/v1/usage", "/v1/subjects"):
        assert (await ask(office, "employee", path)).status_code == 200
    await ask(office, "employee", f"/v1/subjects/{CAT}/usage")
    await ask(office, "employee", "/v1/usage", subject=CAT)
    await ask(office, "reader", "/v1/subjects/nobody/usage")
    await ask(office, "reader", "/v1/usage", form="x")
    assert await log_of(office) == []


async def test_an_owner_is_recorded_with_whom_they_saw(office: Office) -> None:
    await ask(office, "owner", "/v1/usage", **ALL)
    await ask(office, "owner", "/v1/subjects", **ALL)
    [listed, usage] = await log_of(office)
    assert usage["subjects"] == listed["subjects"] == sorted([BEN, DAN, TEAM])
    assert ANN not in usage["subjects"]


async def test_everybody_is_recorded_as_everybody(office: Office) -> None:
    await ask(office, "reader", "/v1/usage", **ALL)
    await ask(office, "reader", "/v1/invoices/preview")
    file = await ask(office, "reader", "/v1/invoices/2026-11/files/cost_and_usage.csv")
    assert file.status_code == 200
    rows = await log_of(office)
    assert {(row["count"], tuple(row["subjects"])) for row in rows} == {(None, ())}


async def test_a_page_with_the_totals_of_everybody_is_recorded_as_that(office: Office) -> None:
    """Also one after the last subject: it names nobody, and has the totals all the same."""
    page = await ask(office, "reader", "/v1/subjects", **ALL, sort="subject", limit="1")
    cursor = page.json()["page"]["next_cursor"]
    [version, digest, _] = json.loads(from_base64url(cursor) or b"")
    last = to_base64url(json.dumps([version, digest, ["0", ""]]).encode())
    empty = await ask(
        office, "reader", "/v1/subjects", **ALL, sort="subject", limit="1", cursor=last
    )
    assert (empty.json()["data"], empty.json()["totals"]["calls"] > 0) == ([], True)
    await ask(office, "reader", "/v1/subjects", **ALL, q=CAT)
    rows = {row["query"].rpartition("&")[2]: row for row in await log_of(office)}
    assert (rows["limit=1"]["count"], len(rows["limit=1"]["subjects"])) == (None, 1)
    assert (rows["cursor=-"]["count"], rows["cursor=-"]["subjects"]) == (None, [])
    assert (rows[f"q={CAT}"]["count"], rows[f"q={CAT}"]["subjects"]) == (1, [CAT])


async def test_sums_of_cost_centres_and_names_without_usage_are_recorded(office: Office) -> None:
    await ask(office, "employee", "/v1/invoices")
    await ask(office, "reader", "/v1/invoices")
    await ask(office, "owner", "/v1/invoices", month="2026-11")
    seen = await ask(office, "owner", f"/v1/subjects/{BEN}/usage", **{"from": "2026-12-01"})
    assert (seen.status_code, seen.json()["data"]) == (200, [])
    assert (seen.json()["name"], seen.json()["totals"]["calls"]) == ("Ben Mover", 0)
    rows = [(row["caller"], row["count"], row["subjects"]) for row in await log_of(office)]
    assert sorted(rows, key=str) == [(ANN, 1, [BEN]), (ANN, None, []), (READER, None, [])]


async def test_documents_are_recorded_with_whom_they_name(office: Office) -> None:
    invoices = (await ask(office, "reader", "/v1/invoices", month="2026-10")).json()["data"]
    number = invoices[0]["number"]
    for path in (f"/v1/invoices/{number}", f"/v1/invoices/{number}/files/{number}.csv"):
        assert (await ask(office, "owner", path)).status_code == 200
    shown = [row["subjects"] for row in await log_of(office) if row["route"] != "/v1/invoices"]
    assert shown == [sorted([BEN, DAN])] * 2


async def test_only_an_administrator_reads_it_and_that_is_recorded(office: Office) -> None:
    for caller in ("employee", "owner", "reader", "service"):
        assert (await ask(office, caller, "/v1/access-log")).status_code == 403
    await ask(office, "reader", f"/v1/subjects/{CAT}/usage")
    await ask(office, "admin", "/v1/access-log")
    rows = (await ask(office, "admin", "/v1/access-log")).json()["data"]
    found = {row["route"]: (row["caller"][0], row["subjects"]) for row in rows}
    assert found == {
        "/v1/subjects/{subject:path}/usage": ("7", [CAT]),
        "/v1/access-log": ("8", [READER]),
    }


@pytest.mark.parametrize(
    "place",
    [("20261210", "' or 1"), ("20261210", "\0"), ("zz", "1"), ("\u0662\u0660261210", "1|0")],
)
async def test_a_forged_place_in_the_log_is_refused(office: Office, place: tuple[str, str]) -> None:
    await ask(office, "reader", f"/v1/subjects/{CAT}/usage")
    await ask(office, "reader", f"/v1/subjects/{BEN}/usage")
    page = await ask(office, "admin", "/v1/access-log", limit="1")
    cursor = page.json()["page"]["next_cursor"]
    [version, digest, _] = json.loads(from_base64url(cursor) or b"")
    forged = to_base64url(json.dumps([version, digest, place]).encode())
    refused = await ask(office, "admin", "/v1/access-log", limit="1", cursor=forged)
    assert (refused.status_code, refused.json()["errors"][0]["field"]) == (400, "cursor")
    following = await ask(office, "admin", "/v1/access-log", limit="1", cursor=cursor)
    assert (following.status_code, len(following.json()["data"])) == (200, 1)


async def test_whatever_a_subject_is_called_it_can_be_recorded(office: Office) -> None:
    subject = "contoso\\a/b \u00fc'#?%2F|*\u200b\U0001f600"
    ledger = await open_ledger(office.storage)
    await ledger.post([make_call(1, id="odd", subject=subject, time=NOW)])
    path = f"/v1/subjects/{quote(subject, safe='')}/calls"
    answer = await ask(office, "reader", path, **{"from": "2026-12-01"})
    assert answer.status_code == 200, answer.text
    [row] = await log_of(office)
    assert row["subjects"] == [subject]


async def test_nothing_is_shown_when_it_cannot_be_recorded(office: Office) -> None:
    office.storage = WithoutLog(office.storage, "")
    answer = await ask(office, "reader", f"/v1/subjects/{CAT}/calls", **ALL)
    assert (answer.status_code, answer.json()["type"]) == (503, "urn:problem:not-recorded")
    assert "xq-session" not in answer.text
    assert (await ask(office, "employee", "/v1/me/calls", **ALL)).status_code == 200


class WithoutLog(PrefixedStorage):
    """A storage that takes no row of the access log."""

    async def transact(
        self, table: str, partition_key: str, operations: Sequence[Operation]
    ) -> list[str]:
        if table == ACCESS_LOG_TABLE:
            raise Unavailable("the table is away")
        return await super().transact(table, partition_key, operations)


async def test_a_zip_of_a_month_has_ones_own_documents_and_its_row_names_whom_they_show(
    office: Office,
) -> None:
    path = "/v1/invoices/months/2026-11.zip"
    found: dict[str, tuple[Any, ...]] = {}
    for caller in ("employee", "owner", "reader", "service"):
        answer = await ask(office, caller, path)
        found[caller] = answer.status_code, answer.headers["cache-control"]
        if answer.status_code == 200:
            with zipfile.ZipFile(io.BytesIO(answer.content)) as packed:
                found[caller] += (sorted({name.split(".")[0] for name in packed.namelist()}),)
    assert found["employee"] == (200, "private, no-cache", ["statements/ST-202611-00002"])
    own = ["invoices/INV-000004", "statements/ST-202611-00001"]
    assert found["owner"] == (200, "private, no-cache", own)
    assert found["service"] == (404, "no-store")
    _, caching, names = found["reader"]
    assert "immutable" in caching
    assert [len([each for each in names if each.startswith(part)]) for part in FOLDERS] == [3, 3, 5]
    rows = {row["caller"]: (row["subjects"], row["count"]) for row in await log_of(office)}
    assert rows == {ANN: ([BEN], 1), READER: (sorted([ANN, BEN, CAT, DAN, TEAM]), None)}
