"""Table transactions on the wire: the multipart body of one, and what its answer says.

azure-data-tables spends about 0.9 ms of CPU per row here (e-mail machinery for every part); a
metering consumer cannot. This encoder also checks what the local emulator does not.
"""

import re
from collections.abc import Mapping, Sequence
from functools import lru_cache
from urllib.parse import quote

import msgspec

from table_api.errors import AlreadyExists, ChangedMeanwhile, Rejected, StorageError, Unavailable
from table_api.storage.table_storage import (
    OPERATIONS_MAX,
    ColumnsText,
    Delete,
    Insert,
    Merge,
    Operation,
    Replace,
    Value,
    row_bytes,
    text_chars,
)

BODY_BYTES_MAX = 3_670_016
"""3.5 MiB: the service refuses 4 MiB, counted with its own headers."""
ROW_BYTES_MAX = 1_048_576
COLUMNS_MAX = 252
STRING_CHARS_MAX = 32_768
KEY_CHARS_MAX = 512
INT64_MIN, INT64_MAX = -(2**63), 2**63 - 1
KNOWN_COLUMNS_MAX = 10_000
"""Column names that are kept as checked; more are checked each time."""
FORMS_MAX = 4_096
"""Sets of numeric columns whose JSON is kept: calls have a few dozen."""

API_VERSION = "2019-02-02"
BATCH_BOUNDARY = "batch_ledger"
CHANGES_BOUNDARY = "changes_ledger"
CONTENT_TYPE = f"multipart/mixed; boundary={BATCH_BOUNDARY}"

_PART = (
    f"--{CHANGES_BOUNDARY}\r\n"
    "Content-Type: application/http\r\n"
    "Content-Transfer-Encoding: binary\r\n\r\n"
)
_ROW_HEADERS = (
    "Content-Type: application/json\r\n"
    "Accept: application/json;odata=nometadata\r\n"
    "Prefer: return-no-content\r\n"
    "DataServiceVersion: 3.0\r\n"
)
_COLUMN_NAME = re.compile(r"[A-Za-z_][A-Za-z0-9_]{0,254}").fullmatch
_PLAIN_KEY = re.compile(r"[A-Za-z0-9@._+=|-]*").fullmatch
"""Keys as the tables of this package have them."""
_KEY_REFUSED = re.compile(r"[/\\#?%\x00-\x1f\x7f-\x9f]").search
_STATUS = re.compile(rb"HTTP/1\.1 (\d{3})")
_ETAG = re.compile(rb"(?im)^ETag: *([^\r\n]+)\r?$")
_CODE = re.compile(rb'"code" *: *"([A-Za-z]+)"')
_ABSENT = {"ResourceNotFound", "TableNotFound", "EntityNotFound"}

_TYPE, _INT64 = "@odata.type", "Edm.Int64"

_encode_json = msgspec.json.Encoder().encode
_decode_json = msgspec.json.Decoder(dict[str, Value]).decode
_known_columns: set[str] = set()


def encode_transaction(
    table_url: str, partition_key: str, operations: Sequence[Operation]
) -> bytes:
    """The body of one transaction. Rejected when the service would refuse it."""
    if not 0 < len(operations) <= OPERATIONS_MAX:
        raise Rejected(
            f"a transaction takes 1 to {OPERATIONS_MAX} rows, this has {len(operations)}"
        )
    _check_key("PartitionKey", partition_key)
    parts: list[bytes] = [
        f"--{BATCH_BOUNDARY}\r\nContent-Type: multipart/mixed; "
        f"boundary={CHANGES_BOUNDARY}\r\n\r\n".encode()
    ]
    _check_row_keys([operation.row_key for operation in operations])
    deletions = 0
    insert_head, partition = _insert_head(table_url), _encode_json(partition_key)
    for operation in operations:
        if type(operation) is Insert and isinstance(columns := operation.columns, bytes):
            # As `encode_row`, without putting the row together: most rows are written here.
            keys = b'{"PartitionKey":%b,"RowKey":%b,' % (partition, _encode_json(operation.row_key))
            length = len(keys) + len(columns) + 1
            if length <= STRING_CHARS_MAX:
                length_line = b"Content-Length: %d\r\n\r\n" % length
                parts += (insert_head, length_line, keys, columns, b"}\r\n")
                continue
        head = _head(table_url, partition_key, operation)
        if isinstance(operation, Delete):
            deletions += 1
            parts += (head, b"\r\n")
            continue
        row = encode_row(partition_key, operation.row_key, operation.columns)
        parts += (head, b"Content-Length: %d\r\n\r\n" % len(row), row, b"\r\n")
    if deletions not in {0, len(operations)}:
        raise Rejected("a transaction deletes only or writes only")
    parts.append(f"--{CHANGES_BOUNDARY}--\r\n--{BATCH_BOUNDARY}--\r\n".encode("ascii"))
    body = b"".join(parts)
    if len(body) > BODY_BYTES_MAX:
        raise Rejected(f"a transaction of {len(body)} bytes is over {BODY_BYTES_MAX}")
    return body


