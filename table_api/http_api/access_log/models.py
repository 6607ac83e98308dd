"""The JSON of the access log."""

from datetime import datetime

from table_api.http_api.conventions.models import Answer, Page


class AccessRow(Answer):
    """One answer that showed what belongs to others."""

    at: datetime
    caller: str
    roles: list[str]
    route: str
    path: str
    query: str
    subjects: list[str]
    count: int | None


class Accesses(Answer):
    """The access log, the newest first."""

    data: list[AccessRow]
    page: Page
