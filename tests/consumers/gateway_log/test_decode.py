"""Bodies of the diagnostics hub → facts, whatever Azure makes of the same record."""

import codecs
import json
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from consumers.gateway_log.decode import Diagnostics, decode_diagnostics
from pricing_rules.decoding.invalid_event import InvalidCode
from pricing_rules.types import Operation
from table_api.open_calls.facts import RequestRecord, TokenCounts, decode_fact, encode_fact
from table_api.open_calls.joined_call import join_facts, was_reached
from tests.consumers.pairing.gateway import GATEWAY_DELAY, Call, envelope
from tests.fixtures.builders import CALL_TIME, ENQUEUED_TIME
from tests.paths import SHARED

SAMPLES = SHARED / "data/apim_events"
CALL = Call(number=7)
OLDEST = ENQUEUED_TIME - timedelta(days=14)


def decode(
    body: bytes, enqueued_time: datetime = ENQUEUED_TIME, oldest: datetime = OLDEST
) -> Diagnostics:
    return decode_diagnostics(body, enqueued_time=enqueued_time, oldest=oldest)


def sample(name: str) -> Diagnostics:
    paths = sorted(SAMPLES.glob(f"{name}*"))
    if not paths:
        pytest.skip("the recorded diagnostics are not here")
    at = datetime(2026, 9, 4, 10, 25, tzinfo=UTC)
    return decode(paths[0].read_bytes(), at, at - timedelta(days=14))


def changed(record: dict[str, Any], **properties: Any) -> dict[str, Any]:
    return record | {"properties": record["properties"] | properties}


def one(*records: dict[str, Any]) -> RequestRecord | TokenCounts:
    found = decode(envelope(*records))
    assert found.bad == []
    [(call_id, fact)] = found.facts
    assert call_id == CALL.id
    return fact


def tokens(**properties: Any) -> TokenCounts:
    fact = one(changed(CALL.llm_record(), **properties))
    assert isinstance(fact, TokenCounts)
    return fact


def outcome(**properties: Any) -> RequestRecord:
    fact = one(changed(CALL.gateway_record(), **properties))
    assert isinstance(fact, RequestRecord)
    return fact


def test_an_envelope_of_mixed_categories_gives_a_fact_each() -> None:
    found = decode(envelope(CALL.gateway_record(), CALL.llm_record(), {"category": "AuditLogs"}))
    assert [type(fact) for _, fact in found.facts] == [RequestRecord, TokenCounts]
    assert (found.ignored, found.bad) == (1, [])


@pytest.mark.parametrize("shape", ["array", "object", "upper envelope"])
def test_a_bare_array_a_single_record_and_an_envelope_say_the_same(shape: str) -> None:
    record = CALL.llm_record()
    body = {"array": [record], "object": record, "upper envelope": {"RECORDS": [record]}}[shape]
    assert decode(json.dumps(body).encode()).facts == decode(envelope(record)).facts


def test_a_byte_order_mark_says_nothing() -> None:
    body = envelope(CALL.llm_record())
    assert decode(codecs.BOM_UTF8 + body) == decode(body)


def test_records_that_come_twice_and_in_another_order_say_the_same() -> None:
    done, counted = CALL.gateway_record(), CALL.llm_record()
    once = [encode_fact(fact) for _, fact in decode(envelope(done, counted)).facts]
    again = [encode_fact(fact) for _, fact in decode(envelope(counted, done, counted)).facts]
    assert len(again) == 3
    assert set(again) == set(once)


@pytest.mark.parametrize("status", [401, 403, 429])
def test_a_refused_call_names_its_caller_and_reached_no_backend(status: int) -> None:
    fact = one(Call(number=7, status=status).gateway_record())
    assert isinstance(fact, RequestRecord)
    assert (fact.status, fact.backend_status) == (status, 0)
    assert fact.identity is not None
    assert (fact.identity.subject, fact.identity.status) == ("user-1", status)


@pytest.mark.parametrize("dated_first", [False, True])
def test_of_a_bare_and_a_dated_model_name_the_dated_stands(dated_first: bool) -> None:
    bare, dated = "gpt-4.1-mini", "gpt-4.1-mini-2025-04-14"
    names = sorted([bare, dated], reverse=dated_first)
    seen = join_facts(CALL.id, [tokens(modelName=name) for name in names])
    assert seen is not None
    assert seen.tokens is not None
    assert seen.tokens.model == dated


def test_names_in_any_case_and_with_azures_suffixes_say_the_same() -> None:
    record = CALL.llm_record()
    upper = {name.upper(): value for name, value in record.items()}
    upper["PROPERTIES"] = {f"{name[0].upper()}{name[1:]}_d": value
                           for name, value in record["properties"].items()}  # fmt: skip
    assert decode(envelope(upper)).facts == decode(envelope(record)).facts


