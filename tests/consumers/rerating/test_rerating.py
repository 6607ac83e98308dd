"""A run from staged to reverted: nothing shows before apply, everything adds up after each step."""

import json
from collections import defaultdict
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal

import pytest

from consumers.errors import RerateRefused
from consumers.rerating.stage import check, is_live, pairs_name
from pricing_rules.money import parse_pico
from pricing_rules.types import Rank
from pricing_rules.units import Unit
from table_api.ledger.billing_calendar import BillingCalendar, zone_transitions
from table_api.ledger.posting import MeteredCall
from table_api.people.people import PeopleDirectory, Person
from table_api.rerating.run import Approval, RunRefused, RunState, Settled, Work
from table_api.rerating.runs_table import LEASE_S, Reratings
from table_api.rerating.scope import Scope
from table_api.rerating.stored_report import shown_amounts, shown_report
from table_api.storage.memory_blobs import MemoryBlobStore
from table_api.storage.memory_tables import MemoryTableStorage
from tests.contracts.ledger import charge
from tests.fixtures.builders import CALL_TIME, call_id, make_usage
from tests.fixtures.calls import NOW, book, make_call, open_ledger
from tests.fixtures.reratings import NOVEMBER, History, dearer_book

PRICES = {  # USD per million tokens: input, cached input, output
    "gpt-4.1-mini": ("0.40", "0.10", "1.60"),
    "gpt-4o": ("2.50", "1.25", "10.00"),
}
MILLION = Decimal(1_000_000)
DEARER = 3


def month() -> list[MeteredCall]:
    """60 calls of four subjects on ten days, a tenth of them without an alias."""
    deployments = ["gpt-4.1-mini", "gpt-4o"]
    return [
        make_call(
            number,
            id=call_id(number),
            subject=f"user-{number % 4}",
            deployment="lab-model-x" if number % 10 == 9 else deployments[number % 2],
            time=CALL_TIME - timedelta(days=number % 10),
            usage=make_usage(input=100 + number, cache_read=number + 1, output=7 * number + 1),
        )
        for number in range(60)
    ]


def dollars(call: MeteredCall, *, times: int, lab: bool) -> Decimal:
    """What a call costs by the published prices, computed apart from the engine."""
    event = call.priced.event
    deployment = event.deployment or ""
    if deployment == "lab-model-x":
        if not lab:
            return Decimal(0)
        deployment = "gpt-4o"
    assert event.usage is not None
    counts = event.usage.counts
    input_, cached, output = map(Decimal, PRICES[deployment])
    spent = input_ * counts[Unit.INPUT] + cached * counts[Unit.CACHE_READ]
    spent += output * counts[Unit.OUTPUT]
    return Decimal(times * spent / MILLION)


async def posted(history: History, calls: list[MeteredCall]) -> None:
    await (await history.ledger()).post(calls)


async def test_staged_diff_is_what_an_independent_computation_says(history: History) -> None:
    calls = month()
    await posted(history, calls)
    staging = await history.staging(dearer_book(DEARER, lab=True))
    expected: dict[tuple[str, str], list[Decimal]] = defaultdict(lambda: [Decimal(0), Decimal(0)])
    for call in calls:
        event = call.priced.event
        # 09:30 UTC is the same day in Berlin.
        sums = expected[event.time.date().isoformat(), event.subject]
        sums[0] += dollars(call, times=1, lab=False)
        sums[1] += dollars(call, times=DEARER, lab=True)
    found: dict[tuple[str, str], list[Decimal]] = defaultdict(lambda: [Decimal(0), Decimal(0)])
    document = json.loads(staging.document(run=None))
    for line in document["lines"]:
        sums = found[line["day"], line["subject"]]
        sums[0] += Decimal(line["before"])
        sums[1] += Decimal(line["after"])
        assert Decimal(line["delta"]) == Decimal(line["after"]) - Decimal(line["before"])
    assert found == expected
    total = document["total"]
    assert Decimal(total["before"]) == sum(sums[0] for sums in expected.values())
    assert Decimal(total["after"]) == sum(sums[1] for sums in expected.values())
    assert (total["calls"], total["changed"], total["newly_priced"]) == (60, 60, 6)