def _head(table_url: str, partition_key: str, operation: Operation) -> bytes:
    if isinstance(operation, Insert):
        return _insert_head(table_url)
    url = row_url(table_url, partition_key, operation.row_key)
    method, condition = "PUT", ""
    if isinstance(operation, Delete):
        method, condition = "DELETE", "If-Match: *\r\n"
    elif isinstance(operation, Replace | Merge):
        method = "PATCH" if isinstance(operation, Merge) else "PUT"
        condition = f"If-Match: {operation.etag}\r\n"
    return f"{_PART}{method} {url} HTTP/1.1\r\n{_ROW_HEADERS}{condition}".encode("ascii")


@lru_cache(maxsize=64)
def _insert_head(table_url: str) -> bytes:
    """The same for all rows of a table."""
    return f"{_PART}POST {table_url} HTTP/1.1\r\n{_ROW_HEADERS}".encode("ascii")


def row_url(table_url: str, partition_key: str, row_key: str) -> str:
    """The address of one row."""
    return f"{table_url}(PartitionKey='{_quoted(partition_key)}',RowKey='{_quoted(row_key)}')"


def _quoted(key: str) -> str:
    """What the HTTP client would unquote again stays as it is: the path as sent is signed."""
    if _PLAIN_KEY(key):
        return key.replace("|", "%7C")
    return quote(key.replace("'", "''"), safe="@._+=-")


def _check_row_keys(keys: Sequence[str]) -> None:
    """All at once, which nearly always suffices."""
    if max(map(len, keys)) > KEY_CHARS_MAX or _KEY_REFUSED("".join(keys)):
        for key in keys:
            _check_key("RowKey", key)
    if len(set(keys)) != len(keys):
        raise Rejected("a transaction may name each row once")


def _check_key(name: str, key: str) -> None:
    if len(key) > KEY_CHARS_MAX or _KEY_REFUSED(key):
        raise Rejected(f"{name} {key[:80]!r} is too long or has a character that keys may not have")


def encode_row(
    partition_key: str, row_key: str, columns: Mapping[str, Value] | ColumnsText
) -> bytes:
    """One row as typed JSON. Rejected, naming the column, when the service would refuse it."""
    if isinstance(columns, bytes):
        keys = b'{"PartitionKey":%b,"RowKey":%b,'
        encoded = keys % (_encode_json(partition_key), _encode_json(row_key)) + columns + b"}"
        if len(encoded) > STRING_CHARS_MAX:
            _check_long_row(partition_key, row_key, read_columns(columns))
        return encoded
    if len(columns) > COLUMNS_MAX:
        raise Rejected(f"row {row_key!r} has {len(columns)} columns, {COLUMNS_MAX} are the limit")
    if not _known_columns.issuperset(columns):
        _check_column_names(columns, row_key)
    body: dict[str, Value] = {"PartitionKey": partition_key, "RowKey": row_key, **columns}
    # A bool is an int too, but travels as it is: hence the exact type.
    integers = [(name, value) for name, value in columns.items() if type(value) is int]
    for name, value in integers:
        if not INT64_MIN <= value <= INT64_MAX:
            raise Rejected(f"column {name} of row {row_key!r} is beyond 64 bits: {value}")
        body[name] = str(value)
        body[name + _TYPE] = _INT64
    encoded = _encode_json(body)
    if len(encoded) > STRING_CHARS_MAX:  # else no column can have so many characters
        _check_long_row(partition_key, row_key, columns)
    return encoded


