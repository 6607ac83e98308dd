"""A stand-in of Table Storage with a latency: a model of the service, not a copy.

    python -m benchmarks.metering.table_stub --latency-ms 5 --rows-per-s 2000

An Azurite has one thread, which is what a fast consumer waits for. This one keeps rows in memory,
answers each request after a latency, and each partition key takes so many rows a second: an answer
waits until its rows fit. It checks no signature. It prints its port.
"""

import argparse
import asyncio
import re
from bisect import bisect_left, insort
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import NamedTuple, cast
from urllib.parse import parse_qs, quote, unquote, urlsplit

import msgspec
import uvloop

from benchmarks.metering.stub_answers import Row, batch, error, http, shown

ACCOUNT = "devstoreaccount1"
_HEAD = re.compile(rb"(\w+) (\S+) HTTP/1\.1\r\n(.*?)\r\n\r\n", re.DOTALL)
_LENGTH = re.compile(rb"(?i)content-length: *(\d+)")
_IF_MATCH = re.compile(rb"(?i)if-match: *([^\r\n]+)")
_ROW = re.compile(r"/\w+/(\w+)\(PartitionKey='(.*)',RowKey='(.*)'\)$")
_FILTER = re.compile(
    r"PartitionKey eq '(.*?)' and RowKey ge '(.*?)' and RowKey lt '(.*?)'$", re.DOTALL
)
_CHANGED = re.compile(r"PartitionKey eq '(.*?)' and Timestamp ge datetime'(.*?)'$", re.DOTALL)
_OTHER = re.compile(
    r"PartitionKey eq '(.*?)' and not \((\w+) eq '(.*?)'\)(?: and not \((\w+) lt '(.*?)'\))?$",
    re.DOTALL,
)
_AFTER = re.compile(r"PartitionKey gt '(.*)'$")
_decode, _encode = msgspec.json.decode, msgspec.json.encode


class Refused(Exception):
    """An answer that is no success: status and code."""

    def __init__(self, status: int, code: str) -> None:
        super().__init__(code)
        self.status, self.code = status, code


@dataclass(slots=True)
class Rows:
    """The rows of one partition of one table."""

    by_key: dict[str, Row] = field(default_factory=dict)
    keys: list[str] = field(default_factory=list)
    free_at: float = 0.0
    """When the rows that were written so far have fit into the pace."""


class Change(NamedTuple):
    """Of one row; checked and not yet made."""

    rows: Rows
    row: Row | None
    """None where it is deleted."""
    key: str


