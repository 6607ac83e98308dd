"""What a row of the ledger says beside its sums: it must agree with its key and with itself.

Every check here holds for each row alone, so none is disturbed by what is written meanwhile.
"""

import hashlib
import json
from collections.abc import Iterator
from datetime import datetime

from table_api.storage.keys import encode_part
from table_api.storage.table_storage import Row

_LINE = ("deployment", "region", "service_tier", "product", "subscription", "base_rule", "tier")
_PENDING, _NO_USAGE, _GATEWAY_LOG, _MODEL_USAGE, _MOVED = -1, 0, 1, 2, 9
_COUNTED_STATES = ("unpriced", "no_usage", "pending")
_STATES = ("priced", "zero", "unpriced", "no_usage", "pending", "moved")
_LOGGED = "gateway-llm-log"
"""Among the halves of a call whose usage is from the gateway's log."""
_OPERATIONS = (
    "chat-completions", "completions", "responses", "embeddings", "images",
    "audio-transcriptions", "audio-speech", "messages",
)  # fmt: skip
_OF_PRICES = ("q_request", "q_router_input")
_NUMBERS = ("sequence_number", "status", "tokens", "tier", "duration_ms", "reasoning")
_AMOUNTS = ("list", "contracted", "charge", "billed")
_BEFORE_CHARGE = ("list", "contracted")


def cell_faults(partition: str, row: Row) -> Iterator[str]:
    """What a cell's own columns say against its key."""
    key = str(row["RowKey"])
    if _cell_of(row, str(row["model"])) != key:
        yield "names a subject, day, model or line that is not its key's"
    yield from _day_faults(partition, key, row)


def call_faults(partition: str, row: Row) -> Iterator[str]:
    """What a call's row says against its key, its cell, its report and its own counts."""
    key = str(row["RowKey"])
    stamp = str(row["time"]).replace("-", "").replace(":", "")
    own = [encode_part(str(row["subject"])), stamp, encode_part(str(row["call_id"]))]
    _, subject, _, *instant_and_id = key.split("|")[:5]
    if own != [subject, *instant_and_id]:
        yield "names a subject, time or call id that is not its key's"
    yield from _day_faults(partition, key, row)
    if "cell" in row and row["cell"] not in list(_cells_of(row)):
        yield f"names a model or line that is not that of its cell {row['cell']}"
    yield from _kind_faults(row)
    if ("replaced_time" in row) != ("replaced_subject" in row):
        yield "names half of an address that it replaces"
    yield from _count_faults(row)
    yield from _report_faults(row)


def _kind_faults(row: Row) -> Iterator[str]:
    """Columns that no sum and no key depends on, and that readers take for what they are."""
    for name in ("time", "recorded_at", "enqueued_time", "replaced_time"):
        if name in row or name != "replaced_time":
            datetime.fromisoformat(str(row[name]))  # or the row cannot be read
    for name in _NUMBERS:
        if name in row and int(row[name]) < 0:
            yield f"states {name} = {row[name]}"
    if not isinstance(row["stream"], bool) or row["operation"] not in _OPERATIONS:
        yield f"states stream = {row['stream']!r} of operation {row['operation']!r}"
    for _rule, layer, _factor, delta in json.loads(str(row.get("adjustments", "[]"))):
        if layer not in _AMOUNTS:
            yield f"states an adjustment of {layer!r} by {int(delta)}"


def _count_faults(row: Row) -> Iterator[str]:
    """A row's counts follow from its state, status and rank, its tokens are its quantities."""
    state, moved = row["state"], row["state"] == "moved"
    quantities = {name: int(value) for name, value in row.items() if name.startswith("q_")}
    # Prices per call and of a router count what nobody reports, or what stands in other units.
    tokens = sum(quantities.values()) - sum(quantities.get(name, 0) for name in _OF_PRICES)
    if int(row["tokens"]) != tokens:
        yield f"states tokens = {row['tokens']}, its quantities add to {tokens}"
    failed = int(row["status"]) >= 400 and not moved
    if int(row.get("errors", 0)) != failed:
        yield f"states errors = {row.get('errors', 0)} with status {row['status']}"
    yield from _state_faults(row, state, failed=failed)
    excluding = int(row.get("excluding", 0))
    if excluding and (excluding != 1 or state != "priced" or "excludes" not in row):
        yield f"states excluding = {excluding} in state {state}, excludes {row.get('excludes')}"
    for name, value in row.items():
        layer, _, unit = name.partition("_")
        if layer not in _AMOUNTS or not _is_amount(value):
            continue
        if not (state == "priced" or (_is_free(row) and layer in _BEFORE_CHARGE)):
            yield f"states {name} = {value} in state {state}"
        elif unit and not quantities.get(f"q_{unit}"):
            yield f"states {name} = {value} without a quantity"


