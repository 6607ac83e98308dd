"""Keys of table `opencalls`: they are spelled here alone."""

import hashlib
from collections.abc import Iterable, Iterator
from datetime import UTC, datetime, timedelta
from functools import lru_cache

from table_api.storage.keys import KeyRange, encode_part, starting_with

OPEN_CALLS_TABLE = "opencalls"
CALL_PARTITIONS = 16
"""Partitions of calls, by a hash of the id: never changed once there is a table. At 2,000 rows a
second each they take more than an account does; with more, transactions would be emptier."""
HOUR_SHARDS = 4
"""Partitions of one hour's index."""
HOUR = timedelta(hours=1)
SAME_CALL_MAX = timedelta(minutes=30)
"""How far the times that different facts give one call may lie apart for the index to join them:
they are the beginning of one request, by clocks of the gateway."""
HOURS = "a|"
"""What every partition of the index starts with; it sorts before those of the calls."""
PACKED = "|p"
"""What the partition of an hour's packed facts ends with: after those of its index."""
RESPONSE = "response:"
"""What the key of a background answer begins with, among the ids of calls."""
HASHES_MAX = 4_096
"""The rows of a call are written one after another: its id is hashed once."""
SWEEP = ("0", "swept")
"""Partition and row of where the sweeper is."""
UNSETTLED = "unsettled|"
"""What the rows of calls that could not be settled begin with, in the sweeper's partition."""
UNSETTLED_ROWS = starting_with(UNSETTLED)


def call_partition(call_id: str) -> str:
    """All rows about one call."""
    return f"c|{_hash(call_id) % CALL_PARTITIONS:02d}"


def call_rows(call_id: str) -> KeyRange:
    """Facts, decisions and done marks of one call."""
    return starting_with(f"{encode_part(call_id)}|")


def is_reported(row_key: str) -> bool:
    """Whether a row, or its copy in the index, is the fact that a UsageEvent arrived."""
    return "|f|reported|" in row_key


def response_key(response_id: str) -> str:
    """What the rows of a background answer are kept under, in place of a call's id. Also the id of
    a call whose request nobody reported.
    """
    digest = hashlib.sha256(response_id.encode("utf-8", "surrogatepass")).hexdigest()
    return f"{RESPONSE}{digest[:32]}"


def is_response_key(call_id: str) -> bool:
    """Whether rows are those of a background answer and of no call."""
    return call_id.startswith(RESPONSE)


def fact_key(call_id: str, name: str) -> str:
    """`name` is facts.fact_name: kind and hash."""
    return f"{encode_part(call_id)}|f|{name}"


def decision_key(call_id: str, number: int) -> str:
    """The row whose creation is the decision."""
    return f"{encode_part(call_id)}|x|{number:04d}"


def done_key(call_id: str, number: int) -> str:
    """The mark that a decision was published."""
    return f"{encode_part(call_id)}|y|{number:04d}"


def done_number(row_key: str) -> int | None:
    """The decision's number, of a done mark; None of any other row."""
    parts = row_key.split("|")
    return int(parts[2]) if len(parts) == 3 and parts[1] == "y" else None


def unsettled_key(call_id: str) -> str:
    """The row, in the sweeper's partition, of a call that could not be settled."""
    return f"{UNSETTLED}{encode_part(call_id)}"


def hour_partition(time: datetime, call_id: str) -> str:
    """The index partition of a call at a time."""
    at = time.astimezone(UTC)
    hour = f"{at.year:04}{at.month:02}{at.day:02}{at.hour:02}"
    return f"{HOURS}{hour}|{_hash(call_id) % HOUR_SHARDS}"


def hour_key(time: datetime, row_key: str) -> str:
    """A row of a call as its copy in the index spells it: in order of time within the hour."""
    at = time.astimezone(UTC)
    return f"{at.minute:02}{at.second:02}{at.microsecond:06}|{row_key}"


def second_of_hour(key: str) -> int:
    """The time that a key of the index begins with; of an open end that of the hour's."""
    if not key[:4].isdecimal():
        return 3_600 if key else 0
    return int(key[:2]) * 60 + int(key[2:4])


