"""Passes of the publisher one after another: by the verb until it is told to end, by a timer."""

import asyncio
from dataclasses import replace
from datetime import datetime, timedelta

from table_api.errors import Altered, NoLedger, Retryable
from table_api.publishing.follow import Publisher
from table_api.publishing.month_pass import Wanted
from table_api.publishing.opening import open_publisher
from table_api.publishing.outbox import Sent
from table_api.storage.table_storage import TableStorage
from table_api.storage.timestamp import is_recent, now_utc
from telemetry.log import Log
from telemetry.settings import TelemetrySettings

SCHEDULE = "0 * * * * *"
"""Each minute, UTC."""
EVERY_S = 30.0
OLDER_EVERY = timedelta(minutes=10)
"""How often months are looked at that seldom change."""

_log = Log("table_api")


async def follow(publisher: Publisher, wanted: Wanted, *, ended: asyncio.Event) -> None:
    """Publish what is new until `ended` is set. A pass that fails is only logged."""
    passes = Passes(publisher, wanted)
    while not ended.is_set():
        await passes.run(now_utc())
        try:
            await asyncio.wait_for(ended.wait(), EVERY_S)
        except TimeoutError:
            continue


class Passes:
    """Passes of one process, and when the last one looked at months that seldom change."""

    def __init__(self, publisher: Publisher, wanted: Wanted) -> None:
        self._publisher = publisher
        self._wanted = wanted
        self._older_at: datetime | None = None

    async def run(self, now: datetime) -> None:
        """One pass; over all months where the last such one is OLDER_EVERY ago, or failed."""
        live_only = is_recent(self._older_at, now=now, age_max=OLDER_EVERY)
        sent = await tried(self._publisher, replace(self._wanted, live_only=live_only))
        if sent is not None and not live_only:
            self._older_at = now


async def tried(publisher: Publisher, wanted: Wanted) -> Sent | None:
    """One pass, and what it sent; None of one that failed, of which the next sends the rest."""
    try:
        sent = await publisher.publish(wanted)
    except Retryable as error:
        _log.warning("publish_failed", f"{error}; what is not marked is sent by the next pass")
        return None
    except Altered as error:
        _log.error("publish_failed", str(error))
        return None
    if sent.rows or sent.refused:
        _log.info("published", "ledger rows are sent", rows=sent.rows, refused=sent.refused)
    return sent


class ScheduledPublisher:
    """The publisher of a function app. It opens with the first pass and stays open."""

    def __init__(self, storage: TableStorage, settings: TelemetrySettings) -> None:
        self._storage = storage
        self._settings = settings
        self._passes: Passes | None = None

    async def run(self, now: datetime) -> None:
        """What the timer calls. Before there is a ledger there is nothing to do."""
        try:
            if self._passes is None:
                publisher = await open_publisher(self._storage, self._settings)
                self._passes = Passes(publisher, Wanted(start=self._settings.publish_from))
        except (NoLedger, Retryable) as error:
            _log.warning("publish_failed", str(error))
            return
        await self._passes.run(now)