@pytest.mark.parametrize("record", [CALL.gateway_record(), CALL.llm_record()])
def test_without_a_category_the_operations_name_tells(record: dict[str, Any]) -> None:
    nameless = {name: value for name, value in record.items() if name != "category"}
    assert one(nameless) == one(record)


def test_time_is_truncated_to_the_microsecond() -> None:
    assert CALL.llm_record()["time"].endswith("5904Z")  # seven digits
    assert tokens().time == CALL_TIME - GATEWAY_DELAY


@pytest.mark.parametrize("value", ["2048", 2048.0, "2048.0", 2048])
def test_numbers_come_as_numbers_or_as_text(value: object) -> None:
    assert tokens(promptTokens=value).prompt == 2048


@pytest.mark.parametrize("value", [None, "", "-"])
def test_absent_counts_are_zero(value: object) -> None:
    assert tokens(promptCachedTokens=value).cached == 0


def test_properties_may_be_json_text() -> None:
    record = CALL.llm_record()
    assert one(record | {"properties": json.dumps(record["properties"])}) == one(record)


def test_the_trace_tells_who_called() -> None:
    identity = outcome().identity
    assert identity is not None
    assert (identity.subject, identity.time) == ("user-1", CALL_TIME)
    assert (identity.stream, identity.status, identity.duration_ms) == (True, 200, 812)
    assert (identity.operation, identity.deployment) == (
        Operation.CHAT_COMPLETIONS,
        "gpt-4.1-mini",
    )
    assert (identity.model, identity.azp, identity.session) == (None, None, None)
    assert identity.source == "apim/apim-contoso"


@pytest.mark.parametrize(
    "records",
    [
        [CALL.trace()],
        json.dumps([CALL.trace()]),
        [{"source": "other", "message": "x"}, CALL.trace(), CALL.trace()],
        [{**CALL.trace(), "metadata": json.dumps(CALL.trace()["metadata"])}],
        [{"source": "chargeback", "message": json.dumps(CALL.trace()["metadata"])}],
        CALL.trace(),
    ],
    ids=["array", "text", "among others", "metadata as text", "message", "single"],
)
def test_trace_records_come_in_any_shape(records: object) -> None:
    assert outcome(traceRecords=records).identity == outcome().identity is not None


@pytest.mark.parametrize(
    "records",
    [None, [], "not json", [7], [{"source": "chargeback", "message": "llm.call.v1"}]],
    ids=str,
)
def test_an_outcome_without_our_trace_is_an_outcome_without_identity(records: object) -> None:
    assert outcome(traceRecords=records).identity is None


def test_a_trace_of_another_id_is_no_fact_but_a_dead_letter() -> None:
    other = Call(number=8).trace()
    found = decode(envelope(changed(CALL.gateway_record(), traceRecords=[other])))
    assert found.facts == []
    [bad] = found.bad
    assert bad.invalid.field == "records[0].properties.tracerecords[0].metadata.id"


@pytest.mark.parametrize(
    ("path", "operation"),
    [
        ("/openai/deployments/d/chat/completions?api-version=1", Operation.CHAT_COMPLETIONS),
        ("/openai/v1/responses/compact", Operation.RESPONSES),
        ("/openai/v1/responses", Operation.RESPONSES),
        ("/v1/messages", Operation.MESSAGES),
        ("/OpenAI/Deployments/d/Embeddings", Operation.EMBEDDINGS),
        ("/openai/deployments/d/embeddings", Operation.EMBEDDINGS),
        ("/openai/deployments/d/images/generations", Operation.IMAGES),
        ("/openai/deployments/d/audio/speech", Operation.AUDIO_SPEECH),
        ("/openai/deployments/d/audio/translations", Operation.AUDIO_TRANSCRIPTIONS),
    ],
)
def test_the_path_tells_the_operation(path: str, operation: Operation) -> None:
    found = outcome(url=f"https://host.example{path}", traceRecords=None)
    assert found.operation is operation
    assert found.deployment == ("d" if "/deployments/" in path.lower() else None)


@pytest.mark.parametrize(
    ("path", "fetched", "as_stream"),
    [
        ("/openai/v1/responses/resp_1", "resp_1", False),
        ("/openai/v1/responses/resp_1/?a=1&stream=True", "resp_1", True),
        ("/openai/v1/responses/resp%5F1?stream=true", "resp_1", True),
        ("/openai/v1/responses/resp_1?stream=false", "resp_1", False),
        ("/openai/v1/responses/resp_1?upstream=true", "resp_1", False),
    ],
)
def test_the_path_tells_which_answer_is_fetched(path: str, fetched: str, as_stream: bool) -> None:
    found = outcome(method="GET", url=f"https://host.example{path}", traceRecords=None)
    assert (found.fetches, found.fetches_stream) == (fetched, as_stream)


