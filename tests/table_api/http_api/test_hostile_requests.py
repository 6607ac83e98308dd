"""Whatever is asked, the answer is a problem that names the parameter, and nothing else is read."""

import json

import httpx
import pytest

from table_api.http_api.conventions.cursor import encode_cursor, from_base64url, to_base64url
from table_api.storage.memory_tables import MemoryTableStorage
from tests.fixtures.builders import SUBJECT, call_id
from tests.fixtures.calls import make_call, open_ledger
from tests.table_api.conftest import ApiClient

CALLS = f"/v1/subjects/{SUBJECT}/calls"


@pytest.fixture(autouse=True)
async def three_calls(memory: MemoryTableStorage) -> None:
    """Two subjects with calls."""
    ledger = await open_ledger(memory)
    await ledger.post([make_call(n, id=call_id(n)) for n in range(2)])
    await ledger.post([make_call(3, id=call_id(3), subject="other")])


@pytest.mark.parametrize(
    ("url", "field"),
    [
        ("/v1/usage?from=2026-13-01", "from"),
        ("/v1/usage?from=1700000000", "from"),
        ("/v1/usage?from=2026-11-01T00:00:00Z", "from"),
        ("/v1/usage?from=", "from"),
        ("/v1/usage?to=tomorrow", "to"),
        ("/v1/usage?to=2026-11-%D9%A1%D9%A1", "to"),
        ("/v1/usage?from=2026-11-10&to=2026-11-10", "from"),
        ("/v1/usage?from=2026-11-10&to=2026-11-09", "from"),
        ("/v1/usage?from=2001-01-01&to=9999-12-31", "to"),
        ("/v1/usage?from=1969-12-31&to=1970-01-02", "from"),
        ("/v1/calls?q=abc&from=0001-01-01&to=0001-01-02", "from"),
        ("/v1/calls?to=0001-01-02", "to"),
        ("/v1/usage?from=9998-12-30&to=9999-01-01", "to"),
        ("/v1/prices?day=9999-12-31", "day"),
        ("/v1/usage?group_by=day,day", "group_by"),
        ("/v1/usage?group_by=price", "group_by"),
        ("/v1/usage?group_by=", "group_by"),
        ("/v1/usage?form=2026-11-01", "form"),
        (f"/v1/usage?subject={'x' * 513}", "subject"),
        ("/v1/subjects?limit=0", "limit"),
        ("/v1/subjects?limit=201", "limit"),
        ("/v1/subjects?limit=many", "limit"),
        ("/v1/subjects?sort=name", "sort"),
        ("/v1/subjects?order=up", "order"),
        ("/v1/subjects?cursor=x", "cursor"),
        ("/v1/subjects?cursor=", "cursor"),
        (f"/v1/subjects/{SUBJECT}/usage?group_by=subject", "group_by"),
        (f"{CALLS}?cursor=%00", "cursor"),
        (f"{CALLS}?model={'x' * 513}", "model"),
        ("/v1/calls/x?expand=1", "expand"),
        ("/v1/metering?from=2026-11-01", "from"),
    ],
)
async def test_parameter_that_cannot_be_used_is_named_with_its_value(
    api: ApiClient, url: str, field: str
) -> None:
    answer = await api.get(url)
    assert answer.status_code == 400, answer.text
    assert answer.headers["content-type"] == "application/problem+json"
    body = answer.json()
    [error] = [error for error in body["errors"] if error["field"] == field]
    given = httpx.URL(url).params[field]
    assert error["value"] == given[:100]
    assert body["detail"].startswith(f"{field} = ")


@pytest.mark.parametrize(
    ("url", "words"),
    [
        ("/v1/usage?group_by=month", "expected one to four of day, model, subject, "),
        ("/v1/usage?group_by=", "expected one to four of day, "),
        (f"/v1/subjects/{SUBJECT}/usage?group_by=api", "expected day, model or both"),
        ("/v1/usage?month=202610", "expected a month as YYYY-MM"),
        ("/v1/invoices?month=2026-13", "expected a month as YYYY-MM"),
        ("/v1/invoices/preview?month=2026-1", "expected a month as YYYY-MM"),
        ("/v1/calls?status=4x", "expected an HTTP status such as 429, or 4xx"),
        ("/v1/usage?format=csv", "there is no such name here; /docs lists"),
    ],
)
async def test_a_refusal_is_in_words_and_not_in_a_pattern(
    api: ApiClient, url: str, words: str
) -> None:
    body = (await api.get(url)).json()
    assert words in body["detail"]
    assert "pattern" not in body["detail"]


