"""The client asks what the contract says and turns every failure into a readable error."""

from datetime import date

import httpx
import pytest

from tests.ui.stand import ADA, KEY, UNPRICED, InventedCall, Stand, charge_of
from ui.api.client import Client
from ui.api.errors import AnswerMalformed, ApiRefused, ApiUnreachable
from ui.api.transport import Parameters, http_transport, open_http
from ui.api.usage_answers import CallState
from ui.period import month_of, one_day


def test_money_arrives_exact(stand: Stand, calls: list[InventedCall], today: date) -> None:
    call = next(call for call in calls if (call.subject, call.day) == (ADA, today))
    detail = stand.client.call(stand.call_ids(ADA, today)[0])
    assert detail.cost is not None
    assert detail.cost.charge == charge_of([call])
    assert sum(line.charge for line in detail.explanation.lines) == detail.cost.charge


def test_an_unpriced_call_has_no_cost_at_all(empty_stand: Stand, today: date) -> None:
    call = InventedCall(number=1, subject=ADA, day=today, deployment=UNPRICED, input=5)
    empty_stand.post([call])
    detail = empty_stand.client.call(empty_stand.call_ids(ADA, today)[0])
    assert detail.state is CallState.UNPRICED
    assert detail.cost is None
    assert empty_stand.client.usage(month_of(today), "day").totals.charge is None


def test_a_subject_with_a_slash_is_one_path_segment(stand: Stand, today: date) -> None:
    assert stand.client.subject_usage(KEY, month_of(today), "day").subject == KEY


def test_order_search_and_cursor_are_passed_on(today: date) -> None:
    asked: list[Parameters] = []

    def transport(path: str, parameters: Parameters) -> bytes:
        asked.append(parameters)
        return (
            b'{"from":"2026-11-01","to":"2026-12-01","zone":"UTC","currency":"USD","data":[],'
            b'"totals":{"calls":0,"errors":0,"unpriced_calls":0,"no_usage_calls":0,'
            b'"excluding_calls":0,"pending_calls":0,"units":{},"cost":null},'
            b'"page":{"next_cursor":null,"limit":50}}'
        )

    client = Client(transport)
    client.subjects(month_of(today), sort="charge", search="", after=None)
    client.subjects(month_of(today), sort="subject", search="a b", after="c=1")
    assert ("order", "desc") in asked[0]
    assert not {"q", "cursor"} & dict(asked[0]).keys()
    assert {("order", "asc"), ("q", "a b"), ("cursor", "c=1")} <= set(asked[1])


def test_days_are_asked_half_open(stand: Stand, today: date) -> None:
    calls = stand.client.subject_calls(ADA, one_day(today), after=None)
    assert {call.day for call in calls.data} == {today}
    assert calls.period == one_day(today)


def test_a_problem_is_told_in_its_own_words(stand: Stand, today: date) -> None:
    with pytest.raises(ApiRefused, match=r"/app:nobody/usage was answered 404: ") as refused:
        stand.client.subject_usage("app:nobody", one_day(today), "day")
    assert refused.value.status == 404


def test_a_refused_connection_names_the_address() -> None:
    expected = r"http://127\.0\.0\.1:9 gave no answer to GET /healthz"
    with open_http("http://127.0.0.1:9") as http, pytest.raises(ApiUnreachable, match=expected):
        Client(http_transport(http)).health()


@pytest.mark.parametrize("body", [b"<html>", b'{"zone": 7}', b"{}"])
def test_an_answer_off_the_contract_is_refused_with_the_field(body: bytes) -> None:
    with pytest.raises(AnswerMalformed, match="GET /healthz did not answer with Health"):
        Client(lambda path, parameters: body).health()


def test_an_answer_that_a_proxy_has_garbled_is_none() -> None:
    garbled = httpx.MockTransport(
        lambda _: httpx.Response(
            200, headers={"Content-Encoding": "gzip"}, stream=httpx.ByteStream(b"no gzip")
        )
    )
    with (
        httpx.Client(base_url="http://api.contoso.example", transport=garbled) as http,
        pytest.raises(ApiUnreachable, match="gave no answer to GET /healthz"),
    ):
        http_transport(http)("/healthz", ())
