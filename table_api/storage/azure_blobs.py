"""Blob Storage over its SDK, which is imported here only."""

from collections.abc import AsyncIterator, Iterator
from contextlib import contextmanager
from http import HTTPStatus
from typing import Any, Self

from azure.core.credentials import AzureNamedKeyCredential
from azure.core.credentials_async import AsyncTokenCredential
from azure.core.exceptions import (
    AzureError,
    HttpResponseError,
    ResourceExistsError,
    ResourceNotFoundError,
)
from azure.storage.blob import ContentSettings
from azure.storage.blob.aio import BlobLeaseClient, BlobPrefix, ContainerClient

from table_api.errors import AlreadyExists, LeaseLost, SettingsError, Unavailable
from table_api.storage.blobs import LEASE_S

OPTIONS: dict[str, Any] = {
    "retry_total": 2,
    "initial_backoff": 1,
    "increment_base": 2,
    "connection_timeout": 5,
    "read_timeout": 30,
}
"""Seconds. A close is run again and consumers try again, so neither need wait long in here. The
read timeout begins when all bytes are sent."""

_ABSENT = {"BlobNotFound", "ContainerNotFound", "ResourceNotFound"}


class AzureBlobStore:
    """One container of a storage account (or Azurite). Use it inside one event loop."""

    def __init__(
        self, client: ContainerClient, *, own_identity: AsyncTokenCredential | None = None
    ) -> None:
        """`own_identity` is closed with the store."""
        self._client = client
        self._own_identity = own_identity

    @classmethod
    def from_connection_string(cls, text: str, container: str) -> "AzureBlobStore":
        """From an account's connection string; SettingsError when it cannot be used."""
        try:
            return cls(ContainerClient.from_connection_string(text, container, **OPTIONS))
        except ValueError as error:
            message = f"STORAGE_CONNECTION_STRING cannot be used for blobs: {error}"
            raise SettingsError(message) from error

    @classmethod
    def from_account_url(
        cls, url: str, container: str, identity: AsyncTokenCredential, *, closes_identity: bool
    ) -> "AzureBlobStore":
        """From `https://ACCOUNT.blob.core.windows.net` and an identity."""
        client = ContainerClient(url, container, identity, **OPTIONS)
        return cls(client, own_identity=identity if closes_identity else None)

    @classmethod
    def from_container_url(
        cls,
        url: str,
        credential: AzureNamedKeyCredential | AsyncTokenCredential | None,
        *,
        own_identity: AsyncTokenCredential | None = None,
    ) -> "AzureBlobStore":
        """From `https://ACCOUNT.blob.core.windows.net/CONTAINER`, which may carry a signature."""
        client = ContainerClient.from_container_url(url, credential, **OPTIONS)
        return cls(client, own_identity=own_identity)

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(self, *_: object) -> None:
        await self.close()

    @property
    def url(self) -> str:
        """Where the container is, without a signature."""
        return str(self._client.url).partition("?")[0]

    async def create_container(self) -> None:
        """See BlobStore."""
        with _failures(f"create the container {self.url}"):
            try:
                await self._client.create_container()
            except ResourceExistsError:
                return
            except HttpResponseError as error:
                if error.status_code != HTTPStatus.FORBIDDEN:
                    raise
                return  # a role on one container makes none; the next request says if it is missing

    async def create(self, name: str, content: bytes, *, content_type: str) -> None:
        """See BlobStore."""
        with _failures(f"create {name}"):
            try:
                await self._client.upload_blob(
                    name,
                    content,
                    overwrite=False,
                    content_settings=ContentSettings(content_type=content_type),
                )
            except ResourceExistsError as error:
                raise AlreadyExists(f"blob {name!r} stands") from error

    async def read(self, name: str) -> bytes | None:
        """See BlobStore."""
        with _failures(f"read {name}"):
            try:
                stream = await self._client.download_blob(name)
                content: bytes = await stream.readall()
            except ResourceNotFoundError as error:
                _check_absent(error)
                return None
        return content

    async def names(self, prefix: str) -> AsyncIterator[str]:
        """See BlobStore. An absent container reads as an empty one."""
        with _failures(f"list {prefix}"):
            try:
                async for name in self._client.list_blob_names(name_starts_with=prefix):
                    yield name
            except ResourceNotFoundError as error:
                _check_absent(error)

    async def sizes(self) -> dict[str, int]:
        """See BlobStore. An absent container reads as an empty one."""
        with _failures("list the blobs"):
            try:
                return {blob.name: blob.size or 0 async for blob in self._client.list_blobs()}
            except ResourceNotFoundError as error:
                _check_absent(error)
                return {}

    async def folders(self) -> AsyncIterator[str]:
        """See BlobStore. An absent container reads as an empty one."""
        with _failures("list the folders"):
            try:
                async for item in self._client.walk_blobs(delimiter="/"):
                    if isinstance(item, BlobPrefix):
                        yield str(item.name).rstrip("/")
            except ResourceNotFoundError as error:
                _check_absent(error)

    async def acquire_lease(self, name: str) -> str | None:
        """See BlobStore."""
        blob = self._client.get_blob_client(name)
        with _failures(f"lease {name}"):
            try:
                await blob.upload_blob(b"", overwrite=False)
            except HttpResponseError as error:
                if error.status_code not in {409, 412}:  # stands, or stands and is leased
                    raise
            try:
                lease = await blob.acquire_lease(lease_duration=LEASE_S)
            except ResourceExistsError:
                return None
        return lease.id

    async def renew_lease(self, name: str, lease: str) -> None:
        """See BlobStore."""
        with _failures(f"renew the lease on {name}"):
            try:
                await self._lease(name, lease).renew()
            except (ResourceExistsError, ResourceNotFoundError) as error:
                raise LeaseLost(f"the lease on {name!r} is lost") from error

    async def release_lease(self, name: str, lease: str) -> None:
        """See BlobStore."""
        with _failures(f"release the lease on {name}"):
            try:
                await self._lease(name, lease).release()
            except ResourceExistsError:
                return  # it ended, and another has it

    def _lease(self, name: str, lease: str) -> Any:
        return BlobLeaseClient(self._client.get_blob_client(name), lease_id=lease)

    async def close(self) -> None:
        """See BlobStore."""
        await self._client.close()
        if self._own_identity is not None:
            await self._own_identity.close()


def _check_absent(error: ResourceNotFoundError) -> None:
    """Raise it again unless the service itself says that there is no such blob or container: a 404
    of a proxy, or of a server at a wrong address, says nothing about blobs.
    """
    if getattr(error, "error_code", None) not in _ABSENT:
        raise error


@contextmanager
def _failures(what: str) -> Iterator[None]:
    """Anything the service or the network does not do is Unavailable."""
    try:
        yield
    except (AzureError, OSError, TimeoutError) as error:
        raise Unavailable(f"could not {what}: {error}") from error
