"""The meter by itself: it adds up whatever it is given."""

from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st
from msgspec.structs import replace

from pricing_rules.types import CallState, Exclusion
from table_api.completeness.calls import PostedCall, SeenCall
from table_api.completeness.meter import CompletenessMeter, add_sums
from table_api.completeness.tallies import CallTally
from table_api.open_calls.decision import PairingState
from tests.fixtures.builders import call_id

TIME = datetime(2026, 11, 20, 9, 59, 59, tzinfo=UTC)
names = st.sampled_from([None, "a", "b"])
counts = st.none() | st.integers(0, 9)
seen = st.builds(
    SeenCall,
    call_id=st.sampled_from([call_id(number) for number in range(20)]),
    time=st.sampled_from([TIME, TIME + timedelta(seconds=1)]),
    subject=names,
    state=st.sampled_from(PairingState),
    api=names,
    model=names,
    deployment=names,
    has_event=st.booleans(),
    is_logged=st.booleans(),
    two_callers=st.booleans(),
    reported_tokens=counts,
    logged_tokens=counts,
    mismatched=st.booleans(),
    failed=st.booleans(),
    lacks_completion=st.none() | st.booleans(),
)
posted = st.builds(
    PostedCall,
    subject=st.sampled_from(["a", "unattributed"]),
    api=names,
    model=st.sampled_from(["a", "b"]),
    deployment=names,
    state=st.sampled_from([state for state in CallState if state is not CallState.MOVED]),
    charge=st.integers(0, 10**15),
    failed=st.booleans(),
    excludes=st.lists(st.sampled_from(list(Exclusion)), unique=True).map(tuple),
)
ledgers = st.dictionaries(st.sampled_from([call_id(number) for number in range(20)]), posted)
days = st.lists(
    st.tuples(st.lists(seen, max_size=8, unique_by=lambda call: call.call_id), ledgers), max_size=3
)


@given(days)
def test_lines_and_models_add_up_to_the_totals(
    given_days: list[tuple[list[SeenCall], dict[str, PostedCall]]],
) -> None:
    meter = CompletenessMeter()
    for calls, ledger in given_days:
        meter.add(calls, ledger)
    report = meter.report()
    assert report.totals.calls.get(CallTally.GATEWAY_CALLS, 0) == sum(
        len(calls) for calls, _ in given_days
    )
    for sums in (*(line.sums for line in report.lines), *report.models.values(), report.totals):
        known = {tally: sums.calls.get(tally, 0) for tally in CallTally}
        assert known[CallTally.GATEWAY_CALLS] == (
            known[CallTally.POSTED] + known[CallTally.WAITING] + known[CallTally.REFUSED]
        )
        assert known[CallTally.MISMATCHED] <= known[CallTally.COMPARED]
        assert known[CallTally.ZERO_COMPLETIONS] <= known[CallTally.COUNTED]
        assert (sums.oldest_waiting is None) == (not known[CallTally.WAITING])
        counted = [*sums.calls.values(), *sums.tokens.values(), *sums.charges.values()]
        assert {type(count) for count in counted} <= {int}  # a bool would be printed as `True`
    assert add_sums(report.models.values()) == report.totals
    keys = [(line.hour, line.api, line.model) for line in report.lines]
    assert len(set(keys)) == len(keys)


def waiting(deployment: str | None, model: str | None = None) -> SeenCall:
    return SeenCall(
        call_id=call_id(9), time=TIME, subject="u", state=PairingState.WAITING, api="llm",
        model=model, deployment=deployment, has_event=True, is_logged=False, two_callers=False,
        reported_tokens=None, logged_tokens=None, mismatched=False, lacks_completion=None,
    )  # fmt: skip


@pytest.mark.parametrize(
    ("call", "model"),
    [
        (waiting("mini", "gpt-4.1-mini-2025-04-14"), "gpt-4.1-mini"),
        (waiting("other", "gpt-4.1-mini-2025-04-14"), "gpt-4.1-mini-2025-04-14"),
        (waiting("other"), "other"),
        (waiting(None), None),
    ],
)
def test_a_call_that_waits_has_the_model_that_the_ledger_gives_its_deployment(
    call: SeenCall, model: str | None
) -> None:
    standing = PostedCall(
        subject="u", api="llm", model="gpt-4.1-mini", deployment="mini", state=CallState.PRICED,
        charge=5, excludes=(),
    )  # fmt: skip
    meter = CompletenessMeter()
    meter.add([call], {call_id(1): standing})
    assert [line.model for line in meter.report().lines] == [model]


def test_charges_that_leave_something_out_are_counted_by_name_and_model() -> None:
    call = waiting("opus", "claude-opus-5-20260801")
    standing = PostedCall(
        subject="u", api="llm", model="claude-opus-5", deployment="opus", state=CallState.PRICED,
        charge=5, excludes=("cache_write", "tool_fees"),
    )  # fmt: skip
    meter = CompletenessMeter()
    meter.add([call], {call.call_id: standing})
    [sums] = meter.report().models.values()
    assert sums.calls[CallTally.WITHOUT_CACHE_WRITES] == 1
    assert sums.calls[CallTally.WITHOUT_TOOL_FEES] == 1
    assert sums.calls[CallTally.WITHOUT_DETAILS] == 0
    assert sums.calls[CallTally.POSTED] == 1


def test_a_failed_call_without_usage_is_counted_apart_and_never_estimated() -> None:
    def standing(state: CallState, charge: int = 0, *, failed: bool = False) -> PostedCall:
        return PostedCall(
            subject="u", api="llm", model="m", deployment="m", state=state, charge=charge,
            excludes=(), failed=failed,
        )  # fmt: skip

    ledger = {
        call_id(1): standing(CallState.PRICED, 10),
        call_id(2): standing(CallState.NO_USAGE),
        call_id(3): standing(CallState.NO_USAGE, failed=True),
    }
    open_calls = [replace(waiting("m"), call_id=call_id(number)) for number in range(1, 6)]
    open_calls[4] = replace(open_calls[4], failed=True)
    meter = CompletenessMeter()
    meter.add(open_calls, ledger)
    report = meter.report()
    for sums in (report.totals, *report.models.values()):
        assert (sums.calls[CallTally.NO_USAGE], sums.calls[CallTally.FAILED]) == (2, 1)
        assert (sums.calls[CallTally.WAITING], sums.calls[CallTally.WAITING_FAILED]) == (2, 1)
        assert sums.estimates[CallTally.NO_USAGE] == 10
        assert sums.estimates[CallTally.WAITING] == 10
        assert sums.unestimated == 0
