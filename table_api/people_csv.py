"""The people file: CSV in UTF-8 with a header. All of it is good, or none of it is taken. Pure."""

import csv
import io
import re
import unicodedata
from collections.abc import Sequence
from datetime import date

from table_api.errors import TableApiError
from table_api.people import Person

COLUMNS = ("subject", "display_name", "cost_centre", "valid_from")
PEOPLE_MAX = 100_000
"""Rows in one file."""
FIELD_CHARS_MAX = 256
FORMULA_STARTS = ("=", "+", "-", "@")

_DAY = re.compile(r"\d{4}-\d{2}-\d{2}", re.ASCII).fullmatch


class InvalidPeopleFile(TableApiError):
    """A people file that cannot be taken; the message names the line and the column."""


def read_people_csv(content: bytes) -> list[Person]:
    """The people of a file. InvalidPeopleFile at the first line that is not good."""
    try:
        text = content.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        line = content[: error.start].count(b"\n") + 1
        raise InvalidPeopleFile(f"line {line} is not UTF-8") from error
    reader = csv.reader(io.StringIO(text, newline=""), strict=True)
    people: list[Person] = []
    lines: dict[tuple[str, date], int] = {}
    try:
        header = next(reader, [])
        _check_header(header)
        for fields in reader:
            if not fields:
                continue  # an empty line
            if len(people) == PEOPLE_MAX:
                raise InvalidPeopleFile(f"the file has more than {PEOPLE_MAX} people")
            person = _person(reader.line_num, header, fields)
            key = (person.subject, person.valid_from)
            if key in lines:
                raise InvalidPeopleFile(
                    f"line {reader.line_num}: subject {person.subject!r} has the same valid_from "
                    f"{person.valid_from} as on line {lines[key]}"
                )
            lines[key] = reader.line_num
            people.append(person)
    except csv.Error as error:
        raise InvalidPeopleFile(f"line {reader.line_num}: {error}") from error
    return people


def _check_header(header: Sequence[str]) -> None:
    if sorted(header) != sorted(COLUMNS):
        if len(header) == 1 and ";" in header[0]:
            raise InvalidPeopleFile("line 1: the columns are parted by `;`, expected `,`")
        raise InvalidPeopleFile(
            f"line 1: the columns are {', '.join(header) or 'missing'}; "
            f"expected {', '.join(COLUMNS)} in any order"
        )


def _person(line: int, header: Sequence[str], fields: Sequence[str]) -> Person:
    if len(fields) != len(header):
        raise InvalidPeopleFile(f"line {line}: {len(fields)} fields, expected {len(header)}")
    named = {name: value.strip() for name, value in zip(header, fields, strict=True)}
    for name, value in named.items():
        if len(value) > FIELD_CHARS_MAX or any(ord(char) < 32 for char in value):
            raise InvalidPeopleFile(
                f"line {line}: {name} is over {FIELD_CHARS_MAX} characters or has a control one"
            )
    for name in ("display_name", "cost_centre"):
        if named[name].startswith(FORMULA_STARTS):
            raise InvalidPeopleFile(
                f"line {line}: {name} {named[name]!r} starts as a formula of a spreadsheet does; "
                "files that are made from it would run it"
            )
    if not named["subject"]:
        raise InvalidPeopleFile(f"line {line}: subject is empty")
    return Person(
        subject=unicodedata.normalize("NFC", named["subject"]),
        display_name=named["display_name"] or None,
        cost_centre=named["cost_centre"] or None,
        valid_from=_day(line, named["valid_from"]),
    )


def _day(line: int, text: str) -> date:
    if _DAY(text):
        try:
            return date.fromisoformat(text)
        except ValueError:
            pass
    raise InvalidPeopleFile(f"line {line}: valid_from {text!r} is not a day (YYYY-MM-DD)")
