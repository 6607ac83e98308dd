"""Single mutations of a ledger and its documents, as a hand in the storage makes them.

Imports no product: it knows rows as columns by name and documents as bytes.
"""

import json
import random
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

Key = tuple[str, str, str]
"""Table, PartitionKey, RowKey."""
Columns = dict[str, Any]
Rows = Mapping[Key, Columns]
Blobs = Mapping[str, bytes]


@dataclass(frozen=True, slots=True, kw_only=True)
class Mutation:
    """One change. What is None is gone after it."""

    target: str
    """What was changed: see TARGETS."""
    operator: str
    where: str
    column: str
    """`-` where a whole row or file was changed."""
    rows: Mapping[Key, Columns | None] = field(default_factory=dict)
    blobs: Mapping[str, bytes | None] = field(default_factory=dict)


ROW_TARGETS: dict[str, Callable[[Key], bool]] = {
    "call": lambda key: key[0] == "ledger" and key[2].startswith("c|"),
    "cell": lambda key: key[0] == "ledger" and key[2].startswith("d|"),
    "monthly": lambda key: key[0] == "monthly",
    "meta": lambda key: key == ("meta", "ledger", "settings"),
    "people": lambda key: key[:2] == ("people", "people"),
}
BLOB_TARGETS: dict[str, Callable[[str], bool]] = {
    "snapshot": lambda name: name.endswith("/snapshot.json"),
    "manifest": lambda name: name.endswith("/manifest.json"),
    "document": lambda name: name.split("/")[1] in {"invoices", "statements", "focus"},
}
WEIGHTS = {
    "call": 30, "cell": 18, "monthly": 14, "meta": 6, "people": 4,
    "snapshot": 8, "manifest": 6, "document": 14,
}  # fmt: skip
TARGETS = tuple(WEIGHTS)


def mutate(dice: random.Random, rows: Rows, blobs: Blobs) -> Mutation:
    """Any one mutation that changes something."""
    [target] = dice.choices(TARGETS, list(WEIGHTS.values()))
    while True:
        if target in ROW_TARGETS:
            found = _of_row(dice, target, rows)
        else:
            found = _of_blob(dice, target, blobs)
        if found is not None:
            return found


# ── Rows ────────────────────────────────────────────────────────────────────────────────────────


def _of_row(dice: random.Random, target: str, rows: Rows) -> Mutation | None:
    keys = [key for key in rows if ROW_TARGETS[target](key)]
    key = dice.choice(keys)
    if dice.random() < 0.25:
        return _whole_row(dice, target, keys, key, rows)
    other = rows[dice.choice(keys)]
    operator = dice.choice(COLUMN_OPERATORS)
    changed, column = operator(dice, dict(rows[key]), other)
    if changed == rows[key]:
        return None
    return Mutation(
        target=target,
        operator=operator.__name__.lstrip("_"),
        where="|".join(key),
        column=column,
        rows={key: changed},
    )


def _whole_row(
    dice: random.Random, target: str, keys: Sequence[Key], key: Key, rows: Rows
) -> Mutation | None:
    operator = dice.choice(["removed", "doubled", "moved", "replaced"])
    table, partition, row_key = key
    new_key = (table, *_other_place(dice, partition, row_key, dice.choice(keys)))
    source = dice.choice(keys)
    changes: dict[str, dict[Key, Columns | None]] = {
        "removed": {key: None},
        "doubled": {new_key: dict(rows[key])},
        "moved": {key: None, new_key: dict(rows[key])},
        "replaced": {key: dict(rows[source])},
    }
    if new_key in rows and operator in {"doubled", "moved"}:
        return None
    if operator == "replaced" and rows[source] == rows[key]:
        return None
    return Mutation(
        target=target, operator=operator, where="|".join(key), column="-", rows=changes[operator]
    )


def _other_place(dice: random.Random, partition: str, row_key: str, other: Key) -> tuple[str, str]:
    """Another partition, or a key that differs in one part, in one character or by a suffix."""
    choice = dice.randrange(4)
    if choice == 0:
        return other[1], row_key
    if choice == 1:
        parts, others = row_key.split("|"), other[2].split("|")
        index = dice.randrange(min(len(parts), len(others)))
        parts[index] = others[index]
        return partition, "|".join(parts)
    if choice == 2:
        return partition, _with_another_character(dice, row_key)
    return partition, f"{row_key}|{dice.randint(1, 9):04d}"


def _digits(dice: random.Random, columns: Columns, _other: Columns) -> tuple[Columns, str]:
    """Another digit in a number, or its sign, or one more."""
    column = dice.choice([n for n, v in columns.items() if any(c.isdigit() for c in str(v))])
    text = str(columns[column])
    choice = dice.randrange(4)
    if choice == 0 and text.lstrip("-").isdigit():
        columns[column] = text[1:] if text.startswith("-") else f"-{text}"
    elif choice == 1 and text.lstrip("-").isdigit():
        columns[column] = str(int(text) + dice.choice([-1, 1, 10**6]))
    else:
        columns[column] = _with_another_digit(dice, text)
    return columns, column


