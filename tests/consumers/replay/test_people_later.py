"""People who got a cost centre after their calls were rated: no mistake that a replay mends."""

from pathlib import Path

import msgspec
import pytest

from consumers.replay.differences import WatchingPoster, staged
from pricing_rules.engine.rating import rate
from pricing_rules.price_book.book import Book
from pricing_rules.types import CallState
from table_api.ledger.posting import MeteredCall
from table_api.rerating.pairs import decode_pairs
from table_api.storage.memory_tables import MemoryTableStorage
from tests.fixtures.builders import make_event, make_usage
from tests.fixtures.calls import make_call, open_ledger
from tests.fixtures.reratings import History
from tests.pricing_rules.books import ALIAS, base_rule, compile_text, modifier

HALF = modifier(
    "half", "multiply", 'layer = "contracted"\nfactor = "0.5"', match='cost_centre = ["4711"]'
)
CALL = make_event(deployment="dep", model=None, usage=make_usage(input=1_000_000))
FREE = modifier("free", "zero", 'layer = "list"\nnote = "a mistake"')
"""What an engine of ours took the call for."""


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


@pytest.mark.parametrize(
    ("discount", "charge"), [(HALF, 1_000_000_000_000), ("", 2_000_000_000_000)]
)
async def test_what_is_staged_is_for_the_caller_of_a_row_that_no_such_rule_priced(
    discount: str, charge: int, tmp_path: Path
) -> None:
    """A row names a cost centre only where a rule used it; what mends the row may use it."""
    book = compile_text(tmp_path, ALIAS + base_rule() + discount)
    history = History.over(MemoryTableStorage())
    await open_ledger(history.storage)
    await history.books.keep(book)
    wrong = call(compile_text(tmp_path, ALIAS + base_rule() + FREE), "4711")
    priced = msgspec.structs.replace(wrong.priced, book_version=book.version)
    await (await history.ledger()).post([msgspec.structs.replace(wrong, priced=priced)])
    watching = WatchingPoster(await history.ledger(), history.books, dry_run=False)
    [result] = await watching.post([call(book, "4711")])
    assert result.standing is not None
    assert (result.standing.state, result.standing.cost_centre) == (CallState.ZERO, None)
    [difference] = watching.found
    assert difference.call.priced.charge == charge
    staging = staged(watching.found, ("USD", "USD"))
    [(key, line)] = staging.diff.changed_lines()
    assert (key[-1], line.after) == ("4711", charge)
    [pair] = decode_pairs(staging.pairs)
    assert sum(each.charge for each in pair.after.charges) == charge
    assert pair.after.cost_centre == ("4711" if discount else None)


async def test_a_row_that_a_cost_centres_rule_priced_is_staged_for_it(tmp_path: Path) -> None:
    """The caller has moved to another cost centre since."""
    book = compile_text(tmp_path, ALIAS + base_rule() + HALF)
    history = History.over(MemoryTableStorage())
    await open_ledger(history.storage)
    await history.books.keep(book)
    dearer = ALIAS + base_rule(rates='rates = { input = "10" }') + HALF
    wrong = call(compile_text(tmp_path, dearer), "4711")
    priced = msgspec.structs.replace(wrong.priced, book_version=book.version)
    await (await history.ledger()).post([msgspec.structs.replace(wrong, priced=priced)])
    watching = WatchingPoster(await history.ledger(), history.books, dry_run=False)
    await watching.post([call(book, "4712")])
    [(key, line)] = staged(watching.found, ("USD", "USD")).diff.changed_lines()
    assert (key[-1], line.before, line.after) == ("4711", 5 * 10**12, 10**12)
