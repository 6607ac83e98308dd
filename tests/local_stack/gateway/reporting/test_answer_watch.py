"""What the watch learns from an answer, however its bytes are cut."""

import json
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from local_stack.gateway.reporting.answer_watch import LINE_BYTES_MAX, AnswerWatch
from tests.paths import SHARED

SAMPLES = SHARED / "data/apim_events/08_sse_final_events.json"
CHAT = (
    b'data: {"choices":[],"id":"","model":"","prompt_filter_results":[]}\n\n'
    b'data: {"choices":[{"delta":{"content":"say \\"usage\\": {"}}],"usage":null}\n\n'
    b'data: {"choices":[],"id":"c-1","model":"m-1","usage":{"total_tokens":5}}\n\n'
    b"data: [DONE]\n\n"
)


@given(cuts=st.lists(st.integers(0, len(CHAT)), max_size=12))
def test_bytes_may_be_cut_anywhere(cuts: list[int]) -> None:
    watch = AnswerWatch()
    edges = [0, *sorted(cuts), len(CHAT)]
    for start, end in pairwise(edges):
        watch.feed(CHAT[start:end])
    assert (watch.response_id, watch.model, watch.usage) == ("c-1", "m-1", {"total_tokens": 5})


@pytest.mark.skipif(not SAMPLES.exists(), reason="the recorded streams are not here")
@pytest.mark.parametrize(
    ("stream", "response_id", "counts"),
    [
        ("azure_chat_stream_include_usage", "chatcmpl-D1", {"completion_tokens": 427}),
        ("responses_stream", "resp_67", {"output_tokens": 52}),
        ("anthropic_stream", "msg_01", {"output_tokens": 121, "input_tokens": 2}),
    ],
)
def test_recorded_streams_tell_id_and_usage(
    stream: str, response_id: str, counts: dict[str, int]
) -> None:
    watch = AnswerWatch()
    for line in json.loads(SAMPLES.read_text())[stream]:
        watch.feed(line.encode() + b"\n")
    assert watch.response_id == response_id
    assert watch.usage is not None
    assert {name: watch.usage[name] for name in counts} == counts


@pytest.mark.parametrize("body", [b"", b"[]", b'{"usage":', b'{"usage":[1]}', b"\xff"])
def test_what_is_no_answer_teaches_nothing(body: bytes) -> None:
    watch = AnswerWatch()
    watch.whole(body)
    watch.feed(b"data: " + body + b"\n")
    assert (watch.response_id, watch.model, watch.usage) == (None, None, None)


def test_a_line_that_is_too_long_is_let_pass_unread() -> None:
    watch = AnswerWatch()
    watch.feed(b'data: {"usage":{"total_tokens":1},"image":"')
    watch.feed(b"A" * (LINE_BYTES_MAX + 1))
    watch.feed(b'"}\ndata: {"usage":{"total_tokens":2}}\n')
    assert watch.usage == {"total_tokens": 2}
