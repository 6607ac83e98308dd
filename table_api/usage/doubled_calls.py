"""Calls that the ledger counts in two places or more, as the audit finds them, with what they cost.

Reads only. Memory: about 0.4 KB a call.
"""

from dataclasses import dataclass

from table_api.ledger.entries import LedgerEntry, read_entry
from table_api.ledger.keys import CALL_ROWS, LEDGER_TABLE, CallAddress, chain_range
from table_api.storage.table_storage import TableStorage


@dataclass(frozen=True, slots=True)
class DoubledCall:
    """One id and the last row of each chain that counts it, in the order of their addresses."""

    call_id: str
    places: tuple[LedgerEntry, ...]


async def doubled_calls(storage: TableStorage) -> list[DoubledCall]:
    """All of the ledger, by call id. Raises Unavailable; retrying is safe."""
    first: dict[str, CallAddress] = {}
    more: dict[str, set[CallAddress]] = {}
    async for partition in storage.partitions(LEDGER_TABLE):
        async for page in storage.query(
            LEDGER_TABLE, partition, CALL_ROWS, select=["RowKey", "call_id"]
        ):
            for row in page:
                address = CallAddress(partition, "|".join(str(row["RowKey"]).split("|")[:5]))
                other = first.setdefault(str(row["call_id"]), address)
                if other != address:
                    more.setdefault(str(row["call_id"]), {other}).add(address)
    found = []
    for call_id, addresses in sorted(more.items()):
        # A call that was moved has a chain in each place: only the last row says where it counts.
        rows = [await last_row(storage, address) for address in sorted(addresses)]
        places = tuple(row for row in rows if row is not None and row.cell is not None)
        if len(places) > 1:
            found.append(DoubledCall(call_id, places))
    return found


async def last_row(storage: TableStorage, address: CallAddress) -> LedgerEntry | None:
    """The last row of a chain, None where there is none."""
    last = None
    keys = chain_range(address.entry_key)
    async for page in storage.query(LEDGER_TABLE, address.partition, keys):
        for row in page:
            entry = read_entry(row)
            if entry.entry_key == address.entry_key:
                last = entry
    return last
