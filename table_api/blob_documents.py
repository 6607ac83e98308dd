"""Documents in Azure Blob Storage. Closes nothing: its client belongs to the caller."""

from azure.core.exceptions import AzureError, ResourceExistsError, ResourceNotFoundError
from azure.storage.blob import ContentSettings
from azure.storage.blob.aio import ContainerClient

from table_api.errors import AlreadyExists, Unavailable


class BlobDocuments:
    """See Documents."""

    def __init__(self, container: ContainerClient) -> None:
        self._container = container

    async def create_container(self) -> None:
        """See Documents."""
        try:
            await self._container.create_container()
        except ResourceExistsError:
            return
        except AzureError as error:
            name = self._container.container_name
            raise Unavailable(f"container {name} could not be made: {error}") from error

    async def create(self, name: str, content: bytes, *, content_type: str) -> None:
        """See Documents. After a lost answer the SDK may find its own blob: AlreadyExists."""
        try:
            await self._container.upload_blob(
                name, content, content_settings=ContentSettings(content_type=content_type)
            )
        except ResourceExistsError as error:
            raise AlreadyExists(f"document {name!r} stands") from error
        except AzureError as error:
            raise Unavailable(f"document {name}: {error}") from error

    async def read(self, name: str) -> bytes | None:
        """See Documents."""
        try:
            download = await self._container.download_blob(name)
            return await download.readall()
        except ResourceNotFoundError:
            return None
        except AzureError as error:
            raise Unavailable(f"document {name}: {error}") from error
