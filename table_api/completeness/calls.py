"""One gateway call as completeness sees it: what both paths told and the ledger holds. Pure."""

from collections.abc import Iterable
from datetime import datetime

import msgspec

from pricing_rules.types import CallState, Operation, Rank, Usage
from table_api.ledger.entries import EXCLUDES_COLUMNS, excludes_of, model_of
from table_api.ledger.keys import LEDGER_TABLE, split_call_key
from table_api.ledger.measures import FAILED_FROM
from table_api.open_calls.decision import PairingState, state_of, state_of_answer
from table_api.open_calls.joined_call import JoinedCall, was_reached
from table_api.open_calls.joined_response import JoinedResponse
from table_api.open_calls.logged_usage import usage_from_log
from table_api.open_calls.open_call import OpenCall
from table_api.storage.named_rows import UNREADABLE, unreadable
from table_api.storage.table_storage import Row

WRITING = frozenset(
    {Operation.CHAT_COMPLETIONS, Operation.COMPLETIONS, Operation.RESPONSES, Operation.MESSAGES}
)
"""Operations whose answers have completion tokens."""
SWITCHED = 101
"""HTTP status of a realtime session that has begun."""
POSTED_COLUMNS = (
    "RowKey", "call_id", "subject", "api", "status", "charge", "alias_unconfirmed",
    *EXCLUDES_COLUMNS,
)  # fmt: skip
"""What a read of the ledger asks for."""


# A report sees hundreds of thousands of these: Structs are a fifth of a dataclass's size to build.
class SeenCall(msgspec.Struct, frozen=True, kw_only=True, gc=False):
    """What the usage event and the gateway's log told about a call."""

    call_id: str
    time: datetime
    """When the ledger counts it, or would: aware UTC."""
    subject: str | None
    """Under whom the ledger has it, if it has it; None while nobody is known."""
    state: PairingState
    unmetered: str | None = None
    """The billed operation that it is, of which only the requests are counted."""
    cached: bool = False
    """The gateway answered from its own cache."""
    api: str | None
    model: str | None
    """As reported."""
    deployment: str | None
    has_event: bool
    """Its UsageEvent arrived."""
    is_logged: bool
    """The gateway's log has it."""
    two_callers: bool
    """Its reports name different callers or times."""
    reported_tokens: int | None
    """By the model's own usage."""
    logged_tokens: int | None
    """By the gateway's log; None where there is nothing to compare it with."""
    mismatched: bool
    """Both told tokens, and other sums of all of them or of the prompt's."""
    failed: bool = False
    """Its answer was an error."""
    lacks_completion: bool | None
    """Whether the log counted a prompt and no completion; None where that says nothing."""


class PostedCall(msgspec.Struct, frozen=True, kw_only=True, gc=False):
    """The call as it stands in the ledger."""

    subject: str
    api: str | None
    model: str
    deployment: str | None
    state: CallState
    charge: int
    """Pico-units; 0 unless the state is `priced`."""
    excludes: tuple[str, ...]
    """What the charge leaves out."""
    failed: bool = False
    """Its answer was an error."""
    alias_unconfirmed: bool = False
    """Whether the alias alone says which model served."""