def _text(dice: random.Random, columns: Columns, _other: Columns) -> tuple[Columns, str]:
    """Another text, of the same kind or of none."""
    column = dice.choice(sorted(columns))
    value = columns[column]
    if isinstance(value, bool):
        columns[column] = not value
        return columns, column
    text = str(value)
    columns[column] = dice.choice(
        ["", " ", "x", "-0", "0", f"{text} ", f" {text}", text[:-1], text.upper(), f"{text}0", "∞"]
        + [_with_another_character(dice, text)] * 4
    )
    return columns, column


def _removed(dice: random.Random, columns: Columns, _other: Columns) -> tuple[Columns, str]:
    column = dice.choice(sorted(columns))
    del columns[column]
    return columns, column


def _added(dice: random.Random, columns: Columns, other: Columns) -> tuple[Columns, str]:
    """A column that another row has, or that no row has."""
    names = ["q_input", "charge_input", "charge", "billed", "effects", "cell", "extra", "rev"]
    found = [(name, value) for name, value in other.items() if name not in columns]
    found += [(name, "1") for name in names if name not in columns]
    column, value = dice.choice(found)
    columns[column] = value
    return columns, column


def _swapped(dice: random.Random, columns: Columns, _other: Columns) -> tuple[Columns, str]:
    one, two = dice.sample(sorted(columns), 2)
    columns[one], columns[two] = columns[two], columns[one]
    return columns, f"{one}, {two}"


def _taken(dice: random.Random, columns: Columns, other: Columns) -> tuple[Columns, str]:
    """A value of another row."""
    column = dice.choice(sorted({*columns} & {*other}))
    columns[column] = other[column]
    return columns, column


ColumnOperator = Callable[[random.Random, Columns, Columns], tuple[Columns, str]]
COLUMN_OPERATORS: list[ColumnOperator] = [
    _digits, _digits, _digits, _text, _text, _removed, _added, _swapped, _taken,
]  # fmt: skip


def _with_another_digit(dice: random.Random, text: str) -> str:
    places = [index for index, c in enumerate(text) if c.isdigit()]
    place = dice.choice(places)
    digit = dice.choice([d for d in "0123456789" if d != text[place]])
    return text[:place] + digit + text[place + 1 :]


def _with_another_character(dice: random.Random, text: str) -> str:
    if not text:
        return "x"
    place = dice.randrange(len(text))
    return text[:place] + dice.choice("0aZ|:,-. é") + text[place + 1 :]


# ── Documents ───────────────────────────────────────────────────────────────────────────────────


def _of_blob(dice: random.Random, target: str, blobs: Blobs) -> Mutation | None:
    names = [name for name in blobs if BLOB_TARGETS[target](name)]
    name = dice.choice(names)
    operator = dice.choice(["removed", "copied", "bytes", "digit", "line", "leaf", "leaf", "leaf"])
    content, column = _changed_bytes(dice, operator, name, blobs)
    if content == blobs[name]:
        return None
    if operator == "copied":
        other = dice.choice([each for each in blobs if each != name])
        content = blobs[other]
    return Mutation(
        target=target, operator=operator, where=name, column=column, blobs={name: content}
    )


def _changed_bytes(
    dice: random.Random, operator: str, name: str, blobs: Blobs
) -> tuple[bytes | None, str]:
    content = blobs[name]
    if operator in {"removed", "copied"}:
        return None, "-"
    if operator == "leaf" and name.endswith(".json"):
        document = json.loads(content)
        column = _change_leaf(dice, document)
        return json.dumps(document, ensure_ascii=False, indent=1).encode(), column
    if operator == "line":
        lines = content.split(b"\n")
        index = dice.randrange(len(lines))
        lines[index : index + 1] = [] if dice.random() < 0.5 else [lines[index]] * 2
        return b"\n".join(lines), "-"
    place = dice.randrange(len(content))
    if operator == "digit":
        digits = [index for index, byte in enumerate(content) if chr(byte).isdigit()]
        place = dice.choice(digits)
        return content[:place] + str(dice.randrange(10)).encode() + content[place + 1 :], "-"
    return content[:place] + bytes([dice.randrange(256)]) + content[place + 1 :], "-"


def _change_leaf(dice: random.Random, document: Any) -> str:
    """Walk to a leaf and change, remove, double or rename it; the path's last name."""
    node, path = document, "-"
    while True:
        places: list[Any] = list(node) if isinstance(node, dict) else list(range(len(node)))
        if not places:
            return path
        place = dice.choice(places)
        path = place if isinstance(place, str) else path
        value = node[place]
        if isinstance(value, dict | list) and value and dice.random() < 0.9:
            node = value
            continue
        choice = dice.randrange(4)
        if choice == 0:
            del node[place]
        elif choice == 1 and isinstance(node, list):
            node.append(value)
        elif choice == 1:
            node["extra"] = value
        else:
            node[place] = _another_value(dice, value)
        return str(path)


def _another_value(dice: random.Random, value: Any) -> Any:
    if isinstance(value, str) and any(c.isdigit() for c in value):
        return _with_another_digit(dice, value)
    if isinstance(value, str):
        return _with_another_character(dice, value)
    if isinstance(value, int) and not isinstance(value, bool):
        return value + dice.choice([-1, 1])
    return dice.choice([None, 0, "x", [], {}])
