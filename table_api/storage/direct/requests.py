"""What the small client asks of Table Storage: transactions, point reads and pages of rows."""

import ssl
from collections.abc import Awaitable
from urllib.parse import urlsplit

from azure.core.credentials_async import AsyncTokenCredential
from azure.core.exceptions import AzureError

from table_api.errors import SettingsError, Unavailable
from table_api.storage.direct.answers import Answer
from table_api.storage.direct.authorization import Authorization, BearerToken, SharedKey
from table_api.storage.direct.client import DirectClient
from table_api.storage.direct.route import route_to
from table_api.storage.transaction import API_VERSION, CONTENT_TYPE

_HEADERS = (
    f"x-ms-version: {API_VERSION}\r\n"
    "DataServiceVersion: 3.0\r\n"
    "Accept: application/json;odata=nometadata\r\n"
    "User-Agent: llm-chargeback\r\n"
)
_TRANSACTION_HEADERS = f"{_HEADERS}Content-Type: {CONTENT_TYPE}\r\n"


class DirectRequests:
    """Of one account. Raises Unavailable when there is no whole answer."""

    def __init__(self, client: DirectClient, path: str) -> None:
        """`path` is the account's in its URL; only an emulator has one."""
        self._client = client
        self._path = path

    async def transaction(self, body: bytes) -> tuple[int, bytes]:
        """Status and body. Sent once: after no answer nobody knows whether it was done."""
        path = f"{self._path}/$batch"
        return await _whole(
            self._client.send("POST", path, _TRANSACTION_HEADERS, body), f"POST {path}"
        )

    async def read(self, row: str) -> tuple[int, bytes]:
        """Status and body of the row at `/TABLE(…)`; sent again while storage is busy or does not
        answer.
        """
        path = self._path + row
        return await _whole(self._client.read(path, _HEADERS), f"GET {path}")

    async def page(self, target: str) -> Answer:
        """The page of rows at `/TABLE()?…`; sent again as a point read is."""
        path = self._path + target
        try:
            return await self._client.read(path, _HEADERS)
        except (AzureError, OSError) as error:
            raise Unavailable(f"GET {urlsplit(path).path}: {error}") from error

    async def close(self) -> None:
        """Release connections."""
        await self._client.close()


def open_direct(
    endpoint: str, proof: SharedKey | AsyncTokenCredential, authorities: str | None
) -> DirectRequests | None:
    """None where this client knows no way, which leads over a proxy with TLS or SOCKS.

    `authorities` is a file of those that TLS trusts instead of the system's.
    """
    route = route_to(endpoint)
    if route is None:
        return None
    if isinstance(proof, SharedKey):
        authorization: Authorization = proof
    elif route.scheme != "https":
        raise SettingsError(f"{endpoint}: a token is sent by HTTPS alone")
    else:
        authorization = BearerToken(proof)
    tls = None if authorities is None else ssl.create_default_context(cafile=authorities)
    client = DirectClient(route, authorization, tls=tls)
    return DirectRequests(client, urlsplit(endpoint).path)


async def _whole(asked: Awaitable[Answer], what: str) -> tuple[int, bytes]:
    try:
        answer = await asked
    except (AzureError, OSError) as error:
        raise Unavailable(f"{what}: {error}") from error
    return answer.status, answer.body
