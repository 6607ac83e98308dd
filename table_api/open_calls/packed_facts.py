"""Facts that a replay brought of calls long decided: many in one row, next to the hour's index.

A fact of its own takes two rows. Nobody waits for these facts, and nobody reads most of them: they
are kept so that a half that comes still later finds them. They are as good as any other fact.
"""

import base64
import hashlib
import zlib
from collections import defaultdict
from collections.abc import AsyncIterator, Collection, Iterable, Iterator, Mapping, Sequence
from datetime import datetime, timedelta

import msgspec

from pricing_rules.types import CountedAt
from table_api.open_calls.facts import Fact
from table_api.open_calls.joined_call import join_facts
from table_api.open_calls.keys import OPEN_CALLS_TABLE, hour_start, hours_about, packed_partition
from table_api.open_calls.summed_hours import SummedHours
from table_api.storage.keys import EVERY_ROW
from table_api.storage.named_rows import UNREADABLE
from table_api.storage.parallel import chunks
from table_api.storage.table_storage import Row, TableStorage, Upsert
from telemetry.log import Log

PACKED_AFTER = timedelta(hours=2)
"""Facts of later calls are kept in rows of their own: halves of them are still on their way."""
OLD_AFTER = timedelta(hours=1)
"""Of calls older than this some facts may be packed: less than PACKED_AFTER, since the clocks of
two machines differ."""
FACTS_PER_ROW = 100
CHARS_MAX = 30_000
"""Of one column; the service takes 32,768."""
ROWS_AT_ONCE_MAX = 50
"""In one transaction: 3 MB at most, of the 3.5 MB that one takes."""
NAME_CHARS = 32
FAST = 1
"""Level of compression: ten times smaller already, at about 1 µs a fact."""
_log = Log("table_api")
_Packed = list[tuple[str, Fact]]
_ENCODER = msgspec.json.Encoder()
_DECODER = msgspec.json.Decoder(_Packed)
_IDS_DECODER = msgspec.json.Decoder(list[str])


class PackedFacts:
    """Writes and searches them. Every method may raise Unavailable. Retrying is safe."""

    def __init__(self, storage: TableStorage) -> None:
        self._storage = storage
        self._summed = SummedHours(storage)

    async def add(self, facts: Iterable[tuple[str, Fact]]) -> set[str]:
        """Keep facts by call id; names of their rows. The same facts again are the same rows."""
        by_hour: dict[datetime, _Packed] = defaultdict(list)
        for call_id, fact in facts:
            by_hour[hour_start(fact.time)].append((call_id, fact))
        names: set[str] = set()
        for hour, of_hour in by_hour.items():
            rows = [row for part in chunks(of_hour, FACTS_PER_ROW) for row in _rows(part)]
            for some in chunks(rows, ROWS_AT_ONCE_MAX):
                await self._storage.transact(OPEN_CALLS_TABLE, packed_partition(hour), some)
            names.update(row.row_key for row in rows)
        times = [fact.time for of_hour in by_hour.values() for _, fact in of_hour]
        await self._summed.mark(hours_about(times))
        return names

    async def find(
        self, times: Mapping[str, datetime], *, but: Collection[str] = ()
    ) -> dict[str, list[Fact]]:
        """The packed facts of calls, by id with a time that may be wrong by SAME_CALL_MAX.

        Rows named in `but` are left out.
        """
        found: dict[str, list[Fact]] = {}
        for hour in hours_about(times.values()):
            partition = packed_partition(hour)
            async for name, ids in self._ids(partition):
                if name in but or times.keys().isdisjoint(ids):
                    continue
                row = await self._storage.get(OPEN_CALLS_TABLE, partition, name)
                for call_id, fact in [] if row is None else packed_in(row):
                    if call_id in times:
                        found.setdefault(call_id, []).append(fact)
        return found

    async def of_hours(self, hours: Iterable[datetime]) -> dict[str, list[Fact]]:
        """All packed facts of these hours, by call id."""
        found: dict[str, list[Fact]] = {}
        for hour in hours:
            pages = self._storage.query(OPEN_CALLS_TABLE, packed_partition(hour), EVERY_ROW)
            async for page in pages:
                for call_id, fact in _readable(page):
                    found.setdefault(call_id, []).append(fact)
        return found

    async def _ids(self, partition: str) -> AsyncIterator[tuple[str, list[str]]]:
        pages = self._storage.query(
            OPEN_CALLS_TABLE, partition, EVERY_ROW, select=("RowKey", "call_ids")
        )
        async for page in pages:
            for row in page:
                yield str(row["RowKey"]), await self._ids_of(partition, row)

    async def _ids_of(self, partition: str, row: Row) -> list[str]:
        """Where the list of them is damaged, the facts say whose they are: no other call is to wait
        for this row to be mended.
        """
        try:
            return _IDS_DECODER.decode(str(row["call_ids"]))
        except UNREADABLE:
            whole = await self._storage.get(OPEN_CALLS_TABLE, partition, str(row["RowKey"]))
            return [] if whole is None else [call_id for call_id, _ in packed_in(whole)]


def packed_in(row: Row) -> list[tuple[str, Fact]]:
    """What a row holds. Raises ValueError on a damaged one."""
    try:
        return _DECODER.decode(zlib.decompress(base64.b64decode(str(row["facts"]))))
    except (msgspec.DecodeError, zlib.error, ValueError, KeyError) as error:
        where = f"{row.get('PartitionKey')}/{row.get('RowKey')}"
        raise ValueError(f"packed facts {where} cannot be read: {error}") from error


def packed_places(rows: Iterable[Row]) -> dict[str, CountedAt]:
    """Where the calls in these rows are counted, as far as these facts say."""
    facts: dict[str, list[Fact]] = {}
    for call_id, fact in _readable(rows):
        facts.setdefault(call_id, []).append(fact)
    return {
        call_id: joined.metered_at[0]
        for call_id, of_call in facts.items()
        if (joined := join_facts(call_id, of_call)) is not None and joined.metered
    }


def _readable(rows: Iterable[Row]) -> Iterator[tuple[str, Fact]]:
    """A damaged row is logged and left out: it keeps no report and no purge from the others."""
    for row in rows:
        try:
            yield from packed_in(row)
        except ValueError as error:
            _log.error("open_call_unreadable", str(error))


def _rows(facts: Sequence[tuple[str, Fact]]) -> Iterator[Upsert]:
    """One row, or more where they are too long for one."""
    columns = {
        "call_ids": _ENCODER.encode([call_id for call_id, _ in facts]).decode(),
        "facts": base64.b64encode(zlib.compress(_ENCODER.encode(facts), FAST)).decode(),
    }
    if len(facts) > 1 and max(map(len, columns.values())) > CHARS_MAX:
        middle = len(facts) // 2
        yield from _rows(facts[:middle])
        yield from _rows(facts[middle:])
        return
    name = hashlib.sha256("|".join(columns.values()).encode()).hexdigest()[:NAME_CHARS]
    yield Upsert(name, columns)
