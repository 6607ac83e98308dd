"""Secrets that are made once and never again: another key of pseudonyms makes new people.

They are written through Azure Resource Manager, which needs no network path to the vault, and which
never gives a value back.
"""

import secrets
from collections.abc import Callable

from bicep.hooks.azure_cli import ARM, rest

API_VERSION = "2023-07-01"


def keep(vault_id: str, name: str, make: Callable[[], str]) -> bool:
    """Make the secret unless the vault has it; whether it was made.

    If the vault cannot be asked, AzError ends it: nothing is made on a guess.
    """
    if name in _names(vault_id):
        return False
    replace(vault_id, name, make())
    return True


def replace(vault_id: str, name: str, value: str) -> None:
    """Write a new version of the secret; the vault keeps the old one."""
    rest("put", _url(vault_id, f"/secrets/{name}"), {"properties": {"value": value}})


def random_key() -> str:
    """256 random bits."""
    return secrets.token_hex(32)


def _names(vault_id: str) -> set[str]:
    names: set[str] = set()
    url = _url(vault_id, "/secrets")
    while url:
        page = rest("get", url)
        names |= {secret["name"] for secret in page["value"]}
        url = page.get("nextLink") or ""
    return names


def _url(vault_id: str, path: str) -> str:
    return f"{ARM}{vault_id}{path}?api-version={API_VERSION}"
