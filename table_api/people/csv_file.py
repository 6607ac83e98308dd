"""The people file: CSV in UTF-8 with a header. All of it is good, or none of it is taken. Pure."""

import codecs
import csv
import io
import re
import unicodedata
from collections.abc import Iterator, Sequence
from datetime import date

from table_api.errors import TableApiError
from table_api.people.people import PeopleDirectory, Person

COLUMNS = ("subject", "display_name", "cost_centre", "valid_from")
PEOPLE_MAX = 100_000
"""Rows in one file."""
FIELD_CHARS_MAX = 256
SUBJECT_CHARS_MAX = 280
"""As an event's: `subscription:` and an id of 256 characters fit."""
FORMULA_STARTS = ("=", "+", "-", "@")

_DAY = re.compile(r"\d{4}-\d{2}-\d{2}", re.ASCII).fullmatch
_GUID = re.compile(r"[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}", re.IGNORECASE).fullmatch
_MARK = "\ufeff"


class InvalidPeopleFile(TableApiError):
    """A people file that cannot be taken; the message names the line and the column."""


def read_people_csv(content: bytes) -> list[Person]:
    """The people of a file. InvalidPeopleFile at the first line that is not good."""
    try:
        text = _decoded(content)
    except UnicodeDecodeError as error:
        line = content[: error.start].count(b"\n") + 1
        raise InvalidPeopleFile(f"line {line} is not UTF-8") from error
    people: list[Person] = []
    lines: dict[tuple[str, date], int] = {}
    header: list[str] = []
    for line, fields in _records(text):
        if not header:
            _check_header(fields)
            header = fields
            continue
        if not fields:
            continue  # an empty line
        if len(people) == PEOPLE_MAX:
            raise InvalidPeopleFile(f"the file has more than {PEOPLE_MAX} people")
        person = _person(line, header, fields)
        key = (person.subject, person.valid_from)
        if key in lines:
            raise InvalidPeopleFile(
                f"line {line}: subject {person.subject!r} has the same valid_from "
                f"{person.valid_from} as on line {lines[key]}"
            )
        lines[key] = line
        people.append(person)
    if not header:
        _check_header(header)
    return people


def _decoded(content: bytes) -> str:
    """As spreadsheets save it: UTF-8 or UTF-16, with any number of marks at the beginning."""
    if content.startswith((codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)):
        content = content.decode("utf-16").encode()
    return content.decode().lstrip(_MARK)


def _records(text: str) -> Iterator[tuple[int, list[str]]]:
    """Each record with the line that it begins on: an open quote swallows the lines after it."""
    reader = csv.reader(io.StringIO(text, newline=""), strict=True)
    while True:
        line = reader.line_num + 1
        try:
            fields = next(reader, None)
        except csv.Error as error:
            raise InvalidPeopleFile(f"line {line}: {error}") from error
        if fields is None:
            return
        yield line, fields


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
    named = {name: _trimmed(value) for name, value in zip(header, fields, strict=True)}
    for name, value in named.items():
        chars_max = SUBJECT_CHARS_MAX if name == "subject" else FIELD_CHARS_MAX
        if len(value) > chars_max or any(map(_is_control, value)):
            raise InvalidPeopleFile(
                f"line {line}: {name} is over {chars_max} characters or has a control one"
            )
    for name in ("subject", "cost_centre"):
        hidden = next((char for char in named[name] if _is_invisible(char)), None)
        if hidden is not None:
            raise InvalidPeopleFile(
                f"line {line}: {name} {named[name]!r} has the invisible character "
                f"U+{ord(hidden):04X}: it looks like the same text without it"
            )
    for name in ("display_name", "cost_centre"):
        if unicodedata.normalize("NFKC", named[name]).startswith(FORMULA_STARTS):
            raise InvalidPeopleFile(
                f"line {line}: {name} {named[name]!r} starts as a formula of a spreadsheet does; "
                "files that are made from it would run it"
            )
    if not named["subject"]:
        raise InvalidPeopleFile(f"line {line}: subject is empty")
    return Person(
        subject=_subject(named["subject"]),
        display_name=named["display_name"] or None,
        cost_centre=unicodedata.normalize("NFC", named["cost_centre"]) or None,
        valid_from=_day(line, named["valid_from"]),
    )


def _subject(text: str) -> str:
    """As the ledger spells it: Entra writes its ids in lower case, spreadsheets do not."""
    return text.lower() if _GUID(text) else unicodedata.normalize("NFC", text)


def _trimmed(value: str) -> str:
    """Without spaces and invisible characters at the ends, which copied cells carry along."""
    while value and (value[0].isspace() or _is_invisible(value[0])):
        value = value[1:]
    while value and (value[-1].isspace() or _is_invisible(value[-1])):
        value = value[:-1]
    return value


def _is_invisible(char: str) -> bool:
    """Zero-width spaces and joiners, byte order marks, marks of direction."""
    return unicodedata.category(char) == "Cf"


def _is_control(char: str) -> bool:
    """Also U+007F to U+009F, among them a terminal's CSI."""
    return unicodedata.category(char) == "Cc"


def _day(line: int, text: str) -> date:
    if _DAY(text):
        try:
            return date.fromisoformat(text)
        except ValueError:
            pass
    raise InvalidPeopleFile(f"line {line}: valid_from {text!r} is not a day (YYYY-MM-DD)")


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
