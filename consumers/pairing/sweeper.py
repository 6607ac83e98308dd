"""Calls whose grace or timeout has passed, found by the index and settled; old rows purged.

Any number of processes may sweep at once: a decision is made by whoever creates its row.
"""

import asyncio
import contextlib
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime, timedelta

from consumers.errors import HubUnavailable
from consumers.log_actions import Action
from consumers.pairing.intake import Pairing
from consumers.pairing.seen_places import SeenPlaces
from consumers.pairing.settlement import APART_MAX
from consumers.pairing.stream_time import Passed
from consumers.receiving.last_net import OF_NO_ITEM, halved
from consumers.receiving.storage_retry import ended_within
from pricing_rules.decoding.invalid_event import place_of
from table_api.errors import NoLedger, Retryable
from table_api.open_calls.decision import PairingState
from table_api.open_calls.keys import SAME_CALL_MAX
from table_api.open_calls.settled import Settled, UnsettledCall
from table_api.storage.parallel import chunks
from telemetry.log import Log
from telemetry.metrics import CounterName, count
from telemetry.names import SpanName
from telemetry.spans import span

CLOCK_SKEW = timedelta(minutes=1)
"""Between this machine's clock, which an idle partition counts by, and the hub's."""
HOUR = timedelta(hours=1)
DUE_AT_ONCE_MAX = 5_000
"""Calls that look due and are looked up together: bounds memory."""
HOURS_PER_SWEEP = 24
"""Summed for completeness at the end of a sweep: more would keep the next one waiting."""
AGAIN_PER_SWEEP = 50
"""Calls that could not be settled before, tried once more: each is a read of its rows."""
PURGE_INTERVAL = timedelta(hours=1)
PURGE_MARGIN = timedelta(days=1)
"""Kept longer than facts are accepted, since processes do not look at the same moment."""
_log = Log("consumers")


