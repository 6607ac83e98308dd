"""The public Retail Prices API, page by page. Owns its paging, throttling and their bounds."""

from collections.abc import Callable, Iterator, Sequence

import httpx
import msgspec

from pricing_rules.errors import FetchFailed

PRICES_URL = "https://prices.azure.com/api/retail/prices"
SERVICE_NAMES = ("Foundry Models", "Foundry Tools", "Cognitive Services")
"""Under which names models are sold: the first two since 2025, before it the third."""
PAGE_ITEMS_MAX = 1_000
PAGES_MAX = 200
"""Of one region, or of all of them together."""
ATTEMPTS_MAX = 5
RETRY_DELAY_S = 2
RETRY_DELAY_MAX_S = 60
TIMEOUT_S = 30

Sleep = Callable[[int], object]
"""Waits so many seconds."""


class _Row(msgspec.Struct, frozen=True):
    currencyCode: str | None = None


class _Page(msgspec.Struct, frozen=True):
    Items: list[msgspec.Raw]
    """Rows as they were sent, so that no price passes through a float."""
    NextPageLink: str | None = None
    Count: int | None = None
    """How many rows the page has, as the API says."""


class _BrokenPage(Exception):
    """An answer that is no page, or a part of one."""


def fetch_prices(
    regions: Sequence[str], *, currency: str, url: str = PRICES_URL, sleep: Sleep
) -> bytes:
    """Every row of the models sold in the regions, as one JSON page of the API.

    No region is every region. FetchFailed when a page cannot be had whole, when a region has no
    prices, or when they are in another currency.
    """
    rows: list[msgspec.Raw] = []
    with httpx.Client(timeout=TIMEOUT_S) as client:
        for region in regions or (None,):
            pages = _pages(client, _question(url, region, currency), sleep)
            found = [row for page in pages for row in page.Items]
            if not found:
                raise FetchFailed(f"no prices for {region or 'any region'}: is the name right?")
            rows += found
    _check_currency(rows, currency)
    return msgspec.json.encode({"Items": rows, "NextPageLink": None})


def _question(url: str, region: str | None, currency: str) -> httpx.URL:
    services = " or ".join(f"serviceName eq '{name}'" for name in SERVICE_NAMES)
    where = f"armRegionName eq '{_quoted(region)}' and " if region else ""
    return httpx.URL(url, params={"$filter": f"{where}({services})", "currencyCode": currency})


def _check_currency(rows: Sequence[msgspec.Raw], currency: str) -> None:
    """The API answers in dollars where it does not know the currency asked for."""
    for row in rows:
        try:
            found = msgspec.json.decode(row, type=_Row).currencyCode
        except msgspec.DecodeError as error:
            raise FetchFailed(f"answered a row that is none ({error})") from error
        if found not in {None, currency}:
            raise FetchFailed(f"asked for prices in {currency}, the API answered in {found}")


def _pages(client: httpx.Client, first: httpx.URL, sleep: Sleep) -> Iterator[_Page]:
    url = first
    skipped = 0
    asked = {url}
    for _ in range(PAGES_MAX):
        page = _page(client, url, sleep)
        yield page
        skipped += len(page.Items)
        if page.NextPageLink:
            try:
                url = httpx.URL(page.NextPageLink)
            except httpx.InvalidURL as error:
                raise FetchFailed(f"NextPageLink is no address: {error}") from error
            if (url.scheme, url.host, url.port) != (first.scheme, first.host, first.port):
                raise FetchFailed(f"NextPageLink leads to {url.host}, expected {first.host}")
            if url in asked:
                raise FetchFailed(f"NextPageLink leads back to {url}")
            asked.add(url)
        elif len(page.Items) >= PAGE_ITEMS_MAX:
            # A full page without a link: the API has lost its links before; go on by hand.
            url = first.copy_merge_params({"$skip": str(skipped)})
        else:
            return
    raise FetchFailed(f"more than {PAGES_MAX} pages for {first}")


def _page(client: httpx.Client, url: httpx.URL, sleep: Sleep) -> _Page:
    """The page. A lost connection, a broken page, 429 and 5xx are tried again."""
    for attempt in range(1, ATTEMPTS_MAX + 1):
        delay = RETRY_DELAY_S
        try:
            answer = client.get(url)
            if answer.status_code == httpx.codes.OK:
                return _body(answer)
            wrong = f"answered {answer.status_code}"
            delay = _delay_s(answer)
            if answer.status_code != httpx.codes.TOO_MANY_REQUESTS and not answer.is_server_error:
                break
        except httpx.HTTPError as error:
            wrong = str(error) or type(error).__name__
        except _BrokenPage as error:
            wrong = str(error)
        if attempt < ATTEMPTS_MAX:
            sleep(delay)
    raise FetchFailed(f"GET {url}: {wrong}, after {attempt} attempts")


def _body(answer: httpx.Response) -> _Page:
    try:
        page = msgspec.json.decode(answer.content, type=_Page)
    except msgspec.DecodeError as error:
        raise _BrokenPage(f"answered no page of prices ({error})") from error
    if page.Count is not None and page.Count != len(page.Items):
        raise _BrokenPage(f"answered {len(page.Items)} rows, its Count says {page.Count}")
    return page


def _delay_s(answer: httpx.Response) -> int:
    stated = answer.headers.get("Retry-After", "")
    if not stated.isascii() or not stated.isdigit():
        return RETRY_DELAY_S
    return min(int(stated), RETRY_DELAY_MAX_S)


def _quoted(text: str) -> str:
    return text.replace("'", "''")
