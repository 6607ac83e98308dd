"""What all facts of one gateway call say together, whatever their order. Pure.

The best value of each field wins by a fixed rank, so that any order and repetition of the same
facts gives the same JoinedCall. Which decision follows from it is consumers.pairing's question.
"""

from collections.abc import Callable, Iterable, Sequence
from datetime import datetime
from functools import reduce
from typing import Any, TypeVar

import msgspec

from pricing_rules.provider_usage.anthropic import is_anthropic
from pricing_rules.types import CACHE_HIT, REFUSED_STATUS, CountedAt, Operation
from table_api.open_calls.facts import (
    EventReport,
    Fact,
    Fetched,
    Identity,
    RequestRecord,
    TokenCounts,
    encode_fact,
)

T = TypeVar("T")
_Others = tuple[tuple[str, int | str], ...]


class JoinedCall(msgspec.Struct, frozen=True, kw_only=True, gc=False):
    """One call as known so far. None means: nobody has said so yet."""

    call_id: str
    time: datetime
    """The earliest time that any fact gives; what grace and timeout count from."""
    identity: Identity | None
    """The UsageEvent's, else the trace's. Of several UsageEvents one that metering posts, and of
    these the first: of the earliest time, then of the least subject."""
    traced: bool
    """Whether a trace told an identity."""
    reported: bool
    """Whether the UsageEvent arrived."""
    metered_at: tuple[CountedAt, ...]
    """Where metering posts a UsageEvent as it is: several places when an id came with two callers
    or two times. In a fixed order."""
    reported_tokens: int | None
    """Sum of the UsageEvent's usage."""
    reported_prompt: int | None
    """The prompt's part of it; None in a fact that was kept before this was told."""
    outcome: RequestRecord | None
    tokens: TokenCounts | None
    """The largest value of each count over all rows of the log: rows repeat or zero them."""
    two_identities: bool
    """Two facts name different subjects or times."""
    answer: Fetched | None = None
    """The finished background answer that this call fetched."""

    @property
    def metered(self) -> bool:
        """Whether metering posts a UsageEvent of the call as it is."""
        return bool(self.metered_at)

    @property
    def status(self) -> int | None:
        """HTTP status, as the model's answer had it where that is known."""
        if self.identity is not None and not self.served_after_all:
            return self.identity.status
        return None if self.outcome is None else self.outcome.status

    @property
    def served_after_all(self) -> bool:
        """Whether the UsageEvent says refused, and the gateway's log that the model answered and
        counted tokens. The log disposes: it saw the backend's answer.
        """
        if self.identity is None or self.outcome is None or not self.has_tokens:
            return False
        is_refused = self.identity.status in REFUSED_STATUS and self.reported_tokens is None
        return is_refused and self.outcome.status < 400 and was_reached(self.outcome)

    @property
    def fetches(self) -> str | None:
        """The id of the background answer that this call asked for: it costs nothing by itself."""
        if self.answer is not None:
            return self.answer.identity.response_id
        return None if self.outcome is None else self.outcome.fetches

    @property
    def unmetered(self) -> str | None:
        """The billed operation that it is, when no path reports what it used."""
        if self.outcome is None or self.identity is not None or self.has_tokens:
            return None
        return self.outcome.unmetered

    @property
    def pending(self) -> bool:
        """Whether its usage comes with an answer that is fetched later."""
        return self.identity is not None and self.identity.pending and self.reported_tokens is None

    @property
    def cached(self) -> bool:
        """Whether the gateway answered from its own cache. A model that was asked refutes it,
        whatever the policy or the log says of a cache.
        """
        if self.outcome is not None:
            if _asked_a_model(self.outcome):
                return False
            if self.outcome.cache == CACHE_HIT:
                return True
        return self.identity is not None and self.identity.cache == CACHE_HIT

    @property
    def charged_from_cache(self) -> bool:
        """Whether the UsageEvent has a usage that the cached answer only repeats."""
        return bool(self.reported_tokens) and self.cached

    @property
    def has_tokens(self) -> bool:
        """Whether the gateway's log counted something."""
        return self.tokens is not None and self.tokens.any

    @property
    def operation(self) -> Operation:
        """Which model API. Without trace and path the model's family tells."""
        if self.identity is not None:
            return self.identity.operation
        if self.outcome is not None and self.outcome.operation is not None:
            return self.outcome.operation
        return Operation.MESSAGES if self.of_anthropic else Operation.CHAT_COMPLETIONS

    @property
    def of_anthropic(self) -> bool:
        """Whether the log counts by Anthropic's convention: its prompt leaves cached tokens out."""
        names = [self.tokens.model, self.tokens.deployment] if self.tokens is not None else []
        if self.identity is None:
            return is_anthropic(None, names)
        return is_anthropic(self.identity.operation, [*names, self.identity.model])

    @property
    def refused(self) -> bool:
        """Whether nothing can have been charged: refused, or no model was reached.

        A row of a refused call may carry tokens all the same; they mean nothing.
        """
        if self.outcome is None:
            return self.identity is not None and self.identity.status in REFUSED_STATUS
        return self.outcome.status in REFUSED_STATUS or not was_reached(self.outcome)


