"""People who got a cost centre after their calls were rated: no mistake that a replay mends."""

from pathlib import Path

import pytest

from consumers.replay.differences import WatchingPoster
from pricing_rules.engine.rating import rate
from pricing_rules.price_book.book import Book
from pricing_rules.types import CallState
from table_api.ledger.posting import MeteredCall
from table_api.storage.memory_tables import MemoryTableStorage
from tests.fixtures.builders import make_event
from tests.fixtures.calls import make_call, open_ledger
from tests.fixtures.reratings import History
from tests.pricing_rules.books import ALIAS, base_rule, compile_text, modifier

HALF = modifier(
    "half", "multiply", 'layer = "contracted"\nfactor = "0.5"', match='cost_centre = ["4711"]'
)
CALL = make_event(deployment="dep", model=None)


def call(book: Book, centre: str | None) -> MeteredCall:
    """The call as metering rates it for a cost centre."""
    return MeteredCall(
        priced=rate(CALL, book, centre), origin=make_call().origin, cost_centre=centre
    )


@pytest.mark.parametrize(
    ("rated_for", "now"), [(None, "4711"), ("4712", "4711"), ("4711", None), ("4711", "4712")]
)
async def test_a_replay_rates_for_the_cost_centre_of_the_row(
    rated_for: str | None, now: str | None, tmp_path: Path
) -> None:
    book = compile_text(tmp_path, ALIAS + base_rule() + HALF)
    history = History.over(MemoryTableStorage())
    await open_ledger(history.storage)
    await history.books.keep(book)
    await (await history.ledger()).post([call(book, rated_for)])
    watching = WatchingPoster(await history.ledger(), history.books, dry_run=False)
    [result] = await watching.post([call(book, now)])
    assert result.standing is not None
    assert result.standing.state is CallState.PRICED
    assert (watching.found, watching.not_compared) == ([], [])