async def test_a_line_of_calls_with_and_without_a_price_says_how_many_have_none(
    history: History,
) -> None:
    """A stored report keeps sums as texts; readers see none where no call has a price."""
    other = [make_call(n, id=call_id(n), deployment="lab-model-x") for n in (5, 6)]
    await posted(history, [make_call(0), *other])
    document = json.loads((await history.staging(dearer_book(DEARER, lab=True))).document(run=None))
    shown = shown_report(document)
    assert [(line["calls"], line["before"] is None) for line in shown["lines"]] == [
        (1, False),
        (2, True),
    ]
    total = shown["total"]
    assert (total["calls"], total["unpriced_before"], total["unpriced_after"]) == (3, 2, 0)
    assert Decimal(total["before"]) == dollars(make_call(0), times=1, lab=False)
    assert {line["before"] for line in document["lines"]} == {total["before"], "0"}


def test_a_report_of_before_the_counts_shows_no_amount_where_every_call_got_its_price() -> None:
    line = {"calls": 2, "before": "0", "after": "0.02", "newly_priced": 2, "newly_unpriced": 0}
    assert shown_amounts(line)["before"] is None
    assert shown_amounts(line | {"calls": 3})["before"] == "0"


async def test_nothing_shows_until_a_run_is_applied_and_then_all_of_it(history: History) -> None:
    await posted(history, month())
    before = await charge(history.storage)
    run = await history.approved(dearer_book(DEARER, lab=True))
    staged = await history.reratings.get(run)
    assert (staged.before, await charge(history.storage)) == (before, before)
    applied = await history.apply(run, batch_calls=7)
    assert (applied.state, applied.written) == (RunState.APPLIED, Settled(60, 0))
    assert await charge(history.storage) == staged.after > before
    assert await history.flaws() == []
    row = next(iter((await history.chains()).values()))[1].row
    assert (row["correction"], row["run"], row["run_by"]) == ("re-rating", run, "ada")


async def test_a_reverted_run_leaves_what_was_there_and_may_be_reverted_again(
    history: History,
) -> None:
    await posted(history, month())
    before = await charge(history.storage)
    run = await history.approved(dearer_book(DEARER, lab=True))
    await history.apply(run)
    reverted = await history.revert(run)
    assert (reverted.state, reverted.restored) == (RunState.REVERTED, Settled(60, 0))
    assert await charge(history.storage) == before
    assert await history.flaws() == []
    again = await history.revert(run)
    assert again.restored == Settled(60, 0)
    assert {len(chain) for chain in (await history.chains()).values()} == {3}
    with pytest.raises(RunRefused, match="is reverted, to apply it"):
        await history.apply(run)


async def test_a_later_run_stands_and_the_revert_of_the_first_lists_what_it_left(
    history: History,
) -> None:
    await posted(history, month())
    first = await history.approved(dearer_book(2))
    await history.apply(first)
    scope = replace(NOVEMBER, subject="user-1")
    second = await history.approved(dearer_book(5), scope)
    later = await history.apply(second)
    assert await history.flaws() == []
    reverted = await history.revert(first)
    # Of user-1 the calls with an alias were changed once more; nothing changes without one.
    assert (later.written.done, reverted.restored) == (12, Settled(42, 12))
    kept = await history.reratings.noted(first, Work.REVERT)
    assert {call.entry_key.split("|")[1] for call in kept} == {"user-1"}
    assert {call.reason for call in kept} == {f"row 2 of its chain is a re-rating of run {second}"}
    assert await history.flaws() == []


async def test_of_two_overlapping_runs_the_second_leaves_alone_what_the_first_changed(
    history: History,
) -> None:
    await posted(history, month())
    scope = replace(NOVEMBER, subject="user-1")
    first = await history.approved(dearer_book(2), scope)
    second = await history.approved(dearer_book(5))
    await history.apply(first)
    applied = await history.apply(second)
    assert (applied.changed, applied.written) == (54, Settled(42, 12))
    alone = await history.reratings.noted(second, Work.APPLY)
    assert {call.reason for call in alone} == {f"row 1 of its chain is a re-rating of run {first}"}
    assert await history.flaws() == []


async def test_a_call_that_a_stronger_report_has_changed_is_left_alone(history: History) -> None:
    await posted(history, [make_call(1, rank=Rank.GATEWAY_LOG)])
    run = await history.approved(dearer_book(2))
    await posted(history, [make_call(2)])
    applied = await history.apply(run)
    assert applied.written == Settled(0, 1)
    [alone] = await history.reratings.noted(run, Work.APPLY)
    assert alone.reason == "row 1 of its chain is a stronger report"


