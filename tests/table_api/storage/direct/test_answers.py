"""Answers of HTTP/1.1 are read however their bytes are cut, and nothing else is taken for one."""

import contextlib

import pytest
from hypothesis import given
from hypothesis import strategies as st

from table_api.storage.direct.answers import (
    BODY_BYTES_MAX,
    HEAD_BYTES_MAX,
    Answer,
    AnswerReader,
    BadAnswer,
)

BODY = b"--batch\r\n\r\nHTTP/1.1 204 No Content\r\n\r\n\x00\xff0\r\n\r\n"
HEAD = b'HTTP/1.1 202 Accepted\r\nETag: W/"x"\r\nx-ms-version:2019-02-02 \r\n'


def fed(*parts: bytes, tunnel: bool = False) -> Answer | None:
    """What the reader gives for the last part; None for all before."""
    reader = AnswerReader(tunnel=tunnel)
    *before, last = parts
    assert [reader.feed(part) for part in before] == [None] * len(before)
    return reader.feed(last)


def chunked(body: bytes, sizes: list[int], trailer: bytes = b"") -> bytes:
    parts, at = [], 0
    for size in sizes:
        part, at = body[at : at + size], at + size
        if part:
            parts.append(b"%x;ext=1\r\n%s\r\n" % (len(part), part))
    if rest := body[at:]:
        parts.append(b"%X\r\n%s\r\n" % (len(rest), rest))
    return b"".join(parts) + b"0\r\n" + trailer + b"\r\n"


@given(
    st.binary(max_size=300),
    st.lists(st.integers(1, 40), max_size=5),
    st.lists(st.integers(0, 700), max_size=8),
    st.booleans(),
)
def test_an_answer_is_the_same_however_it_is_cut(
    body: bytes, sizes: list[int], cuts: list[int], in_chunks: bool
) -> None:
    if in_chunks:
        raw = HEAD + b"Transfer-Encoding: Chunked\r\n\r\n" + chunked(body, sizes, b"X-T: 1\r\n")
    else:
        raw = HEAD + b"Content-Length: %d\r\n\r\n" % len(body) + body
    at = sorted({cut % len(raw) for cut in cuts} - {0})
    parts = [raw[start:end] for start, end in zip([0, *at], [*at, len(raw)], strict=True)]
    answer = fed(*parts)
    assert answer is not None
    assert (answer.status, answer.body, answer.closes) == (202, body, False)
    assert answer.headers["etag"] == 'W/"x"'
    assert answer.headers["x-ms-version"] == "2019-02-02"


@given(st.binary(max_size=200))
def test_no_bytes_make_the_reader_fail_otherwise(data: bytes) -> None:
    for raw in (data, HEAD + data, HEAD + b"Transfer-Encoding: chunked\r\n\r\n" + data):
        with contextlib.suppress(BadAnswer):
            answer = fed(raw)
            assert answer is None or 200 <= answer.status < 1_000


@pytest.mark.parametrize(
    ("raw", "status", "closes"),
    [
        (b"HTTP/1.1 204 No Content\r\n\r\n", 204, False),
        (b"HTTP/1.1 304\r\nContent-Length: 9\r\n\r\n", 304, False),
        (b"HTTP/1.1 204 No\r\nConnection: Close\r\n\r\n", 204, True),
        (b"HTTP/1.0 204 No\r\n\r\n", 204, True),
        (b"HTTP/1.0 204 No\r\nConnection: keep-alive\r\n\r\n", 204, False),
        (b"HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 102 P\r\nA: b\r\n\r\nHTTP/1.1 204 N\r\n\r\n", 204,
         False),
    ],
)  # fmt: skip
def test_answers_without_a_body(raw: bytes, status: int, closes: bool) -> None:
    answer = fed(raw)
    assert answer is not None
    assert (answer.status, answer.body, answer.closes) == (status, b"", closes)


def test_a_header_that_comes_twice_has_both_values() -> None:
    answer = fed(b"HTTP/1.1 204 N\r\nWWW-Authenticate: A\r\nwww-authenticate: B\r\n\r\n")
    assert answer is not None
    assert answer.headers["www-authenticate"] == "A, B"


def test_a_tunnel_has_no_body_though_a_refusal_of_it_has() -> None:
    opened = fed(b"HTTP/1.1 200 Connection established\r\n\r\n", tunnel=True)
    assert opened is not None
    refused = fed(b"HTTP/1.1 407 Login\r\nContent-Length: 2\r\n\r\nno", tunnel=True)
    assert refused is not None
    assert (opened.status, refused.status, refused.body) == (200, 407, b"no")


@pytest.mark.parametrize(
    ("raw", "named"),
    [
        (b"SSH-2.0-OpenSSH_9.6\r\n\r\n", "begins with"),
        (b"HTTP/2 200\r\n\r\n", "begins with"),
        (b"HTTP/1.1 2000 OK\r\n\r\n", "begins with"),
        (b"HTTP/1.1 20x OK\r\n\r\n", "begins with"),
        (b"HTTP/1.1 200 OK\r\n\r\n", "length None"),
        (b"HTTP/1.1 200 OK\r\nContent-Length: -1\r\n\r\n", "length '-1'"),
        (b"HTTP/1.1 200 OK\r\nContent-Length: 1\r\nContent-Length: 2\r\n\r\n", "length '1, 2'"),
        (b"HTTP/1.1 200 OK\r\nContent-Length: %d\r\n\r\n" % (BODY_BYTES_MAX + 1), "is over"),
        (b"HTTP/1.1 200 OK\r\nTransfer-Encoding: gzip, chunked\r\n\r\n", "gzip"),
        (b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\nContent-Length: 1\r\n\r\n", "length"),
        (b"HTTP/1.1 200 OK\r\nContent-Length: 1\r\n\r\nab", "1 bytes follow"),
        (b"HTTP/1.1 200 OK\r\nno colon\r\n\r\n", "no name"),
        (b"HTTP/1.1 200 OK\r\nName : x\r\n\r\n", "no name"),
        (b"HTTP/1.1 200 OK\r\nA: b\r\n folded\r\n\r\n", "no name"),
        (b"HTTP/1.1 101 Switching\r\n\r\n", "length None"),
        (b"HTTP/1.1 200 " + b"x" * (HEAD_BYTES_MAX + 1), "its head has over"),
        (HEAD + b"Transfer-Encoding: chunked\r\n\r\nxyz\r\n", "size b'xyz'"),
        (HEAD + b"Transfer-Encoding: chunked\r\n\r\n-1\r\n", "size b'-1'"),
        (HEAD + b"Transfer-Encoding: chunked\r\n\r\n1\r\nabc", "does not end"),
        (HEAD + b"Transfer-Encoding: chunked\r\n\r\nfffffff\r\n", "is over"),
        (HEAD + b"Transfer-Encoding: chunked\r\n\r\n" + b"1" * 5_000, "no size"),
        (HEAD + b"Transfer-Encoding: chunked\r\n\r\n0\r\n\r\nmore", "4 bytes follow"),
        (HEAD + b"Transfer-Encoding: chunked\r\n\r\n0\r\n" + b"x" * 70_000, "trailers"),
    ],
)
def test_what_is_no_answer_is_refused_with_the_reason(raw: bytes, named: str) -> None:
    with pytest.raises(BadAnswer, match=named):
        fed(raw)
