"""Whatever happens to the running month: who has answered before says what a new app says."""

import asyncio
from collections.abc import Sequence

import httpx
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tests.table_api.monthly.company import company

QUESTIONS = (
    "/v1/usage?group_by=day",
    "/v1/usage?group_by=day,model",
    "/v1/usage?group_by=model",
    "/v1/usage?group_by=subject,model",
    "/v1/usage?group_by=day,subject",
    "/v1/usage?group_by=cost_centre,day",
    "/v1/usage?group_by=day&model=gpt-4o",
    "/v1/usage?group_by=subject&from=2026-11-02&to=2026-12-02",
    "/v1/usage?group_by=day&from=2026-10-20&to=2026-11-21",
    "/v1/subjects",
    "/v1/subjects?model=gpt-4o&sort=calls",
    "/v1/subjects?from=2026-11-02&to=2026-11-21&sort=subject",
    "/v1/subjects?from=2026-11-02&to=2026-11-21&model=gpt-4o",
    "/v1/subjects?month=2026-11&compare_from=2026-10-01&compare_to=2026-11-01&sort=change",
    "/v1/subjects?limit=2&q=alpha",
)


async def answers(client: httpx.AsyncClient, questions: Sequence[str]) -> list[bytes]:
    """All asked at the same time."""
    found = await asyncio.gather(*map(client.get, questions))
    assert [each.status_code for each in found] == [200] * len(questions), found
    return [each.content for each in found]


STEPS = (
    "write", "write", "write", "write", "remove", "regroup", "meanwhile", "month change", "clock",
    "time",
)  # fmt: skip
steps = st.lists(
    st.tuples(
        st.sampled_from(STEPS),
        st.lists(st.sampled_from(QUESTIONS), min_size=1, max_size=5),
        st.booleans(),
    ),
    min_size=1,
    max_size=10,
)


@settings(max_examples=30, deadline=None, suppress_health_check=list(HealthCheck))
@given(seed=st.integers(0, 10_000), history=steps)
async def test_after_any_history_an_answer_is_that_of_a_new_app(
    seed: int, history: list[tuple[str, list[str], bool]]
) -> None:
    found = await company(seed)
    async with found.client(1) as first, found.client(2) as second:
        for app in (first, first, second, second):
            await answers(app, found.chance.sample(QUESTIONS, 9))
        for name, questions, which in history:
            await found.step(name)
            app = first if which else second
            if name == "meanwhile":  # what it says now may be older than what happens meanwhile
                await answers(app, questions)
                found.storage.meanwhile = None
            said = await answers(app, questions)
            async with found.client(3) as fresh:
                assert said == await answers(fresh, questions), (name, questions)