def _state_faults(row: Row, state: object, *, failed: bool) -> Iterator[str]:
    """The state is counted under its name. Rows of earlier releases do not count `failed`."""
    for name in _COUNTED_STATES:
        if int(row.get(name, 0)) != (state == name):
            yield f"states {name} = {row.get(name, 0)} in state {state}"
    if int(row.get("failed", 0)) not in {0, int(failed and state == "no_usage")}:
        yield f"states failed = {row['failed']} in state {state} with status {row['status']}"


def _is_free(row: Row) -> bool:
    """Whether a zero rule took the charge away. Rows of earlier releases do not say from what."""
    return row["state"] == "zero" and "adjustments" in row


def _is_amount(value: object) -> bool:
    return int(str(value)) != 0


def _report_faults(row: Row) -> Iterator[str]:
    """The state follows from the report: its rank, tokens, halves and fingerprint are of one."""
    state, rank, tokens = str(row["state"]), int(row["rank"]), int(row["tokens"])
    if state not in _STATES or rank not in _ranks_of(state, row, tokens):
        yield f"states rank = {rank}, which no {state} call with {tokens} tokens has"
    from_log = _LOGGED in str(row.get("completed_from", "")).split(",")
    heard = "completed_from" in row and "q_audio_ms" in row  # by the policy's trace
    if (rank == _GATEWAY_LOG and not (from_log or heard)) or (rank == _MODEL_USAGE and from_log):
        yield f"states rank = {rank}, and its usage is {'' if from_log else 'not '}from the log"
    if row["fingerprint"] != _fingerprint(row):
        yield "states a status, deployment, model or counts that its report did not have"


def _ranks_of(state: str, row: Row, tokens: int) -> tuple[int, ...]:
    """The ranks that a report of such a call may have."""
    reported = (_GATEWAY_LOG, _MODEL_USAGE)
    reason = str(row.get("reason", ""))
    match state:
        case "moved":
            return (_MOVED,)
        case "pending":
            return () if tokens else (_PENDING,)
        case "no_usage" if "nobody reported usage" in reason:
            return () if tokens else (_NO_USAGE,)
        case "no_usage" if "without a completion" in reason:
            return (_GATEWAY_LOG,)
        case "no_usage":
            return () if tokens else reported
        case "zero" if reason == "answered from the gateway's cache":
            return reported if tokens else (_NO_USAGE, *reported)
        case "zero" if reason.startswith("refused with "):
            return () if tokens else (_NO_USAGE,)
        case "priced" if not tokens and not int(row.get("q_request", 0)):
            return ()
    return reported


def _fingerprint(row: Row) -> str:
    """The digest of what the report said, from the columns that keep it."""
    counts = {
        name.removeprefix("q_"): int(value)
        for name, value in row.items()
        if name.startswith("q_") and name not in _OF_PRICES
    }
    # Reasoning is a part of the output that was reported; a rule may price it apart.
    if reasoning := counts.pop("reasoning", 0):
        counts["output"] = counts.get("output", 0) + reasoning
    counted = ",".join(f"{unit}={counts[unit]}" for unit in sorted(counts))
    said = f"{row['status']}|{row.get('deployment')}|{row.get('reported_model')}|{counted}"
    return hashlib.sha256(said.encode("utf-8", "surrogatepass")).hexdigest()[:12]


def _day_faults(partition: str, key: str, row: Row) -> Iterator[str]:
    month, day = partition.split("|", maxsplit=1)[0], key.split("|")[2]
    if row["day"] != f"{month[:4]}-{month[4:]}-{day}":
        yield f"states day = {row['day']}, which is not its key's"


def _cells_of(row: Row) -> Iterator[str]:
    """The key of the cell that a call counts in. One without tokens and charge, whose deployment no
    alias names, counts without the name, and in rows of earlier releases with it.
    """
    names = (row.get("model"), row.get("reported_model"), row.get("deployment"), "unknown")
    yield _cell_of(row, next(str(name) for name in names if name))
    counts_nothing = row["state"] in ("zero", "no_usage") and not int(row["tokens"])
    if counts_nothing and not row.get("model"):
        yield _cell_of({**row, "deployment": ""}, "unknown")


def _cell_of(row: Row, model: str) -> str:
    """The key of the cell that these facts belong to."""
    line = "\x1f".join(str(row.get(name, "")) for name in _LINE)
    digest = hashlib.sha256(line.encode("utf-8", "surrogatepass")).hexdigest()[:12]
    day = str(row["RowKey"]).split("|")[2]
    return f"d|{encode_part(str(row['subject']))}|{day}|{encode_part(model)}|{digest}"
