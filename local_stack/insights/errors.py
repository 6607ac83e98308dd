"""What can go wrong at the local Application Insights."""

from local_stack.errors import LocalStackError


class InsightsError(LocalStackError):
    """The stand-in cannot run."""


class ItemRefused(Exception):
    """An item that ingestion refuses, with the status and the message that it gives."""

    def __init__(self, status: int, message: str) -> None:
        super().__init__(message)
        self.status = status
        self.message = message


class QueryRefused(Exception):
    """A query that is wrong, or that the stand-in does not take."""

    def __init__(self, code: str, message: str) -> None:
        super().__init__(message)
        self.code = code
        self.message = message
