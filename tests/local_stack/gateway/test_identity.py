"""Keys and tokens: how a caller wants to be known, before any policy runs."""

from pathlib import Path

import pytest

from local_stack.gateway.errors import GatewayFault
from local_stack.gateway.identity import (
    Credential,
    Subscription,
    identify,
    key_refusal,
    local_token,
    read_subscriptions,
)

TEAM = Subscription(subscription="team-search", product="ai-standard")
KNOWN = {"k1": TEAM}


@pytest.mark.parametrize(
    ("headers", "query"),
    [
        ({"api-key": "k1"}, {}),
        ({"Ocp-Apim-Subscription-Key": "k1"}, {}),
        ({"x-api-key": "k1"}, {}),
        ({"Authorization": "Bearer k1"}, {}),
        ({"Authorization": "bearer  k1"}, {}),
        ({}, {"subscription-key": "k1"}),
    ],
)
def test_a_key_is_known_wherever_clients_send_it(
    headers: dict[str, str], query: dict[str, str]
) -> None:
    assert identify(headers, query, KNOWN) == (Credential.SUBSCRIPTION_KEY, TEAM)


@pytest.mark.parametrize(
    "headers", [{}, {"api-key": "k2"}, {"Authorization": "Bearer k2"}, {"Authorization": "k1"}]
)
def test_an_unknown_key_is_no_subscription(headers: dict[str, str]) -> None:
    assert identify(headers, {}, KNOWN) == (Credential.SUBSCRIPTION_KEY, None)


def test_a_token_is_left_to_the_policies_even_beside_a_key() -> None:
    headers = {"Authorization": f"Bearer {local_token('person-1')}", "api-key": "k1"}
    assert identify(headers, {}, KNOWN) == (Credential.ENTRA, None)


@pytest.mark.parametrize(
    ("headers", "query", "reason"),
    [
        ({}, {}, "SubscriptionKeyNotFound"),
        ({"api-key": ""}, {}, "SubscriptionKeyNotFound"),
        ({"Authorization": "Basic k2"}, {}, "SubscriptionKeyNotFound"),
        ({"api-key": "secret-2"}, {}, "SubscriptionKeyInvalid"),
        ({"Authorization": "Bearer secret-2"}, {}, "SubscriptionKeyInvalid"),
        ({}, {"subscription-key": "secret-2"}, "SubscriptionKeyInvalid"),
    ],
)
def test_a_refusal_says_what_is_wrong_and_what_is_right_but_repeats_no_key(
    headers: dict[str, str], query: dict[str, str], reason: str
) -> None:
    refusal = key_refusal(headers, query, None)
    assert (refusal.status, refusal.reason) == (401, reason)
    assert "Send `local-key` in the header `api-key`" in refusal.message
    assert "secret-2" not in refusal.message
    with_file = key_refusal(headers, query, Path("/etc/keys.json")).message
    assert "Send a key of the file keys.json in the header `api-key`" in with_file


def test_subscriptions_come_from_a_file_that_is_refused_by_name(tmp_path: Path) -> None:
    path = tmp_path / "keys.json"
    path.write_text('{"k1": {"subscription": "team-search", "product": "ai-standard"}}')
    assert read_subscriptions(path) == KNOWN
    path.write_text('{"k1": "team-search"}')
    with pytest.raises(GatewayFault, match=r"keys\.json is no list of subscriptions"):
        read_subscriptions(path)
    with pytest.raises(GatewayFault, match="absent"):
        read_subscriptions(tmp_path / "absent.json")
