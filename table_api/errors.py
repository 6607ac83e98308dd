"""What can go wrong in the ledger and its storage. The docstring of each is its meaning."""


class TableApiError(Exception):
    """Base of every error this package raises on purpose."""


class StorageError(TableApiError):
    """Table Storage did not do what was asked; the subclass says what the caller may conclude."""


class AlreadyExists(StorageError):
    """Nothing was written: a row to insert stands already (HTTP 409)."""


class ChangedMeanwhile(StorageError):
    """Nothing was written: a row to replace has another ETag or is gone (HTTP 412 or 404)."""


class Rejected(StorageError):
    """Nothing was written and never will be: the request itself is bad or too large (400, 413)."""


class Unavailable(StorageError):
    """No usable answer (lost, late, throttled, 5xx): the request may or may not have been done."""


class LedgerMismatch(TableApiError):
    """The ledger was made with other settings than this process has; it refuses to start."""


class SettingsError(TableApiError):
    """A setting is missing or cannot be used; the message names its variable."""


class NoLedger(TableApiError):
    """There is no ledger in this storage yet: the first consumer makes it."""


class TooManyCells(TableApiError):
    """The question would read more than CELLS_READ_MAX cells."""


class TooManyCalls(TableApiError):
    """The range has more calls than one answer may read."""