def was_reached(outcome: RequestRecord) -> bool:
    """Whether the gateway called the model. A success without a backend's status counts as so:
    rather a call without usage than one that is not seen. An answer from the cache reached none;
    the log says `hit` also where a policy found another thing in a cache and called the model.
    """
    if _asked_a_model(outcome):
        return True
    if outcome.cache == CACHE_HIT:
        return False
    return outcome.backend_status is None and 0 < outcome.status < 400


def _asked_a_model(outcome: RequestRecord) -> bool:
    return bool(outcome.backend_status or outcome.backend_ms)


def join_facts(call_id: str, facts: Iterable[Fact]) -> JoinedCall | None:
    """None without facts of a call."""
    reports: list[EventReport] = []
    outcomes: list[RequestRecord] = []
    rows: list[TokenCounts] = []
    answers: list[Fetched] = []
    for fact in facts:
        match fact:
            case EventReport():
                reports.append(fact)
            case RequestRecord():
                outcomes.append(fact)
            case TokenCounts():
                rows.append(fact)
            case Fetched():
                answers.append(fact)
    every: tuple[Fact, ...] = (*reports, *outcomes, *rows, *answers)
    if not every:
        return None
    traces = [outcome.identity for outcome in outcomes if outcome.identity is not None]
    metered = [report.identity for report in reports if report.metered]
    reported = [report.identity for report in reports]
    counted = max(reports, key=_report_order, default=None)
    return JoinedCall(
        call_id=call_id,
        time=min(fact.time for fact in every),
        identity=_only_or(min, metered or reported or traces, _order),
        traced=bool(traces),
        reported=bool(reports),
        metered_at=_places(metered),
        reported_tokens=None if counted is None else counted.tokens,
        reported_prompt=None if counted is None else counted.prompt,
        outcome=_only_or(max, outcomes, _outcome_order),
        tokens=reduce(_largest, rows) if rows else None,
        two_identities=len(_places((*traces, *reported))) > 1,
        answer=_only_or(max, answers, answer_order),
    )


def _places(identities: Sequence[Identity]) -> tuple[CountedAt, ...]:
    """Where they count, each place once and in a fixed order."""
    if len(identities) < 2:
        return tuple(CountedAt(each.subject, each.time) for each in identities)
    times = sorted({(each.time, each.subject) for each in identities})
    return tuple(CountedAt(subject, time) for time, subject in times)


def _only_or(best: Callable[..., T], several: Sequence[T], key: Callable[[T], Any]) -> T | None:
    """The best of several; None of none. The key of one alone is not needed, and takes long."""
    if len(several) < 2:
        return several[0] if several else None
    return best(several, key=key)


def _order(identity: Identity) -> tuple[datetime, str, str]:
    """The first is counted. No later report changes the order of two others, so that any order of
    arrival ends alike."""
    return identity.time, identity.subject, repr(identity)


def _report_order(report: EventReport) -> tuple[int, int]:
    """The largest usage; a report without any is the least of all."""
    return (
        -1 if report.tokens is None else report.tokens,
        -1 if report.prompt is None else report.prompt,
    )


def answer_order(answer: Fetched) -> tuple[tuple[int, int], bool, str]:
    """The strongest one, then a model's own word before the log's."""
    return answer.strength, answer.identity.model is not None, encode_fact(answer)


def _outcome_order(outcome: RequestRecord) -> tuple[bool, bool, str]:
    """A row that names the caller first, then one whose call reached the model."""
    return outcome.identity is not None, was_reached(outcome), encode_fact(outcome)


def _largest(left: TokenCounts, right: TokenCounts) -> TokenCounts:
    return TokenCounts(
        time=min(left.time, right.time),
        prompt=max(left.prompt, right.prompt),
        completion=max(left.completion, right.completion),
        total=max(left.total, right.total),
        cached=max(left.cached, right.cached),
        reasoning=max(left.reasoning, right.reasoning),
        model=_max_text(left.model, right.model),
        deployment=_max_text(left.deployment, right.deployment),
        response_id=_max_text(left.response_id, right.response_id),
        others=_largest_of_each(left.others, right.others),
    )


def _largest_of_each(left: _Others, right: _Others) -> _Others:
    if not left or not right:
        return left or right
    found = dict(left)
    for name, said in right:
        found[name] = max(said, found.get(name, 0), key=_other_order)
    return tuple(sorted(found.items()))


def _other_order(said: int | str) -> tuple[int, str]:
    """Of what two rows say any order has the same largest: numbers, then text, then 0."""
    return (0, said) if isinstance(said, str) else (said, "")


def _max_text(left: str | None, right: str | None) -> str | None:
    return max(left or "", right or "") or None
