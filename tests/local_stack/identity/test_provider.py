"""The provider as programs meet it over HTTP: sign-in, codes, tokens, keys, sign-out, refusals."""

import asyncio
import re
from collections.abc import AsyncIterator, Mapping
from dataclasses import dataclass, replace
from typing import Any
from urllib.parse import parse_qs, urlsplit

import aiohttp
import jwt
import pytest

from local_stack.identity.accounts import READER_ROLE
from local_stack.identity.ask import access_token
from local_stack.identity.config import SERVICE_CLIENT, UI_CLIENT, VERB_CLIENT
from local_stack.identity.errors import IdentityError
from local_stack.identity.grants import CODE_LIFETIME_S, challenge_of
from local_stack.identity.server import Provider
from tests.local_stack.identity.conftest import UI_URL, HandClock
from tests.paths import ROOT

REDIRECT = f"{UI_URL}/oauth2callback"
VERIFIER = "v" * 64
REQUEST = {
    "client_id": UI_CLIENT,
    "redirect_uri": REDIRECT,
    "response_type": "code",
    "scope": "openid profile",
    "state": "abc &=",
    "nonce": "n-1",
    "code_challenge": challenge_of(VERIFIER),
    "code_challenge_method": "S256",
}


@dataclass
class Asker:
    """A browser and a program in one."""

    http: aiohttp.ClientSession
    provider: Provider
    metadata: dict[str, Any]

    async def ask(self, parameters: Mapping[str, str]) -> tuple[int, str, str]:
        """Status, page and redirect of the page that asks whom to sign in as."""
        url = self.metadata["authorization_endpoint"]
        async with self.http.get(url, params=parameters, allow_redirects=False) as answer:
            return answer.status, await answer.text(), answer.headers.get("Location", "")

    async def pick(self, account: str, parameters: Mapping[str, str] = REQUEST) -> dict[str, str]:
        """The query of the redirect after a click."""
        async with self.http.post(
            self.metadata["authorization_endpoint"],
            params=parameters, data={"account": account}, allow_redirects=False,
        ) as answer:  # fmt: skip
            assert answer.status == 302, await answer.text()
            target = urlsplit(answer.headers["Location"])
        assert f"{target.scheme}://{target.netloc}{target.path}" == REDIRECT
        return {name: value for name, [value] in parse_qs(target.query).items()}

    async def token(self, **form: str) -> tuple[int, dict[str, Any]]:
        url = self.metadata["token_endpoint"]
        async with self.http.post(url, data=form) as answer:
            return answer.status, await answer.json()

    async def redeem(self, code: str, **other: str) -> tuple[int, dict[str, Any]]:
        form = {
            "grant_type": "authorization_code",
            "client_id": UI_CLIENT,
            "client_secret": self.secret(UI_CLIENT),
            "redirect_uri": REDIRECT,
            "code": code,
            "code_verifier": VERIFIER,
        }
        return await self.token(**{**form, **other})

    def secret(self, client_id: str) -> str:
        return self.provider.config.clients[client_id].secret or ""

    async def claims(self, token: str, *, audience: str) -> dict[str, Any]:
        """What the token says, read with another library and the published keys."""
        async with self.http.get(self.metadata["jwks_uri"]) as answer:
            keys = jwt.PyJWKSet.from_dict(await answer.json())
        return jwt.decode(
            token, keys[jwt.get_unverified_header(token)["kid"]], algorithms=["RS256"],
            audience=audience, issuer=self.provider.config.issuer, options={"verify_exp": False},
        )  # fmt: skip


@pytest.fixture
async def asker(provider: Provider) -> AsyncIterator[Asker]:
    async with aiohttp.ClientSession() as http:
        async with http.get(provider.config.metadata_url) as answer:
            metadata = await answer.json()
        yield Asker(http, provider, metadata)


async def test_the_page_offers_every_person_and_one_click_signs_in(asker: Asker) -> None:
    status, page, _ = await asker.ask(REQUEST)
    assert status == 200
    accounts = asker.provider.accounts
    assert all(f'value="{key}"' in page and each.title in page for key, each in accounts.items())
    sent_back = await asker.pick("owner")
    assert sent_back["state"] == REQUEST["state"]
    status, answer = await asker.redeem(sent_back["code"])
    assert status == 200
    claims = await asker.claims(answer["id_token"], audience=UI_CLIENT)
    assert claims["nonce"] == "n-1"
    assert claims["name"] == "Diego Fernández"
    assert "roles" not in claims