def seen_call(open_call: OpenCall) -> SeenCall | None:
    """None without facts, and of one that only fetched a background answer."""
    if (answer := open_call.response) is not None:
        return _stray(open_call, answer)
    call = open_call.joined
    if call is None or call.fetches is not None:
        return None
    if call.unmetered is not None and _served_unmetered(call) is None:
        return None
    counted_at = open_call.decisions[-1].place if open_call.decisions else call.identity
    # Only where there is something to compare with: it costs more than all else here.
    logged = None if call.reported_tokens is None else usage_from_log(call)
    identity, outcome, tokens = call.identity, call.outcome, call.tokens
    # The first who knows: the policy, the gateway's record, its LLM log.
    told = [each for each in (identity, outcome, tokens) if each is not None]
    return SeenCall(
        call_id=call.call_id,
        time=call.time if counted_at is None else counted_at.time,
        subject=None if counted_at is None else counted_at.subject,
        state=state_of(call, open_call.decisions),
        unmetered=_served_unmetered(call),
        cached=call.cached,
        api=_first(told, "api"),
        model=_first([each for each in (identity, tokens) if each is not None], "model"),
        deployment=_first(told, "deployment"),
        has_event=call.reported,
        is_logged=outcome is not None or tokens is not None,
        two_callers=call.two_identities,
        reported_tokens=call.reported_tokens,
        logged_tokens=None if logged is None else logged[1].total,
        mismatched=logged is not None and _differs(call, logged[1]),
        failed=(call.status or 0) >= FAILED_FROM,
        lacks_completion=_lacks_completion(call),
    )


def _served_unmetered(call: JoinedCall) -> str | None:
    """None where it was not served by a backend: then nothing is billed."""
    outcome = call.outcome
    if outcome is None or not was_reached(outcome):
        return None
    served = 200 <= outcome.status < 300 or outcome.status == SWITCHED
    return call.unmetered if served else None


def _stray(open_call: OpenCall, answer: JoinedResponse) -> SeenCall | None:
    """A call of which no more is known than that somebody fetched its answer. None where the
    request is known: that is the call.
    """
    fetched, state = answer.answer, state_of_answer(answer, open_call.decisions)
    if fetched is None or state is None:
        return None
    place = open_call.decisions[-1].place if open_call.decisions else None
    return SeenCall(
        call_id=answer.key,
        time=fetched.time if place is None else place.time,
        subject=None if place is None else place.subject,
        state=state,
        api=fetched.identity.api,
        model=fetched.identity.model,
        deployment=None,
        has_event=False,
        is_logged=fetched.rank == Rank.GATEWAY_LOG,
        two_callers=False,
        reported_tokens=None,
        logged_tokens=None,
        mismatched=False,
        lacks_completion=None,
    )


def _differs(call: JoinedCall, logged: Usage) -> bool:
    of_prompt = (None, logged.prompt_tokens)
    return call.reported_tokens != logged.total or call.reported_prompt not in of_prompt


def _first(told: Iterable[object], name: str) -> str | None:
    return next((value for each in told if (value := getattr(each, name, None))), None)


def _lacks_completion(call: JoinedCall) -> bool | None:
    tokens = call.tokens
    if tokens is None or not tokens.any or call.refused or call.operation not in WRITING:
        return None
    return None if (call.status or 200) >= FAILED_FROM else not tokens.completion


def posted_calls(rows: Iterable[Row], partition: str) -> dict[str, PostedCall]:
    """By call id, from all rows of chains of one partition; a moved call does not stand where it
    was. Altered names a row that cannot be read.
    """
    last: dict[str, tuple[int, Row]] = {}
    for row in rows:
        entry_key, number = split_call_key(str(row["RowKey"]))
        if entry_key not in last or number > last[entry_key][0]:
            last[entry_key] = (number, row)
    posted: dict[str, PostedCall] = {}
    for _, row in last.values():
        try:
            if row["state"] != CallState.MOVED:
                posted[str(row["call_id"])] = _posted_call(row)
        except UNREADABLE as error:
            place = row | {"PartitionKey": partition}
            raise unreadable(LEDGER_TABLE, place, error) from error
    return posted


def _posted_call(row: Row) -> PostedCall:
    api, deployment = row.get("api"), row.get("deployment")
    return PostedCall(
        subject=str(row["subject"]),
        api=None if api is None else str(api),
        model=model_of(row),
        deployment=None if deployment is None else str(deployment),
        state=CallState(str(row["state"])),
        charge=int(row.get("charge") or 0),
        excludes=excludes_of(row),
        failed=int(row["status"]) >= FAILED_FROM,
        alias_unconfirmed=row.get("alias_unconfirmed") is True,
    )
