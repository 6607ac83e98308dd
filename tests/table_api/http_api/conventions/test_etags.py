"""An answer that the caller has is not sent again."""

from table_api.storage.memory_tables import MemoryTableStorage
from tests.fixtures.builders import call_id
from tests.fixtures.calls import make_call, open_ledger
from tests.table_api.conftest import ApiClient
from tests.table_api.http_api.asking import post


async def test_same_answer_is_not_sent_twice(api: ApiClient, memory: MemoryTableStorage) -> None:
    await post(memory, "a")
    first = await api.get("/v1/usage")
    assert first.headers["cache-control"].startswith("private")
    tag = first.headers["etag"]
    assert tag.startswith('W/"')
    for known in (tag, f'"other", {tag}', tag.removeprefix("W/"), "*"):
        again = await api.get("/v1/usage", headers={"If-None-Match": known})
        assert (again.status_code, again.content) == (304, b"")
        assert again.headers["etag"] == tag
    other_question = await api.get("/v1/usage?group_by=model", headers={"If-None-Match": tag})
    assert other_question.status_code == 200
    await (await open_ledger(memory)).post([make_call(9, id=call_id(9))])
    assert (await api.get("/v1/usage", headers={"If-None-Match": tag})).status_code == 200


async def test_a_type_that_the_answer_does_not_have_is_refused(
    api: ApiClient, memory: MemoryTableStorage
) -> None:
    await post(memory, "a")
    for accept in ("text/csv", "text/html, text/*;q=0.5", "application/json;q=0, text/csv"):
        answer = await api.get("/v1/me", headers={"Accept": accept})
        assert (answer.status_code, answer.json()["type"]) == (406, "urn:problem:not-acceptable")
    for accept in ("*/*", "application/json", "text/csv, application/*;q=0.1", ""):
        assert (await api.get("/v1/me", headers={"Accept": accept})).status_code == 200
