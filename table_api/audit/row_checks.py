"""What a row of the ledger says beside its sums: it must agree with its key and with itself.

Every check here holds for each row alone, so none is disturbed by what is written meanwhile.
"""

import hashlib
from collections.abc import Iterator

from table_api.storage.keys import encode_part
from table_api.storage.table_storage import Row

_LINE = ("deployment", "region", "service_tier", "product", "subscription", "base_rule", "tier")
_MOVED = 9
_RANKS = (0, 1, 2, _MOVED)
_COUNTED_STATES = ("unpriced", "no_usage")


def cell_faults(partition: str, row: Row) -> Iterator[str]:
    """What a cell's own columns say against its key."""
    key = str(row["RowKey"])
    if _cell_of(row, str(row["model"])) != key:
        yield "names a subject, day, model or line that is not its key's"
    yield from _day_faults(partition, key, row)


def call_faults(partition: str, row: Row) -> Iterator[str]:
    """What a call's row says against its key, its cell and its own counts."""
    key = str(row["RowKey"])
    stamp = str(row["time"]).replace("-", "").replace(":", "")
    own = [encode_part(str(row["subject"])), stamp, encode_part(str(row["call_id"]))]
    _, subject, _, *instant_and_id = key.split("|")[:5]
    if own != [subject, *instant_and_id]:
        yield "names a subject, time or call id that is not its key's"
    yield from _day_faults(partition, key, row)
    if "cell" in row:
        names = (row.get("model"), row.get("reported_model"), row.get("deployment"), "unknown")
        if _cell_of(row, next(str(name) for name in names if name)) != row["cell"]:
            yield f"names a model or line that is not that of its cell {row['cell']}"
    yield from _count_faults(row)


def _count_faults(row: Row) -> Iterator[str]:
    """A row's counts follow from its state, status and rank, its tokens are its quantities."""
    state, rank, moved = row["state"], int(row["rank"]), row["state"] == "moved"
    quantities = (value for name, value in row.items() if name.startswith("q_"))
    # A price per call counts calls, and nobody reports those.
    tokens = sum(map(int, quantities)) - int(row.get("q_request", 0))
    if int(row["tokens"]) != tokens:
        yield f"states tokens = {row['tokens']}, its quantities add to {tokens}"
    if rank not in _RANKS or (rank == _MOVED) != moved or (rank == 0 and tokens):
        yield f"states rank = {rank}, which no {state} call with {tokens} tokens has"
    failed = int(row["status"]) >= 400 and not moved
    if int(row.get("errors", 0)) != failed:
        yield f"states errors = {row.get('errors', 0)} with status {row['status']}"
    for name in _COUNTED_STATES:
        if int(row.get(name, 0)) != (state == name):
            yield f"states {name} = {row.get(name, 0)} in state {state}"
    excluding = int(row.get("excluding", 0))
    if excluding and (excluding != 1 or state != "priced" or "excludes" not in row):
        yield f"states excluding = {excluding} in state {state}, excludes {row.get('excludes')}"


def _day_faults(partition: str, key: str, row: Row) -> Iterator[str]:
    month, day = partition.split("|", maxsplit=1)[0], key.split("|")[2]
    if row["day"] != f"{month[:4]}-{month[4:]}-{day}":
        yield f"states day = {row['day']}, which is not its key's"


def _cell_of(row: Row, model: str) -> str:
    """The key of the cell that these facts belong to."""
    line = "\x1f".join(str(row.get(name, "")) for name in _LINE)
    digest = hashlib.sha256(line.encode("utf-8", "surrogatepass")).hexdigest()[:12]
    day = str(row["RowKey"]).split("|")[2]
    return f"d|{encode_part(str(row['subject']))}|{day}|{encode_part(model)}|{digest}"
