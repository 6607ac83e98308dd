"""Limits of a request, and what every answer carries."""

from collections.abc import AsyncIterator
from dataclasses import replace

import httpx
import pytest

from table_api.http_api.access.hardening import BODY_BYTES_MAX, TARGET_BYTES_MAX
from table_api.storage.memory_tables import MemoryTableStorage
from tests.fixtures.calls import open_ledger
from tests.fixtures.office import Office, issuer_of_office, open_office
from tests.table_api.conftest import ApiClient

ALWAYS = {
    "x-content-type-options": "nosniff",
    "content-security-policy": "default-src 'none'; frame-ancestors 'none'",
    "referrer-policy": "no-referrer",
    "cross-origin-resource-policy": "same-origin",
}
SIGNED_IN = {"vary": "Authorization", "strict-transport-security": "max-age=31536000"}
PAGE = "https://billing.contoso.com"


@pytest.fixture
async def office() -> AsyncIterator[Office]:
    with issuer_of_office() as (issuer, access):
        yield await open_office(issuer, access)


def carries(answer: httpx.Response, headers: dict[str, str]) -> bool:
    """A list varies by `Accept` too."""
    sent = dict(answer.headers) | {"vary": answer.headers.get("vary", "").split(", ")[-1]}
    return {name: sent.get(name) for name in headers} == headers


async def test_every_answer_carries_the_headers(office: Office) -> None:
    statuses = set()
    async with office.client("reader") as api:
        for path in ("/healthz", "/v1/me", "/v1/calls/x", "/v1/access-log", "/v1/usage?form=1"):
            answer = await api.get(path)
            statuses.add(answer.status_code)
            assert carries(answer, ALWAYS | SIGNED_IN)
    async with office.client("nobody") as api:
        answer = await api.get("/v1/me")
        statuses.add(answer.status_code)
        assert carries(answer, ALWAYS | SIGNED_IN)
    assert statuses == {200, 400, 401, 403, 404}


async def test_a_failure_of_ours_carries_the_headers_and_reaches_the_servers_log(
    office: Office, monkeypatch: pytest.MonkeyPatch
) -> None:
    async with office.client("reader") as api:
        assert office.app is not None
        monkeypatch.setattr(office.app.state, "api", None)
        with pytest.raises(AttributeError):
            await api.get("/v1/me")
    transport = httpx.ASGITransport(office.app, raise_app_exceptions=False)
    headers = office.headers("reader")
    async with httpx.AsyncClient(
        transport=transport, base_url="https://api.test", headers=headers
    ) as api:
        answer = await api.get("/v1/me")
    assert (answer.status_code, answer.json()["type"]) == (500, "urn:problem:internal")
    assert carries(answer, ALWAYS | SIGNED_IN)


async def test_on_this_machine_nothing_is_said_of_sign_in(
    api: ApiClient, memory: MemoryTableStorage
) -> None:
    await open_ledger(memory)
    answer = await api.get("/v1/usage")
    assert carries(answer, ALWAYS)
    assert "strict-transport-security" not in answer.headers
    assert answer.headers["vary"] == "Accept"


async def test_what_is_too_large_is_refused_before_anything_else(office: Office) -> None:
    async with office.client("nobody") as api:
        long = await api.get("/healthz", params={"x": "y" * TARGET_BYTES_MAX})
        assert (long.status_code, long.json()["type"]) == (414, "urn:problem:target-too-long")
        for length in (str(BODY_BYTES_MAX + 1), "9" * 30, "-1", "many"):
            sent = await api.request("GET", "/healthz", headers={"Content-Length": length})
            assert (sent.status_code, sent.json()["type"]) == (413, "urn:problem:too-large")
        fits = await api.request("GET", "/healthz", content=b"x" * BODY_BYTES_MAX)
        assert fits.status_code == 200


async def test_one_caller_is_told_to_wait_and_others_are_not(office: Office) -> None:
    office.access = replace(office.access, requests_per_minute=3)
    async with office.client("reader") as reader, office.client("employee") as employee:
        answers = [await reader.get("/v1/me") for _ in range(4)]
        assert [answer.status_code for answer in answers] == [200, 200, 200, 429]
        assert answers[-1].json()["type"] == "urn:problem:too-many-requests"
        assert 1 <= int(answers[-1].headers["retry-after"]) <= 20
        assert (await employee.get("/v1/me")).status_code == 200
        assert (await reader.get("/healthz")).status_code == 200


async def test_no_page_of_another_origin_may_ask_unless_it_is_named(office: Office) -> None:
    asks = {"Origin": PAGE, "Access-Control-Request-Method": "GET"}
    async with office.client("nobody") as api:
        off = await api.options("/v1/me", headers=asks)
    assert (off.status_code, "access-control-allow-origin" in off.headers) == (401, False)
    office.app, office.access = None, replace(office.access, cors_origins=(PAGE,))
    async with office.client("nobody") as api:
        named = await api.options("/v1/me", headers=asks)
        other = await api.options("/v1/me", headers=asks | {"Origin": "https://evil.example"})
    assert named.headers["access-control-allow-origin"] == PAGE
    assert "access-control-allow-origin" not in other.headers
    async with office.client("reader") as api:
        answer = await api.get("/v1/me", headers={"Origin": PAGE})
    assert answer.headers["access-control-allow-origin"] == PAGE
    assert set(answer.headers["vary"].split(", ")) == {"Origin", "Authorization"}
