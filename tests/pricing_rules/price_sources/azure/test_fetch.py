"""Fetching prices page by page from a local stand-in: links, a lost link, throttling, failures."""

import json
import re
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from threading import Thread
from typing import Any
from urllib.parse import parse_qs, urlsplit

import pytest

from pricing_rules.errors import FetchFailed
from pricing_rules.price_sources.azure.fetch import (
    ATTEMPTS_MAX,
    PAGE_ITEMS_MAX,
    PAGES_MAX,
    RETRY_DELAY_MAX_S,
    RETRY_DELAY_S,
    fetch_prices,
)

Answer = tuple[int, dict[str, str], object]
"""Status, headers, body."""


class PriceApi:
    """Answers in the given order, the last one for ever, and keeps what was asked."""

    def __init__(self, answers: list[Answer]):
        self.answers = answers
        self.asked: list[dict[str, list[str]]] = []
        self.slept: list[int] = []
        self.url = ""

    def fetch(self, *regions: str, currency: str = "USD") -> list[dict[str, Any]]:
        where = regions or ("eastus2",)
        page = fetch_prices(where, currency=currency, url=self.url, sleep=self.slept.append)
        rows: list[dict[str, Any]] = json.loads(page)["Items"]
        return rows


@contextmanager
def serving(*answers: Answer) -> Iterator[PriceApi]:
    api = PriceApi(list(answers))

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            api.asked.append(parse_qs(urlsplit(self.path).query))
            answer = api.answers.pop(0) if len(api.answers) > 1 else api.answers[0]
            status, headers, body = answer
            text = body if isinstance(body, str) else json.dumps(body)
            text = text.replace("{api}", api.url)
            self.send_response(status)
            for name, value in headers.items():
                self.send_header(name, value)
            self.send_header("Content-Length", str(len(text.encode())))
            self.end_headers()
            self.wfile.write(text.encode())

        def log_message(self, format: str, *args: object) -> None:
            """Quiet: the test says what it expects."""

    with ThreadingHTTPServer(("127.0.0.1", 0), Handler) as server:
        api.url = f"http://127.0.0.1:{server.server_port}/api/retail/prices"
        thread = Thread(target=server.serve_forever)
        thread.start()
        try:
            yield api
        finally:
            server.shutdown()
            thread.join()


def page(*names: str, link: str | None = None, count: int = 0) -> Answer:
    items = [{"meterName": name} for name in names] or [{"meterName": str(n)} for n in range(count)]
    return (200, {}, {"Items": items, "NextPageLink": link})


def test_pages_are_followed_until_there_is_no_link() -> None:
    with serving(page("a", "b", link="{api}?$skip=2"), page("c", link=None)) as api:
        assert [row["meterName"] for row in api.fetch()] == ["a", "b", "c"]
    assert "armRegionName eq 'eastus2'" in api.asked[0]["$filter"][0]
    assert "serviceName eq 'Foundry Models'" in api.asked[0]["$filter"][0]
    assert api.asked[1]["$skip"] == ["2"]


def test_a_price_is_passed_on_digit_by_digit() -> None:
    body = '{"Items": [{"retailPrice": 0.00002750000000000001}], "NextPageLink": ""}'
    with serving((200, {}, body)) as api:
        page = fetch_prices(["eastus2"], currency="USD", url=api.url, sleep=api.slept.append)
    assert b"0.00002750000000000001" in page


def test_a_full_page_with_an_empty_link_is_continued_by_hand() -> None:
    with serving(page(count=PAGE_ITEMS_MAX, link=""), page("last", link="")) as api:
        assert len(api.fetch()) == PAGE_ITEMS_MAX + 1
    assert api.asked[1]["$skip"] == [str(PAGE_ITEMS_MAX)]
    assert api.asked[1]["$filter"] == api.asked[0]["$filter"]


@pytest.mark.parametrize(
    ("headers", "delay"),
    [
        ({"Retry-After": "7"}, 7),
        ({}, RETRY_DELAY_S),
        ({"Retry-After": "soon"}, RETRY_DELAY_S),
        ({"Retry-After": "86400"}, RETRY_DELAY_MAX_S),
    ],
)
def test_a_throttled_page_is_asked_for_again_after_the_stated_delay(
    headers: dict[str, str], delay: int
) -> None:
    with serving((429, headers, ""), page("a")) as api:
        assert len(api.fetch()) == 1
    assert api.slept == [delay]


