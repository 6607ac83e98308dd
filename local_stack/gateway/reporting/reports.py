"""Everything that the gateway sends besides its answers: usage events, the diagnostic log and token
metrics; and how many of each, for those who wait for them."""

from collections.abc import Iterable
from random import Random

import msgspec

from apim_policies.harness.call import LoggedEvent
from local_stack.gateway.reporting.call_log import CallLog
from local_stack.gateway.reporting.diagnostics import Diagnostics
from local_stack.gateway.reporting.hub_writer import HubWriter
from local_stack.gateway.reporting.insights import Insights
from local_stack.gateway.reporting.token_metrics import TokenMetrics
from telemetry.log import Log

USAGE_LOGGER = "llm-usage"
"""The policies' logger id, and the name of its event hub."""

_LOG = Log(__name__)


class Counts(msgspec.Struct, frozen=True, kw_only=True):
    """The answer of `/counts` and `/settled`."""

    calls: int
    """Calls that have ended."""
    open: int
    """Calls that have not."""
    events: int
    """Usage events written by the policies."""
    dropped: int
    """Usage events of these that were lost on purpose."""
    lost: int
    """Events and log envelopes that the event hubs did not accept."""
    pending: int
    """Events, log records, envelopes and items of telemetry that are not sent yet."""
    telemetry_lost: int = 0
    """Items that Application Insights did not take."""


class Reports:
    """Takes the reports of policies and calls from the proxy. No call waits for it."""

    def __init__(
        self, usage: HubWriter, diagnostics_writer: HubWriter, diagnostics: Diagnostics,
        *, insights: Insights | None = None, drop: float = 0.0, seed: int = 0,
    ) -> None:  # fmt: skip
        """`drop` is the share of usage events to lose, like a gateway whose buffer is full."""
        self._insights = insights
        self._usage = usage
        self._diagnostics_writer = diagnostics_writer
        self._diagnostics = diagnostics
        self._metrics = TokenMetrics()
        self._drop = drop
        self._chance = Random(seed)
        self._calls = self._events = self._dropped = 0

    def events(self, events: Iterable[LoggedEvent]) -> None:
        for event in events:
            if event.logger_id != USAGE_LOGGER:
                _LOG.error("unknown_logger", f"no logger {event.logger_id}, only {USAGE_LOGGER}")
                continue
            self._events += 1
            if self._drop and self._chance.random() < self._drop:
                self._dropped += 1
                continue
            self._usage.put(event.body, partition_key=event.partition_key)

    def ended(self, call: CallLog) -> None:
        self._calls += 1
        self._metrics.add(call.metrics)
        self._diagnostics.write(call)
        if self._insights is not None:
            self._insights.ended(call)

    async def sent(self) -> None:
        """Wait until nothing is pending."""
        await self._diagnostics.emptied()
        await self._usage.emptied()
        if self._insights is not None:
            await self._insights.emptied()

    def counts(self, *, open_calls: int) -> Counts:
        items_pending, items_lost = (
            (0, 0) if self._insights is None else (self._insights.pending, self._insights.lost)
        )
        return Counts(
            calls=self._calls,
            open=open_calls,
            events=self._events,
            dropped=self._dropped,
            lost=self._usage.lost + self._diagnostics_writer.lost,
            pending=self._usage.pending + self._diagnostics.pending + items_pending,
            telemetry_lost=items_lost,
        )
