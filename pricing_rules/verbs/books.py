"""The verbs about a book itself: lint, show, diff, schema, digests, compile."""

import json
import sys
from collections.abc import Sequence
from datetime import date, datetime
from pathlib import Path

from pricing_rules.engine.book_changes import book_changes
from pricing_rules.engine.what_if import nearest_models
from pricing_rules.price_book.book import (
    BASE_BOOKS,
    Book,
    compile_book,
    load_book,
    load_compiled,
    read_book_file,
)
from pricing_rules.price_book.book_file import BookFile
from pricing_rules.price_book.checks import shadowed
from pricing_rules.price_book.digests import rule_digests
from pricing_rules.verbs.listing import show, stale


def lint(files: Sequence[Path]) -> int:
    """Compile the base books with the given files. InvalidBook names file and rule."""
    book = load_book(files)
    content = book.content
    print(
        f"OK {len(content.cards)} base rules, {len(content.modifiers)} modifiers, "
        f"{len(content.fx)} fx rates, {len(content.aliases)} deployments, version {book.version}"
    )
    own = {rule.id for file in files for rule in read_book_file(file).rule}
    for rule_id, better in shadowed(content.cards, own):
        said = f"warning: {rule_id} never holds: {better} is of a more trusted source"
        print(said, file=sys.stderr)
    return 0


def show_model(model: str, files: Sequence[Path], *, at: datetime, today: date) -> int:
    """Print the prices of a model at a time. 1 when the book has none."""
    book = load_book(files)
    lines = list(show(book, model, at=at, today=today))
    if not lines:
        near = nearest_models(book, model)
        hint = f"; the book has {near}" if near else ""
        print(f"no price for {model} at {at.isoformat()}{hint}", file=sys.stderr)
        return 1
    print("\n".join(lines))
    for warning in stale(book, model, at=at, today=today):
        print(f"warning: {warning}", file=sys.stderr)
    return 0


def diff(old: Path, new: Path) -> int:
    """Print how the second book differs. 1 when it does, as diff exits."""
    differences = list(book_changes(_book(old), _book(new)))
    for line in differences:
        print(line)
    return 1 if differences else 0


def schema() -> int:
    """Print the JSON Schema of a rule file, for editors."""
    print(json.dumps(BookFile.model_json_schema(), indent=2))
    return 0


def digests() -> int:
    """Print the digest of each base rule, to pin a release."""
    print(json.dumps(rule_digests(sorted(BASE_BOOKS.glob("*.toml"))), indent=1))
    return 0


def write_compiled(out: Path, files: Sequence[Path]) -> int:
    """Write the compiled form of a book: it loads faster, and keeps what a version means."""
    book = load_book(files)
    out.write_bytes(book.to_bytes())
    print(f"{book.version} written to {out}", file=sys.stderr)
    return 0


def _book(path: Path) -> Book:
    """A directory of rule files, one compiled book, or one file over the base books."""
    if path.is_dir():
        return compile_book(sorted(path.glob("*.toml")))
    if path.suffix == ".json":
        return load_compiled(path.read_bytes())
    return load_book([path])
