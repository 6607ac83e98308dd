"""What can go wrong with invoices. The docstring of each is its meaning."""

from table_api.errors import TableApiError


class InvoicingError(TableApiError):
    """Base of every error of this package."""


class CloseRefused(InvoicingError):
    """The month cannot be closed now; nothing was written. The message says what to do first."""


class NotClosed(InvoicingError):
    """The month has no snapshot, or its close was not finished: run the close (again)."""


class UnknownDocument(InvoicingError):
    """No closed month holds a document or file of this name."""


class BadMonth(InvoicingError):
    """A month is not written as `2026-11`."""
