"""The verbs about a book itself: lint, show, diff, schema, digests, compile."""

import json
import sys
from collections.abc import Sequence
from datetime import date, datetime
from pathlib import Path

from command_line.json_form import print_json
from pricing_rules.engine.book_changes import book_changes
from pricing_rules.engine.what_if import nearest_models
from pricing_rules.errors import InvalidBook
from pricing_rules.price_book.book import (
    BASE_BOOKS,
    Book,
    compile_book,
    load_book,
    load_compiled,
    read_book_file,
)
from pricing_rules.price_book.book_file import BookFile
from pricing_rules.price_sources.ages import shadowed
from pricing_rules.price_sources.digests import rule_digests
from pricing_rules.verbs.listing import fields, show, stale


def lint(files: Sequence[Path], *, as_json: bool = False) -> int:
    """Compile the base books with the given files. InvalidBook names file and rule."""
    book = load_book(files)
    content = book.content
    counts = {
        "base rules": len(content.cards),
        "modifiers": len(content.modifiers),
        "fx rates": len(content.fx),
        "deployments": len(content.aliases),
    }
    own = {rule.id for file in files for rule in read_book_file(file).rule}
    never = [*shadowed(content.cards, own), *shadowed(content.fees, own)]
    if as_json:
        fields = {name.replace(" ", "_"): count for name, count in counts.items()}
        rules = [{"rule": rule_id, "shadowed_by": better} for rule_id, better in never]
        print_json({"version": book.version, **fields, "never_hold": rules})
    else:
        said = ", ".join(f"{count} {name}" for name, count in counts.items())
        print(f"OK {said}, version {book.version}")
    for rule_id, better in never:
        said = f"warning: {rule_id} never holds: {better} is of a more trusted source"
        print(said, file=sys.stderr)
    return 0


def show_model(
    model: str, files: Sequence[Path], *, at: datetime, today: date, as_json: bool = False
) -> int:
    """Print the prices of a model at a time. 1 when the book has none."""
    book = load_book(files)
    lines = list(show(book, model, at=at, today=today))
    if not lines:
        near = nearest_models(book, model)
        hint = f"; the book has {near}" if near else ""
        print(f"no price for {model} at {at.isoformat()}{hint}", file=sys.stderr)
        return 1
    if as_json:
        print_json(list(fields(book, model, at=at, today=today)))
    else:
        print("\n".join(lines))
    for warning in stale(book, model, at=at, today=today):
        print(f"warning: {warning}", file=sys.stderr)
    return 0


def diff(old: Path, new: Path, *, as_json: bool = False) -> int:
    """Print how the second book differs. 1 when it does, as diff exits."""
    differences = list(book_changes(_book(old), _book(new)))
    if as_json:
        print_json([each._asdict() for each in differences])
    for line in () if as_json else differences:
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
        files = sorted(path.glob("*.toml"))
        if not files:
            raise InvalidBook("holds no rule file (*.toml)", file=str(path))
        return compile_book(files)
    if path.suffix == ".json":
        try:
            return load_compiled(path.read_bytes())
        except InvalidBook as error:
            raise InvalidBook(str(error), file=str(path)) from error
    return load_book([path])