async def test_a_stronger_report_after_a_run_keeps_the_runs_book(history: History) -> None:
    await posted(history, [make_call(1, rank=Rank.GATEWAY_LOG, usage=make_usage(input=9))])
    run = await history.approved(dearer_book(DEARER))
    await history.apply(run)
    await posted(history, [make_call(2)])
    [[_, _, last]] = (await history.chains()).values()
    assert last.text("book_version") == dearer_book(DEARER).version
    assert await charge(history.storage) == DEARER * parse_pico("0.0011952")
    reverted = await history.revert(run)
    assert reverted.restored == Settled(0, 1)
    assert await history.flaws() == []


async def test_the_same_staged_twice_is_one_run_with_the_same_bytes(history: History) -> None:
    await posted(history, month())
    first, second = await history.stage(dearer_book(2)), await history.stage(dearer_book(2))
    assert second == first
    staging = await history.staging(dearer_book(2))
    assert staging.pairs == await history.documents.read(pairs_name(first.run))
    assert staging.document(run=None) == (await history.staging(dearer_book(2))).document(run=None)
    assert [each.run for each in await history.reratings.all()] == [first.run]


async def test_what_was_reverted_can_be_staged_and_applied_again(history: History) -> None:
    await posted(history, month())
    first = await history.approved(dearer_book(2))
    await history.apply(first)
    await history.revert(first)
    again = await history.stage(dearer_book(2))
    assert (again.run != first, again.state) == (True, RunState.STAGED)
    assert await history.stage(dearer_book(2)) == again
    assert await history.approved(dearer_book(2)) == again.run
    applied = await history.apply(again.run)
    assert applied.written == Settled(54, 0)
    assert await charge(history.storage) == again.after
    assert await history.flaws() == []


async def test_a_report_that_was_approved_is_not_written_over(history: History) -> None:
    """A call that nothing changes belongs to the report all the same."""
    await posted(history, month())
    run = await history.stage(dearer_book(2))
    report = await history.reratings.report(run.run)
    await posted(history, [make_call(99, id=call_id(99), deployment="lab-model-x")])
    other = await history.stage(dearer_book(2))
    assert (other.run != run.run, other.calls) == (True, run.calls + 1)
    assert await history.reratings.report(run.run) == report


async def test_a_run_that_was_interrupted_counts_its_calls_once(history: History) -> None:
    """A chain that went on after the run's row has the run all the same."""
    await posted(history, [make_call(1, rank=Rank.GATEWAY_LOG)])
    run = await history.approved(dearer_book(2))
    rerating = await history.reratings.get(run)
    await history.apply(run)
    await posted(history, [make_call(2)])
    await _as_if_killed_before_its_end(history, run)
    applied = await history.apply(run)
    assert applied.written == Settled(rerating.changed, 0)
    assert [len(chain) for chain in (await history.chains()).values()] == [3]


async def _as_if_killed_before_its_end(history: History, run: str) -> None:
    """The row that a worker leaves that is killed after its last transaction."""
    reratings = history.reratings
    found = replace(await reratings.get(run), state=RunState.APPROVED)
    row = await history.storage.get("reratings", "runs", run)
    active = await history.storage.get("reratings", "runs", "active")
    assert row is not None
    assert active is not None
    await reratings.renew(found, Work.APPLY, owner=str(active["owner"]), at=NOW)
    begun = await reratings.begin(run, Work.APPLY, owner="killed", at=NOW)
    assert begun.position == 0


async def test_a_book_that_prices_less_is_refused_by_the_deployment_it_forgets() -> None:
    history = History.over(MemoryTableStorage())
    await open_ledger(history.storage)
    await posted(history, [make_call(1, deployment="lab-model-x")])
    with_alias = dearer_book(1, lab=True)
    await history.apply(await history.approved(with_alias))
    staging = await history.staging(book())
    with pytest.raises(RerateRefused, match=r"1 calls would lose their price .*1 × lab-model-x"):
        check(staging, allow_unpriced=False)
    check(staging, allow_unpriced=True)
    assert staging.diff.total.newly_unpriced == 1


async def test_a_book_that_changes_nothing_and_an_empty_scope_are_refused() -> None:
    history = History.over(MemoryTableStorage())
    await open_ledger(history.storage)
    with pytest.raises(RerateRefused, match="no call in this scope"):
        check(await history.staging(book()), allow_unpriced=False)
    await posted(history, [make_call(1)])
    with pytest.raises(RerateRefused, match="changes none of the 1 calls"):
        check(await history.staging(book()), allow_unpriced=False)


