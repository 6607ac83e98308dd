"""local_stack.traffic.trace: recorded calls become the same events each time, by a rule to redo."""

import hashlib
import json
import tracemalloc
from collections import Counter
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from local_stack.errors import InvalidTrace
from local_stack.traffic.people import people
from local_stack.traffic.trace import (
    DEAL_LABEL,
    MIX,
    SPAN_MAX,
    deal,
    offset_to,
    read_trace,
    trace_events,
)
from local_stack.traffic.usage_event import OutgoingEvent
from pricing_rules.decoding.usage_event import FAR_PAST_MAX, decode
from pricing_rules.types import UsageEvent
from tests.fixtures.builders import wire_violations
from tests.paths import SHARED

NOW = datetime(2026, 11, 23, 12, tzinfo=UTC)
AZURE = """TIMESTAMP,ContextTokens,GeneratedTokens
2023-11-16 18:17:03.9799600,4808,10
2023-11-16 18:17:04.0319600,3180,8
2023-11-16 18:17:09.5000000,110,27"""
CACHED = """timestamp_ms,input_tokens,cached_tokens,output_tokens
0,6758,0,500
3000,7322,512,490
"""
TRACES = SHARED / "data/traces"
needs_traces = pytest.mark.skipif(
    not TRACES.is_dir(), reason="the recorded traces are not beside the repository"
)


@pytest.fixture
def azure(tmp_path: Path) -> Path:
    path = tmp_path / "azure.csv"
    path.write_text(AZURE)
    return path


@pytest.fixture
def cached(tmp_path: Path) -> Path:
    path = tmp_path / "cached.csv"
    path.write_text(CACHED)
    return path


def documents(events: Iterator[OutgoingEvent]) -> list[dict[str, Any]]:
    return [json.loads(event.body) for event in events]


def test_each_line_becomes_an_event_in_the_wire_contract(azure: Path) -> None:
    events = list(trace_events(azure, offset=offset_to(azure, NOW)))
    assert len(events) == 3
    for event in events:
        assert wire_violations(json.loads(event.body)) == []
        assert event.partition_key == json.loads(event.body)["subject"]


def test_token_counts_of_both_forms_reach_the_usage(azure: Path, cached: Path) -> None:
    first = documents(trace_events(azure, offset=timedelta()))[0]["data"]["usage"]
    assert (first["prompt_tokens"], first["completion_tokens"]) == (4808, 10)
    second = documents(trace_events(cached, offset=timedelta()))[1]["data"]["usage"]
    assert (second["prompt_tokens"], second["completion_tokens"]) == (7322, 490)
    assert second["prompt_tokens_details"]["cached_tokens"] == 512


def test_times_move_by_one_offset_so_that_the_last_call_is_now(azure: Path) -> None:
    called = [
        document["time"]
        for document in documents(trace_events(azure, offset=offset_to(azure, NOW)))
    ]
    assert called == [
        "2026-11-23T11:59:54.4799600Z",
        "2026-11-23T11:59:54.5319600Z",
        "2026-11-23T12:00:00.0000000Z",
    ]


def test_last_call_is_the_latest_one_in_a_file_out_of_order(tmp_path: Path) -> None:
    path = tmp_path / "out_of_order.csv"
    path.write_text("timestamp_ms,input_tokens,cached_tokens,output_tokens\n9000,1,0,1\n0,1,0,1\n")
    called = [
        document["time"] for document in documents(trace_events(path, offset=offset_to(path, NOW)))
    ]
    assert called == ["2026-11-23T12:00:00.0000000Z", "2026-11-23T11:59:51.0000000Z"]


def test_second_run_sends_the_same_bytes(azure: Path) -> None:
    offset = offset_to(azure, NOW)
    assert list(trace_events(azure, offset=offset)) == list(trace_events(azure, offset=offset))


def test_another_file_and_another_row_are_other_calls(azure: Path, tmp_path: Path) -> None:
    other = tmp_path / "other.csv"
    other.write_text(AZURE + "\n")
    ids = [
        document["id"]
        for path in (azure, other)
        for document in documents(trace_events(path, offset=timedelta()))
    ]
    assert len(set(ids)) == 6


