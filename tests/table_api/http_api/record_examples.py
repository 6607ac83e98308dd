"""Writes table_api/http_api/answer_examples.json from real answers about a made-up company.

python -m tests.table_api.http_api.record_examples > table_api/http_api/answer_examples.json
"""

import asyncio
import json
import sys
from typing import Any

import httpx

from pricing_rules.price_book.book import Book
from table_api.audit.last_audit import save_audit
from table_api.audit.ledger_audit import audit
from table_api.consumer_state.dead_letters import DeadLetter, DeadLetterIndex
from table_api.consumer_state.progress import Count, Progress, ProgressTable
from table_api.http_api.app import ROUTES
from table_api.prices.price_list import PriceList
from tests.fixtures.builders import CALL_TIME, ENQUEUED_TIME
from tests.fixtures.calls import NOW, book
from tests.fixtures.insights import running_insights
from tests.fixtures.office import ANN, CENTRE_A, MARK, Office, issuer_of_office, open_office
from tests.fixtures.office import NOW as NOW_OF_OFFICE

LINES = 2
"""Of each list."""
ASKED = {
    "/v1/usage": {"group_by": "subject", "subject": ANN, "month": "2026-11"},
    "/v1/subjects": {"month": "2026-11", "limit": "2"},
    "/v1/subjects/{subject}/usage": {"month": "2026-11"},
    "/v1/subjects/{subject}/calls": {"month": "2026-11", "limit": "2"},
    "/v1/calls": {"limit": "2"},
    "/v1/prices": {"model": "gpt-4.1-mini"},
    "/v1/completeness": {"from": "2026-12-05", "to": "2026-12-06"},
    "/v1/access-log": {"limit": "2"},
    "/v1/telemetry/subjects/{subject}/usage": {"month": "2026-11"},
    "/v1/telemetry/subjects/{subject}/sessions": {"month": "2026-11"},
    "/v1/telemetry/subjects/{subject}/calls": {"month": "2026-11", "limit": "2"},
    "/v1/telemetry/reconciliation": {"month": "2026-11"},
}
LETTER = DeadLetter(
    hub="llm-usage",
    partition="0",
    sequence_number=17,
    content_hash="6f3a0c1b9d2e",
    enqueued_time=ENQUEUED_TIME,
    recorded_at=NOW,
    reason="missing_field",
    field="time",
    value="",
    message="time is missing",
    event_id="6e1f7b7a-3c49-4c22-9d32-6d5f1b0c2a11",
    body_bytes=412,
)
CALL = {"model": "gpt-4.1-mini", "usage": {"prompt_tokens": 1000, "completion_tokens": 50}}


async def record() -> dict[str, Any]:
    """An answer of each route that has a model, by its path in the OpenAPI document."""
    with issuer_of_office() as (issuer, access), running_insights(lambda: NOW_OF_OFFICE) as running:
        office = await open_office(issuer, access)
        await running.publish(office.storage)
        office.insights = running.insights
        await _run_it(office, book())
        found = {}
        async with office.client("admin") as api:
            names = await _names(api)
            for route in ROUTES:
                path = route.path.replace(":path", "")
                if route.answer is None or not route.described:
                    continue
                url = path
                for name, value in names.items():
                    url = url.replace(f"{{{name}}}", value)
                caller = office.client("owner") if f"{path}/".startswith("/v1/me/") else api
                if route.method == "POST":
                    answer = await api.post(url, json=CALL)
                else:
                    answer = await caller.get(url, params=ASKED.get(path, {}))
                assert answer.status_code == 200, (url, answer.text)
                found[path] = _short(answer.json())
    return found


async def _run_it(office: Office, prices: Book) -> None:
    """What a running system leaves: a book in use, progress and an audit."""
    await PriceList(office.storage).publish(prices, at=NOW, age_days_max=90)
    await save_audit(office.storage, await audit(office.storage, now=NOW))
    table = ProgressTable(office.storage)
    await table.create()
    progress = Progress(
        hub="llm-usage",
        group="metering",
        partition="0",
        hub_created_at=CALL_TIME,
        sequence_number=41,
        enqueued_time=ENQUEUED_TIME,
        recorded_at=NOW,
        counts={Count.RECEIVED: 40, Count.POSTED: 39, Count.DEAD_LETTERED: 1},
    )
    await table.write(progress, None)
    letters = DeadLetterIndex(office.storage, "llm-usage")
    await letters.create()
    await letters.add([LETTER])


async def _names(api: httpx.AsyncClient) -> dict[str, str]:
    """What the paths name."""
    month = {"month": "2026-11"}
    calls = (await api.get(f"/v1/subjects/{ANN}/calls", params=month)).json()["data"]
    runs = (await api.get("/v1/reratings")).json()["data"]
    invoices = (await api.get("/v1/invoices", params=month)).json()["data"]
    [number] = [each["number"] for each in invoices if each["cost_centre"] == CENTRE_A]
    return {"subject": ANN, "call_id": calls[0]["id"], "run": runs[0]["run"], "number": number}


def _short(value: Any) -> Any:
    """With LINES of each list."""
    if isinstance(value, dict):
        return {name: _short(each) for name, each in value.items()}
    return [_short(each) for each in value[:LINES]] if isinstance(value, list) else value


def main() -> None:
    """Print them; the marks of the company's tests mean nothing here."""
    text = json.dumps(asyncio.run(record()), indent=1, ensure_ascii=False)
    sys.stdout.write(text.replace(MARK, "") + "\n")


if __name__ == "__main__":
    main()
