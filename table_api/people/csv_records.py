"""Records of a CSV file as spreadsheets and exports write it: UTF-8 with a header. Pure."""

import codecs
import csv
import io
import re
import unicodedata
from collections.abc import Iterator, Sequence
from datetime import date

from table_api.errors import TableApiError

ROWS_MAX = 100_000
"""Rows in one file."""
FIELD_CHARS_MAX = 256
SUBJECT_CHARS_MAX = 280
"""As an event's: `subscription:` and an id of 256 characters fit."""
FORMULA_STARTS = ("=", "+", "-", "@")

_DAY = re.compile(r"\d{4}-\d{2}-\d{2}", re.ASCII).fullmatch
_GUID = re.compile(r"[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}", re.IGNORECASE).fullmatch
_MARK = "\ufeff"


class InvalidFile(TableApiError):
    """A file that cannot be taken; the message names the line and the column."""


def named_records(
    content: bytes, columns: Sequence[str], *, noun: str
) -> Iterator[tuple[int, dict[str, str]]]:
    """Each row with its line and its fields by column, trimmed. InvalidFile at the first bad line.

    `noun` is what the rows are, for the message.
    """
    header: list[str] = []
    rows = 0
    for line, fields in _records(_decoded(content)):
        if not header:
            _check_header(fields, columns)
            header = fields
            continue
        if not fields:
            continue  # an empty line
        rows += 1
        if rows > ROWS_MAX:
            raise InvalidFile(f"the file has more than {ROWS_MAX} {noun}")
        if len(fields) != len(header):
            raise InvalidFile(f"line {line}: {len(fields)} fields, expected {len(header)}")
        yield line, {name: _trimmed(value) for name, value in zip(header, fields, strict=True)}
    if not header:
        _check_header(header, columns)


def _decoded(content: bytes) -> str:
    """As spreadsheets save it: UTF-8 or UTF-16, with any number of marks at the beginning."""
    try:
        if content.startswith((codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)):
            content = content.decode("utf-16").encode()
        return content.decode().lstrip(_MARK)
    except UnicodeDecodeError as error:
        line = content[: error.start].count(b"\n") + 1
        raise InvalidFile(f"line {line} is not UTF-8") from error


def _records(text: str) -> Iterator[tuple[int, list[str]]]:
    """Each record with the line that it begins on: an open quote swallows the lines after it."""
    reader = csv.reader(io.StringIO(text, newline=""), strict=True)
    while True:
        line = reader.line_num + 1
        try:
            fields = next(reader, None)
        except csv.Error as error:
            raise InvalidFile(f"line {line}: {error}") from error
        if fields is None:
            return
        yield line, fields


def _check_header(header: Sequence[str], columns: Sequence[str]) -> None:
    if sorted(header) != sorted(columns):
        if len(header) == 1 and ";" in header[0]:
            raise InvalidFile("line 1: the columns are parted by `;`, expected `,`")
        raise InvalidFile(
            f"line 1: the columns are {', '.join(header) or 'missing'}; "
            f"expected {', '.join(columns)} in any order"
        )


def check_length(line: int, name: str, text: str, chars_max: int) -> None:
    """InvalidFile when a field is too long or has a control character."""
    if len(text) > chars_max or any(map(_is_control, text)):
        raise InvalidFile(
            f"line {line}: {name} is over {chars_max} characters or has a control one"
        )


def check_visible(line: int, name: str, text: str) -> None:
    """InvalidFile when a field has a character that nobody sees."""
    hidden = next((char for char in text if _is_invisible(char)), None)
    if hidden is not None:
        raise InvalidFile(
            f"line {line}: {name} {text!r} has the invisible character "
            f"U+{ord(hidden):04X}: it looks like the same text without it"
        )


def check_no_formula(line: int, name: str, text: str) -> None:
    """InvalidFile when a spreadsheet would run a field."""
    if unicodedata.normalize("NFKC", text).startswith(FORMULA_STARTS):
        raise InvalidFile(
            f"line {line}: {name} {text!r} starts as a formula of a spreadsheet does; "
            "files that are made from it would run it"
        )


def subject_of(line: int, name: str, text: str) -> str:
    """As the ledger spells it: Entra writes its ids in lower case, spreadsheets do not."""
    check_length(line, name, text, SUBJECT_CHARS_MAX)
    check_visible(line, name, text)
    if not text:
        raise InvalidFile(f"line {line}: {name} is empty")
    return text.lower() if _GUID(text) else unicodedata.normalize("NFC", text)


def day_of(line: int, name: str, text: str) -> date:
    """The day of a field."""
    if _DAY(text):
        try:
            return date.fromisoformat(text)
        except ValueError:
            pass
    raise InvalidFile(f"line {line}: {name} {text!r} is not a day (YYYY-MM-DD)")


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
