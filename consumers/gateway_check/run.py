"""The check of a gateway: says what it will cost, calls, waits for both hubs, prints findings."""

import asyncio
import json
import sys
import time
from collections.abc import Iterable, Sequence
from dataclasses import asdict, replace
from datetime import datetime, timedelta
from uuid import uuid4

import httpx

from consumers.errors import SettingsError
from consumers.gateway_check import cures
from consumers.gateway_check.calls import EMBEDDINGS, Ask, Client, Models, Seen, planned
from consumers.gateway_check.evidence import evidence_of
from consumers.gateway_check.judge import Finding, Verdict, findings
from consumers.gateway_check.watch import Heard, watching
from consumers.running.clients import open_clients
from consumers.settings import Settings
from pricing_rules.engine.rating import rate
from pricing_rules.money import format_pico
from pricing_rules.price_book.book import Book, load_book
from pricing_rules.types import CallState, Operation, Rank, Usage, UsageEvent
from pricing_rules.units import Unit
from table_api.storage.timestamp import now_utc
from telemetry.log import redact

LOOK_INTERVAL_S = 1.0
LOOKS_STEADY = 3
"""Looks without a failure before the check ends: what comes later changes nothing."""
CLOCK_SKEW = timedelta(seconds=30)
FETCHES_S_MAX = 120.0
"""How long a background answer may take."""
PROMPT_TOKENS = 100


async def check_gateway(
    settings: Settings, models: Models, *, yes: bool, wait_s: int, as_json: bool = False
) -> int:
    """Print a line per finding. 1 when one fails, or when nobody said yes."""
    if settings.gateway_url is None or settings.gateway_key is None:
        raise SettingsError("check --gateway needs GATEWAY_URL and GATEWAY_KEY")
    asks = planned(models, settings.gateway_key, settings.gateway_long_key)
    book = load_book(settings.price_books, origins=settings.price_sources.split(","))
    print(cost_text(asks, book, now=now_utc()), file=sys.stderr)
    if not yes:
        print("nothing was called: add --yes", file=sys.stderr)
        return 1
    run = f"check-{uuid4().hex[:12]}"
    async with open_clients(settings) as clients, httpx.AsyncClient() as http:
        usage = replace(clients.hub.address, group=settings.check_group)
        log = replace(
            usage,
            hub=settings.diagnostics_hub_name,
            namespace=settings.diagnostics_eventhub_namespace or usage.namespace,
        )
        async with watching(usage, log, since=now_utc() - CLOCK_SKEW) as heard:
            seen = await _calls(Client(settings.gateway_url, run, http), asks)
            found = await _settled(run, seen, heard, wait_s=wait_s)
    if as_json:
        shown = [{**asdict(each), "said": redact(each.said)} for each in found]
        print(json.dumps(shown, indent=2))
    for line in () if as_json else lines(found):
        print(redact(line))
    failed = any(each.verdict is Verdict.FAILED for each in found)
    if failed:
        print(cures.WORDS, file=sys.stderr)
    return int(failed)


async def _calls(client: Client, asks: Sequence[Ask]) -> list[Seen]:
    """All requests, and the background answer until it is finished."""
    seen = await client.make(asks)
    made = next((each for each in seen if each.ask.name == "background"), None)
    if made is None or made.response_id is None:
        return seen
    until = time.monotonic() + FETCHES_S_MAX
    while True:
        fetched = await client.fetch(made)
        waits = fetched.answered and fetched.response_status in {"queued", "in_progress"}
        if not waits or time.monotonic() > until:
            return [*seen, fetched]
        await asyncio.sleep(LOOK_INTERVAL_S)


async def _settled(run: str, seen: Sequence[Seen], heard: Heard, *, wait_s: float) -> list[Finding]:
    """The findings when nothing fails any more, or when the time is over."""
    until, steady = time.monotonic() + wait_s, 0
    while True:
        evidence = evidence_of(run, seen, heard.events, heard.records, heard.failures)
        found = findings(evidence)
        failed = any(each.verdict is Verdict.FAILED for each in found)
        steady = 0 if failed else steady + 1
        if steady == LOOKS_STEADY or time.monotonic() > until:
            return found
        await asyncio.sleep(LOOK_INTERVAL_S)


def lines(found: Iterable[Finding]) -> Iterable[str]:
    """One for each finding, with the command that mends it."""
    for each in found:
        cure = "" if each.cure is None else f" | mend: {each.cure}"
        yield f"{each.verdict:<10} {each.name}: {each.said}{cure}"


def cost_text(asks: Sequence[Ask], book: Book, *, now: datetime) -> str:
    """What the calls may cost at most, by the book; a model that it has no price of is named."""
    total, unknown = 0, set()
    charged = [ask for ask in asks if ask.tokens_max]
    for ask in charged:
        model = str(ask.body.get("model"))
        counts = {Unit.INPUT: PROMPT_TOKENS}
        if ask.path != EMBEDDINGS:
            counts[Unit.OUTPUT] = ask.tokens_max
        event = UsageEvent(
            id="check",
            source="check",
            subject="check",
            time=now,
            operation=Operation.CHAT_COMPLETIONS,
            stream=False,
            status=200,
            rank=Rank.MODEL_USAGE,
            usage=Usage(counts=counts),
            deployment=model,
        )
        priced = rate(event, book)
        total += priced.charge
        if priced.state is CallState.UNPRICED:
            unknown.add(model)
    rest = f", and what {', '.join(sorted(unknown))} costs" if unknown else ""
    most = f"{format_pico(total)} {book.pricing_currency}"
    return f"{len(asks)} calls, of which {len(charged)} cost about {most} at most{rest}"