def test_dealing_can_be_redone_from_its_description() -> None:
    shares = [1_000_000 // rank for rank in range(1, 41)]
    for row in range(500):
        digest = hashlib.sha256(f"{DEAL_LABEL}/{row}".encode()).digest()
        left = int.from_bytes(digest[:8], "big") % sum(shares)
        person = 0
        while left >= shares[person]:
            left -= shares[person]
            person += 1
        percent = int.from_bytes(digest[8:16], "big") % 100
        deployments = [name for name, share in MIX for _ in range(share)]
        assert deal(row) == (people()[person].subject, deployments[percent])


def test_dealing_does_not_change_between_versions() -> None:
    names = {person.subject: person.name for person in people()}
    dealt = [deal(row) for row in range(4)]
    assert [(names[subject], deployment) for subject, deployment in dealt] == [
        ("Jonas Lindqvist", "gpt-4.1-mini"),
        ("Mei-Ling Chen", "gpt-5"),
        ("Sven Karlsson", "o4-mini"),
        ("Jonas Lindqvist", "gpt-4.1-mini"),
    ]


def test_times_without_a_date_start_in_1970(cached: Path) -> None:
    assert [call.time for call in read_trace(cached)] == [
        datetime(1970, 1, 1, tzinfo=UTC),
        datetime(1970, 1, 1, 0, 0, 3, tzinfo=UTC),
    ]


def test_times_with_an_offset_are_brought_to_utc(tmp_path: Path) -> None:
    path = tmp_path / "offset.csv"
    path.write_text("TIMESTAMP,ContextTokens,GeneratedTokens\n2024-05-10 02:00:00+02:00,1,1\n")
    assert [call.time for call in read_trace(path)] == [datetime(2024, 5, 10, tzinfo=UTC)]


def test_events_carry_what_the_row_was_dealt(azure: Path) -> None:
    for row, document in enumerate(documents(trace_events(azure, offset=timedelta()))):
        assert (document["subject"], document["data"]["deployment"]) == deal(row)


def test_deal_gives_every_person_and_every_deployment_calls() -> None:
    dealt = [deal(row) for row in range(8_819)]
    subjects = Counter(subject for subject, _ in dealt)
    assert len(subjects) == 40
    assert subjects.most_common(1)[0][0] == people()[0].subject
    deployments = Counter(deployment for _, deployment in dealt)
    for name, share in MIX:
        assert abs(deployments[name] / len(dealt) - share / 100) < 0.02


@pytest.mark.parametrize(
    ("content", "named"),
    [
        ("", ["line 1", "header"]),
        ("time,tokens\n1,2\n", ["line 1", "time,tokens", "TIMESTAMP"]),
        (f"{AZURE}\n2023-11-16 18:17:10,x,1", ["line 5", "ContextTokens", "'x'"]),
        (f"{AZURE}\n2023-11-16 18:17:10,-4,1", ["line 5", "ContextTokens", "'-4'"]),
        (f"{AZURE}\n2023-11-16 18:17:10,4,1.5", ["line 5", "GeneratedTokens", "'1.5'"]),
        (f"{AZURE}\n2023-11-16 18:17:10,4,", ["line 5", "GeneratedTokens", "''"]),
        (f"{AZURE}\nyesterday,4,1", ["line 5", "TIMESTAMP", "'yesterday'"]),
        (f"{AZURE}\n2023-11-16 18:17:10,4", ["line 5", "2 columns", "expected 3"]),
        (f"{AZURE}\n2023-11-16 18:17:10,4,{'9' * 5000}", ["line 5", "GeneratedTokens"]),
        (f"{AZURE}\n0001-01-01T00:00:00+14:00,4,1", ["line 5", "TIMESTAMP", "1970 to 2199"]),
        (f"{AZURE}\n9999-12-31T23:59:59-14:00,4,1", ["line 5", "TIMESTAMP", "'9999-"]),
        (f"{AZURE}\n2023-11-16 18:17:10,4,{'9' * 200_000}", ["line 5", "field limit"]),
        ("9" * 200_000, ["line 1", "field limit"]),
        (f"{CACHED}4000,10,12,1\n", ["line 4", "cached_tokens", "'12'", "10"]),
        (f"{CACHED}soon,10,1,1\n", ["line 4", "timestamp_ms", "'soon'"]),
    ],
)
def test_bad_cell_is_named_by_file_line_column_and_value(
    tmp_path: Path, content: str, named: list[str]
) -> None:
    path = tmp_path / "bad.csv"
    path.write_text(content)
    with pytest.raises(InvalidTrace) as found:
        list(read_trace(path))
    for words in [str(path), *named]:
        assert words in str(found.value)
    assert len(str(found.value)) < 500


def test_bytes_that_are_no_text_are_named_as_a_bad_cell(tmp_path: Path) -> None:
    path = tmp_path / "bad.csv"
    path.write_bytes(f"{AZURE}\n".encode() + b"\xff\xfe,1,1")
    with pytest.raises(InvalidTrace, match="line 5: TIMESTAMP"):
        list(read_trace(path))


def test_trace_without_calls_has_no_last_one(tmp_path: Path) -> None:
    path = tmp_path / "empty.csv"
    path.write_text("timestamp_ms,input_tokens,cached_tokens,output_tokens\n")
    with pytest.raises(InvalidTrace, match="no calls"):
        offset_to(path, NOW)


def test_trace_longer_than_consumers_look_back_is_refused_up_front(tmp_path: Path) -> None:
    assert SPAN_MAX == FAR_PAST_MAX
    path = tmp_path / "long.csv"
    last = SPAN_MAX // timedelta(milliseconds=1)
    path.write_text(CACHED + f"{last},1,0,1\n")
    assert offset_to(path, NOW) == NOW - datetime(1970, 4, 11, tzinfo=UTC)
    path.write_text(CACHED + f"{last + 1},1,0,1\n")
    with pytest.raises(
        InvalidTrace, match=r"long\.csv spans 100 days, from 1970-01-01.* at most 100"
    ):
        offset_to(path, NOW)


def test_blank_last_line_and_byte_order_mark_are_no_calls(tmp_path: Path) -> None:
    path = tmp_path / "marked.csv"
    path.write_text(f"\ufeff{CACHED}\n\n")
    assert [call.row for call in read_trace(path)] == [0, 1]


def test_long_trace_is_read_line_by_line(tmp_path: Path) -> None:
    path = tmp_path / "long.csv"
    lines = (f"{row},1000,0,10" for row in range(20_000))
    path.write_text("\n".join(["timestamp_ms,input_tokens,cached_tokens,output_tokens", *lines]))
    tracemalloc.start()
    try:
        assert sum(1 for _ in read_trace(path)) == 20_000
        _, peak = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    assert peak < 500_000


@needs_traces
@pytest.mark.parametrize(
    ("name", "calls", "prompt", "cached", "completion"),
    [
        ("azure_llm_inference_2023_code.csv", 8_819, 18_059_974, 0, 245_896),
        ("mooncake_conversation.csv", 6_000, 76_643_649, 27_034_743, 2_081_764),
    ],
)
def test_recorded_trace_decodes_to_the_totals_of_its_file(
    name: str, calls: int, prompt: int, cached: int, completion: int
) -> None:
    path = TRACES / name
    events = []
    for event in trace_events(path, offset=offset_to(path, NOW)):
        decoded = decode(event.body, enqueued_time=NOW)
        assert isinstance(decoded, UsageEvent)
        events.append(decoded)
    counts: Counter[str] = Counter()
    for call in events:
        assert call.usage is not None
        counts.update({str(unit): count for unit, count in call.usage.counts.items()})
    assert len({call.id for call in events}) == calls
    assert counts["input"] + counts["cache_read"] == prompt
    assert (counts["cache_read"], counts["output"]) == (cached, completion)
