"""The usage object of a doubtful call is kept, and a later reader prices the call by it."""

import json
from typing import Any

import pytest

from consumers.dead_letters.letter_store import MemoryDeadLetters
from consumers.metering.metering import Metering
from pricing_rules.types import CallState, Caveats, Usage
from pricing_rules.units import Unit
from table_api.audit.ledger_audit import audit
from table_api.consumer_state.raw_usage import (
    RAW_USAGE_TABLE,
    RawUsage,
    RawUsageKey,
    usage_text,
)
from table_api.errors import Unavailable
from table_api.storage.memory_tables import MemoryTableStorage
from tests.consumers.metering.call_ratings import rating
from tests.consumers.receiving.deliveries import delivered
from tests.fixtures.builders import call_id, chat_usage, make_body
from tests.fixtures.calls import NOW, all_rows, book, make_call, open_ledger
from tests.fixtures.reratings import History

STRANGE = {**chat_usage(), "rubies": {"spent": 3}}


async def metering(storage: MemoryTableStorage, kept: RawUsage | None = None) -> Metering:
    raw_usage = kept or RawUsage(storage)
    await raw_usage.create()
    return Metering(
        hub="llm-usage",
        rating=rating(storage),
        ledger=await open_ledger(storage),
        dead_letters=MemoryDeadLetters(),
        now=lambda: NOW,
        raw_usage=raw_usage,
    )


async def test_only_what_is_doubtful_or_unpriced_is_kept() -> None:
    storage = MemoryTableStorage()
    batch = [
        delivered(0, body=make_body(id=call_id(0))),
        delivered(1, body=make_body(id=call_id(1), usage=STRANGE)),
        delivered(2, body=make_body(id=call_id(2), deployment="lab-model-x")),
        delivered(3, body=make_body(id=call_id(3), status=429, usage=None)),
    ]
    await (await metering(storage)).prepare("0", batch)()
    kept = (await all_rows(storage, RAW_USAGE_TABLE)).values()
    assert {row["call_id"] for row in kept} == {call_id(1), call_id(2)}
    usages = [json.loads(str(row["usage"])) for row in kept if row["call_id"] == call_id(1)]
    assert usages[0]["rubies"] == {"spent": 3}


class FailsOnce(RawUsage):
    failed = False

    async def keep(self, usages: Any) -> None:
        if not self.failed:
            self.failed = True
            raise Unavailable("no table storage")
        await super().keep(usages)


async def test_a_failed_write_fails_the_batch_and_retrying_is_safe() -> None:
    storage = MemoryTableStorage()
    work = (await metering(storage, FailsOnce(storage))).prepare(
        "0", [delivered(0, body=make_body(usage=STRANGE))]
    )
    with pytest.raises(Unavailable):
        await work()
    posted = await all_rows(storage)
    await work()
    assert await all_rows(storage) == posted
    assert len(await all_rows(storage, RAW_USAGE_TABLE)) == 1


async def test_a_later_reader_prices_the_call_without_the_hub() -> None:
    """The row is of a reader that did not know how DeepSeek writes cached tokens."""
    storage = MemoryTableStorage()
    then = Usage(
        counts={Unit.INPUT: 2048, Unit.OUTPUT: 427},
        caveats=Caveats(unread=(("prompt_cache_hit_tokens", "1024"),)),
    )
    call = make_call(usage=then)
    assert call.priced.state is CallState.UNPRICED
    await (await open_ledger(storage)).post([call])
    history, same = History.over(storage), book()
    assert (await history.staging(same)).diff.total.changed == 0  # nobody kept the object
    event, origin = call.priced.event, call.origin
    key = RawUsageKey(
        call_id=event.id,
        time=event.time,
        partition=origin.partition,
        sequence_number=origin.sequence_number,
    )
    usage = {
        "prompt_tokens": 2048, "prompt_cache_hit_tokens": 1024, "prompt_cache_miss_tokens": 1024,
        "completion_tokens": 427,
    }  # fmt: skip
    await RawUsage(storage).create()
    await RawUsage(storage).keep([(key, usage_text(usage) or "")])
    await history.apply(await history.approved(same))
    [[before, after]] = (await history.chains()).values()
    assert (before.state, after.state) == (CallState.UNPRICED, CallState.PRICED)
    assert (after.caveats, after.measures["charge"]) == (None, 1_195_200_000)
    report = await audit(storage, now=NOW)
    assert report.ok, report.render()