class Store:
    """All tables."""

    def __init__(self, rows_per_s: float) -> None:
        self._rows_per_s = rows_per_s
        self._tables: dict[str, dict[str, Rows]] = {}
        self._writes = 0

    def create(self, body: bytes) -> None:
        """Make a table if it is not there."""
        self._tables.setdefault(_decode(body)["TableName"], {})

    def change(self, method: str, url: str, if_match: str | None, body: bytes) -> Change:
        """Check one change; Refused as the service does."""
        given: Row = _decode(body or b"{}")
        path = unquote(urlsplit(url).path)
        if found := _ROW.match(path):
            table, partition, key = _texts(found)
        else:
            table, partition, key = path.rpartition("/")[2], given["PartitionKey"], given["RowKey"]
        if table not in self._tables:
            raise Refused(404, "TableNotFound")
        rows = self._tables[table].setdefault(partition, Rows())
        stored = rows.by_key.get(key)
        if method == "POST" and stored is not None:
            raise Refused(409, "EntityAlreadyExists")
        if if_match is not None:
            if stored is None:
                raise Refused(404, "ResourceNotFound")
            if if_match not in {"*", etag_of(stored)}:
                raise Refused(412, "UpdateConditionNotSatisfied")
        if method == "DELETE":
            return Change(rows, None, key)
        merged = stored if method == "PATCH" and stored is not None else {}
        row = {**merged, **given, "PartitionKey": partition, "RowKey": key}
        return Change(rows, row, key)

    def make(self, changes: list[Change], now: float) -> tuple[list[str], float]:
        """Make the changes; their ETags, and when the pace allows them."""
        etags, ready = [], now
        for rows, row, key in changes:
            self._writes += 1
            if row is None:
                del rows.by_key[key]
                rows.keys.remove(key)
                continue
            row["Timestamp"] = f"{datetime.now(UTC):%Y-%m-%dT%H:%M:%S.%f}{self._writes % 10}Z"
            if key not in rows.by_key:
                insort(rows.keys, key)
            rows.by_key[key] = row
            rows.free_at = max(rows.free_at, now) + 1 / self._rows_per_s
            ready = max(ready, rows.free_at)
            etags.append(etag_of(row))
        return etags, ready

    def read(self, path: str) -> Row | None:
        """One row; None when it is not there."""
        found = _ROW.match(path)
        if found is None:
            raise Refused(400, "InvalidInput")
        table, partition, key = _texts(found)
        rows = self._tables.get(table, {}).get(partition)
        return rows.by_key.get(key) if rows else None

    def page(self, path: str, asked: dict[str, list[str]]) -> tuple[list[Row], dict[str, str]]:
        """A page of rows, and the headers that name the next."""
        table = self._tables.get(path.rpartition("/")[2].partition("(")[0], {})
        top, wanted = int(asked["$top"][0]), asked["$filter"][0]
        if after := _AFTER.match(wanted):
            [before] = _texts(after)
            later = [name for name in sorted(table) if name > before and table[name].keys]
            return [{"PartitionKey": name} for name in later[:top]], {}
        rows, keys = _found(table, wanted)
        first = 0
        if "NextRowKey" in asked:
            first = bisect_left(keys, bytes.fromhex(asked["NextRowKey"][0]).decode())
        following, headers = first + top, {}
        if following < len(keys):
            headers["x-ms-continuation-NextPartitionKey"] = "same"
            headers["x-ms-continuation-NextRowKey"] = keys[following].encode().hex()
        keys = keys[first:following]
        columns = asked["$select"][0].split(",") if "$select" in asked else None
        found_rows = [rows.by_key[key] for key in keys]
        return [{n: row[n] for n in columns or row if n in row} for row in found_rows], headers


def _found(table: dict[str, Rows], wanted: str) -> tuple[Rows, list[str]]:
    """The rows of a filter's partition, and the keys in their order that it lets pass."""
    if by_key := _FILTER.match(wanted):
        partition, start, stop = _texts(by_key)
        rows = table.get(partition, Rows())
        return rows, rows.keys[bisect_left(rows.keys, start) : bisect_left(rows.keys, stop)]
    if by_time := _CHANGED.match(wanted):
        partition, since = _texts(by_time)
        rows = table.get(partition, Rows())
        return rows, [key for key in rows.keys if rows.by_key[key]["Timestamp"] >= since]
    if by_value := _OTHER.match(wanted):
        partition, column, value, first, start = _texts(by_value)
        rows = table.get(partition, Rows())
        found = [key for key in rows.keys if rows.by_key[key].get(column) != value]
        return rows, [key for key in found if rows.by_key[key].get(first, start) >= start]
    raise Refused(400, "InvalidInput")


def _texts(found: re.Match[str]) -> list[str]:
    """The quoted texts of a filter or an address; a quote in them is doubled."""
    return [part.replace("''", "'") for part in found.groups("")]


def etag_of(row: Row) -> str:
    """As the service derives it."""
    return f"W/\"datetime'{quote(row['Timestamp'], safe='')}'\""


def parts_of(body: bytes) -> Iterator[tuple[str, str, str | None, bytes]]:
    """The changes of a transaction: method, URL, condition and row."""
    at = body.index(b"application/http")
    while found := _HEAD.search(body, at):
        length = _LENGTH.search(found[3])
        size = int(length[1]) if length else 0
        condition = _IF_MATCH.search(found[3])
        yield (
            found[1].decode(), found[2].decode(), condition[1].decode() if condition else None,
            body[found.end() : found.end() + size],
        )  # fmt: skip
        at = found.end() + size


