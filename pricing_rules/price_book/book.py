"""The price book: its content, its version, and the terms that it has for a call.

Owns loading from rule files and from the compiled form. What a rule may say is in `rules`.
"""

import hashlib
import json
import tomllib
from bisect import bisect_right
from collections.abc import Collection, Mapping, Sequence
from datetime import datetime
from decimal import Decimal
from functools import lru_cache
from pathlib import Path

import msgspec
from pydantic import ValidationError
from pydantic_core import ErrorDetails

from pricing_rules.errors import InvalidBook
from pricing_rules.price_book.book_file import BookFile
from pricing_rules.price_book.compile import compile_files
from pricing_rules.price_book.list_price import content_at_list, contracts_of
from pricing_rules.price_book.rate_card import BookContent, FxRate, PriceSource
from pricing_rules.price_book.rules import PriceOrigin
from pricing_rules.price_book.terms import Terms, TermsFinder, TermsTimeline
from pricing_rules.provider_usage.usage_fields import UsageFieldRules
from pricing_rules.types import UsageEvent

BASE_BOOKS = Path(__file__).parents[1] / "books"
TERMS_KEPT_MAX = 50_000
"""Kinds of call (deployment, tier, product, …) whose terms are kept; one more forgets all."""

_ENCODER = msgspec.json.Encoder(order="sorted")


class _StoredBook(msgspec.Struct, frozen=True):
    version: str
    content: msgspec.Raw
    """The bytes that the version is the digest of."""
    sources: dict[str, PriceSource]


class Book:
    """A compiled price book. Immutable but for a bounded memory of terms already found."""

    def __init__(
        self,
        content: BookContent,
        sources: Mapping[str, PriceSource],
        *,
        encoded: bytes | None = None,
    ):
        """`encoded`: the content as it is stored, which an older release may have written."""
        self.content = content
        self.sources = sources
        self._encoded = _ENCODER.encode(content) if encoded is None else encoded
        self.version = hashlib.sha256(self._encoded).hexdigest()
        self.pricing_currency = content.pricing_currency
        self.billing_currency = content.billing_currency
        self.deployments = frozenset(alias.name for alias in content.aliases)
        self._finder = TermsFinder(content)
        self._fields = UsageFieldRules(content.harmless, content.plain)
        self._by_caller = self._finder.by_caller
        self._kept: dict[object, TermsTimeline] = {}
        self.converts = content.billing_currency != content.pricing_currency
        """Whether charges are converted into another billing currency."""
        self._fx = sorted(content.fx, key=lambda rate: rate.valid_from)
        self._fx_starts = [rate.valid_from for rate in self._fx]

    def terms(self, event: UsageEvent, cost_centre: str | None) -> Terms:
        """What holds for this call at its own time."""
        key: object = (
            event.deployment, event.model, event.service_tier, event.operation, event.region
        )  # fmt: skip
        if (
            event.served_deployment
            or event.spillover_from
            or event.requested_tier
            or event.backend_host
            or event.body_unread
            or event.cache
        ):
            key = (
                key, event.served_deployment, event.spillover_from, event.requested_tier,
                event.backend_host, event.body_unread, event.cache,
            )  # fmt: skip
        if self._by_caller:
            caller = event.caller
            key = (key, caller.product, caller.subscription, caller.tid, cost_centre)
        fields: tuple[tuple[str, str], ...] = ()
        usage = event.usage
        if usage is not None and usage.caveats is not None:
            fields = self._fields.doubtful(usage.caveats.unread)
            key = (key, fields)
        timeline = self._kept.get(key)
        if timeline is None:
            if len(self._kept) >= TERMS_KEPT_MAX:
                self._kept.clear()
            timeline = self._kept[key] = self._finder.find(event, cost_centre, fields)
        starts, terms = timeline
        return terms[bisect_right(starts, event.time) - 1]

    def fx_at(self, time: datetime) -> FxRate | None:
        """The rate into the billing currency; None where there is none at that time."""
        index = bisect_right(self._fx_starts, time) - 1
        if not self.converts or index < 0:
            return None
        rate = self._fx[index]
        return rate if rate.valid_to is None or time < rate.valid_to else None

    def to_bytes(self) -> bytes:
        """The compiled form: canonical JSON that `load_compiled` reads back."""
        content = msgspec.Raw(self._encoded)
        return _ENCODER.encode(_StoredBook(self.version, content, dict(self.sources)))


