"""A mixed hour of the demonstration, most of it streamed and with every odd case: each call has
a state, and what the ledger charges is what the models say that they served.
"""

import asyncio
import re
from collections import Counter
from collections.abc import Mapping
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import uuid4

import aiohttp

from consumers.metering.run import run
from consumers.pairing.run import pair
from consumers.settings import Settings, read_settings
from local_stack.broker import Broker, BrokerConfig, HubConfig, running_broker
from local_stack.demo.azurite import AzuritePorts
from local_stack.gateway.cached_policies import CACHE_HEADER, CachePlace
from local_stack.gateway.identity import local_token
from local_stack.gateway.reporting.reports import Counts
from local_stack.gateway.reporting.trap import Trap
from local_stack.gateway.server import serving
from local_stack.gateway.traffic import LiveTraffic, call_gateway
from local_stack.model.served_log import ServedCall, ServedLog
from local_stack.model.server import serving as model_serving
from local_stack.traffic.people import people
from pricing_rules.engine.rating import rate
from pricing_rules.types import CallState, UsageEvent
from pricing_rules.units import Unit
from table_api.audit.ledger_audit import audit
from table_api.completeness.reads import CompletenessReading, CompletenessReads
from table_api.completeness.tallies import CallTally
from table_api.ledger.cells import read_cell
from table_api.ledger.day_range import DayRange
from table_api.ledger.keys import CALL_ROWS, CELL_ROWS
from table_api.ledger.measures import AMOUNT_COLUMNS, QUANTITY_COLUMNS
from table_api.storage.azure_tables import AzureTableStorage
from table_api.storage.timestamp import now_utc
from table_api.usage.cell_reads import LedgerReads
from tests.fixtures.builders import make_event, make_usage
from tests.fixtures.calls import DEMO_BOOK, book
from tests.local_stack.gateway.stack import DIAGNOSTICS_HUB, USAGE_HUB, make_settings

DATE_OF_MODEL = re.compile(r"-20\d\d-\d\d-\d\d$")
ASKED = 300
CACHED = 3
CALLS = ASKED + 1 + CACHED
STREAMED = 0.6
IDLE_S = 8.0
"""Longer than every wait below, so that pairing ends with nothing left to wait for."""
WAITS = {
    "PAIRING_GRACE_S": "2",
    "PAIRING_TIMEOUT_S": "4",
    "PAIRING_BACKGROUND_TIMEOUT_S": "5",
    "PAIRING_SWEEP_INTERVAL_S": "0.5",
}
TOKENS = (Unit.INPUT, Unit.CACHE_READ, Unit.OUTPUT)

Quantities = Counter[tuple[str, Unit]]
"""By model and unit."""


def settings_of(broker: Broker, account: AzuritePorts) -> Settings:
    return read_settings(
        {},
        {
            "EVENTHUB_CONNECTION_STRING": broker.connection_string,
            "STORAGE_CONNECTION_STRING": account.connection_string,
            "PRICE_BOOKS": str(DEMO_BOOK),
            "CHECKPOINT_CONTAINER": f"checkpoints-{uuid4().hex}",
            "LOAD_BALANCING_INTERVAL_S": "0.5",
            "CHECKPOINT_INTERVAL_S": "0.3",
            **WAITS,
        },
    )


async def served_traffic(broker: Broker) -> tuple[Counts, list[ServedCall]]:
    """What the gateway counted, and what the models served of it."""
    log = ServedLog()
    async with model_serving(log=log) as port:
        settings = replace(
            make_settings(f"http://127.0.0.1:{port}", broker.connection_string),
            cache=CachePlace.BEFORE,
            traps=(Trap.CHUNKS, Trap.REPEATS, Trap.DISORDER, Trap.TRACE_TEXT),
        )
        async with serving(settings) as served:
            traffic = LiveTraffic(calls=ASKED, streamed=STREAMED)
            url = f"http://127.0.0.1:{served.port}"
            counts = await call_gateway(url, traffic)
            await ask_the_same(f"{url}/llm/openai/v1/chat/completions")
            await served.proxy.settled()
    # The cache asks for embeddings by itself; those belong to no caller.
    return counts, [call for call in log.calls if call.session is not None]


async def ask_the_same(url: str) -> None:
    """The first of these calls is answered by the model, the others from the cache."""
    key = {"Authorization": f"Bearer {local_token(people()[0].subject)}"}
    headers = {CACHE_HEADER: "use", "x-session-id": "cached", **key}
    question = [{"role": "user", "content": "Which answer is kept?"}]
    async with aiohttp.ClientSession(headers=headers) as session:
        for _ in range(1 + CACHED):
            body = {"model": "gpt-4.1-mini", "messages": question}
            async with session.post(url, json=body) as answer:
                assert answer.status == 200


async def metered(settings: Settings) -> None:
    for verb in (run, pair, run):
        await verb(settings, ended=asyncio.Event(), until_idle_s=IDLE_S if verb is pair else 1.5)


