"""Which tokens name a caller, and which are refused, over HTTP with a real issuer."""

import asyncio
import base64
import hmac
import json
from collections.abc import AsyncIterator, Iterator
from typing import Any

import httpx
import jwt
import pytest
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

from table_api.http_api.access.settings import AccessSettings, AuthMode
from table_api.http_api.app import create_app
from table_api.storage.memory_blobs import MemoryBlobStore
from table_api.storage.memory_tables import MemoryTableStorage
from tests.fixtures.calls import open_ledger
from tests.fixtures.issuer import AUDIENCE, TENANT, Issuer, ec_key, open_issuer, rsa_key

PATH = "/v1/usage"
GATEWAY_AUDIENCE = "api://chargeback"


@pytest.fixture
def issuer() -> Iterator[Issuer]:
    with open_issuer() as opened:
        yield opened


@pytest.fixture
async def api(memory: MemoryTableStorage, issuer: Issuer) -> AsyncIterator[httpx.AsyncClient]:
    """The API of a company with one tenant."""
    await open_ledger(memory)
    access = AccessSettings(
        auth_mode=AuthMode.OIDC,
        issuers=(issuer.url,),
        audiences=(AUDIENCE, GATEWAY_AUDIENCE),
        tenants=(TENANT,),
    )
    app = create_app(memory, MemoryBlobStore(), access=access)
    transport = httpx.ASGITransport(app)
    async with httpx.AsyncClient(transport=transport, base_url="https://api.test") as client:
        yield client


async def ask(api: httpx.AsyncClient, token: str) -> httpx.Response:
    return await api.get(PATH, headers={"Authorization": f"Bearer {token}"})


def by_hand(header: dict[str, Any], claims: dict[str, Any], secret: bytes | None = None) -> str:
    """A token that no library would make: without a signature, or an HMAC with any secret."""
    signed = b".".join(_base64url(json.dumps(part).encode()) for part in (header, claims))
    digest = b"" if secret is None else hmac.digest(secret, signed, "sha256")
    return (signed + b"." + _base64url(digest)).decode()


def _base64url(raw: bytes) -> bytes:
    return base64.urlsafe_b64encode(raw).rstrip(b"=")


async def test_a_token_of_the_issuer_lets_its_caller_in(
    api: httpx.AsyncClient, issuer: Issuer
) -> None:
    answer = await ask(api, issuer.token())
    assert answer.status_code == 200, answer.text
    assert answer.headers["vary"] == "Accept, Authorization"
    assert answer.headers["cache-control"].startswith("private")


@pytest.mark.parametrize(
    "changes",
    [
        {"ver": "1.0", "aud": GATEWAY_AUDIENCE, "appid": "a-client", "azp": None},
        {"aud": ["https://other", AUDIENCE]},
        {"exp": -20, "nbf": None, "iat": None},
        {"nbf": 20, "iat": 20},
        {"roles": [f"Role.{n}" for n in range(200)]},
        {"_claim_names": {"groups": "src1"}, "_claim_sources": {"src1": {"endpoint": "https://x"}}},
        {"typ": "at+jwt"},
    ],
)
async def test_what_issuers_write_differently_is_taken(
    api: httpx.AsyncClient, issuer: Issuer, changes: dict[str, Any]
) -> None:
    answer = await ask(api, issuer.token(**changes))
    assert answer.status_code == 200, answer.text


@pytest.mark.parametrize("algorithm", ["RS256", "PS256", "ES256"])
async def test_the_three_algorithms_are_taken(
    api: httpx.AsyncClient, issuer: Issuer, algorithm: str
) -> None:
    kid = "e1" if algorithm == "ES256" else "k1"
    issuer.keys["e1"] = ec_key("e1")
    assert (await ask(api, issuer.token(kid=kid, algorithm=algorithm))).status_code == 200