async def test_an_access_token_says_what_one_of_entra_says(asker: Asker, clock: HandClock) -> None:
    config = asker.provider.config
    _, answer = await asker.redeem((await asker.pick("finance"))["code"])
    claims = await asker.claims(answer["access_token"], audience=config.audience)
    assert claims["exp"] - claims["iat"] == answer["expires_in"] == config.token_lifetime_s
    assert claims["nbf"] == claims["iat"] == int(clock.now)
    person = asker.provider.accounts["finance"].person
    assert (claims["oid"], claims["tid"]) == (person.subject, config.tenant)
    assert (claims["azp"], claims["ver"], claims["roles"]) == (UI_CLIENT, "2.0", [READER_ROLE])
    headers = {"Authorization": f"Bearer {answer['access_token']}"}
    async with asker.http.get(asker.metadata["userinfo_endpoint"], headers=headers) as said:
        assert (await said.json())["oid"] == person.subject
    clock.now += config.token_lifetime_s
    async with asker.http.get(asker.metadata["userinfo_endpoint"], headers=headers) as said:
        assert said.status == 401
        assert said.headers["WWW-Authenticate"] == 'Bearer error="invalid_token"'


async def test_a_code_is_used_once_soon_and_by_its_program(asker: Asker, clock: HandClock) -> None:
    async def refused(code: str, **other: str) -> str:
        status, answer = await asker.redeem(code, **other)
        assert status in (400, 401)
        assert "access_token" not in answer
        return str(answer["error"])

    code = (await asker.pick("admin"))["code"]
    assert (await asker.redeem(code))[0] == 200
    assert await refused(code) == "invalid_grant"
    code = (await asker.pick("admin"))["code"]
    clock.now += CODE_LIFETIME_S
    assert await refused(code) == "invalid_grant"
    code = (await asker.pick("admin"))["code"]
    assert await refused(code, code_verifier="w" * 64) == "invalid_grant"
    assert await refused(code) == "invalid_grant", "a wrong attempt uses the code up"
    code = (await asker.pick("admin"))["code"]
    assert await refused(code, client_id=VERB_CLIENT, client_secret="") == "invalid_grant"
    assert await refused("never", code_verifier="ü") == "invalid_grant"
    assert await refused("never", client_secret="guess") == "invalid_client"


@pytest.mark.parametrize(
    "wrong",
    [
        {"redirect_uri": "http://127.0.0.1:8501/oauth2callback/../elsewhere"},
        {"redirect_uri": "https://evil.example/oauth2callback"},
        {"redirect_uri": REDIRECT + "?x=1"},
        {"redirect_uri": ""},
        {"client_id": "nobody"},
        {"client_id": SERVICE_CLIENT},
    ],
)
async def test_nothing_is_sent_to_an_address_that_is_not_registered(
    asker: Asker, wrong: dict[str, str]
) -> None:
    status, page, location = await asker.ask({**REQUEST, **wrong})
    assert (status, location) == (400, "")
    assert "Sign-in refused" in page


@pytest.mark.parametrize(
    ("wrong", "error"),
    [
        ({"code_challenge": ""}, "invalid_request"),
        ({"code_challenge_method": "plain"}, "invalid_request"),
        ({"code_challenge": "ü" * 43}, "invalid_request"),
        ({"response_type": "token"}, "unsupported_response_type"),
        ({"scope": "profile"}, "invalid_scope"),
        ({"prompt": "none"}, "login_required"),
    ],
)
async def test_a_registered_program_learns_what_is_wrong_with_its_request(
    asker: Asker, wrong: dict[str, str], error: str
) -> None:
    status, _, location = await asker.ask({**REQUEST, **wrong})
    query = parse_qs(urlsplit(location).query)
    assert (status, query["error"], query["state"]) == (302, [error], [REQUEST["state"]])
    assert location.startswith(f"{REDIRECT}?")


