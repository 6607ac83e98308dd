"""One caller's requests are bounded, and nobody else's."""

from table_api.http_api.access.request_limit import CALLERS_MAX, RequestLimit


def test_a_caller_waits_for_the_next_request_and_nobody_else_does() -> None:
    now = [0]
    limit = RequestLimit(60, clock_ms=lambda: now[0])
    assert [limit.wait_s("ann") for _ in range(60)] == [0] * 60
    assert limit.wait_s("ann") == 1
    assert limit.wait_s("bob") == 0
    now[0] = 999
    assert limit.wait_s("ann") == 1
    now[0] = 1_000
    assert (limit.wait_s("ann"), limit.wait_s("ann")) == (0, 1)
    now[0] = 10**9
    assert [limit.wait_s("ann") for _ in range(61)] == [0] * 60 + [1]


def test_the_wait_is_that_of_the_rate() -> None:
    limit = RequestLimit(1, clock_ms=lambda: 0)
    assert (limit.wait_s("ann"), limit.wait_s("ann")) == (0, 60)


def test_memory_is_bounded() -> None:
    limit = RequestLimit(1, clock_ms=lambda: 0)
    for number in range(CALLERS_MAX + 5):
        limit.wait_s(str(number))
    assert len(limit._buckets) == CALLERS_MAX
