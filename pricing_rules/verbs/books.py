"""The verbs about a book itself: lint, show, diff, schema, digests, compile."""

import json
import sys
from argparse import Namespace
from pathlib import Path

from pricing_rules.price_book.book import BASE_BOOKS, Book, compile_book, load_book, load_compiled
from pricing_rules.price_book.digests import rule_digests
from pricing_rules.price_book.rules import BookFile
from pricing_rules.verbs.listing import book_differences, show, stale


def lint(arguments: Namespace) -> int:
    """Compile the base books with the given files. An error exits 1 and names file and rule."""
    book = load_book(arguments.files)
    content = book.content
    print(
        f"OK {len(content.cards)} base rules, {len(content.modifiers)} modifiers, "
        f"{len(content.fx)} fx rates, {len(content.aliases)} deployments, version {book.version}"
    )
    return 0


def show_model(arguments: Namespace) -> int:
    """The prices of a model at a time. Exit 1 when the book has none."""
    book = load_book(arguments.book)
    lines = list(show(book, arguments.model, at=arguments.at, today=arguments.today))
    if not lines:
        print(f"no price for {arguments.model} at {arguments.at.isoformat()}", file=sys.stderr)
        return 1
    print("\n".join(lines))
    for warning in stale(book, arguments.model, at=arguments.at, today=arguments.today):
        print(f"warning: {warning}", file=sys.stderr)
    return 0


def diff(arguments: Namespace) -> int:
    """What the second book has otherwise. Exit 1 when they differ, as diff does."""
    differences = list(book_differences(_book(arguments.old), _book(arguments.new)))
    for line in differences:
        print(line)
    return 1 if differences else 0


def schema(_: Namespace) -> int:
    """The JSON Schema of a rule file, for editors."""
    print(json.dumps(BookFile.model_json_schema(), indent=2))
    return 0


def digests(_: Namespace) -> int:
    """The digest of each base rule, to pin a release."""
    print(json.dumps(rule_digests(sorted(BASE_BOOKS.glob("*.toml"))), indent=1))
    return 0


def write_compiled(arguments: Namespace) -> int:
    """The compiled form of a book: loads faster, and keeps what a version stands for."""
    book = load_book(arguments.book)
    arguments.out.write_bytes(book.to_bytes())
    print(f"{book.version} written to {arguments.out}", file=sys.stderr)
    return 0


def _book(path: Path) -> Book:
    """A directory of rule files, one compiled book, or one file over the base books."""
    if path.is_dir():
        return compile_book(sorted(path.glob("*.toml")))
    if path.suffix == ".json":
        return load_compiled(path.read_bytes())
    return load_book([path])
