"""The people file: CSV in UTF-8 with a header. All of it is good, or none of it is taken. Pure."""

import unicodedata
from collections.abc import Iterator, Mapping, Sequence
from datetime import date

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
from table_api.people.people import PeopleDirectory, Person

COLUMNS = ("subject", "display_name", "cost_centre", "valid_from")


def read_people_csv(content: bytes) -> list[Person]:
    """The people of a file. InvalidFile at the first line that is not good."""
    people: list[Person] = []
    lines: dict[tuple[str, date], int] = {}
    for line, named in named_records(content, COLUMNS, noun="people"):
        person = _person(line, named)
        key = (person.subject, person.valid_from)
        if key in lines:
            raise InvalidFile(
                f"line {line}: subject {person.subject!r} has the same valid_from "
                f"{person.valid_from} as on line {lines[key]}"
            )
        lines[key] = line
        people.append(person)
    return people


def _person(line: int, named: Mapping[str, str]) -> Person:
    for name in ("display_name", "cost_centre"):
        check_length(line, name, named[name], FIELD_CHARS_MAX)
    check_visible(line, "cost_centre", named["cost_centre"])
    for name in ("display_name", "cost_centre"):
        check_no_formula(line, name, named[name])
    return Person(
        subject=subject_of(line, "subject", named["subject"]),
        display_name=unicodedata.normalize("NFC", named["display_name"]) or None,
        cost_centre=unicodedata.normalize("NFC", named["cost_centre"]) or None,
        valid_from=day_of(line, "valid_from", named["valid_from"]),
    )


def import_changes(standing: PeopleDirectory, rows: Sequence[Person]) -> Iterator[str]:
    """A tab-separated line per row that says something new. Names are not printed."""
    for row in rows:
        before = standing.at(row.subject, row.valid_from)
        if before is None:
            yield f"new\t{row.subject}\t{row.valid_from}\t{row.cost_centre or '-'}"
        elif before.cost_centre != row.cost_centre:
            yield (
                f"cost centre\t{row.subject}\t{row.valid_from}\t"
                f"{before.cost_centre or '-'} → {row.cost_centre or '-'}\t"
                f"calls of these days keep their price until a run: "
                f"rerate what-if --from {row.valid_from} --to DAY --subject {row.subject}"
            )
        elif before.display_name != row.display_name:
            yield f"name\t{row.subject}\t{row.valid_from}"