def served_tokens(calls: list[ServedCall]) -> Quantities:
    """The text tokens of the models' own usage objects, read by this test's own few lines."""
    found: Quantities = Counter()
    for call in calls:
        if call.usage is None or call.operation.startswith("audio"):
            continue
        usage = call.usage
        prompt = usage.get("prompt_tokens", usage.get("input_tokens", 0))
        output = usage.get("completion_tokens", usage.get("output_tokens", 0))
        details: Mapping[str, Any] = (
            usage.get("prompt_tokens_details") or usage.get("input_tokens_details") or {}
        )
        cached = details.get("cached_tokens") or 0
        model = undated(call.model)
        found[model, Unit.INPUT] += prompt - cached
        found[model, Unit.CACHE_READ] += cached
        found[model, Unit.OUTPUT] += output
    return +found


def undated(model: str) -> str:
    """`gpt-5-2025-08-07` is `gpt-5`."""
    return DATE_OF_MODEL.sub("", model)


async def ledger_sums(storage: AzureTableStorage) -> tuple[Quantities, Quantities, set[str]]:
    """Quantities and charges of text tokens by model, and the models without a price."""
    quantities: Quantities = Counter()
    charges: Quantities = Counter()
    unpriced: set[str] = set()
    async for partition in storage.partitions("ledger"):
        async for page in storage.query("ledger", partition, CELL_ROWS):
            for cell in map(read_cell, page):
                model = str(cell.facts["model"])
                if "transcribe" in model:
                    continue
                if cell.measures.get("unpriced"):
                    unpriced.add(model)
                for unit in TOKENS:
                    quantities[model, unit] += cell.measures.get(QUANTITY_COLUMNS[unit], 0)
                    charges[model, unit] += cell.measures.get(AMOUNT_COLUMNS["charge", unit], 0)
    return +quantities, +charges, unpriced


def price(model: str, unit: Unit) -> int:
    """Pico-units of one token in the book, by the deployment of the model's name."""
    event: UsageEvent = make_event(
        deployment=model, model=model, usage=make_usage(**{unit.value: 1}), service_tier=None
    )
    priced = rate(event, book())
    assert priced.state is CallState.PRICED, (model, priced.reason)
    [line] = [line for line in priced.charges if line.unit is unit]
    return line.charge


async def completeness(storage: AzureTableStorage, settings: Settings) -> CompletenessReading:
    today = datetime.now(UTC).date()
    days = DayRange(today - timedelta(days=2), today + timedelta(days=2))
    reads = LedgerReads(storage, now=now_utc)
    reader = CompletenessReads(storage, reads, settings.groups)
    return await reader.read(days, calls_max=CALLS * 4)


async def states_of(storage: AzureTableStorage) -> Counter[str]:
    """Of the last row of each chain."""
    last: dict[str, tuple[str, str]] = {}
    async for partition in storage.partitions("ledger"):
        async for page in storage.query("ledger", partition, CALL_ROWS):
            for row in page:
                call = str(row["call_id"])
                last[call] = max(last.get(call, ("", "")), (str(row["RowKey"]), str(row["state"])))
    return Counter(state for _, state in last.values())


async def test_every_call_has_a_state_and_the_ledger_is_what_the_models_served(
    mono: None, own_azurite: AzuritePorts
) -> None:
    hubs = tuple(
        HubConfig(name=name, partitions=4, consumer_groups=("metering", "pairing"))
        for name in (USAGE_HUB, DIAGNOSTICS_HUB)
    )
    async with running_broker(config=BrokerConfig(hubs=hubs)) as broker:
        counts, served = await served_traffic(broker)
        settings = settings_of(broker, own_azurite)
        await metered(settings)
    storage = AzureTableStorage.from_connection_string(own_azurite.connection_string)
    try:
        reading = await completeness(storage, settings)
        quantities, charges, unpriced = await ledger_sums(storage)
        states = await states_of(storage)
        report = await audit(storage, now=datetime.now(UTC))
    finally:
        await storage.close()

    calls = reading.report.totals.calls
    assert counts.calls == ASKED
    assert calls[CallTally.GATEWAY_CALLS] == CALLS
    assert calls[CallTally.POSTED] + calls[CallTally.WAITING] == CALLS
    assert calls[CallTally.WAITING] == calls[CallTally.UNATTRIBUTED] == 0
    assert states.total() == CALLS == reading.ledger_calls
    assert states[CallState.PENDING] == calls[CallTally.PENDING] == 0  # each was fetched
    assert states[CallState.ZERO] == calls[CallTally.CACHED] >= CACHED
    failed = sum(call.status >= 400 for call in served)
    assert states[CallState.NO_USAGE] == failed > 0
    assert states[CallState.PRICED] > CALLS * 0.8
    assert sum(call.background for call in served) > 0
    assert report.problems == ()

    expected = served_tokens(served)
    assert quantities == expected
    for (model, unit), quantity in expected.items():
        if model not in unpriced:
            assert charges[model, unit] == quantity * price(model, unit), (model, unit)


def test_the_test_reads_names_and_usage_as_it_says() -> None:
    assert [undated(name) for name in ("gpt-5-2025-08-07", "gpt-4o-2024-11-20", "o3")] == [
        "gpt-5",
        "gpt-4o",
        "o3",
    ]