class Sweeper:
    """Goes through the index once for the timeout and once for the grace."""

    def __init__(self, pairing: Pairing, *, interval_s: float) -> None:
        self._pairing = pairing
        self._interval_s = interval_s
        self._passed: dict[timedelta, datetime] = {}
        """By wait: the time up to which every call was looked at."""
        self._purged_at: datetime | None = None
        self._settled: Settled | None = None
        self._seen = SeenPlaces()
        self._may_be_unsettled = True
        """Whether there may be calls that could not be settled: ours, or of a process before us."""
        self._tried_again: str | None = None
        """The last row of the unsettled calls that were tried once more; None at their end."""

    async def run(self, ended: asyncio.Event, *, until_idle_s: float | None) -> None:
        """Sweep until `ended`; sets it when both hubs were caught up for `until_idle_s`."""
        interval_s, idle_looks = self._interval_s, 0
        if until_idle_s is not None:
            interval_s = min(interval_s, until_idle_s / 3)
        while not ended.is_set():
            try:
                passed = await self.sweep()
            except (Retryable, HubUnavailable) as error:
                _log.warning(Action.SWEEP_FAILED, f"sweeping again: {error}")
            except OF_NO_ITEM:
                raise
            except Exception as error:
                _tell_unexpected(error, "this sweep; the next one tries again")
            else:
                idle_looks = idle_looks + 1 if passed.caught_up else 0
                if until_idle_s is not None and idle_looks * interval_s > until_idle_s:
                    _log.info(Action.IDLE, "both hubs are caught up")
                    ended.set()
            await ended_within(ended, interval_s)

    async def sweep(self) -> Passed:
        """One sweep, as far as the stream has come. Raises Retryable or HubUnavailable."""
        with span(SpanName.SWEEP):
            passed = await self._pairing.stream_time.look()
            await self._look_up_open(passed.time)
            await self._settle_again(passed.time)
            if passed.time is not None:
                await self._sweep_to(passed.time)
                await self._purge(passed.time)
                await self._sum_hours(passed.time)
            return passed

    async def _look_up_open(self, stream_time: datetime | None) -> None:
        """Calls that this process has left open for a while: the other half may have come to
        another process. All at once, so that a page of the index is read for many of them.
        """
        heard = self._pairing.settlement.heard
        calls = heard.open_for_long()
        for part in chunks(sorted(calls, key=calls.__getitem__), DUE_AT_ONCE_MAX):
            times = {call_id: calls[call_id] for call_id in part}
            await self._settle(times, stream_time, apart_max=APART_MAX)
        heard.looked_up(calls)

    async def _settle_again(self, stream_time: datetime | None) -> None:
        """Calls that could not be settled, some at each sweep: somebody may have mended them."""
        if not self._may_be_unsettled:
            return  # an idle sweep reads nothing
        unsettled = self._pairing.calls.unsettled
        calls = await unsettled.after(self._tried_again, calls_max=AGAIN_PER_SWEEP)
        self._may_be_unsettled = bool(calls) or self._tried_again is not None
        self._tried_again = max(calls) if len(calls) == AGAIN_PER_SWEEP else None
        for each in calls.values():
            if each is not None and await self._is_settled_now(each.call_id, stream_time):
                await unsettled.remove(each.call_id)

    async def _is_settled_now(self, call_id: str, stream_time: datetime | None) -> bool:
        """Try it. Where nothing is kept of it any more, it never will be."""
        try:
            await self._pairing.settlement.settle([call_id], stream_time)
            [kept] = await self._pairing.calls.read([call_id])
        except OF_NO_ITEM:
            raise
        except Exception:
            return False  # it was told when it failed first
        return bool(kept.facts) and kept.state is not PairingState.WAITING

    async def _sweep_to(self, stream_time: datetime) -> None:
        waits = self._pairing.waits
        starts = not self._passed
        if starts:
            start = await self._start(stream_time - waits.timeout)
            self._passed = dict.fromkeys((waits.timeout, waits.grace), start)
        for wait, reached in self._passed.items():
            if reached - (stream_time - wait) > HOUR:  # a clock was wrong: what it skipped is due
                self._passed[wait] = stream_time - wait
        await self._look_after(waits.timeout, stream_time)
        # Whose timeout has passed was just looked at: the grace of these is over too.
        timed_out = self._passed[waits.timeout]
        self._passed[waits.grace] = max(self._passed[waits.grace], timed_out)
        await self._look_after(waits.grace, stream_time)
        if starts:  # younger calls that an earlier process left open when it ended
            since = self._passed[waits.grace] - CLOCK_SKEW
            await self._settle_due(since, stream_time, stream_time)

    async def _look_after(self, wait: timedelta, stream_time: datetime) -> None:
        """Hour by hour of the index, each remembered: a crash begins anew with the hour that it
        fell in."""
        until = stream_time - wait
        since = self._passed[wait] - CLOCK_SKEW
        while self._passed[wait] < until:
            reached = min(_next_hour(self._passed[wait]), until)
            await self._settle_due(since, reached, stream_time)
            self._passed[wait] = since = reached
            if wait == self._pairing.waits.timeout:
                await self._pairing.calls.set_swept(reached, self._settled_by(reached))

    def _settled_by(self, reached: datetime) -> Settled:
        """The last full hour whose calls are settled, and since when."""
        hour = _hour(reached)
        if self._settled is None or self._settled.before != hour:
            pairing = self._pairing
            self._settled = Settled(before=hour, at=pairing.now(), timeout=pairing.waits.timeout)
        return self._settled

    async def _start(self, timed_out: datetime) -> datetime:
        """Where an earlier sweeper ended, or the oldest call that is kept.

        Never after `timed_out`, which facts that come from now on are indexed from: calls of
        before the first that was kept may still come, and an earlier timeout may have been shorter.
        """
        swept = await self._pairing.calls.swept()
        kept_from = swept or await self._pairing.calls.first_hour()
        return timed_out if kept_from is None else min(kept_from, timed_out)

    async def _settle_due(self, since: datetime, until: datetime, stream_time: datetime) -> None:
        """A page has the facts that came late beside none of their call's decisions, so that what
        looks due by it is looked up once more, many calls at once.
        """
        settlement = self._pairing.settlement
        due: dict[str, datetime] = {}
        async for part in self._pairing.calls.between(since, until):
            untimed: dict[str, datetime] = {}  # answers made in the background
            for kept in part:
                if kept.damaged:
                    await self._settle_or_note({kept.call_id: since}, stream_time, until=until)
                    continue
                joined = kept.joined
                metered_at = () if joined is None else joined.metered_at
                places = [self._seen.elsewhere(kept.call_id, at) for at in metered_at]
                if not any(places) and not settlement.is_due(kept, stream_time):
                    continue
                if joined is None:
                    untimed[kept.call_id] = since
                else:
                    due[kept.call_id] = joined.time
            await self._settle_or_note(untimed, stream_time, until=until)
            if len(due) >= DUE_AT_ONCE_MAX:
                await self._settle_or_note(due, stream_time)
                due = {}
        await self._settle_or_note(due, stream_time)

    async def _settle_or_note(
        self,
        due: Mapping[str, datetime],
        stream_time: datetime | None,
        until: datetime | None = None,
    ) -> None:
        """A call that cannot be settled is noted before the sweeper goes on: no month closes
        without it unsaid. `until`: its time is not known, and is of `due` to this.
        """
        failed = await self._settle(due, stream_time)
        self._may_be_unsettled = self._may_be_unsettled or bool(failed)
        await self._pairing.calls.unsettled.add(
            UnsettledCall(call_id=each, since=due[each], until=until or due[each])
            for each in failed
        )

    async def _settle(
        self,
        due: Mapping[str, datetime],
        stream_time: datetime | None,
        apart_max: timedelta = SAME_CALL_MAX,
    ) -> list[str]:
        """A call that cannot be settled keeps no other from being settled; which these are."""
        left: list[str] = []

        async def settle(calls: Sequence[str]) -> None:
            times = {call_id: due[call_id] for call_id in calls}
            await self._pairing.settlement.settle_indexed(times, stream_time, apart_max=apart_max)

        async for part, failed in halved(list(due), settle):
            if failed is not None:
                _tell_unexpected(failed, "a call that is left as it is", id=part[0])
                left += part
        return left

    async def _sum_hours(self, stream_time: datetime) -> None:
        """For completeness: hours whose calls are settled, and those that changed since."""
        pairing = self._pairing
        if pairing.hours is None or self._settled is None:
            return
        with contextlib.suppress(NoLedger):  # nothing is metered yet
            await pairing.hours.sum_due(
                settled=self._settled.before,
                facts_from=stream_time - pairing.keep,
                hours_max=HOURS_PER_SWEEP,
            )

    async def _purge(self, stream_time: datetime) -> None:
        if self._purged_at is not None and abs(stream_time - self._purged_at) < PURGE_INTERVAL:
            return
        before = stream_time - self._pairing.keep - PURGE_MARGIN
        hours = await self._pairing.calls.purge(before, self._pairing.counted.purged)
        self._purged_at = stream_time
        if hours:
            message = f"{hours} partitions of calls before {before:%Y-%m-%d %H:%M}"
            _log.info(Action.PURGED, message)
        if self._pairing.raw_usage is not None:
            day = (stream_time - self._pairing.raw_usage_keep).date()
            rows = await self._pairing.raw_usage.purge(day)
            if rows:
                _log.info(Action.PURGED, f"{rows} usage objects of calls before {day}")


def _tell_unexpected(error: Exception, what: str, **fields: str) -> None:
    count(CounterName.UNEXPECTED_ERRORS, 1, {"step": "sweep"})
    message = f"{type(error).__name__} at {place_of(error)} costs {what}"
    _log.error(Action.UNEXPECTED_ERROR, message, **fields)


def _next_hour(time: datetime) -> datetime:
    return _hour(time) + HOUR


def _hour(time: datetime) -> datetime:
    return time.astimezone(UTC).replace(minute=0, second=0, microsecond=0)