@pytest.mark.parametrize(
    ("scope", "calls"),
    [
        (NOVEMBER, 60),
        (replace(NOVEMBER, from_day=date(2026, 11, 20)), 6),
        (replace(NOVEMBER, to_day=date(2026, 11, 20)), 54),
        (replace(NOVEMBER, subject="user-3"), 15),
        (replace(NOVEMBER, model="gpt-4o"), 24),
        (replace(NOVEMBER, cost_centre="R&D"), 9),
        (replace(NOVEMBER, subject="user-3", cost_centre="R&D"), 0),
    ],
)
async def test_scope_takes_the_calls_it_names_and_no_others(scope: Scope, calls: int) -> None:
    history = History.over(MemoryTableStorage())
    await open_ledger(history.storage)
    await posted(history, month())
    people = PeopleDirectory(
        [
            Person(
                subject="user-0",
                display_name="Ada",
                cost_centre="R&D",
                valid_from=date(2026, 11, 15),
            )
        ]
    )
    staging = await history.staging(dearer_book(2), scope, people)
    assert staging.diff.total.calls == calls


async def test_only_an_approved_run_is_applied_and_only_once(history: History) -> None:
    await posted(history, [make_call(1)])
    run = (await history.stage(dearer_book(2))).run
    with pytest.raises(RunRefused, match="is staged, to apply it, it must be approved or applying"):
        await history.apply(run)
    with pytest.raises(RunRefused, match="is staged, to revert it"):
        await history.revert(run)
    approved = await history.reratings.approve(run, by="ada", why="a typo", at=NOW)
    assert approved.approved == Approval(by="ada", why="a typo", at=NOW)
    with pytest.raises(RunRefused, match="is approved, only a staged one"):
        await history.reratings.approve(run, by="eve", why="too", at=NOW)
    await history.apply(run)
    with pytest.raises(RunRefused, match="is applied"):
        await history.apply(run)
    with pytest.raises(RunRefused, match="there is no run 'active'"):
        await history.reratings.get("active")


async def test_one_run_is_in_work_at_a_time_until_its_worker_is_long_gone(
    history: History,
) -> None:
    await posted(history, [make_call(1)])
    first = await history.approved(dearer_book(2))
    second = await history.approved(dearer_book(3))
    reratings: Reratings = history.reratings
    begun = await reratings.begin(first, Work.APPLY, owner="a", at=NOW)
    with pytest.raises(RunRefused, match=f"run {first} is in work .apply. until"):
        await reratings.begin(second, Work.APPLY, owner="b", at=NOW)
    with pytest.raises(RunRefused, match="is in work"):
        await reratings.begin(first, Work.REVERT, owner="b", at=NOW)
    await reratings.begin(first, Work.APPLY, owner="c", at=NOW)
    with pytest.raises(RunRefused, match="another process has taken over"):
        await reratings.renew(begun, Work.APPLY, owner="a", at=NOW)
    later = NOW + timedelta(seconds=LEASE_S)
    await reratings.begin(second, Work.APPLY, owner="b", at=later)


async def test_pairs_that_are_not_what_was_staged_are_refused() -> None:
    history = History.over(MemoryTableStorage())
    await open_ledger(history.storage)
    await posted(history, [make_call(1)])
    run = await history.approved(dearer_book(2))
    other = replace(history, documents=MemoryBlobStore())
    with pytest.raises(RerateRefused, match="are gone"):
        await other.apply(run)
    await other.documents.create(pairs_name(run), b"{}\n", content_type="application/x-ndjson")
    with pytest.raises(RerateRefused, match=r"have sha256 .*, staged were"):
        await other.apply(run)


@pytest.mark.parametrize(
    ("zone", "now", "live"),
    [
        ("Europe/Berlin", datetime(2026, 11, 30, 22, 59, tzinfo=UTC), True),
        ("Europe/Berlin", datetime(2026, 11, 30, 23, 0, tzinfo=UTC), False),
        ("America/Los_Angeles", datetime(2026, 12, 1, 7, 59, tzinfo=UTC), True),
        ("America/Los_Angeles", datetime(2026, 12, 1, 8, 0, tzinfo=UTC), False),
    ],
)
def test_a_month_is_live_until_it_is_over_in_the_billing_zone(
    zone: str, now: datetime, live: bool
) -> None:
    calendar = BillingCalendar(zone, zone_transitions(zone, 2030))
    assert is_live(NOVEMBER, calendar, now) is live