@pytest.mark.parametrize(
    ("changes", "said"),
    [
        ({"iss": "https://login.microsoftonline.com/other/v2.0"}, "another issuer"),
        ({"iss": None}, "another issuer"),
        ({"tid": "99999999-aaaa-bbbb-cccc-000000000009"}, "another tenant"),
        ({"tid": None}, "another tenant"),
        ({"aud": "https://graph.microsoft.com"}, "another audience"),
        ({"aud": None}, "no claim aud"),
        ({"exp": -60}, "expired"),
        ({"exp": None}, "no claim exp"),
        ({"exp": float("inf")}, "not valid"),
        ({"nbf": 120}, "not valid yet"),
        ({"oid": None}, "no usable claim oid"),
        ({"oid": ""}, "no usable claim oid"),
        ({"oid": 7}, "no usable claim oid"),
        ({"oid": "\ud800"}, "no usable claim oid"),
        ({"oid": "subscription:finance"}, "names no person"),
        ({"oid": "anonymous"}, "names no person"),
        ({"nonce": "n", "scp": None, "azp": None}, "ID token"),
        ({"scp": None, "azp": None}, "no access token"),
        ({"roles": "Billing.Admin"}, None),
    ],
)
async def test_a_claim_that_is_wrong_refuses_the_token(
    api: httpx.AsyncClient, issuer: Issuer, changes: dict[str, Any], said: str | None
) -> None:
    answer = await ask(api, issuer.token(**changes))
    if said is None:  # a text is no list of roles: the caller has none
        assert answer.status_code == 200
        return
    assert answer.status_code == 401, answer.text
    assert said in answer.json()["detail"]
    assert 'error="invalid_token"' in answer.headers["www-authenticate"]


async def test_a_token_that_is_not_signed_by_the_issuer_is_refused(
    api: httpx.AsyncClient, issuer: Issuer
) -> None:
    claims = issuer.claims(roles=["Billing.Admin"])
    public = (
        rsa_key("k1").public_key().public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo)
    )
    header = {"kid": "k1", "typ": "JWT"}
    forged = [
        by_hand({"alg": "none", **header}, claims),
        by_hand({"alg": "RS256", **header}, claims),
        by_hand({"alg": "HS256", **header}, claims, public),
        jwt.encode(claims, rsa_key("somebody"), "RS256", headers=header),
        jwt.encode(claims, rsa_key("k1"), "RS512", headers=header),
        jwt.encode(claims, rsa_key("k1"), "RS256"),
        issuer.token(typ="dpop+jwt"),
        "garbage",
        "a.b.c",
        "é",
        "x" * 20_000,
        issuer.token()[:-8] + "AAAAAAAA",
    ]
    for token in forged:
        sent = httpx.Headers({"Authorization": f"Bearer {token}"}, encoding="utf-8")
        answer = await api.get(PATH, headers=sent)
        assert answer.status_code == 401, token
        assert answer.headers["www-authenticate"].startswith('Bearer realm="chargeback", error=')


@pytest.mark.parametrize("header", [None, "", "Basic dTpw", "Bearer", "bearer "])
async def test_nobody_is_asked_to_sign_in_wherever_they_look(
    api: httpx.AsyncClient, header: str | None
) -> None:
    headers = {} if header is None else {"Authorization": header}
    for method, path in (("GET", PATH), ("POST", PATH), ("GET", "/nowhere"), ("GET", "/healthz/")):
        answer = await api.request(method, path, headers=headers)
        assert answer.status_code == 401
        assert answer.json()["type"] == "urn:problem:unauthenticated"
    assert (await api.get("/healthz", headers=headers)).status_code == 200


async def test_many_unknown_keys_cause_one_fetch(api: httpx.AsyncClient, issuer: Issuer) -> None:
    issuer.keys["gone"] = rsa_key("gone")
    token = issuer.token(kid="gone")
    del issuer.keys["gone"]
    answers = await asyncio.gather(*(ask(api, token) for _ in range(50)))
    assert {answer.status_code for answer in answers} == {401}
    assert issuer.key_fetches == 1
    assert (await ask(api, issuer.token())).status_code == 200


async def test_a_rotated_key_counts_without_a_restart(
    api: httpx.AsyncClient, issuer: Issuer
) -> None:
    issuer.keys["k2"] = rsa_key("k2")
    for kid in ("k1", "k2", "k1"):
        assert (await ask(api, issuer.token(kid=kid))).status_code == 200


async def test_an_issuer_that_never_answered_is_503_and_not_401(
    api: httpx.AsyncClient, issuer: Issuer
) -> None:
    issuer.down = True
    answer = await ask(api, issuer.token())
    assert answer.status_code == 503
    assert answer.json()["type"] == "urn:problem:issuer-unavailable"
    assert answer.headers["retry-after"]
