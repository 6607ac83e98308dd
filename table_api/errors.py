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


class Retryable(StorageError):
    """It did not go through this time. Retrying the same call is safe and is the remedy."""


class Unavailable(Retryable):
    """No usable answer (lost, late, throttled, 5xx): the request may or may not have been done."""


class Contended(Retryable):
    """Other writers changed the same rows at every try: storage answers, but we never won."""


class LeaseLost(Retryable):
    """The lease has ended, and another process may hold it now."""


def after_all_tries(what: str, tries: int, last: StorageError | None) -> Retryable:
    """The error of a writer that gives up: Unavailable when its last try had no answer."""
    kind = Unavailable if isinstance(last, Unavailable) else Contended
    return kind(f"{what}: {tries} tries, last: {last}")


class LedgerMismatch(TableApiError):
    """The ledger was made with other settings than this process has, or a later release has
    changed its schema; the process refuses to work with it.
    """


class SettingsError(TableApiError):
    """A setting is missing or cannot be used; the message names its variable."""


class NoLedger(TableApiError):
    """There is no ledger in this storage yet: the first consumer makes it."""


class Altered(TableApiError):
    """A stored document is not what was written; the message names it."""


class AlteredRow(Altered):
    """A stored row cannot be read. The message names it, and so may name a subject."""


class TooManyCells(TableApiError):
    """The question would read more than CELLS_READ_MAX cells."""


class TooManyCalls(TableApiError):
    """The range has more calls than one answer may read."""
