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
    older_at: datetime | None = None
    while not ended.is_set():
        now = now_utc()
        live_only = is_recent(older_at, now=now, age_max=OLDER_EVERY)
        if await tried(publisher, replace(wanted, live_only=live_only)) and not live_only:
            older_at = now
        try:
            await asyncio.wait_for(ended.wait(), EVERY_S)
        except TimeoutError:
            continue


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
        self._publisher: Publisher | None = None

    async def run(self, now: datetime) -> None:
        """What the timer calls. Before there is a ledger there is nothing to do."""
        try:
            if self._publisher is None:
                self._publisher = await open_publisher(self._storage, self._settings)
        except (NoLedger, Retryable) as error:
            _log.warning("publish_failed", str(error))
            return
        live_only = now.minute % (OLDER_EVERY // timedelta(minutes=1)) != 0
        await tried(self._publisher, Wanted(start=self._settings.publish_from, live_only=live_only))
