"""The owners file: CSV in UTF-8 with a header. All of it is good, or none of it is taken. Pure."""

import unicodedata
from collections.abc import Iterator, Mapping, Sequence

from table_api.owners.ownership import Kind, Ownership
from table_api.people.csv_records import (
    FIELD_CHARS_MAX,
    InvalidFile,
    check_length,
    check_no_formula,
    check_visible,
    day_of,
    named_records,
    subject_of,
)

COLUMNS = ("owner", "kind", "name", "valid_from", "valid_until")


def read_owners_csv(content: bytes) -> list[Ownership]:
    """The rows of a file. InvalidFile at the first line that is not good."""
    rows: list[Ownership] = []
    lines: dict[object, int] = {}
    for line, named in named_records(content, COLUMNS, noun="owners"):
        row = _ownership(line, named)
        key = _key(row)
        if key in lines:
            raise InvalidFile(
                f"line {line}: owner {row.owner!r} has the same {row.kind} {row.name!r} and "
                f"valid_from {row.valid_from} as on line {lines[key]}"
            )
        lines[key] = line
        rows.append(row)
    return rows


def _ownership(line: int, named: Mapping[str, str]) -> Ownership:
    kind, name, until = named["kind"], named["name"], named["valid_until"]
    if kind not in set(Kind):
        raise InvalidFile(f"line {line}: kind {kind!r} is none of {', '.join(Kind)}")
    check_length(line, "name", name, FIELD_CHARS_MAX)
    check_visible(line, "name", name)
    check_no_formula(line, "name", name)
    if not name:
        raise InvalidFile(f"line {line}: name is empty")
    row = Ownership(
        owner=subject_of(line, "owner", named["owner"]),
        kind=Kind(kind),
        name=unicodedata.normalize("NFC", name),
        valid_from=day_of(line, "valid_from", named["valid_from"]),
        valid_until=day_of(line, "valid_until", until) if until else None,
    )
    if row.valid_until is not None and row.valid_until <= row.valid_from:
        raise InvalidFile(
            f"line {line}: valid_until {row.valid_until} is not after valid_from {row.valid_from}"
        )
    return row


def _key(row: Ownership) -> tuple[object, ...]:
    return (row.owner, row.kind, row.name, row.valid_from)


def import_changes(stored: Sequence[Ownership], rows: Sequence[Ownership]) -> Iterator[str]:
    """A tab-separated line per row that says something new."""
    before = {_key(row): row for row in stored}
    for row in rows:
        same = before.get(_key(row))
        if same == row:
            continue
        what = "new" if same is None else "end"
        until = row.valid_until or "open"
        yield f"{what}\t{row.owner}\t{row.kind}\t{row.name}\t{row.valid_from}\t{until}"
