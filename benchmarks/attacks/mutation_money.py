"""What a ledger and its documents say that anybody owes, read from rows and bytes.

Imports no product: two states say the same money when what this reads of them is equal.
"""

import csv
import io
import json
from collections import Counter
from typing import Any

from benchmarks.attacks.mutation_operators import Blobs, Rows

LAYERS = ("list", "contracted", "charge", "billed")
COUNTS = ("calls", "errors", "unpriced", "no_usage")
Money = dict[str, Counter[tuple[str, ...]]]
"""By what says it (calls, cells, monthly, each document): amounts by what they are for."""


def money_of(rows: Rows, blobs: Blobs) -> Money:
    """Everything. A number that nobody can read counts as another number."""
    return {
        "calls": _of_calls(rows),
        "cells": _of_cells(rows),
        "monthly": _of_monthly(rows),
        **{name: _of_document(name, content) for name, content in blobs.items()},
    }


def differences(before: Money, after: Money) -> list[str]:
    """What says other money."""
    return [
        name
        for name in sorted({*before, *after})
        if _without_zeros(before.get(name)) != _without_zeros(after.get(name))
    ]


def _of_calls(rows: Rows) -> Counter[tuple[str, ...]]:
    """The last row of each chain, by partition, subject and day of its key."""
    last: dict[tuple[str, str], tuple[str, dict[str, Any]]] = {}
    for (table, partition, row_key), columns in rows.items():
        if table == "ledger" and row_key.startswith("c|"):
            chain = (partition, "|".join(row_key.split("|")[:5]))
            if chain not in last or row_key > last[chain][0]:
                last[chain] = (row_key, columns)
    return _summed((*chain, columns) for chain, (_, columns) in last.items())


def _of_cells(rows: Rows) -> Counter[tuple[str, ...]]:
    return _summed(
        (partition, row_key, columns)
        for (table, partition, row_key), columns in rows.items()
        if table == "ledger" and row_key.startswith("d|")
    )


def _summed(found: Any) -> Counter[tuple[str, ...]]:
    total: Counter[tuple[str, ...]] = Counter()
    for partition, key, columns in found:
        place = (partition, *key.split("|")[1:3])
        for name, value in columns.items():
            if name in COUNTS or name.startswith("q_") or name.partition("_")[0] in LAYERS:
                total[*place, name] += number(value)
    return total


def _of_monthly(rows: Rows) -> Counter[tuple[str, ...]]:
    """Amounts by their position in a day's text, for whom and for which model the lists show."""
    total: Counter[tuple[str, ...]] = Counter()
    for (table, month, _), columns in rows.items():
        if table != "monthly":
            continue
        who = (month, str(columns.get("subject")), str(columns.get("model")))
        for name, value in columns.items():
            if name == "total" or (name[0] == "d" and name[1:].isdigit()):
                for position, text in enumerate(str(value).split(",")):
                    total[*who, name, str(position)] += number(text or 0)
    return total


def _of_document(name: str, content: bytes) -> Counter[tuple[str, ...]]:
    total: Counter[tuple[str, ...]] = Counter()
    if name.endswith(".json"):
        try:
            _add_leaves(json.loads(content), (), total)
        except ValueError:
            total["unreadable",] += 1
    elif name.endswith(".csv"):
        text = io.StringIO(content.decode("utf-8-sig", "replace"), newline="")
        for row in csv.reader(text):
            total[tuple(row)] += 1
    else:
        total["bytes", str(hash(content))] += 1
    return total


def _add_leaves(node: Any, path: tuple[str, ...], total: Counter[tuple[str, ...]]) -> None:
    """Each leaf with its path: a document is evidence as a whole."""
    if isinstance(node, dict):
        for name, value in node.items():
            _add_leaves(value, (*path, name), total)
    elif isinstance(node, list):
        for index, value in enumerate(node):
            _add_leaves(value, (*path, str(index)), total)
    else:
        total[*path, repr(node)] += 1


def number(value: Any) -> int:
    """As a lenient reader takes it; a text that is no number is one that no sum has."""
    try:
        return int(str(value).strip())
    except ValueError:
        return 7_777_777_777_777_777 + len(str(value))


def _without_zeros(amounts: Counter[tuple[str, ...]] | None) -> dict[tuple[str, ...], int]:
    return {place: amount for place, amount in (amounts or {}).items() if amount}