@lru_cache(maxsize=2)
def at_list_price(book: Book) -> Book:
    """The same list prices without the company's own: no contract price, discount, mark-up or
    conversion. It has a version of its own, which nothing is posted with.
    """
    agreed = contracts_of(book.content, book.sources)
    return Book(content_at_list(book.content, agreed), book.sources)


def load_book(
    paths: Sequence[Path] | None = None,
    *,
    origins: Collection[str] = tuple(PriceOrigin),
    dead_aliases: bool = False,
) -> Book:
    """The shipped base books and, with `paths`, a company's own files over them.

    InvalidBook names the file, the rule and the reason. `origins` and `dead_aliases`: see
    `compile_files`.
    """
    shipped = sorted(BASE_BOOKS.glob("*.toml"))
    return compile_book([*shipped, *(paths or ())], origins=origins, dead_aliases=dead_aliases)


def compile_book(
    paths: Sequence[Path],
    *,
    origins: Collection[str] = tuple(PriceOrigin),
    dead_aliases: bool = False,
) -> Book:
    """The book that exactly these files make."""
    files = [(path.name, read_book_file(path)) for path in paths]
    return Book(*compile_files(files, origins=origins, dead_aliases=dead_aliases))


def load_compiled(data: bytes) -> Book:
    """A book from its compiled form. InvalidBook when the content is not the one it was.

    The digest is that of the bytes as stored: a release that knows more fields than the one that
    wrote them reads them all the same, each new field at its default. A field that this release
    does not know may change a price, so such a book of a later release is refused.
    """
    try:
        stored = msgspec.json.decode(data, type=_StoredBook)
        digest = hashlib.sha256(stored.content).hexdigest()
        if digest != stored.version:
            raise InvalidBook(f"content has version {digest}, but says {stored.version}")
        content = msgspec.json.decode(stored.content, type=BookContent)
    except (msgspec.DecodeError, UnicodeDecodeError) as error:
        raise InvalidBook(f"is no compiled book: {error}") from error
    return Book(content, stored.sources, encoded=bytes(stored.content))


def read_book_file(path: Path) -> BookFile:
    """One validated TOML file. InvalidBook when it cannot be read or holds what no rule may say."""
    try:
        data = tomllib.loads(path.read_text(encoding="utf-8"))
    except OSError as error:
        raise InvalidBook(f"cannot be read: {_unread(error)}", file=str(path)) from error
    except (tomllib.TOMLDecodeError, UnicodeDecodeError, RecursionError) as error:
        raise InvalidBook(f"is not TOML: {error}", file=path.name) from error
    try:
        return BookFile.model_validate(data)
    except ValidationError as error:
        raise _invalid(path, data, error) from error


def _unread(error: OSError) -> str:
    if isinstance(error, IsADirectoryError):
        return "is a directory; name the files in it"
    return error.strerror or str(error)


def _meant(error: ErrorDetails) -> str:
    """The complaint in the words of a rule file: pydantic's name Python's types."""
    match error["type"]:
        case "tuple_type" if isinstance(error["input"], str):
            return f"expected a list, as [{json.dumps(error['input'])}]"
        case "tuple_type":
            return "expected a list"
        case "string_type" if isinstance(error["input"], int | Decimal):
            return f'expected text in quotes, as "{error["input"]}"'
        case "extra_forbidden":
            return "no such key"
        case "missing":
            return "is missing"
    return error["msg"]


def _invalid(path: Path, data: Mapping[str, object], error: ValidationError) -> InvalidBook:
    """The first complaint, with the id of the rule it is about."""
    first = error.errors()[0]
    location = first["loc"]
    rule_id = None
    rules = data.get("rule")
    if location[:1] == ("rule",) and len(location) > 1 and isinstance(rules, list):
        rule = rules[int(location[1])]
        rule_id = rule.get("id") if isinstance(rule, dict) else None
    place = ".".join(str(part) for part in location)
    more = f" (and {error.error_count() - 1} more)" if error.error_count() > 1 else ""
    return InvalidBook(
        f"{place}: {_meant(first)}, found {first['input']!r}{more}",
        file=path.name,
        rule_id=str(rule_id) if rule_id else None,
    )