@pytest.mark.parametrize(
    ("method", "url"),
    [
        ("GET", "https://host/openai/v1/responses"),
        ("HEAD", "https://host/api/hello"),
        ("POST", "https://host/orders"),
        ("POST", "https://host/v1/messages/count_tokens"),
    ],
)
def test_requests_that_call_no_model_are_ignored(method: str, url: str) -> None:
    record = changed(CALL.gateway_record(), method=method, url=url, traceRecords=None)
    assert (decode(envelope(record)).facts, decode(envelope(record)).ignored) == ([], 1)


def test_recorded_stream_gives_outcome_and_tokens() -> None:
    (_, done), (_, counted) = sample("03").facts
    assert isinstance(done, RequestRecord)
    assert isinstance(counted, TokenCounts)
    assert (done.status, done.backend_status, done.api) == (200, 200, "inference-api")
    assert (counted.prompt, counted.cached, counted.completion) == (2048, 1024, 427)


def test_recorded_probe_is_ignored_and_chunks_count_nothing() -> None:
    found = sample("04")
    counted = [fact for _, fact in found.facts if isinstance(fact, TokenCounts)]
    assert (found.ignored, found.bad) == (1, [])
    assert [fact.any for fact in counted] == [True, True, False, False]
    assert counted[2] == counted[3]
    assert (counted[0].prompt, counted[0].cached) == (26, 48854)  # Anthropic leaves cached out


def test_recorded_refusal_by_the_token_limit_reached_no_backend() -> None:
    [(_, refused)] = sample("05").facts
    assert isinstance(refused, RequestRecord)
    assert (refused.status, refused.backend_status) == (429, 0)
    assert refused.error == "TokenLimitExceeded"


BAD: list[tuple[bytes, InvalidCode, str]] = [
    (envelope(CALL.llm_record())[:-9], InvalidCode.NOT_JSON, "body"),
    (envelope(CALL.llm_record()).replace(b"gpt", b"g\xffpt"), InvalidCode.NOT_UTF8, "body"),
    (b"", InvalidCode.NOT_JSON, "body"),
    (envelope(CALL.llm_record()).replace(b"2048", b"NaN"), InvalidCode.NOT_JSON, "body"),
    (envelope(CALL.llm_record()).replace(b"2048", b"1e400"), InvalidCode.NOT_JSON, "body"),
    (envelope(CALL.llm_record()).replace(b"chatcmpl", b"\\ud800"), InvalidCode.NOT_JSON, "body"),
    (b"\n".join([envelope(CALL.llm_record())] * 2), InvalidCode.NOT_JSON, "body"),
    (b'{"records":null}', InvalidCode.WRONG_TYPE, "records"),
    (b"7", InvalidCode.WRONG_TYPE, "records"),
    (b"[" * 100_000, InvalidCode.NOT_JSON, "body"),
    (b'{"records":{}}', InvalidCode.WRONG_TYPE, "records"),
    (b'{"records":["x"]}', InvalidCode.WRONG_TYPE, "records[0]"),
]


@pytest.mark.parametrize(("body", "code", "field"), BAD, ids=[code for _, code, _ in BAD])
def test_a_body_that_cannot_be_read_names_what_is_wrong(
    body: bytes, code: InvalidCode, field: str
) -> None:
    [bad] = decode(body).bad
    assert (bad.invalid.code, bad.invalid.field) == (code, field)
    assert bad.body == body


@pytest.mark.parametrize(
    ("change", "code", "field"),
    [
        ({"time": "5/24/2024 2:45:56 PM"}, InvalidCode.BAD_TIME, "time"),
        ({"time": "2026-13-01T00:00:00Z"}, InvalidCode.BAD_TIME, "time"),
        ({"time": "2026-11-20T09:30:15+02:00"}, InvalidCode.BAD_TIME, "time"),
        ({"time": None}, InvalidCode.MISSING_FIELD, "time"),
        ({"time": "2026-10-01T00:00:00Z"}, InvalidCode.FAR_PAST, "time"),
        ({"time": "2027-01-01T00:00:00Z"}, InvalidCode.FAR_FUTURE, "time"),
        ({"correlationId": ""}, InvalidCode.MISSING_FIELD, "correlationid"),
        ({"correlationId": "x" * 200}, InvalidCode.TOO_LONG, "id"),
        ({"properties": None}, InvalidCode.MISSING_FIELD, "properties"),
        ({"properties": '{"promptTokens": 5'}, InvalidCode.WRONG_TYPE, "properties"),
        ({"properties": 5}, InvalidCode.WRONG_TYPE, "properties"),
    ],
    ids=str,
)
def test_a_bad_record_is_named_and_spoils_no_other(
    change: dict[str, Any], code: InvalidCode, field: str
) -> None:
    found = decode(envelope(CALL.llm_record() | change, Call(number=9).llm_record()))
    assert [call_id for call_id, _ in found.facts] == [Call(number=9).id]
    [bad] = found.bad
    assert bad.invalid.code == code
    assert bad.invalid.field.endswith(field)
    assert json.loads(bad.body) == {"records": [CALL.llm_record() | change]}


