"""`python -m pricing_rules <verb>`: prices, books and their sources on the command line."""

import sys
from argparse import ArgumentParser, ArgumentTypeError, _SubParsersAction
from collections.abc import Sequence
from datetime import UTC, date, datetime
from pathlib import Path
from typing import TypeAlias

from pricing_rules.engine.what_if import OPERATION_NAMES
from pricing_rules.errors import PricingError
from pricing_rules.price_book.book import BASE_BOOKS
from pricing_rules.price_book.rules import DeploymentType
from pricing_rules.price_sources.azure_fetch import PRICES_URL
from pricing_rules.verbs import books, sources
from pricing_rules.verbs.price import price, usage_object

_Verbs: TypeAlias = "_SubParsersAction[ArgumentParser]"


def main(words: Sequence[str] | None = None) -> int:
    """Run one verb. Exit 1 with the reason on stderr when it fails, 2 on wrong arguments."""
    parser = ArgumentParser(prog="python -m pricing_rules", description=__doc__)
    verbs = parser.add_subparsers(required=True, metavar="verb")
    _add_price(verbs)
    _add_book_verbs(verbs)
    _add_source_verbs(verbs)
    arguments = parser.parse_args(words)
    try:
        return int(arguments.run(arguments))
    except PricingError as error:
        print(f"error: {error}", file=sys.stderr)
        return 1


def _add_price(verbs: _Verbs) -> None:
    verb = verbs.add_parser("price", help="what one usage object costs")
    verb.add_argument("--model", required=True, help="model of the book, with or without version")
    verb.add_argument("--provider", help="where several sell the model")
    verb.add_argument(
        "--deployment-type",
        type=DeploymentType,
        choices=list(DeploymentType),
        default=DeploymentType.GLOBAL_STANDARD,
    )
    verb.add_argument("--service-tier", help="as the answer reports it (default: default)")
    verb.add_argument("--region")
    verb.add_argument("--product", help="the caller's API Management product")
    verb.add_argument("--cost-centre", help="the caller's cost centre")
    verb.add_argument("--api", choices=sorted(OPERATION_NAMES), default="chat")
    verb.add_argument("--at", type=_moment, default=datetime.now(UTC), help="default: now")
    _add_book_files(verb)
    verb.add_argument("--usage", type=usage_object, required=True, help="as the model sent it")
    form = verb.add_mutually_exclusive_group()
    form.add_argument("--explain", action="store_true", help="every line and rule")
    form.add_argument("--json", action="store_true")
    verb.set_defaults(run=price)


def _add_book_verbs(verbs: _Verbs) -> None:
    verb = verbs.add_parser("lint", help="compile the base books with these files")
    verb.add_argument("files", type=Path, nargs="*", metavar="FILE")
    verb.set_defaults(run=books.lint)

    verb = verbs.add_parser("show", help="the prices of a model, their sources and their age")
    verb.add_argument("model", help="with or without version")
    verb.add_argument("--at", type=_moment, default=datetime.now(UTC), help="default: now")
    verb.add_argument("--today", type=_day, default=datetime.now(UTC).date(), help="for the age")
    _add_book_files(verb)
    verb.set_defaults(run=books.show_model)

    verb = verbs.add_parser("diff", help="what the second book has otherwise")
    verb.add_argument("old", type=Path, help="directory, compiled book, or file over the base")
    verb.add_argument("new", type=Path)
    verb.set_defaults(run=books.diff)

    verb = verbs.add_parser("schema", help="JSON Schema of a rule file, for editors")
    verb.set_defaults(run=books.schema)

    verb = verbs.add_parser("digests", help="digest of each base rule, to pin a release")
    verb.set_defaults(run=books.digests)

    verb = verbs.add_parser("compile", help="write the compiled form of a book")
    verb.add_argument("--out", type=Path, required=True)
    _add_book_files(verb)
    verb.set_defaults(run=books.write_compiled)


def _add_source_verbs(verbs: _Verbs) -> None:
    verb = verbs.add_parser("import-azure", help="compare dumps of the Retail Prices API")
    verb.add_argument("dump", type=Path, nargs="+", metavar="DUMP.json")
    today = datetime.now(UTC).date()
    verb.add_argument(
        "--checked", type=_day, default=today, help="day the dumps were fetched (default: today)"
    )
    _add_write(verb)
    verb.set_defaults(run=sources.import_azure)

    verb = verbs.add_parser("import-genai", help="compare the genai-prices package")
    verb.add_argument("--provider", default="azure")
    verb.add_argument(
        "--since", type=_day, default=today, help="begin of undated prices (default: today)"
    )
    verb.add_argument(
        "--checked", type=_day, default=today, help="day of the package (default: today)"
    )
    _add_write(verb)
    verb.set_defaults(run=sources.import_genai)

    verb = verbs.add_parser("fetch-azure", help="a region's prices, as import-azure reads them")
    verb.add_argument("--region", required=True)
    verb.add_argument("--currency", default="USD")
    verb.add_argument("--url", default=PRICES_URL)
    verb.set_defaults(run=sources.fetch_azure)


def _add_write(verb: ArgumentParser) -> None:
    verb.add_argument(
        "--write",
        type=Path,
        nargs="?",
        const=BASE_BOOKS,
        metavar="DIRECTORY",
        help="add what the diff shows to the rule files there (default: the base books)",
    )


def _add_book_files(verb: ArgumentParser) -> None:
    verb.add_argument("--book", type=Path, nargs="*", metavar="FILE", help="over the base books")


def _moment(text: str) -> datetime:
    try:
        moment = datetime.fromisoformat(text)
    except ValueError as error:
        raise ArgumentTypeError(f"{text!r} is no ISO 8601 time") from error
    try:
        return moment.replace(tzinfo=moment.tzinfo or UTC).astimezone(UTC)
    except OverflowError as error:
        raise ArgumentTypeError(f"{text!r} is outside the years 1 to 9999 in UTC") from error


def _day(text: str) -> date:
    try:
        return date.fromisoformat(text)
    except ValueError as error:
        raise ArgumentTypeError(f"{text!r} is no ISO 8601 date") from error


if __name__ == "__main__":
    sys.exit(main())
