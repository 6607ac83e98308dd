"""The default traffic of the demonstration: about two months of a company's calls, generated.

It is a pure function of its arguments: the same `now`, seed and counts give the same bytes. So the
caller keeps `now`, and may send everything again. Every number is invented; for real ones see
trace.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from itertools import accumulate
from random import Random
from uuid import NAMESPACE_URL, uuid5

from local_stack.traffic.deployments import DEPLOYMENTS, Deployment
from local_stack.traffic.people import ZIPF_STEPS, people
from local_stack.traffic.usage_event import GatewayCall, OutgoingEvent, chat_usage
from pricing_rules.types import Operation

CALLS = 9_000
SEED = 20261123
PROMPT_TOKENS_MAX = 250_000
COMPLETION_TOKENS_MAX = 32_000
SPIKE_DAY = 20
"""Days after the start: from there on the first weekday has a job that went wrong, with
SPIKE_PERCENT of the usual calls."""
SPIKE_PERCENT = 400

_NAMESPACE = uuid5(NAMESPACE_URL, "urn:llm-chargeback:workload")
_CACHE_BLOCK = 128
"""Tokens: caches keep whole blocks of a prompt's start, from 1,024 tokens on."""
_CACHED_PERCENT = 35
_FAILURES_PER_MILLE = {429: 17, 400: 5, 500: 3}
"""Failed calls in 1,000; none of them reports usage."""
# Calls per UTC hour of a weekday, for people in Europe: a lunch dip and some evening work.
_HOURS = (1, 1, 1, 1, 2, 6, 20, 55, 90, 100, 95, 70, 80, 100, 95, 80, 50, 25, 14, 10, 8, 5, 3, 2)
_WEEKEND_PERCENT = 12
"""Calls of a Saturday's or Sunday's hour in percent of a weekday's."""
_MODELS = {deployment.name: deployment.model for deployment in DEPLOYMENTS}
_DEPLOYMENT_STEPS = list(accumulate(deployment.weight for deployment in DEPLOYMENTS))


@dataclass(frozen=True, slots=True, kw_only=True)
class Workload:
    """What to generate."""

    now: datetime
    """Aware; calls stop before it. They begin on the first day of the month before, in UTC."""
    calls: int = CALLS
    streamed_percent: int = 0
    """Share of calls whose event has no usage, since the answer was streamed."""
    seed: int = SEED

    @property
    def start(self) -> datetime:
        """Midnight UTC on the first day of the month before `now`'s."""
        this_month = self.now.astimezone(UTC).replace(
            day=1, hour=0, minute=0, second=0, microsecond=0
        )
        return (this_month - timedelta(days=1)).replace(day=1)

    def events(self) -> Iterator[OutgoingEvent]:
        """The calls' events in order of time."""
        chance = Random(self.seed)
        for index, time in enumerate(self._times(chance)):
            # The id contains `now` too: calls with other dates are other calls, not duplicates.
            name = f"{self.seed}/{self.now.isoformat()}/{index}"
            age = (time - self.start).days
            call = _call(str(uuid5(_NAMESPACE, name)), time, chance, self.streamed_percent, age)
            yield call.event()

    def _times(self, chance: Random) -> list[datetime]:
        hours = list(_hours(self.start, self.now))
        steps = list(accumulate(weight for _, weight in hours))
        chosen = chance.choices(hours, cum_weights=steps, k=self.calls)
        times = []
        for hour, _ in chosen:
            room = min(timedelta(hours=1), self.now - hour)
            microseconds = chance.randrange(room // timedelta(microseconds=1))
            times.append(hour + timedelta(microseconds=microseconds))
        return sorted(times)


def needs_no_log(event: OutgoingEvent) -> bool:
    """Other failures wait for the gateway's log, and no gateway has logged the generated calls."""
    return b'"usage":null' not in event.body or b'"status":429' in event.body


def _hours(start: datetime, now: datetime) -> Iterator[tuple[datetime, int]]:
    """Each hour that begins in [start, now) and how busy it is."""
    spike = start + timedelta(days=SPIKE_DAY)
    while spike.weekday() >= 5:
        spike += timedelta(days=1)
    hour = start
    while hour < now:
        percent = _WEEKEND_PERCENT if hour.weekday() >= 5 else 100
        if hour.date() == spike.date():
            percent = SPIKE_PERCENT
        yield hour, _HOURS[hour.hour] * percent
        hour += timedelta(hours=1)


def _call(
    call_id: str, time: datetime, chance: Random, streamed_percent: int, age_days: int
) -> GatewayCall:
    (person,) = chance.choices(people(), cum_weights=ZIPF_STEPS)
    (deployment,) = chance.choices(DEPLOYMENTS, cum_weights=_DEPLOYMENT_STEPS)
    name, model = deployment.name, deployment.model
    if deployment.before is not None and age_days < deployment.since_days:
        name, model = deployment.before, _MODELS[deployment.before]
    status = _status(chance)
    streams = deployment.operation is not Operation.EMBEDDINGS
    stream = streams and chance.randrange(100) < streamed_percent
    usage = _usage(deployment, chance)
    answered = status == 200 and not stream
    return GatewayCall(
        id=call_id,
        time=time,
        subject=person.subject,
        deployment=name,
        model=model if answered else None,
        usage=usage if answered else None,
        operation=deployment.operation,
        stream=stream,
        status=status,
    )


def _status(chance: Random) -> int:
    drawn = chance.randrange(1000)
    for status, share in _FAILURES_PER_MILLE.items():
        if drawn < share:
            return status
        drawn -= share
    return 200


def _usage(deployment: Deployment, chance: Random) -> Mapping[str, object]:
    prompt = _tokens(deployment.prompt_median, PROMPT_TOKENS_MAX, chance)
    if deployment.operation is Operation.EMBEDDINGS:
        return {"prompt_tokens": prompt, "total_tokens": prompt}
    cached = 0
    if deployment.caches and prompt >= 1024 and chance.randrange(100) < _CACHED_PERCENT:
        cached = chance.randint(8, prompt // _CACHE_BLOCK) * _CACHE_BLOCK
    completion = _tokens(deployment.completion_median, COMPLETION_TOKENS_MAX, chance)
    reasoning = completion * chance.randint(20, 80) // 100 if deployment.reasons else 0
    if deployment.operation is Operation.RESPONSES:
        return {
            "input_tokens": prompt,
            "input_tokens_details": {"cached_tokens": cached},
            "output_tokens": completion,
            "output_tokens_details": {"reasoning_tokens": reasoning},
            "total_tokens": prompt + completion,
        }
    return chat_usage(prompt=prompt, cached=cached, completion=completion, reasoning=reasoning)


def _tokens(median: int, tokens_max: int, chance: Random) -> int:
    """A count around `median` with a long tail, like real prompts: a tenth is over 3 × median."""
    return max(1, min(tokens_max, round(median * chance.lognormvariate(0, 0.9))))
