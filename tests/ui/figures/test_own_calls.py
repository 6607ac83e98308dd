"""The dearest of one's own calls, and among how many they were looked for."""

from collections.abc import Callable, Iterator
from datetime import date, timedelta

import pytest

from tests.ui.stand import ADA, InventedCall, Stand
from ui.api.client import Client
from ui.api.found_calls import MY_PAGES_MAX, my_calls
from ui.api.transport import Parameters, http_transport, open_http
from ui.figures.own_calls import SHOWN_MAX, dearest, searched, title
from ui.period import Period


@pytest.fixture
def ada(stand: Stand) -> Iterator[Callable[[int], Client]]:
    """Ada's own calls from the API, so many a page."""
    with open_http(stand.url) as http:
        ask = http_transport(http)

        def client(rows: int) -> Client:
            def transport(path: str, parameters: Parameters) -> bytes:
                kept = (each for each in parameters if each[0] != "limit")
                path = path.replace("/v1/me/", f"/v1/subjects/{ADA}/")
                return ask(path, (*kept, ("limit", str(rows))))

            return Client(transport)

        yield client


def seventy_days(today: date) -> Period:
    return Period(first=today - timedelta(days=69), until=today + timedelta(days=1))


def test_the_dearest_are_looked_for_on_every_page(
    ada: Callable[[int], Client], calls: list[InventedCall], today: date
) -> None:
    own = [call for call in calls if call.subject == ADA]
    found = my_calls(ada(50), seventy_days(today))
    assert len(found.data) == len(own) > 2 * 50
    charges = sorted((call.priced.charge for call in own if call.priced.charge), reverse=True)
    shown = [row.cost.charge.scaleb(12) for row in dearest(found.data) if row.cost]
    assert shown == charges[:SHOWN_MAX]
    assert title(found) == "My dearest calls"
    assert searched(found) == f"The dearest of your {len(own)} calls of these days."


def test_where_not_all_are_looked_at_the_title_says_of_which(
    ada: Callable[[int], Client], today: date
) -> None:
    found = my_calls(ada(5), seventy_days(today))
    oldest = min(call.day for call in found.data)
    assert len(found.data) == 5 * MY_PAGES_MAX
    assert title(found) == "The dearest of my newest 50 calls"
    assert f"back to {oldest.day} {oldest:%b %Y}: those before are not looked at" in searched(found)
