"""The stand-in for Entra refuses what the gateway would refuse, except for the signature."""

import time
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest
import pytest_asyncio

from apim_policies.harness.call import Request
from apim_policies.harness.policies import Policies
from tests.apim_policies.tokens import make_token

POLICY = """<policies><inbound>
  <validate-azure-ad-token tenant-id="t" output-token-variable-name="jwt">
    <audiences><audience>api://a</audience><audience>api://b</audience></audiences>
  </validate-azure-ad-token>
  <set-header name="X-Roles"><value>@(
    ((Jwt)context.Variables["jwt"]).Claims.GetValueOrDefault("roles", "-"))</value></set-header>
  <authentication-managed-identity resource="https://model" />
</inbound><backend><forward-request /></backend><outbound /></policies>"""
CLAIMS = {"tid": "t", "aud": "api://b", "roles": ["r1", "r2"]}

pytestmark = pytest.mark.asyncio(loop_scope="module")


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def policies(mono: None, tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Policies]:
    folder: Path = tmp_path_factory.mktemp("identity")
    (folder / "test.policy.xml").write_text(POLICY, encoding="utf-8")
    async with await Policies.load(folder, {}) as loaded:
        yield loaded


def bearing(authorization: str | None) -> Request:
    headers = () if authorization is None else (("Authorization", authorization),)
    return Request(method="GET", url="https://gateway/", headers=headers)


async def test_valid_token_is_let_in_and_replaced_by_the_gateways(policies: Policies) -> None:
    forward = (await policies.inbound(bearing(f"Bearer {make_token(CLAIMS)}"))).forward

    assert forward is not None
    assert dict(forward.headers) == {
        "Authorization": "Bearer local-managed-identity",
        "X-Roles": "r1,r2",
    }


@pytest.mark.parametrize(
    ("claims", "reason"),
    [
        ({"tid": "other"}, "TokenIssuerNotAllowed"),
        ({"tid": None}, "TokenIssuerNotAllowed"),
        ({"aud": "api://c"}, "TokenAudienceNotAllowed"),
        ({"exp": int(time.time()) - 1}, "TokenExpired"),
        ({"exp": None}, "JwtInvalid"),
        ({"nbf": int(time.time()) + 86_400}, "JwtInvalid"),
    ],
)
async def test_token_with_a_wrong_claim_is_refused(
    claims: dict[str, Any], reason: str, policies: Policies
) -> None:
    passage = await policies.inbound(bearing(f"Bearer {make_token({**CLAIMS, **claims})}"))

    assert passage.answer is not None
    assert passage.answer.status == 401
    assert passage.error is not None
    assert passage.error.reason == reason


@pytest.mark.parametrize(
    ("authorization", "reason"),
    [
        (None, "TokenNotPresent"),
        ("Basic dTpw", "TokenNotPresent"),
        ("Bearer x", "JwtInvalid"),
        ("Bearer a.b.c", "JwtInvalid"),
        ("Bearer !!.!!.!!", "JwtInvalid"),
    ],
)
async def test_what_is_no_token_is_refused(
    authorization: str | None, reason: str, policies: Policies
) -> None:
    passage = await policies.inbound(bearing(authorization))

    assert passage.error is not None
    assert (passage.error.reason, passage.error.status) == (reason, 401)