async def test_keys_rotate_and_old_ones_stay_as_long_as_their_tokens(
    asker: Asker, clock: HandClock
) -> None:
    config, keys = asker.provider.config, asker.provider.keys
    before = await asyncio.to_thread(access_token, config, "admin")
    keys.rotate()
    after = await asyncio.to_thread(access_token, config, "admin")
    kids = [jwt.get_unverified_header(token)["kid"] for token in (before, after)]
    assert kids[0] != kids[1]
    assert await asker.claims(before, audience=config.audience)
    assert [key["kid"] for key in keys.public()["keys"]] == kids[::-1]
    assert all("d" not in key and key["use"] == "sig" for key in keys.public()["keys"])
    clock.now += config.token_lifetime_s + 1
    assert [key["kid"] for key in keys.public()["keys"]] == kids[1:]
    clock.now += 24 * 3600
    token = await asyncio.to_thread(access_token, config, "admin")
    assert jwt.get_unverified_header(token)["kid"] not in kids, "a day old key does not sign"


async def test_a_service_has_its_roles_and_no_name(asker: Asker) -> None:
    config = asker.provider.config
    basic = aiohttp.encode_basic_auth(SERVICE_CLIENT, asker.secret(SERVICE_CLIENT))
    form, url = {"grant_type": "client_credentials"}, asker.metadata["token_endpoint"]
    async with asker.http.post(url, data=form, headers={"Authorization": basic}) as answer:
        token = (await answer.json())["access_token"]
    claims = await asker.claims(token, audience=config.audience)
    assert claims["roles"] == ["Billing.Read.All", "Pricing.Rate"]
    assert claims["oid"] == claims["sub"]
    assert "name" not in claims
    for client_id, secret, error in (
        (SERVICE_CLIENT, "guess", "invalid_client"),
        (VERB_CLIENT, "", "unauthorized_client"),
        (UI_CLIENT, asker.secret(UI_CLIENT), "unauthorized_client"),
    ):
        _, said = await asker.token(**form, client_id=client_id, client_secret=secret)
        assert said["error"] == error
    _, said = await asker.token(grant_type="password", client_id=VERB_CLIENT)
    assert said["error"] == "unsupported_grant_type"


async def test_the_form_of_the_recipe_for_power_bi_gets_a_token(asker: Asker) -> None:
    page = (ROOT / "docs/client.md").read_text(encoding="utf-8")
    [fields] = re.findall(r"Uri\.BuildQueryString\(\[(.*?)\]\)", page, re.DOTALL)
    given = {"ClientId": SERVICE_CLIENT, "ClientSecret": asker.secret(SERVICE_CLIENT)}
    form = {
        name: given.get(value, value.strip('"'))
        for name, value in re.findall(r"(\w+) = ([^,\s]+)", fields)
    }
    assert "/oauth2/v2.0/token" in page
    assert asker.metadata["token_endpoint"].endswith("/oauth2/v2.0/token")
    status, said = await asker.token(**form)
    assert status == 200
    assert (await asker.claims(said["access_token"], audience=asker.provider.config.audience))[
        "roles"
    ] == ["Billing.Read.All", "Pricing.Rate"]


async def test_a_role_taken_away_is_not_in_the_next_token(asker: Asker) -> None:
    provider = asker.provider
    provider.accounts["admin"] = replace(provider.accounts["admin"], roles=())
    token = await asyncio.to_thread(access_token, provider.config, "admin")
    assert "roles" not in await asker.claims(token, audience=provider.config.audience)
    with pytest.raises(IdentityError, match="knows no 'stranger'"):
        await asyncio.to_thread(access_token, provider.config, "stranger")


async def test_sign_out_leads_back_to_a_registered_address_only(asker: Asker) -> None:
    url = asker.metadata["end_session_endpoint"]

    async def left(**query: str) -> tuple[int, str | None]:
        async with asker.http.get(url, params=query, allow_redirects=False) as answer:
            return answer.status, answer.headers.get("Location")

    assert await left() == (200, None)
    back = {"client_id": UI_CLIENT, "post_logout_redirect_uri": REDIRECT}
    assert await left(**back) == (302, REDIRECT)
    assert await left(**{**back, "post_logout_redirect_uri": "https://evil.example"}) == (400, None)
    assert await left(**{**back, "client_id": "nobody"}) == (400, None)


async def test_a_host_name_of_elsewhere_and_a_repeated_parameter_are_refused(asker: Asker) -> None:
    url = asker.metadata["authorization_endpoint"]
    async with asker.http.get(url, params=REQUEST, headers={"Host": "evil.example"}) as answer:
        assert answer.status == 400
        assert "not this machine" in await answer.text()
        assert "frame-ancestors 'none'" in answer.headers["Content-Security-Policy"]
    twice = [*REQUEST.items(), ("redirect_uri", REDIRECT)]
    async with asker.http.get(url, params=twice) as answer:
        assert answer.status == 400
