"""azure-core's pipeline for tables: it signs, tries again, and knows every kind of proxy."""

from email.utils import formatdate
from urllib.parse import urlsplit
from urllib.request import getproxies

from azure.core import AsyncPipelineClient
from azure.core.credentials_async import AsyncTokenCredential
from azure.core.pipeline import PipelineRequest
from azure.core.pipeline.policies import (
    AsyncBearerTokenCredentialPolicy,
    AsyncRetryPolicy,
    SansIOHTTPPolicy,
)
from azure.core.pipeline.transport import AioHttpTransport
from azure.core.rest import AsyncHttpResponse, HttpRequest

from table_api.storage.direct.authorization import TOKEN_SCOPE, SharedKey
from table_api.storage.direct.client import READ_TRIES, READ_WAIT_S


class SharedKeyLite(SansIOHTTPPolicy[HttpRequest, AsyncHttpResponse]):
    """Signs the pipeline's requests with an account key."""

    def __init__(self, key: SharedKey) -> None:
        self._key = key

    def on_request(self, request: PipelineRequest[HttpRequest]) -> None:
        """Add `x-ms-date` and the signature over it and the path."""
        date = formatdate(usegmt=True)
        headers = request.http_request.headers
        headers["x-ms-date"] = date
        headers["Authorization"] = self._key.sign(date, urlsplit(request.http_request.url).path)


def open_pipeline(
    endpoint: str, proof: SharedKey | AsyncTokenCredential, authorities: str | None
) -> AsyncPipelineClient[HttpRequest, AsyncHttpResponse]:
    """A client of one account, which its user closes. `authorities` is a file of those that TLS
    trusts instead of the system's.
    """
    authentication = (
        SharedKeyLite(proof)
        if isinstance(proof, SharedKey)
        else AsyncBearerTokenCredentialPolicy(proof, TOKEN_SCOPE)
    )
    return AsyncPipelineClient(
        endpoint,
        policies=[
            AsyncRetryPolicy(
                retry_total=READ_TRIES - 1,
                retry_backoff_factor=READ_WAIT_S,
                retry_backoff_max=5,
            ),
            authentication,
        ],
        # Else aiohttp looks for a proxy and for a netrc file in threads of its own, at every
        # request: that costs as much again as the request.
        transport=AioHttpTransport(
            use_env_settings=has_proxy(), connection_verify=authorities or True
        ),
    )


def has_proxy() -> bool:
    """Whether the environment names a proxy for HTTP, as HTTPS_PROXY does."""
    return not getproxies().keys().isdisjoint({"http", "https"})
