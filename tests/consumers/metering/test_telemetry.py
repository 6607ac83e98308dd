"""A consumer makes one span a batch, adds metrics up per batch, and sends nothing per call."""

import asyncio

from consumers.dead_letters.letter_store import MemoryDeadLetters
from consumers.metering.metering import Metering
from pricing_rules.money import PICO_PER_UNIT
from table_api.storage.memory_tables import MemoryTableStorage
from telemetry.metrics import GaugeName
from tests.consumers.conftest import CONFIG, HUB, Stage
from tests.consumers.metering.call_ratings import rating
from tests.consumers.partition import Partition
from tests.consumers.receiving.deliveries import delivered
from tests.contracts.ledger import ONE_CALL
from tests.fixtures.builders import call_id, make_body
from tests.fixtures.calls import NOW, open_ledger
from tests.fixtures.recorded import RecordedSpans, Series, sent, series

MODEL = ("chargeback.model", "gpt-4.1-mini")


async def metered(count: int, **settings: str) -> None:
    """Meter so many calls, then one that no book prices and one that cannot be read."""
    storage = MemoryTableStorage()
    metering = Metering(
        hub="llm-usage",
        rating=rating(storage),
        ledger=await open_ledger(storage),
        dead_letters=MemoryDeadLetters(),
        now=lambda: NOW,
    )
    events = [delivered(n, body=make_body(id=call_id(n))) for n in range(count)]
    events.append(delivered(count, body=make_body(id=call_id(count), deployment="made-up")))
    events.append(delivered(count + 1, body=b"{"))
    await Partition(storage, "llm-usage").read(metering, events, **settings)


async def test_one_span_a_batch_says_what_became_of_its_events() -> None:
    recorded = RecordedSpans()
    await metered(8, BATCH_EVENTS_MAX="5")
    assert recorded.attributes("chargeback.batch") == [
        {
            "chargeback.partition": "0",
            "chargeback.first_sequence_number": first,
            "chargeback.last_sequence_number": last,
            "chargeback.events": 5,
            **outcomes,
        }
        for first, last, outcomes in (
            (0, 4, {"chargeback.outcome.posted": 5}),
            (5, 9, {"chargeback.outcome.posted": 4, "chargeback.outcome.dead_lettered": 1}),
        )
    ]
    assert {span.kind.name for span in recorded.named("chargeback.batch")} == {"CONSUMER"}


async def test_tokens_and_charge_are_added_up_over_calls_that_are_new() -> None:
    before = series()
    await metered(3)
    await metered(0)

    def grown(name: str, *attributes: tuple[str, str]) -> float:
        key: Series = (name, tuple(sorted(attributes)))
        return series()[key] - before.get(key, 0)

    assert grown("chargeback.tokens", MODEL, ("gen_ai.token.type", "input")) == 3 * 2_048
    assert grown("chargeback.tokens", MODEL, ("gen_ai.token.type", "output")) == 3 * 427
    priced = grown("chargeback.cost", MODEL, ("chargeback.state", "priced"))
    assert round(priced * PICO_PER_UNIT) == 3 * ONE_CALL
    # Whoever calls may make up a deployment: its name is no series of its own.
    unknown = ("chargeback.model", "unknown")
    assert grown("chargeback.tokens", unknown, ("gen_ai.token.type", "input")) == 2 * 2_048
    assert not any("made-up" in str(key) for key in series())


async def test_lag_is_said_of_each_partition_of_a_hub_while_it_is_owned(stage: Stage) -> None:
    lag, owned = GaugeName.LAG_SECONDS.value, GaugeName.PARTITIONS.value
    hub, partitions = ("hub", HUB), CONFIG.hubs[0].partitions
    expected: dict[Series, float] = {(owned, (hub,)): partitions}
    expected |= {(lag, (hub, ("partition", str(each)))): 0 for each in range(partitions)}

    def said() -> dict[Series, float]:
        return {key: value for key, value in sent().items() if key[0] in {lag, owned}}

    async with stage.consuming(monitor_interval_s=0.1):
        stage.fill(20)
        await stage.counts(20)
        said()
        found: dict[Series, float] = {}
        async with asyncio.timeout(30):
            while found != expected:
                await asyncio.sleep(0.1)
                found |= said()
    said()
    await asyncio.sleep(0.3)
    assert said() == {}
