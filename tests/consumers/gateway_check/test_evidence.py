"""What both hubs say is read as the consumers read it, among whatever else is in them."""

import json
from typing import Any

import pytest
from azure.eventhub import EventData

from consumers.gateway_check.calls import Ask, Models, Seen, planned
from consumers.gateway_check.evidence import evidence_of
from consumers.gateway_check.judge import Finding, Verdict, findings
from consumers.gateway_check.run import cost_text
from consumers.gateway_check.watch import Heard, documents_of
from tests.fixtures.calls import NOW, book

SESSION = "check-1-embeddings"
SEEN = Seen(
    ask=Ask(name="embeddings", path="/embeddings", key="k"),
    session=SESSION,
    status=200,
    usage={"prompt_tokens": 1, "total_tokens": 1},
)
RECORD = {
    "category": "GatewayLogs",
    "correlationId": "ID-1",
    "properties": {"method": "POST", "responseCode": 200, "url": "https://g/embeddings"},
}


def usage_event(**data: Any) -> dict[str, Any]:
    return {"id": "id-1", "subject": "ann", "data": {"session": SESSION, **data}}


def judged(*events: dict[str, Any]) -> Finding:
    evidence = evidence_of("check-1", [SEEN], events, [RECORD])
    return next(each for each in findings(evidence) if each.name.startswith("5 "))


@pytest.mark.parametrize(
    ("usage", "verdict"),
    [({"prompt_tokens": 1}, Verdict.OK), (None, Verdict.FAILED), ({}, Verdict.FAILED)],
)
def test_usage_that_the_client_saw_and_the_event_lacks_is_lost(
    usage: dict[str, int] | None, verdict: Verdict
) -> None:
    assert judged(usage_event(usage=usage)).verdict is verdict


@pytest.mark.parametrize(
    "foreign",
    [
        {"data": "text"},
        {"data": [1]},
        {"data": {"session": ["a"]}},
        {"data": {"session": SESSION}},
        {"id": 5},
    ],
)
def test_what_is_no_usage_event_of_ours_stops_no_check(foreign: dict[str, Any]) -> None:
    assert judged(foreign, usage_event(usage={"prompt_tokens": 1})).verdict is Verdict.OK


@pytest.mark.parametrize(
    "body",
    [
        json.dumps({"records": [RECORD, 5]}).encode(),
        json.dumps({"Records": [RECORD]}).encode(),
        json.dumps([RECORD]).encode(),
        json.dumps(RECORD).encode(),
        b"\xef\xbb\xbf" + json.dumps({"records": [RECORD]}).encode(),
    ],
)
def test_the_log_is_heard_in_each_form_that_the_consumer_reads(body: bytes) -> None:
    heard = Heard(records=documents_of(EventData(body)))
    assert [each["correlationId"] for each in heard.records] == ["ID-1"]
    evidence = evidence_of("check-1", [SEEN], [usage_event(usage={})], heard.records)
    assert [row.call for row in evidence.rows] == ["id-1"]


def test_what_the_calls_cost_is_known_of_embeddings_too() -> None:
    models = Models(chat="gpt-4.1-mini", embeddings="text-embedding-3-small")
    said = cost_text(planned(models, "k", None), book(), now=NOW)
    assert said.endswith(" USD at most")
    chats = cost_text(planned(Models(chat="gpt-4.1-mini"), "k", None), book(), now=NOW)
    assert said.split(" about ")[1] != chats.split(" about ")[1]


@pytest.mark.parametrize("body", [b"\xff\xfe", b"{", b"5", b'{"records": 5}'])
def test_what_nobody_can_read_is_left_out(body: bytes) -> None:
    assert documents_of(EventData(body)) == []
