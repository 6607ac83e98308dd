"""Keys over time: rotation, floods, and an issuer that is away. The clock is the test's."""

import asyncio
from typing import Any

import pytest
from cryptography.hazmat.primitives.asymmetric import ec, rsa

from table_api.http_api.access.signing_keys import (
    COOL_DOWN_S,
    FRESH_S,
    KEYS_AGE_S_MAX,
    RETRY_S,
    IssuerAway,
    SigningKeys,
    UnknownKey,
)
from tests.fixtures.issuer import ec_key, jwk, rsa_key

ISSUER = "https://login.contoso.com/v2.0"


class Web:
    """What the issuer's URLs answer with, and a clock."""

    def __init__(self) -> None:
        self.now = 1_000
        self.keys: Any = [jwk("k1", rsa_key("k1"))]
        self.about: Any = {"issuer": ISSUER, "jwks_uri": f"{ISSUER}/keys"}
        self.fetches = 0
        self.down = False

    def fetch(self, url: str) -> Any:
        if self.down:
            raise ConnectionRefusedError(url)
        if url.endswith("/keys"):
            self.fetches += 1
            return {"keys": self.keys}
        assert url == f"{ISSUER}/.well-known/openid-configuration"
        return self.about


@pytest.fixture
def web() -> Web:
    return Web()


@pytest.fixture
def keys(web: Web) -> SigningKeys:
    return SigningKeys(ISSUER, fetch=web.fetch, clock_s=lambda: web.now)


async def test_fresh_keys_are_fetched_once_however_many_ask(web: Web, keys: SigningKeys) -> None:
    await asyncio.gather(*(keys.key("k1") for _ in range(20)))
    web.now += FRESH_S
    await keys.key("k1")
    assert web.fetches == 1
    web.now += 1
    await keys.key("k1")
    assert web.fetches == 2


async def test_a_new_key_counts_after_the_cool_down(web: Web, keys: SigningKeys) -> None:
    await keys.key("k1")
    web.keys = [jwk("k2", rsa_key("k2"))]
    web.now += COOL_DOWN_S - 1
    with pytest.raises(UnknownKey):
        await keys.key("k2")
    assert web.fetches == 1
    web.now += 1
    assert (await keys.key("k2")).kid == "k2"
    with pytest.raises(UnknownKey, match="k1"):
        await keys.key("k1")


async def test_known_keys_outlive_an_issuer_that_is_away_for_a_day(
    web: Web, keys: SigningKeys
) -> None:
    await keys.key("k1")
    web.down = True
    web.now += KEYS_AGE_S_MAX
    await keys.key("k1")
    web.now += 1
    with pytest.raises(IssuerAway):
        await keys.key("k1")
    web.down = False
    web.now += COOL_DOWN_S
    await keys.key("k1")


async def test_an_issuer_that_starts_late_is_asked_again_soon(web: Web, keys: SigningKeys) -> None:
    web.down = True
    with pytest.raises(IssuerAway):
        await keys.key("k1")
    web.down = False
    with pytest.raises(IssuerAway):
        await keys.key("k1")
    web.now += RETRY_S
    await keys.key("k1")


@pytest.mark.parametrize(
    "about",
    [
        None,
        [],
        {"issuer": ISSUER + "/", "jwks_uri": f"{ISSUER}/keys"},
        {"issuer": ISSUER},
        {"issuer": ISSUER, "jwks_uri": "http://login.contoso.com/keys"},
        {"issuer": ISSUER, "jwks_uri": "file:///etc/passwd"},
    ],
)
async def test_a_discovery_document_that_cannot_be_trusted_gives_no_key(
    web: Web, keys: SigningKeys, about: Any
) -> None:
    web.about = about
    with pytest.raises(IssuerAway):
        await keys.key("k1")


@pytest.mark.parametrize(
    "found",
    [
        None,
        [],
        ["text"],
        [{"kty": "oct", "kid": "k1", "k": "eHh4"}],
        [jwk("k1", rsa_key("k1"), use="enc")],
        [jwk("k1", rsa_key("k1"), alg="RS512")],
        [{"kty": "RSA", "kid": "k1", "n": "!", "e": "AQAB"}],
        [{"kty": "EC", "kid": "k1", "crv": "P-384", "x": "AA", "y": "AA"}],
        [jwk("k1", ec.generate_private_key(ec.SECP384R1()))],
        [jwk("k1", rsa.generate_private_key(public_exponent=65_537, key_size=1_024))],
    ],
)
async def test_a_key_that_signs_nothing_here_is_no_key(
    web: Web, keys: SigningKeys, found: Any
) -> None:
    web.keys = found
    with pytest.raises(IssuerAway):
        await keys.key("k1")


async def test_a_key_that_names_its_algorithm_signs_with_no_other(
    web: Web, keys: SigningKeys
) -> None:
    web.keys = [jwk("k1", rsa_key("k1"), alg="PS256"), jwk("e1", ec_key("e1"))]
    assert (await keys.key("k1")).algorithms == {"PS256"}
    assert (await keys.key("e1")).algorithms == {"ES256"}
