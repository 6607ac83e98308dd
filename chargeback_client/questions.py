"""What all questions share: typed answers, files of lists, and all pages of a list."""

from collections.abc import Callable, Iterator, Mapping
from datetime import date
from pathlib import Path
from types import TracebackType
from typing import Any, Self, TypedDict, TypeVar
from urllib.parse import quote

import msgspec

from chargeback_client.connection import Connection
from chargeback_client.errors import ClientError
from chargeback_client.login import read_login, token_of

LOGIN_FILE = Path("~/.config/chargeback/login.json")
Answer = TypeVar("Answer")


class Days(TypedDict, total=False):
    """A range of days: `from_` and `to`, or a month as 2026-10, or a period as last-month."""

    from_: date | str
    to: date | str
    month: str
    period: str


class Questions:
    """Asks one API. Money is a Decimal in the answer's currency; an unknown cost is None."""

    def __init__(self, api_url: str, token: str | None = None) -> None:
        self._connection = Connection(api_url, token)

    @classmethod
    def signed_in(cls, file: Path = LOGIN_FILE) -> Self:
        """As whoever signed in by `chargeback login`."""
        login = read_login(file.expanduser())
        if login is None:
            raise ClientError("nobody has signed in: see `chargeback login --help`")
        return cls(login.api_url, token_of(login))

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._connection.close()

    def ask(self, answer: type[Answer], path: str, asked: Mapping[str, object]) -> Answer:
        """A typed answer. Fields that this release does not know are left out."""
        return _read(answer, path, self._connection.content(path, _texts(asked)))

    def send(self, answer: type[Answer], path: str, body: object) -> Answer:
        """A typed answer to a body."""
        return _read(answer, path, self._connection.post(path, body))

    def content(self, path: str, asked: Mapping[str, object]) -> bytes:
        """A file."""
        return self._connection.content(path, _texts(asked))

    def file(self, path: str, form: str = "csv", **asked: object) -> bytes:
        """A list as `csv` or `xlsx`: `file("/v1/usage", group_by="subject", month="2026-10")`."""
        return self.content(f"{path}.{form}", asked)

    @staticmethod
    def every(question: Callable[..., Any], *places: str, **asked: object) -> Iterator[Any]:
        """The lines of all pages: `every(client.subjects, month="2026-10")`."""
        cursor = None
        while True:
            page = question(*places, **asked, cursor=cursor)
            yield from page.data
            cursor = page.page.next_cursor
            if cursor is None:
                return

    @staticmethod
    def part(text: str) -> str:
        """A part of a path, escaped."""
        return quote(text, safe="")


def _read(answer: type[Answer], path: str, content: bytes) -> Answer:
    try:
        return msgspec.json.decode(content, type=answer)
    except msgspec.DecodeError as error:
        raise ClientError(f"the answer to {path} is of another release: {error}") from error


def _texts(asked: Mapping[str, object]) -> dict[str, str]:
    return {
        name.rstrip("_"): str(value).lower() if isinstance(value, bool) else str(value)
        for name, value in asked.items()
        if value is not None
    }
