"""What all facts of one background answer say together: which call had it made, what it used. Pure.

Its rows are kept under a key of their own, since whoever fetches it does so by another call.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime

from table_api.open_calls.facts import Created, Fact, Fetched
from table_api.open_calls.joined_call import answer_order


@dataclass(frozen=True, slots=True, kw_only=True)
class JoinedResponse:
    """One background answer as known so far."""

    key: str
    """What its rows are kept under."""
    created: tuple[Created, ...]
    """The call that had it made; empty while nobody said which. Of several, the first is charged:
    answers have ids of their own, so a second call is a fault of whoever made the ids."""
    answer: Fetched | None
    """The best of what was fetched; None before."""
    of_background: bool
    """Whether an answer shows that it was made in the background. Any other is charged to the call
    that had it made, and to nobody while that is not known."""


def join_response(key: str, facts: Iterable[Fact]) -> JoinedResponse | None:
    """None without facts of an answer. No order of the facts changes it."""
    created, answers = [], []
    for fact in facts:
        if isinstance(fact, Created):
            created.append(fact)
        elif isinstance(fact, Fetched):
            answers.append(fact)
    if not (created or answers):
        return None
    by_call: dict[str, Created] = {}
    for each in sorted(created, key=_preferred):
        by_call.setdefault(each.call_id, each)
    return JoinedResponse(
        key=key,
        created=tuple(sorted(by_call.values(), key=lambda each: (each.time, each.call_id))),
        answer=max(answers, key=answer_order) if answers else None,
        of_background=any(each.of_background for each in answers),
    )


def _preferred(created: Created) -> tuple[bool, datetime, str, str]:
    """The UsageEvent's word before the trace's, then the first, as for the call itself."""
    identity = created.identity
    return not created.reported, identity.time, identity.subject, repr(created)
