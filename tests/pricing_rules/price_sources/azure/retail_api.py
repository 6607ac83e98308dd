"""A stand-in of the Retail Prices API: serves given rows by region and currency, with faults.

It pages as the API does, by links with `$skip`, and answers each page first with a fault.
"""

import json
import re
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from decimal import Decimal
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from itertools import cycle
from pathlib import Path
from threading import Thread
from typing import Any
from urllib.parse import parse_qs, quote, urlsplit

import msgspec

from tests.paths import SHARED

DUMPS = SHARED / "data" / "azure_retail_prices"
PAGE_ROWS = 100
FAULTS = ("throttled", "failed", "cut off", "short", "dropped")
Row = dict[str, Any]

_ENCODER = msgspec.json.Encoder(decimal_format="number")


def recorded_rows(*names: str) -> list[Row]:
    """Rows of the recorded dumps, their prices exact."""
    return [row for name in names for row in read_rows(DUMPS / name)]


def read_rows(path: Path) -> list[Row]:
    page = json.loads(path.read_text(encoding="utf-8"), parse_float=Decimal)
    rows: list[Row] = page["Items"]
    return rows


class RetailApi:
    """What is asked, and with which faults it was answered."""

    def __init__(self, rows: Sequence[Row], faults: Sequence[str]):
        self.rows = rows
        self.url = ""
        self.faults = cycle(faults) if faults else None
        self.failed: set[str] = set()
        self.answered: list[str] = []

    def fault(self, path: str) -> str | None:
        """The fault of a page that is asked for the first time."""
        if self.faults is None or path in self.failed:
            return None
        self.failed.add(path)
        return next(self.faults)

    def page(self, path: str) -> bytes:
        query = {name: values[0] for name, values in parse_qs(urlsplit(path).query).items()}
        region = re.match(r"armRegionName eq '([^']*)'", query["$filter"])
        found = [
            row
            for row in self.rows
            if row["currencyCode"] == query["currencyCode"]
            and row["serviceName"] in query["$filter"]
            and (region is None or row["armRegionName"] == region[1])
        ]
        skip = int(query.get("$skip", 0))
        rows = found[skip : skip + PAGE_ROWS]
        following = skip + PAGE_ROWS
        link = "&".join(f"{k}={quote(v)}" for k, v in {**query, "$skip": str(following)}.items())
        body = {
            "Items": rows,
            "NextPageLink": f"{self.url}?{link}" if following < len(found) else None,
            "Count": len(rows),
        }
        return _ENCODER.encode(body)


def _handler(api: RetailApi) -> type[BaseHTTPRequestHandler]:
    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            fault = api.fault(self.path)
            api.answered.append(fault or "a page")
            body = api.page(self.path)
            if fault == "dropped":
                self.close_connection = True
                return
            if fault == "cut off":
                body = body[: len(body) // 2]
            if fault == "short":
                body = body.replace(b'"Count":', b'"Count":1')
            status = {"throttled": 429, "failed": 503}.get(fault or "", 200)
            self.send_response(status)
            if status == 429:
                self.send_header("Retry-After", "3")
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, format: str, *args: object) -> None:
            """Quiet: the test says what it expects."""

    return Handler


@contextmanager
def serving_rows(rows: Sequence[Row], *, faults: Sequence[str] = ()) -> Iterator[RetailApi]:
    api = RetailApi(rows, faults)
    with ThreadingHTTPServer(("127.0.0.1", 0), _handler(api)) as server:
        api.url = f"http://127.0.0.1:{server.server_port}/api/retail/prices"
        thread = Thread(target=server.serve_forever)
        thread.start()
        try:
            yield api
        finally:
            server.shutdown()
            thread.join()