def test_bad_records_are_letters_by_themselves_and_the_good_ones_are_taken() -> None:
    good, late = Call(number=9).llm_record(), CALL.gateway_record() | {"time": None}
    negative = changed(CALL.llm_record(), promptTokens=-1)
    found = decode(envelope(late, good, negative))
    assert [call_id for call_id, _ in found.facts] == [Call(number=9).id]
    assert [json.loads(bad.body)["records"] for bad in found.bad] == [[late], [negative]]
    for bad in found.bad:
        assert [again.invalid for again in decode(bad.body).bad] == [bad.invalid]


def test_many_bad_records_of_one_body_make_few_letters_and_none_is_lost() -> None:
    records = [Call(number=n).llm_record() | {"time": None} for n in range(250)]
    bad = decode(envelope(*records)).bad
    assert len(bad) == 101
    assert [record for each in bad for record in json.loads(each.body)["records"]] == records


def test_the_request_id_may_be_in_the_properties() -> None:
    moved = changed(CALL.llm_record(), correlationId=CALL.id)
    del moved["correlationId"]
    assert one(moved) == one(CALL.llm_record())


@pytest.mark.parametrize(
    ("api", "subscription", "found"),
    [
        ("llm;rev=12", f"/subscriptions/0/service/{'x' * 300}/subscriptions/team-a", "team-a"),
        ("llm", "team-a", "team-a"),
        ("llm;rev=1", "/", None),
    ],
)
def test_revision_and_path_are_no_part_of_a_name(
    api: str, subscription: str, found: str | None
) -> None:
    record = outcome(apiId=api, apimSubscriptionId=subscription)
    assert (record.api, record.subscription) == ("llm", found)


@pytest.mark.parametrize(
    ("url", "host"),
    [
        ("https://EU-1.openai.azure.com/openai/v1/responses?a=1", "eu-1.openai.azure.com"),
        ("http://127.0.0.1:8080/x", "127.0.0.1"),
        ("https://name@host.example", "host.example"),
        ("/openai/v1", None),
        (None, None),
    ],
)
def test_the_backends_host_is_read(url: str | None, host: str | None) -> None:
    assert outcome(backendUrl=url).backend_host == host


@pytest.mark.parametrize("word", ["hit", "HIT"])
def test_an_answer_from_the_gateways_cache_reached_no_model(word: str) -> None:
    record = outcome(cache=word, backendResponseCode=None, backendTime=None)
    assert record.cache == "hit"
    assert not was_reached(record)
    for other in ("miss", "none", None):
        assert outcome(cache=other).cache is None


@pytest.mark.parametrize("value", [-1, 10**9 + 1, "many", True, [], 1.5])
def test_a_count_that_is_none_is_refused(value: object) -> None:
    found = decode(envelope(changed(CALL.llm_record(), promptTokens=value)))
    [bad] = found.bad
    assert bad.invalid.field == "records[0].properties.prompttokens"


def test_age_is_judged_by_what_is_still_kept() -> None:
    body = envelope(CALL.llm_record())
    at = CALL_TIME - GATEWAY_DELAY
    assert decode(body, oldest=at).bad == []
    assert decode(body, oldest=at + timedelta(microseconds=1)).facts == []


@given(
    st.recursive(
        st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text(),
        lambda inner: st.lists(inner) | st.dictionaries(
            st.sampled_from(["records", "category", "properties", "time", "traceRecords", "x"]),
            inner,
        ),
    )
)  # fmt: skip
def test_no_json_makes_it_raise(document: object) -> None:
    decode(json.dumps(document).encode())


@given(st.binary())
def test_no_bytes_make_it_raise(body: bytes) -> None:
    decode(body)


def test_facts_come_back_from_their_text() -> None:
    for _, fact in decode(envelope(CALL.gateway_record(), CALL.llm_record())).facts:
        assert decode_fact(encode_fact(fact)) == fact


@pytest.mark.parametrize("value", [900, "900", 900.0])
def test_counts_of_tokens_that_nobody_reads_are_kept_by_name(value: object) -> None:
    found = tokens(promptAudioTokens_d=value, promptImageTokens=0, textTokens="-", sequenceNumber=3)
    assert found.others == (("promptaudiotokens", 900),)