def test_throttling_without_end_fails_after_bounded_attempts() -> None:
    with (
        serving((429, {}, "")) as api,
        pytest.raises(FetchFailed, match=f"429, after {ATTEMPTS_MAX} attempts"),
    ):
        api.fetch()
    assert len(api.asked) == ATTEMPTS_MAX
    assert len(api.slept) == ATTEMPTS_MAX - 1


def test_a_refusal_is_not_repeated() -> None:
    with serving((400, {}, "")) as api, pytest.raises(FetchFailed, match="400, after 1 attempts"):
        api.fetch()
    assert len(api.asked) == 1


BROKEN = ["<html>", "[]", '{"Items": 1}', '{"Items": [{"a":', '{"Items": [{}], "Count": 2}']


@pytest.mark.parametrize("body", BROKEN)
def test_a_broken_page_is_asked_for_again(body: str) -> None:
    with serving((200, {}, body), page("a")) as api:
        assert [row["meterName"] for row in api.fetch()] == ["a"]
    assert api.slept == [RETRY_DELAY_S]


@pytest.mark.parametrize("body", BROKEN)
def test_a_page_that_stays_broken_is_refused(body: str) -> None:
    with serving((200, {}, body)) as api, pytest.raises(FetchFailed, match="after 5 attempts"):
        api.fetch()
    assert len(api.asked) == ATTEMPTS_MAX


def test_each_region_is_asked_for_and_no_region_is_all_of_them() -> None:
    with serving(page("a"), page("b"), page("c")) as api:
        assert [row["meterName"] for row in api.fetch("eastus2", "japaneast")] == ["a", "b"]
        everywhere = fetch_prices([], currency="USD", url=api.url, sleep=api.slept.append)
    assert len(json.loads(everywhere)["Items"]) == 1
    filters = [asked["$filter"][0] for asked in api.asked]
    assert filters[0].startswith("armRegionName eq 'eastus2' and (serviceName eq 'Foundry Models'")
    assert filters[1].startswith("armRegionName eq 'japaneast' and ")
    assert filters[2].startswith("(serviceName eq 'Foundry Models' or ")


def test_prices_in_another_currency_than_asked_for_are_refused() -> None:
    rows = {"Items": [{"meterName": "a", "currencyCode": "USD"}]}
    message = "asked for prices in EUR, the API answered in USD"
    with serving((200, {}, rows)) as api, pytest.raises(FetchFailed, match=message):
        api.fetch(currency="EUR")
    assert api.asked[0]["currencyCode"] == ["EUR"]


def test_a_link_back_to_a_page_is_not_followed_for_ever() -> None:
    with (
        serving(page("a", link="{api}?$skip=1"), page("b", link="{api}?$skip=1")) as api,
        pytest.raises(FetchFailed, match="leads back to"),
    ):
        api.fetch()
    assert len(api.asked) == 2


def test_a_link_to_another_host_is_not_followed() -> None:
    with (
        serving(page("a", link="https://example.com/api/retail/prices?$skip=1")) as api,
        pytest.raises(FetchFailed, match=r"leads to example\.com"),
    ):
        api.fetch()


def test_pages_without_end_are_bounded() -> None:
    endless = [page("a", link=f"{{api}}?$skip={skip}") for skip in range(PAGES_MAX + 1)]
    with (
        serving(*endless) as api,
        pytest.raises(FetchFailed, match=f"more than {PAGES_MAX} pages"),
    ):
        api.fetch()
    assert len(api.asked) == PAGES_MAX


def test_a_server_that_is_not_there_is_named() -> None:
    with serving(page("a")) as api:
        url = api.url
    with pytest.raises(FetchFailed, match="GET http://127"):
        fetch_prices(["eastus2"], currency="USD", url=url, sleep=lambda _: None)


@pytest.mark.parametrize(
    ("body", "said"),
    [
        ({"Items": []}, "no prices for swedncentral: is the name right?"),
        ({"Items": [1]}, "answered a row that is none"),
        ({"Items": [{}], "NextPageLink": "http://[::1"}, "NextPageLink is no address"),
    ],
)
def test_an_answer_that_says_nothing_ends_the_fetch(body: object, said: str) -> None:
    """A mistyped region must not empty the file of the last fetch."""
    with serving((200, {}, body)) as api, pytest.raises(FetchFailed, match=re.escape(said)):
        api.fetch("swedncentral")


def test_a_wait_that_is_no_number_is_the_usual_one() -> None:
    with serving((429, {"Retry-After": "²"}, ""), (200, {}, {"Items": [{}]})) as api:
        assert len(api.fetch()) == 1
        assert api.slept == [RETRY_DELAY_S]