def columns_text(
    texts: msgspec.Struct | Mapping[str, str],
    numbers: Mapping[str, int],
    *,
    as_text: frozenset[str],
) -> ColumnsText | None:
    """Columns of a row written at once: texts and truths, where a struct leaves out what is absent,
    and one or more whole numbers. Those in `as_text` are texts of digits, all others Int64.

    None where the service would refuse a column, or where only a look at each of them can say:
    `encode_row` names it.
    """
    values = tuple(numbers.values())
    form = _numbers_form(tuple(numbers), as_text)
    if isinstance(texts, msgspec.Struct):
        names: Sequence[str] | Mapping[str, str] = _names_of(type(texts))
    else:
        names = texts
        if not _known_columns.issuperset(names):
            _check_column_names(dict.fromkeys(names, ""), "")
    too_many = len(values) + len(names) > COLUMNS_MAX
    if too_many or max(values) > INT64_MAX or min(values) < INT64_MIN:
        return None
    written = _encode_json(texts)[1:-1] + form % values
    return ColumnsText(written if names else written[1:])


@lru_cache(maxsize=64)
def _names_of(texts: type[msgspec.Struct]) -> tuple[str, ...]:
    """The fields of a struct, checked once."""
    _check_column_names(dict.fromkeys(texts.__struct_fields__, ""), "")
    return texts.__struct_fields__


@lru_cache(maxsize=FORMS_MAX)
def _numbers_form(names: tuple[str, ...], as_text: frozenset[str]) -> bytes:
    """The JSON of these columns, with a place for each number."""
    _check_column_names(dict.fromkeys(names, 0), "")
    return "".join(
        f',"{name}":"%d"' if name in as_text else f',"{name}":"%d","{name}{_TYPE}":"{_INT64}"'
        for name in names
    ).encode("ascii")


def read_columns(text: ColumnsText) -> dict[str, Value]:
    """The columns as a reader of the row gets them."""
    columns: dict[str, Value] = _decode_json(b"{%b}" % text)
    return {name: value for name, value in columns.items() if not name.endswith(_TYPE)}


def _check_column_names(columns: Mapping[str, Value], row_key: str) -> None:
    """Names are checked once each: the set of columns is closed and small."""
    for name in columns:
        if not _COLUMN_NAME(name):
            raise Rejected(f"column name {name!r} of row {row_key!r} is not allowed")
    if len(_known_columns) < KNOWN_COLUMNS_MAX:
        _known_columns.update(columns)


def _check_long_row(partition_key: str, row_key: str, columns: Mapping[str, Value]) -> None:
    for name, value in columns.items():
        if isinstance(value, str) and (characters := text_chars(value)) > STRING_CHARS_MAX:
            raise Rejected(f"column {name} of row {row_key!r} has {characters} characters")
    size = row_bytes(partition_key, row_key, columns)
    if size > ROW_BYTES_MAX:
        raise Rejected(f"row {row_key!r} has {size} bytes, {ROW_BYTES_MAX} are the limit")


def read_answer(status: int, body: bytes, operations: Sequence[Operation]) -> list[str]:
    """The new ETags of a transaction, in order, or the error that its answer stands for."""
    if status != 202:
        raise error_of(status, body)
    statuses = _STATUS.findall(body)
    if statuses and int(statuses[-1]) >= 400:
        raise error_of(int(statuses[-1]), body)
    if len(statuses) != len(operations):
        raise Unavailable(f"answer has {len(statuses)} results for {len(operations)} operations")
    if isinstance(operations[0], Delete):
        return []
    etags = _etags_of(body, len(operations))
    if len(etags) != len(operations):
        raise Unavailable(f"answer has {len(etags)} ETags for {len(operations)} operations")
    return etags


def _etags_of(body: bytes, number: int) -> list[str]:
    """The ETag of each part. A search in any case takes as long as the row's JSON, so it is left to
    a server that spells the header otherwise.
    """
    _, *parts = body.decode("latin-1").split("\r\nETag: ")
    if len(parts) == number:
        return [part.partition("\r\n")[0].strip() for part in parts]
    return [found.decode("ascii").strip() for found in _ETAG.findall(body)]


def error_of(status: int, body: bytes) -> StorageError:
    """The error for a failed answer, with the service's own code where it names one."""
    said = f"HTTP {status} ({_code_of(body) or 'no code'})"
    if status == 409:
        return AlreadyExists(said)
    if status == 412 or says_absent(status, body):
        return ChangedMeanwhile(said)
    if status in {400, 413}:
        return Rejected(said)
    return Unavailable(said)


def says_absent(status: int, body: bytes) -> bool:
    """Whether Table Storage itself says it of a row or table: a proxy says nothing of rows."""
    return status == 404 and _code_of(body) in _ABSENT


def _code_of(body: bytes) -> str | None:
    found = _CODE.search(body)
    return found.group(1).decode("ascii") if found else None
