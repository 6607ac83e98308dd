"""The public Retail Prices API, page by page. Owns its paging, throttling and their bounds."""

from collections.abc import Callable, Iterator

import httpx
import msgspec

from pricing_rules.errors import FetchFailed

PRICES_URL = "https://prices.azure.com/api/retail/prices"
SERVICE_NAMES = ("Foundry Models", "Cognitive Services")
"""Under which name models are sold: since 2025 the first, before it the second."""
PAGE_ITEMS_MAX = 1_000
PAGES_MAX = 200
ATTEMPTS_MAX = 5
RETRY_DELAY_S = 2
RETRY_DELAY_MAX_S = 60
TIMEOUT_S = 30

Sleep = Callable[[int], object]
"""Waits so many seconds."""


class _Page(msgspec.Struct, frozen=True):
    Items: list[msgspec.Raw]
    """Rows as they were sent, so that no price passes through a float."""
    NextPageLink: str | None = None


def fetch_prices(region: str, *, currency: str, url: str = PRICES_URL, sleep: Sleep) -> bytes:
    """Every row of the models sold in a region, as one JSON page of the API.

    FetchFailed when a page cannot be had.
    """
    services = " or ".join(f"serviceName eq '{name}'" for name in SERVICE_NAMES)
    parameters = {
        "$filter": f"armRegionName eq '{_quoted(region)}' and ({services})",
        "currencyCode": currency,
    }
    with httpx.Client(timeout=TIMEOUT_S) as client:
        pages = list(_pages(client, httpx.URL(url, params=parameters), sleep))
    return msgspec.json.encode(_Page([row for page in pages for row in page.Items]))


def _pages(client: httpx.Client, first: httpx.URL, sleep: Sleep) -> Iterator[_Page]:
    url = first
    skipped = 0
    for _ in range(PAGES_MAX):
        page = _page(client, url, sleep)
        yield page
        skipped += len(page.Items)
        if page.NextPageLink:
            url = httpx.URL(page.NextPageLink)
            if (url.scheme, url.host, url.port) != (first.scheme, first.host, first.port):
                raise FetchFailed(f"NextPageLink leads to {url.host}, expected {first.host}")
        elif len(page.Items) >= PAGE_ITEMS_MAX:
            # A full page without a link: the API has lost its links before; go on by hand.
            url = first.copy_merge_params({"$skip": str(skipped)})
        else:
            return
    raise FetchFailed(f"more than {PAGES_MAX} pages for {first}")


def _page(client: httpx.Client, url: httpx.URL, sleep: Sleep) -> _Page:
    for attempt in range(1, ATTEMPTS_MAX + 1):
        try:
            answer = client.get(url)
        except httpx.HTTPError as error:
            raise FetchFailed(f"GET {url}: {error or type(error).__name__}") from error
        if answer.status_code == httpx.codes.OK:
            return _body(answer, url)
        retryable = answer.status_code == httpx.codes.TOO_MANY_REQUESTS or answer.is_server_error
        if not retryable or attempt == ATTEMPTS_MAX:
            break
        sleep(_delay_s(answer))
    raise FetchFailed(f"GET {url} answered {answer.status_code} after {attempt} attempts")


def _body(answer: httpx.Response, url: httpx.URL) -> _Page:
    try:
        return msgspec.json.decode(answer.content, type=_Page)
    except msgspec.DecodeError as error:
        raise FetchFailed(f"GET {url} answered no page of prices: {error}") from error


def _delay_s(answer: httpx.Response) -> int:
    stated = answer.headers.get("Retry-After", "")
    return min(int(stated), RETRY_DELAY_MAX_S) if stated.isdigit() else RETRY_DELAY_S


def _quoted(text: str) -> str:
    return text.replace("'", "''")
