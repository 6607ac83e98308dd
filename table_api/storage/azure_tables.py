"""Table Storage over HTTP with our own bodies, by a client of our own. azure-core's pipeline makes
tables; TABLE_CLIENT=azure-core takes it for all.
"""

from collections.abc import AsyncIterator, Callable, Mapping, Sequence
from functools import lru_cache
from http import HTTPStatus
from typing import Any, Self
from urllib.parse import quote, urlsplit

import msgspec
from azure.core.credentials_async import AsyncTokenCredential
from azure.core.exceptions import AzureError
from azure.core.rest import HttpRequest

from table_api.errors import SettingsError, StorageError, Unavailable
from table_api.storage.direct.authorization import SharedKey
from table_api.storage.direct.client import ANSWER_S_MAX
from table_api.storage.direct.requests import open_direct
from table_api.storage.direct.route import CONNECT_S_MAX
from table_api.storage.keys import KeyRange, text_literal
from table_api.storage.pipeline import open_pipeline
from table_api.storage.settings import parts_of, spelled_out
from table_api.storage.table_storage import ROWS_PER_PAGE, Operation, PassedOver, Row, S
from table_api.storage.transaction import (
    API_VERSION,
    CONTENT_TYPE,
    encode_transaction,
    error_of,
    read_answer,
    row_url,
    says_absent,
)
from telemetry.log import redact

_decode_page = msgspec.json.Decoder(dict[str, Any]).decode


