"""A run changes what a cost leaves out, also where the amount stays."""

from pathlib import Path

import pytest
from msgspec.structs import replace

from pricing_rules.engine.rating import rate
from pricing_rules.price_book.book import Book
from pricing_rules.types import Rank
from table_api.ledger.posting import MeteredCall
from table_api.storage.memory_tables import MemoryTableStorage
from tests.fixtures.builders import make_event
from tests.fixtures.calls import make_call, open_ledger
from tests.fixtures.reratings import History
from tests.pricing_rules.books import ALIAS, base_rule, compile_text

SAYS_DEFAULT = 'service_tier = "default"\n'
FASTER = base_rule("faster", match=', service_tier = "priority"')
STREAM = make_event(
    deployment="dep", model=None, service_tier=None, stream=True, rank=Rank.GATEWAY_LOG
)


@pytest.mark.parametrize("said_before", [False, True], ids=["leaves", "comes"])
async def test_a_mark_that_the_next_book_gives_or_takes_is_a_change(
    said_before: bool, tmp_path: Path
) -> None:
    """The alias says its tier, so that the charge is no assumption any more; and back."""
    assumed = compile_text(tmp_path, ALIAS + base_rule() + FASTER)
    said = compile_text(tmp_path, ALIAS + SAYS_DEFAULT + base_rule() + FASTER)
    old, new = (said, assumed) if said_before else (assumed, said)
    history = await posted(old)
    before, after = (("tier",), ()) if not said_before else ((), ("tier",))
    [[row]] = (await history.chains()).values()
    assert row.excludes == before
    assert (await history.staging(old)).diff.total.changed == 0
    run = await history.approved(new)
    await history.apply(run)
    [chain] = (await history.chains()).values()
    assert [entry.excludes for entry in chain] == [before, after]
    assert chain[0].measures["charge"] == chain[1].measures["charge"]
    assert chain[1].measures.get("excluding", 0) == len(after)
    await history.revert(run)
    [chain] = (await history.chains()).values()
    assert [entry.excludes for entry in chain] == [before, after, before]
    assert await history.flaws() == []


async def posted(book: Book) -> History:
    """A ledger that holds the stream, rated with the book."""
    history = History.over(MemoryTableStorage())
    await open_ledger(history.storage)
    await history.books.keep(book)
    ledger = await history.ledger()
    call = MeteredCall(priced=rate(replace(STREAM), book), origin=make_call().origin)
    await ledger.post([call])
    return history
