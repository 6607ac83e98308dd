"""A process whose role covers one table or container cannot make one, and finds it made."""

import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import pytest

from table_api.errors import Unavailable
from table_api.storage.azure_blobs import AzureBlobStore
from table_api.storage.azure_tables import AzureTableStorage

REFUSAL = b"<Error><Code>AuthorizationPermissionMismatch</Code></Error>"


class Refusing(BaseHTTPRequestHandler):
    """Answers every request as the service answers an identity without the permission."""

    def answer(self) -> None:
        self.rfile.read(int(self.headers.get("Content-Length") or 0))
        self.send_response(403)
        self.send_header("x-ms-error-code", "AuthorizationPermissionMismatch")
        self.send_header("Content-Length", str(len(REFUSAL)))
        self.end_headers()
        self.wfile.write(REFUSAL)

    do_GET = do_PUT = do_POST = answer

    def log_message(self, format: str, *args: object) -> None:
        """Say nothing."""


@pytest.fixture
def account() -> Iterator[str]:
    """The connection string of an account that refuses everything."""
    server = ThreadingHTTPServer(("127.0.0.1", 0), Refusing)
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    url = f"http://127.0.0.1:{server.server_port}/a"
    yield f"AccountName=a;AccountKey=YQ==;TableEndpoint={url};BlobEndpoint={url}"
    server.shutdown()
    server.server_close()
    thread.join()


async def test_a_table_that_may_not_be_made_is_taken_to_be_there(account: str) -> None:
    async with AzureTableStorage.from_connection_string(account) as storage:
        await storage.create_table("accesslog")
        with pytest.raises(Unavailable, match="HTTP 403"):
            await storage.get("accesslog", "p", "r")


async def test_a_container_that_may_not_be_made_is_taken_to_be_there(account: str) -> None:
    async with AzureBlobStore.from_connection_string(account, "invoices") as blobs:
        await blobs.create_container()
        with pytest.raises(Unavailable, match="could not create a"):
            await blobs.create("a", b"", content_type="text/plain")
