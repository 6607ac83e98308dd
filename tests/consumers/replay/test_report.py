"""What a replay prints for people: amounts are money, as in its JSON."""

from pathlib import Path

import msgspec

from consumers.replay.differences import WatchingPoster
from consumers.replay.replay import Tally
from consumers.replay.report import as_json_text, as_text
from pricing_rules.engine.rating import rate
from table_api.ledger.posting import MeteredCall
from table_api.storage.memory_tables import MemoryTableStorage
from tests.fixtures.builders import make_event, make_usage
from tests.fixtures.calls import make_call, open_ledger
from tests.fixtures.reratings import History
from tests.pricing_rules.books import ALIAS, base_rule, compile_text


async def test_a_difference_is_shown_in_the_ledger_s_currency(tmp_path: Path) -> None:
    book = compile_text(tmp_path, ALIAS + base_rule())
    history = History.over(MemoryTableStorage())
    await open_ledger(history.storage)
    await history.books.keep(book)

    def call(tokens: int) -> MeteredCall:
        event = make_event(deployment="dep", model=None, usage=make_usage(input=tokens))
        return MeteredCall(priced=rate(event, book), origin=make_call().origin)

    await (await history.ledger()).post([call(2_000_000)])
    watching = WatchingPoster(await history.ledger(), history.books, dry_run=False)
    await watching.post([call(1_000_000)])
    text = as_text(Tally(events=1), watching, None, dry_run=False)
    [line] = [line for line in text.splitlines() if line.startswith("differs")]
    before, after = line.rsplit("\t", 1)[1].split(" → ")
    assert "'charge': '4'" in before
    assert "'charge': '2'" in after
    [found] = msgspec.json.decode(as_json_text(Tally(events=1), watching, None))["differs"]
    assert (before, after) == (str(found["before"]), str(found["after"]))