def hour_ranges(start: datetime, stop: datetime) -> Iterator[tuple[list[str], KeyRange]]:
    """The partitions of each hour that [start, stop) touches, and the keys in them."""
    for hour in hours_between(start, stop):
        low = f"{start.astimezone(UTC):%M%S%f}" if hour <= start else ""
        high = f"{stop.astimezone(UTC):%M%S%f}" if stop < hour + HOUR else "~"
        shards = [f"{HOURS}{hour:%Y%m%d%H}|{shard}" for shard in range(HOUR_SHARDS)]
        yield shards, KeyRange(low, high)


def hours_between(start: datetime, stop: datetime) -> Iterator[datetime]:
    """Every hour that [start, stop) touches."""
    hour = hour_start(start)
    while hour < stop:
        yield hour
        hour += HOUR


def packed_partition(hour: datetime) -> str:
    """The partition of an hour's packed facts; it is purged with the hour's index."""
    return f"{HOURS}{hour:%Y%m%d%H}{PACKED}"


def is_packed(partition: str) -> bool:
    """Whether a partition has packed facts."""
    return partition.startswith(HOURS) and partition.endswith(PACKED)


def hour_start(time: datetime) -> datetime:
    """The hour of a time, in UTC."""
    return time.astimezone(UTC).replace(minute=0, second=0, microsecond=0)


def spans_about(times: Iterable[datetime]) -> list[tuple[datetime, datetime]]:
    """Spans that hold SAME_CALL_MAX around every one of the times, and little else."""
    spans: list[tuple[datetime, datetime]] = []
    for time in sorted(times):
        if spans and time - SAME_CALL_MAX <= spans[-1][1]:
            spans[-1] = (spans[-1][0], time + SAME_CALL_MAX)
        else:
            spans.append((time - SAME_CALL_MAX, time + SAME_CALL_MAX))
    return spans


def hours_about(times: Iterable[datetime]) -> list[datetime]:
    """Every hour that is within SAME_CALL_MAX, half an hour, of one of the times."""
    hours = set()
    halves = {(hour_start(time), time.astimezone(UTC).minute >= 30) for time in times}
    for hour, is_late in halves:
        hours |= {hour, hour + HOUR if is_late else hour - HOUR}
    return sorted(hours)


def hour_of(partition: str) -> datetime | None:
    """The hour of an index partition; None of any other."""
    if not partition.startswith(HOURS):
        return None
    return datetime.strptime(partition.split("|")[1], "%Y%m%d%H").replace(tzinfo=UTC)


def hour_blob(partition: str) -> str:
    """Name of the blob that an index partition leaves: `2026112009/3`."""
    _, hour, shard = partition.split("|")
    return f"{hour}/{shard}"


def hour_blobs(call_id: str, time: datetime) -> list[str]:
    """Names of those that may have a call of about this time."""
    times = (time, time - SAME_CALL_MAX, time + SAME_CALL_MAX)
    indexed = [hour_partition(each, call_id) for each in times]
    # Packed facts last: of a call that has facts of its own too, its index knows more.
    packed = [packed_partition(hour_start(each)) for each in times]
    return list(dict.fromkeys(hour_blob(each) for each in (*indexed, *packed)))


LATE = "posted-"
"""What the name of a blob begins with, within its hour, that a replay or a redrive has left."""


def late_blob(hour: datetime, digest: str) -> str:
    """Name of the blob of some calls that were posted after their hour was purged."""
    return f"{late_blobs(hour)}{digest}"


def late_blobs(hour: datetime) -> str:
    """What the names of an hour's such blobs begin with."""
    return f"{hour:%Y%m%d%H}/{LATE}"


def is_late_blob(name: str) -> bool:
    """Whether a blob is not of a purge."""
    return name.partition("/")[2].startswith(LATE)


def hour_of_blob(name: str) -> datetime:
    """The hour that a blob is of."""
    return datetime.strptime(name.partition("/")[0], "%Y%m%d%H").replace(tzinfo=UTC)


@lru_cache(maxsize=HASHES_MAX)
def _hash(call_id: str) -> int:
    return int.from_bytes(hashlib.sha256(call_id.encode("utf-8", "surrogatepass")).digest()[:8])
