"""The client asks what the contract says and turns every failure into a readable error."""

from decimal import Decimal

import pytest

from tests.ui.fake_api import ADA, KEY, Ledger
from ui.answers import CallState
from ui.client import Client, Parameters, http_transport
from ui.errors import AnswerMalformed, ApiRefused, ApiUnreachable
from ui.period import month_of, one_day


@pytest.fixture
def client(api_url: str) -> Client:
    return Client(http_transport(api_url))


def test_money_arrives_exact(client: Client, ledger: Ledger) -> None:
    call = next(call for call in ledger.calls if not call.unpriced)
    detail = client.call(call.id)
    assert detail.cost is not None
    assert detail.cost.charge == Decimal(call.cost()["charge"])
    assert detail.explanation is not None
    assert sum(line.charge for line in detail.explanation.lines) == detail.cost.charge


def test_an_unpriced_call_has_no_cost_at_all(client: Client, ledger: Ledger) -> None:
    detail = client.call(next(call.id for call in ledger.calls if call.unpriced))
    assert detail.state is CallState.UNPRICED
    assert detail.cost is None


def test_a_subject_with_a_slash_is_one_path_segment(client: Client, ledger: Ledger) -> None:
    assert client.subject_usage(KEY, month_of(ledger.today), "day").subject == KEY


def test_order_search_and_cursor_are_passed_on(ledger: Ledger) -> None:
    asked: list[Parameters] = []

    def transport(path: str, parameters: Parameters) -> bytes:
        asked.append(parameters)
        return (
            b'{"from":"2026-11-01","to":"2026-12-01","zone":"UTC","currency":"USD","data":[],'
            b'"page":{"next_cursor":null,"limit":50}}'
        )

    client = Client(transport)
    client.subjects(month_of(ledger.today), sort="charge", search="", after=None)
    client.subjects(month_of(ledger.today), sort="subject", search="a b", after="c=1")
    assert ("order", "desc") in asked[0]
    assert not {"q", "cursor"} & dict(asked[0]).keys()
    assert {("order", "asc"), ("q", "a b"), ("cursor", "c=1")} <= set(asked[1])


def test_days_are_asked_half_open(client: Client, ledger: Ledger) -> None:
    calls = client.subject_calls(ADA, one_day(ledger.today), after=None)
    assert {call.day for call in calls.data} == {ledger.today}
    assert calls.period == one_day(ledger.today)


def test_a_problem_is_told_in_its_own_words(client: Client, ledger: Ledger) -> None:
    with pytest.raises(ApiRefused, match=r"answered 404: Not found.*app:nobody") as refused:
        client.subject_usage("app:nobody", one_day(ledger.today), "day")
    assert refused.value.status == 404


def test_a_refused_connection_names_the_address() -> None:
    with pytest.raises(
        ApiUnreachable, match=r"http://127\.0\.0\.1:9 gave no answer to GET /healthz"
    ):
        Client(http_transport("http://127.0.0.1:9")).health()


@pytest.mark.parametrize("body", [b"<html>", b'{"zone": 7}', b"{}"])
def test_an_answer_off_the_contract_is_refused_with_the_field(body: bytes) -> None:
    with pytest.raises(AnswerMalformed, match="GET /healthz did not answer with Health"):
        Client(lambda path, parameters: body).health()
