"""Lists over everybody say the same, byte for byte, from `monthly` as from the cells."""

from datetime import date, timedelta
from itertools import combinations

import pytest
from pydantic import BaseModel

from pricing_rules.types import Caller, CountedAt, Rank
from table_api.errors import TooManyCells
from table_api.http_api.usage.models import Subjects, SubjectUsage, Usage
from table_api.ledger.day_range import DayRange
from table_api.ledger.meta import note_monthly
from table_api.monthly.reads import MonthlyReads
from table_api.people.people import People, Person
from table_api.storage.keys import KeyRange
from table_api.storage.table_storage import Merge, TableStorage, etag_of
from tests.fixtures.builders import CALL_TIME, call_id, make_usage
from tests.fixtures.calls import NOW, make_call, open_ledger
from tests.fixtures.projections import assert_projected
from tests.table_api.conftest import ApiClient, api_over

DIMENSIONS = ("day", "model", "subject", "cost_centre")
RANGES: tuple[dict[str, str], ...] = (
    {},
    {"from": "2026-10-01", "to": "2026-12-01"},
    {"from": "2026-11-03", "to": "2026-11-20"},
    {"from": "2026-10-15", "to": "2026-11-02"},
    {"from": "2026-09-01", "to": "2026-10-01"},
)
FILTERS: tuple[dict[str, str], ...] = (
    {},
    {"model": "gpt-4o"},
    {"cost_centre": "alpha"},
    {"cost_centre": ""},
)
DEPLOYMENTS = ("gpt-4.1-mini", "gpt-4o", "lab-model-x")


@pytest.fixture
async def storage(either_storage: TableStorage) -> TableStorage:
    """Two months of five subjects: several lines, unpriced, refused, without usage, moved."""
    ledger = await open_ledger(either_storage)
    calls = [
        make_call(
            n,
            id=call_id(n),
            subject=f"user-{n % 5}",
            time=CALL_TIME - timedelta(days=n * 7 % 40),
            deployment=DEPLOYMENTS[n % 3],
            caller=Caller(product=("one", "two")[n % 2]),
            status=429 if n % 11 == 0 else 200,
            usage=None if n % 11 in (0, 5) else make_usage(input=n, output=n % 4, cache_read=n % 3),
        )
        for n in range(60)
    ]
    await ledger.post(calls)
    gone = make_call(90, id=call_id(90), subject="nobody", rank=Rank.GATEWAY_LOG)
    await ledger.post([gone])
    place = CountedAt(subject="nobody", time=gone.priced.event.time)
    await ledger.post([make_call(91, id=call_id(90), subject="user-1", replaces=place)])
    people = (("user-0", "alpha", 1), ("user-0", "beta", 12), ("user-1", "alpha", 1))
    await People(either_storage, now=lambda: NOW).save(
        [
            Person(
                subject=subject, display_name=None, cost_centre=centre,
                valid_from=date(2026, 11, day),
            )
            for subject, centre, day in people
        ]
    )  # fmt: skip
    return either_storage


async def without_monthly(storage: TableStorage) -> None:
    """Make it a ledger from before there was a projection."""
    row = await storage.get("meta", "ledger", "settings")
    assert row is not None
    await storage.transact(
        "meta", "ledger", [Merge("settings", {"has_monthly": False}, etag_of(row))]
    )


def questions() -> list[tuple[str, dict[str, str]]]:
    groups = [",".join(names) for size in range(1, 5) for names in combinations(DIMENSIONS, size)]
    usage = [
        ("/v1/usage", {"group_by": group, **days, **only})
        for group in groups
        for days in RANGES
        for only in (FILTERS if days in RANGES[1:3] else FILTERS[:1])
    ]
    lists = [
        ("/v1/subjects", {"sort": sort, "order": order, "limit": "3", **days})
        for sort in ("charge", "calls", "subject")
        for order in ("asc", "desc")
        for days in RANGES
    ]
    compared = {"compare_from": "2026-10-01", "compare_to": "2026-10-20", "sort": "change"}
    parts = [
        ("/v1/subjects", {**compared, **only, **days}) for days in RANGES[:4] for only in FILTERS
    ]
    searches = [("/v1/subjects", {"q": text}) for text in ("USER-1", "beta")]
    return [*usage, *lists, *parts, *searches]


async def answers(storage: TableStorage) -> list[bytes]:
    found = []
    async with api_over(storage) as api:
        for path, parameters in questions():
            answer = await api.get(path, params=parameters)
            assert answer.status_code == 200, answer.text
            found.append(answer.content)
    return found


async def test_every_question_has_the_same_answer_from_cells_and_from_monthly(
    storage: TableStorage,
) -> None:
    await assert_projected(storage)
    of_monthly = await answers(storage)
    await without_monthly(storage)
    of_cells = await answers(storage)
    for question, left, right in zip(questions(), of_monthly, of_cells, strict=True):
        assert left == right, question
    assert len(set(of_cells)) > 100


async def test_answers_are_written_as_their_models_would_write_them(storage: TableStorage) -> None:
    """Lists are encoded without their models: read by them and written anew, nothing changes."""
    odd = Person(
        subject="user-2", display_name='Zoë "\\/ 😀', cost_centre="R&D",
        valid_from=date(2026, 11, 1),
    )  # fmt: skip
    await People(storage, now=lambda: NOW).save([odd])
    asked: list[tuple[type[BaseModel], str, dict[str, str]]] = [
        (Usage if path == "/v1/usage" else Subjects, path, parameters)
        for path, parameters in questions()
    ]
    asked += [
        (SubjectUsage, f"/v1/subjects/user-{n}/usage", {"group_by": group, **days})
        for n in range(3)
        for group in ("day", "model", "model,day")
        for days in RANGES
    ]
    async with api_over(storage) as api:
        for model, path, parameters in asked:
            content = (await api.get(path, params=parameters)).content
            found = model.model_validate_json(content)
            again = found.model_dump_json(by_alias=True, exclude_unset=True).encode()
            assert again == content, (path, parameters)


async def test_a_ledger_without_a_complete_projection_is_answered_from_its_cells(
    storage: TableStorage,
) -> None:
    """Nothing of a ledger that is older than the projection is left out."""
    await without_monthly(storage)
    for month in ("202610", "202611"):
        rows = [
            row async for page in storage.query("monthly", month, KeyRange("", "~")) for row in page
        ]
        for row in rows:
            await storage.transact(
                "monthly", month, [Merge(str(row["RowKey"]), {"total": ""}, etag_of(row))]
            )

    async def calls(api: ApiClient) -> int:
        answer = await api.get("/v1/usage", params={"group_by": "model", **RANGES[1]})
        counted: int = answer.json()["totals"]["calls"]
        return counted

    async with api_over(storage) as api:
        assert await calls(api) == 61
    await note_monthly(storage)
    async with api_over(storage) as api:
        assert await calls(api) == 0


async def test_a_range_of_too_many_days_is_refused(
    storage: TableStorage, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("table_api.monthly.reads.TEXTS_READ_MAX", 5)
    days = DayRange(date(2026, 11, 1), date(2026, 12, 1))
    with pytest.raises(TooManyCells, match="more than 5 days"):
        await MonthlyReads(storage).usage(days, by_subject=True, by_model=True, by_day=True)