class Connection(asyncio.Protocol):
    """Requests of one client, one after another."""

    def __init__(self, store: Store, latency_s: float) -> None:
        self._store, self._latency_s = store, latency_s
        self._bytes = b""
        self._transport: asyncio.WriteTransport

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """See asyncio.Protocol."""
        self._transport = cast("asyncio.WriteTransport", transport)  # uvloop's is no subclass

    def data_received(self, data: bytes) -> None:
        """See asyncio.Protocol."""
        self._bytes += data
        found = _HEAD.match(self._bytes)
        if found is None:
            return
        length = _LENGTH.search(found[3])
        end = found.end() + (int(length[1]) if length else 0)
        if len(self._bytes) < end:
            return
        body, self._bytes = self._bytes[found.end() : end], self._bytes[end:]
        arrived = (loop := asyncio.get_running_loop()).time()
        answer, ready = self._answer(found, body, arrived)
        loop.call_at(max(arrived + self._latency_s, ready), self._write, answer)

    def _write(self, answer: bytes) -> None:
        self._transport.write(answer)

    def _answer(self, head: re.Match[bytes], body: bytes, now: float) -> tuple[bytes, float]:
        method, url = head[1].decode(), head[2].decode()
        try:
            if url.endswith("/$batch"):
                return self._transaction(body, now)
            if url.partition("?")[0].endswith("/Tables"):
                self._store.create(body)
                return http(201, body), now
            if method == "GET":
                return self._read(url, b"nometadata" in head[3]), now
            condition = _IF_MATCH.search(head[3])
            change = self._store.change(
                method, url, condition[1].decode() if condition else None, body
            )
            [etag], ready = self._store.make([change], now)
            return http(204, headers={"ETag": etag}), ready
        except Refused as refusal:
            return http(refusal.status, error(refusal.code)), now

    def _read(self, url: str, bare: bool) -> bytes:
        parts = urlsplit(url)
        path = unquote(parts.path)
        if not path.endswith("()"):
            row = self._store.read(path)
            if row is None:
                raise Refused(404, "ResourceNotFound")
            etag = etag_of(row)
            return http(200, _encode(shown(row, None if bare else etag)), {"ETag": etag})
        rows, headers = self._store.page(path, parse_qs(parts.query))
        return http(200, _encode({"value": [shown(row, None) for row in rows]}), headers)

    def _transaction(self, body: bytes, now: float) -> tuple[bytes, float]:
        changes = []
        for number, part in enumerate(parts_of(body)):
            try:
                changes.append(self._store.change(*part))
            except Refused as refusal:
                inner = f"HTTP/1.1 {refusal.status} Refused\r\n\r\n".encode()
                return batch(inner + error(refusal.code, number) + b"\r\n"), now
        etags, ready = self._store.make(changes, now)
        if not etags:
            return batch(b"HTTP/1.1 204 No Content\r\n\r\n" * len(changes)), ready
        done = "".join(f"HTTP/1.1 204 No Content\r\nETag: {etag}\r\n\r\n" for etag in etags)
        return batch(done.encode()), ready


async def serve(latency_s: float, rows_per_s: float) -> None:
    """Listen until cancelled."""
    store = Store(rows_per_s)
    server = await asyncio.get_running_loop().create_server(
        lambda: Connection(store, latency_s), "127.0.0.1", 0
    )
    print(server.sockets[0].getsockname()[1], flush=True)
    await server.serve_forever()


def main() -> None:
    """Command line."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--latency-ms", type=float, required=True)
    parser.add_argument("--rows-per-s", type=float, default=2_000.0, help="of a partition key")
    options = parser.parse_args()
    uvloop.run(serve(options.latency_ms / 1_000, options.rows_per_s))


if __name__ == "__main__":
    main()