async def test_cursor_belongs_to_its_filters(api: ApiClient) -> None:
    cursor = (await api.get("/v1/subjects?limit=1")).json()["page"]["next_cursor"]
    assert (await api.get("/v1/subjects", params={"cursor": cursor})).status_code == 200
    for other in ({"sort": "calls"}, {"order": "asc"}, {"q": "o"}, {"to": "2026-11-25"}):
        refused = await api.get("/v1/subjects", params={"cursor": cursor, **other})
        assert refused.status_code == 400
        assert "other filters" in refused.json()["detail"]
    calls = (await api.get(f"{CALLS}?limit=1")).json()["page"]["next_cursor"]
    assert (await api.get(CALLS, params={"cursor": calls})).status_code == 200
    others = await api.get("/v1/subjects/other/calls", params={"cursor": calls})
    assert others.status_code == 400


@pytest.mark.parametrize(
    "place",
    [
        "x",
        to_base64url(b"202611|00/d|x|20|gpt-4o|000000000000"),
        to_base64url(b"202611|00/c|other|20|20261120T093015.446590Z|x"),
        to_base64url(f"202611|00/c|{SUBJECT}' or '1' eq '1|20".encode()),
    ],
)
async def test_forged_cursor_leads_to_no_other_rows(api: ApiClient, place: str) -> None:
    real = (await api.get(f"{CALLS}?limit=1")).json()["page"]["next_cursor"]
    digest = json.loads(_decoded(real))[1]
    answer = await api.get(CALLS, params={"cursor": encode_cursor(digest, (place,))})
    assert answer.status_code == 400
    assert answer.json()["errors"][0]["field"] == "cursor"


@pytest.mark.parametrize("time", ["20261320T999999.999999Z", "99991231T235959.999999Z"])
@pytest.mark.parametrize("order", ["newest", "oldest"])
async def test_forged_cursor_without_a_real_time_is_refused(
    api: ApiClient, order: str, time: str
) -> None:
    asked = {"order": order, "limit": "1"}
    real = (await api.get(CALLS, params=asked)).json()["page"]["next_cursor"]
    digest = json.loads(_decoded(real))[1]
    place = to_base64url(f"202611|00/c|{SUBJECT}|20|{time}|x".encode())
    forged = encode_cursor(digest, (place,))
    answer = await api.get(CALLS, params=asked | {"cursor": forged})
    assert (answer.status_code, answer.json()["errors"][0]["field"]) == (400, "cursor")
    assert (await api.get(f"/v1/calls/{place}")).status_code == 404


async def test_forged_cursor_of_subjects_is_refused(api: ApiClient) -> None:
    real = (await api.get("/v1/subjects?limit=1")).json()["page"]["next_cursor"]
    digest = json.loads(_decoded(real))[1]
    for place in (("many", "a"), ("1",), ("9" * 5_000, "a")):
        cursor = encode_cursor(digest, place)
        assert (await api.get("/v1/subjects", params={"cursor": cursor})).status_code == 400


@pytest.mark.parametrize(
    "path",
    [
        "d|x|20|gpt-4o|000000000000",
        f"c|{SUBJECT}|20|20261120T093015.446590Z|{call_id(0)}|0001",
        "c|x|20|20261120T093015.446590Z|missing",
    ],
)
async def test_id_that_names_no_call_is_unknown(api: ApiClient, path: str) -> None:
    answer = await api.get(f"/v1/calls/{to_base64url(f'202611|00/{path}'.encode())}")
    assert answer.status_code == 404
    assert answer.json()["type"] == "urn:problem:unknown-call"


@pytest.mark.parametrize(
    "subject", ["x'%20or%20'1'%20eq%20'1", "%00", "%FF", "..%2F..", "%F0%9F%92%B8", "%20"]
)
async def test_strange_subject_is_unknown_and_harmless(api: ApiClient, subject: str) -> None:
    for list_name in ("usage", "calls"):
        answer = await api.get(f"/v1/subjects/{subject}/{list_name}")
        assert answer.status_code == 404, answer.text
        assert answer.json()["type"] == "urn:problem:unknown-subject"


def _decoded(cursor: str) -> bytes:
    raw = from_base64url(cursor)
    assert raw is not None
    return raw
