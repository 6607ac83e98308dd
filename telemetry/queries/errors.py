"""What can go wrong between a question and its answer."""


class QueryError(Exception):
    """Base of these; the message is for people."""


class InvalidParameter(QueryError):
    """A value that no query takes; the message names the parameter."""


class InvalidAddress(QueryError):
    """The address to ask is not allowed: over http only this machine is asked."""


class QueryFailed(QueryError):
    """Application Insights refused the query, or cannot be reached."""


class NothingFound(QueryError):
    """Application Insights has no item of what was asked."""


class QueryBusy(QueryError):
    """Too many queries, or this one took too long: ask again after `retry_after_s`."""

    def __init__(self, message: str, *, retry_after_s: int) -> None:
        super().__init__(message)
        self.retry_after_s = retry_after_s


class PartialResult(QueryError):
    """Only a part of the rows was read, so sums over them would be too small."""