class AzureTableStorage:
    """One storage account (or Azurite). Use it inside one event loop and close it."""

    def __init__(
        self,
        endpoint: str,
        proof: SharedKey | AsyncTokenCredential,
        *,
        direct: bool = True,
        closes_identity: bool = False,
        authorities: str | None = None,
    ) -> None:
        """`proof` is an account key or an identity, which may be closed with the storage. Without
        `direct` all requests go through the pipeline. `authorities` is a file of those that TLS
        trusts instead of the system's.
        """
        self._own_identity = proof if closes_identity and not isinstance(proof, SharedKey) else None
        self._endpoint = endpoint.rstrip("/")
        self._direct = open_direct(self._endpoint, proof, authorities) if direct else None
        self._client = open_pipeline(self._endpoint, proof, authorities)

    @classmethod
    def from_connection_string(cls, text: str, *, direct: bool = True) -> "AzureTableStorage":
        """From an account's connection string; SettingsError when a part cannot be used."""
        parts = parts_of(spelled_out(text))
        try:
            account, key = parts["AccountName"], parts["AccountKey"]
        except KeyError as error:
            raise SettingsError(f"STORAGE_CONNECTION_STRING has no {error.args[0]}") from None
        suffix = parts.get("EndpointSuffix", "core.windows.net")
        protocol = parts.get("DefaultEndpointsProtocol", "https")
        endpoint = parts.get("TableEndpoint", f"{protocol}://{account}.table.{suffix}")
        if not _is_http(endpoint):
            found = redact(repr(endpoint))
            raise SettingsError(
                f"STORAGE_CONNECTION_STRING: the tables are at {found}, expected http(s)://HOST"
            )
        try:
            return cls(endpoint, SharedKey(account, key), direct=direct)
        except ValueError as error:
            raise SettingsError(f"STORAGE_CONNECTION_STRING: {error}") from error

    @property
    def is_direct(self) -> bool:
        """Whether the small client sends transactions and reads."""
        return self._direct is not None

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(self, *_: object) -> None:
        await self.close()

    async def create_table(self, table: str) -> None:
        """See TableStorage."""
        body = msgspec.json.encode({"TableName": table})
        status, answer, _ = await self._send("POST", f"{self._endpoint}/Tables", content=body)
        if status == HTTPStatus.FORBIDDEN:
            return  # a role on one table makes none; the next request says if it is missing
        if status not in {201, 204, 409}:
            raise error_of(status, answer)

    async def transact(
        self, table: str, partition_key: str, operations: Sequence[Operation]
    ) -> list[str]:
        """See TableStorage."""
        body = encode_transaction(f"{self._endpoint}/{table}", partition_key, operations)
        status, answer = await self._transaction(body)
        return read_answer(status, answer, operations)

    async def get(self, table: str, partition_key: str, row_key: str) -> Row | None:
        """See TableStorage."""
        status, answer = await self._point_read(row_url(f"/{table}", partition_key, row_key))
        if says_absent(status, answer):
            return None
        if status != 200:
            raise error_of(status, answer)
        row: Row = _read(_decode_page, answer)
        return row

    def query(
        self,
        table: str,
        partition_key: str,
        keys: KeyRange,
        *,
        select: Sequence[str] | None = None,
        rows_max: int | None = None,
    ) -> AsyncIterator[list[Row]]:
        """See TableStorage. Raises no error for an absent table: that reads as no rows."""
        condition = keys.filter_in(partition_key)
        return self._pages(table, condition, select=select, rows_max=rows_max)

    async def query_as(
        self, table: str, partition_key: str, keys: KeyRange, kind: type[S], select: Sequence[str]
    ) -> AsyncIterator[list[S]]:
        """See TableStorage. Raises no error for an absent table: that reads as no rows."""
        decode = _decoder_of(kind)
        condition = keys.filter_in(partition_key)
        async for body in self._bodies(table, condition, select=select):
            yield _read(decode, body).value

    def changed(
        self, table: str, partition_key: str, since: str, *, select: Sequence[str]
    ) -> AsyncIterator[list[Row]]:
        """See TableStorage. Raises no error for an absent table: that reads as no rows."""
        time = f"datetime{text_literal(since)}"
        condition = f"PartitionKey eq {text_literal(partition_key)} and Timestamp ge {time}"
        return self._pages(table, condition, select=select, rows_max=None)

    def other_than(
        self,
        table: str,
        partition_key: str,
        passed_over: PassedOver,
        *,
        select: Sequence[str] | None = None,
        rows_max: int | None = None,
    ) -> AsyncIterator[list[Row]]:
        """See TableStorage. Raises no error for an absent table: that reads as no rows."""
        partition = f"PartitionKey eq {text_literal(partition_key)}"
        condition = f"{partition} and {passed_over.others()}"
        return self._pages(table, condition, select=select, rows_max=rows_max)

    async def _pages(
        self, table: str, condition: str, *, select: Sequence[str] | None, rows_max: int | None
    ) -> AsyncIterator[list[Row]]:
        seen = 0
        bodies = self._bodies(table, condition, select=select, top=rows_max or ROWS_PER_PAGE)
        async for body in bodies:
            rows: list[Row] = _read(_decode_page, body)["value"]
            seen += len(rows)
            yield rows
            if rows_max is not None and seen >= rows_max:
                return

    async def _bodies(
        self, table: str, condition: str, *, select: Sequence[str] | None, top: int = ROWS_PER_PAGE
    ) -> AsyncIterator[bytes]:
        """Follow the continuation only: a page of the service may be short or empty before it."""
        top = min(top, ROWS_PER_PAGE)
        first = f"/{table}()?$filter={quote(condition, safe='')}&$top={top}"
        if select is not None:
            first += f"&$select={quote(','.join(select), safe=',')}"
        url = first
        while True:
            status, answer, headers = await self._page(url)
            if says_absent(status, answer):
                return
            if status != 200:
                raise error_of(status, answer)
            yield answer
            next_partition = headers.get("x-ms-continuation-nextpartitionkey")
            if not next_partition:
                return
            next_row = headers.get("x-ms-continuation-nextrowkey", "")
            url = f"{first}&NextPartitionKey={quote(next_partition)}&NextRowKey={quote(next_row)}"

    async def partitions(self, table: str) -> AsyncIterator[str]:
        """See TableStorage: asks again and again for the first row after the last partition."""
        last = ""
        while True:
            rows = self._pages(
                table, f"PartitionKey gt {text_literal(last)}", select=["PartitionKey"], rows_max=1
            )
            first = [row async for page in rows for row in page][:1]
            if not first:
                return
            last = str(first[0]["PartitionKey"])
            yield last

    async def close(self) -> None:
        """See TableStorage."""
        if self._direct is not None:
            await self._direct.close()
        await self._client.close()
        if self._own_identity is not None:
            await self._own_identity.close()

    async def _transaction(self, body: bytes) -> tuple[int, bytes]:
        """Status and answer; never sent twice, as far as it may have been done."""
        if self._direct is None:
            url = f"{self._endpoint}/$batch"
            status, answer, _ = await self._send(
                "POST", url, content=body, content_type=CONTENT_TYPE, retry_total=0
            )
            return status, answer
        return await self._direct.transaction(body)

    async def _point_read(self, row: str) -> tuple[int, bytes]:
        if self._direct is None:
            status, answer, _ = await self._send("GET", self._endpoint + row)
            return status, answer
        return await self._direct.read(row)

    async def _page(self, target: str) -> tuple[int, bytes, Mapping[str, str]]:
        """Status, body and headers; any case of their names, or all in lower case."""
        if self._direct is None:
            return await self._send("GET", self._endpoint + target)
        answer = await self._direct.page(target)
        return answer.status, answer.body, answer.headers

    async def _send(
        self,
        method: str,
        url: str,
        *,
        content: bytes | None = None,
        content_type: str = "application/json",
        **options: Any,
    ) -> tuple[int, bytes, Any]:
        """Status, body and headers; Unavailable when there is no whole answer."""
        request = HttpRequest(
            method,
            url,
            headers={
                "x-ms-version": API_VERSION,
                "DataServiceVersion": "3.0",
                "Accept": "application/json;odata=nometadata",
                **({"Content-Type": content_type} if content is not None else {}),
            },
            content=content,
        )
        try:
            response = await self._client.send_request(
                request,
                connection_timeout=CONNECT_S_MAX,
                read_timeout=ANSWER_S_MAX,
                **options,
            )
            body = await response.read()
        except StorageError:
            raise
        except (AzureError, OSError, TimeoutError) as error:
            raise Unavailable(f"{method} {urlsplit(url).path}: {error}") from error
        return response.status_code, body, response.headers


def _read(decode: Callable[[bytes], Any], body: bytes) -> Any:
    """Unavailable for what is no JSON, as a proxy's page is. A damaged row raises as it did."""
    try:
        return decode(body)
    except msgspec.ValidationError:
        raise
    except (msgspec.DecodeError, UnicodeDecodeError) as error:
        raise Unavailable(f"the answer of storage is no JSON: {error}") from error


@lru_cache(maxsize=32)
def _decoder_of(kind: type[S]) -> Callable[[bytes], Any]:
    """Of pages; integers are decimal strings in them."""
    page = msgspec.defstruct("Page", [("value", list[kind])], gc=False)  # type: ignore[valid-type]
    return msgspec.json.Decoder(page, strict=False).decode


def _is_http(url: str) -> bool:
    try:
        parts = urlsplit(url)
        has_host = bool(parts.hostname) and parts.port != 0 and "@" not in parts.netloc
        return parts.scheme in {"http", "https"} and has_host
    except ValueError:  # the brackets of an IPv6 address, or the port
        return False
