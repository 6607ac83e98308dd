"""The manifest of a closed month: which documents there are, and the sha256 of each."""

import re

import msgspec

from table_api.errors import Altered
from table_api.invoicing.snapshots.snapshot import Checks, PriceSource

SCHEMA = "llm-chargeback/manifest/1"


class File(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """One stored document."""

    name: str
    """Path below the month's folder."""
    content_type: str
    bytes: int
    sha256: str


class Entry(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """One invoice or statement."""

    number: str
    cost_centre: str | None = None
    """Of an invoice."""
    subject: str | None = None
    """Of a statement."""
    amount: str
    amount_unrounded: str
    lines: int


class Manifest(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """The documents of a month."""

    schema: str = SCHEMA
    month: str
    snapshot_sha256: str
    issued_at: str
    currency: str
    amount: str
    """Sum of the invoices."""
    amount_unrounded: str
    rules: int | msgspec.UnsetType = msgspec.UNSET
    """By which rules the documents were made (Snapshot.rules); not stored before rules 3."""
    prices: dict[str, PriceSource] | msgspec.UnsetType = msgspec.UNSET
    """Where the prices of these documents are from (Snapshot.prices)."""
    checks: Checks | msgspec.UnsetType = msgspec.UNSET
    """What was looked at before the close (Snapshot.checks); not stored before rules 4."""
    invoices: tuple[Entry, ...]
    statements: tuple[Entry, ...]
    files: tuple[File, ...]

    def entry(self, number: str) -> Entry | None:
        """The invoice or statement with this number."""
        for entry in (*self.invoices, *self.statements):
            if entry.number == number:
                return entry
        return None

    def files_of(self, number: str) -> list[File]:
        """The stored files of a document."""
        return [file for file in self.files if file.name.split("/")[-1].split(".")[0] == number]


_FILE_NAME = re.compile(r"(?:invoices|statements|focus)/[A-Za-z0-9_-]+\.[a-z]+", re.ASCII).fullmatch
"""An export makes paths of these names: none may lead out of its folder."""
_decoder = msgspec.json.Decoder(Manifest)


def encode_manifest(manifest: Manifest) -> bytes:
    """Canonical bytes: sorted keys, indented for people."""
    return msgspec.json.format(msgspec.json.encode(manifest, order="sorted"), indent=1) + b"\n"


def decode_manifest(content: bytes, name: str) -> Manifest:
    """The manifest of these bytes; Altered when they are not one."""
    try:
        manifest = _decoder.decode(content)
    except (msgspec.DecodeError, UnicodeDecodeError) as error:
        raise Altered(f"{name} is not a manifest: {error}") from error
    if manifest.schema != SCHEMA:
        raise Altered(f"{name} has schema {manifest.schema!r}, this program reads {SCHEMA!r}")
    for file in manifest.files:
        if not _FILE_NAME(file.name):
            raise Altered(f"{name} names a file {file.name!r}, which no close has written")
    return manifest
