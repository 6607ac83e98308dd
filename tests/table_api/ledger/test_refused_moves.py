"""A move whose new row storage refuses: the call goes on to count where it stands."""

from collections.abc import Sequence

from pricing_rules.types import UNATTRIBUTED, CountedAt
from table_api.audit.ledger_audit import audit
from table_api.errors import Rejected
from table_api.ledger.post_result import Outcome
from table_api.storage.memory_tables import MemoryTableStorage
from table_api.storage.table_storage import Operation
from tests.fixtures.builders import call_id
from tests.fixtures.calls import NOW, PrefixedStorage, make_call, open_ledger


class Refusing(PrefixedStorage):
    """Takes no call of this subject."""

    def __init__(self, storage: MemoryTableStorage, subject: str) -> None:
        super().__init__(storage, "")
        self._refused = f"|{subject}|"

    async def transact(
        self, table: str, partition_key: str, operations: Sequence[Operation]
    ) -> list[str]:
        if any(self._refused in operation.row_key for operation in operations):
            raise Rejected("HTTP 400 (InvalidInput)")
        return await super().transact(table, partition_key, operations)


async def test_a_refused_move_takes_nothing_out(memory: MemoryTableStorage) -> None:
    ledger = await open_ledger(Refusing(memory, "alice"))
    first = make_call(1, subject=UNATTRIBUTED, id=call_id(1))
    await ledger.post([first])
    before = await audit(memory, now=NOW)
    place = CountedAt(UNATTRIBUTED, first.priced.event.time)
    moved = make_call(2, subject="alice", id=call_id(1), replaces=place)
    other = make_call(3, subject="bob", id=call_id(3))
    results = await ledger.post([moved, other])
    assert [each.outcome for each in results] == [Outcome.REFUSED, Outcome.POSTED]
    after = await audit(memory, now=NOW)
    assert after.ok, after.render()
    assert (before.calls, after.calls) == (1, 2)
    assert after.charge == 2 * before.charge != 0
    taken = await (await open_ledger(memory)).post([moved])
    assert [each.outcome for each in taken] == [Outcome.POSTED]
    assert (await audit(memory, now=NOW)).calls == 2
