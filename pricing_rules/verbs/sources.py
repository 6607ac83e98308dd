"""The verbs that read prices elsewhere: import-azure, import-genai, import-litellm, fetch-azure."""

import sys
import time
from collections.abc import Mapping, Sequence
from datetime import date, datetime
from pathlib import Path

import msgspec

from command_line.json_form import print_json
from pricing_rules.errors import FetchFailed, InvalidPriceSource
from pricing_rules.price_book.book import BASE_BOOKS, load_book
from pricing_rules.price_sources.azure.changes import dump_changes
from pricing_rules.price_sources.azure.fetch import PRICES_URL, fetch_prices
from pricing_rules.price_sources.azure.proposed import propose_azure
from pricing_rules.price_sources.proposals import Proposal, render
from pricing_rules.price_sources.quotes.coverage import cover
from pricing_rules.price_sources.quotes.coverage_page import coverage_text, covered_fields
from pricing_rules.price_sources.quotes.litellm_import import propose_litellm, render_left
from pricing_rules.price_sources.quotes.litellm_prices import (
    packaged_price_map,
    read_entry,
    read_price_map,
)
from pricing_rules.price_sources.rule_text import CACHED_FILE, cached_text, rule_text


def import_azure(
    dumps: Sequence[Path],
    files: Sequence[Path],
    *,
    checked: date,
    into: Path | None,
    as_json: bool = False,
) -> int:
    """Compare dumps of the Retail Prices API with the base books and the files over them."""
    proposals = propose_azure(dumps, load_book(files), checked=checked)
    _show(proposals, as_json=as_json)
    return _write_proposed(proposals, into, files)


def import_genai(
    provider: str, *, since: date, checked: date, into: Path | None, as_json: bool = False
) -> int:
    """Compare the genai-prices package with the base books."""
    try:
        from pricing_rules.price_sources.genai_import import propose_genai  # noqa: PLC0415 - development extra
    except ModuleNotFoundError as error:
        raise InvalidPriceSource("genai-prices is not installed: uv sync --group dev") from error
    proposals = propose_genai(provider, load_book(), since=since, checked=checked)
    _show(proposals, as_json=as_json)
    return _write_proposed(proposals, into)


def import_litellm(
    file: Path | None,
    version: str | None,
    *,
    checked: date,
    into: Path | None,
    as_json: bool = False,
) -> int:
    """Compare litellm's price map with the base books; without a file that of the package."""
    if file is None:
        file, version = packaged_price_map()
    if version is None:
        raise InvalidPriceSource(f"{file}: name the release of litellm it is of by --version")
    reported = propose_litellm(read_price_map(file), load_book(), version=version, checked=checked)
    cached = reported.cached_as_input
    if as_json:
        left = [
            {"reason": each.reason, "key": each.key, "what": each.what} for each in reported.left
        ]
        changes = _fields(reported.proposals)
        print_json({"changes": changes, "left": left, "cached_as_input": cached})
    else:
        print(render_left(reported.left))
        for model in cached:
            print(f"cached    {model} has no price for cached tokens: they are billed as input")
        print(render(reported.proposals))
    return _write_proposed(reported.proposals, into, cached_as_input=cached)


def coverage(file: Path, version: str, *, at: datetime, as_json: bool = False) -> int:
    """Print what of litellm's and genai-prices' quotes for Azure the base books price."""
    try:
        from pricing_rules.price_sources.genai_import import quotes  # noqa: PLC0415 - development extra
    except ModuleNotFoundError as error:
        raise InvalidPriceSource("genai-prices is not installed: uv sync --group dev") from error
    book = load_book()
    entries = [read_entry(key, fields) for key, fields in sorted(read_price_map(file).items())]
    packaged = quotes("azure", book, since=at.date(), checked=at.date())
    sources = {f"litellm {version}": entries, "genai-prices": packaged}
    covered = [(name, cover(of, book, at=at)) for name, of in sources.items()]
    if as_json:
        print_json({name: [covered_fields(each) for each in entries] for name, entries in covered})
    else:
        print(coverage_text(covered))
    return 0


def fetch_azure(regions: Sequence[str], *, currency: str, url: str | None, out: Path | None) -> int:
    """Print prices in the form that import-azure reads, or write them and print what changed."""
    if out is not None and not out.parent.is_dir():
        raise FetchFailed(f"{out.parent} is no folder to write to")  # before minutes of reading
    page = fetch_prices(regions, currency=currency, url=url or PRICES_URL, sleep=time.sleep)
    text = msgspec.json.format(page, indent=1)
    if out is None:
        print(text.decode())
        return 0
    fetched = out.with_name(f"{out.name}.new")
    fetched.write_bytes(text)
    if out.exists():
        print("\n".join(dump_changes(out, fetched)))
    fetched.replace(out)
    print(f"{len(msgspec.json.decode(page)['Items'])} rows written to {out}", file=sys.stderr)
    return 0


def _show(proposals: Sequence[Proposal], *, as_json: bool) -> None:
    if as_json:
        print_json({"changes": _fields(proposals)})
    else:
        print(render(proposals))


def _fields(proposals: Sequence[Proposal]) -> list[dict[str, object]]:
    return [
        {
            "change": each.change,
            "rule": each.rule_id,
            "supersedes": each.supersedes,
            "details": each.details,
        }
        for each in proposals
    ]


def _write_proposed(
    proposals: Sequence[Proposal],
    into: Path | None,
    files: Sequence[Path] = (),
    *,
    cached_as_input: Sequence[str] = (),
) -> int:
    if into is None:
        return 0
    texts: dict[Path, list[str]] = {}
    written = []
    for proposal in proposals:
        if proposal.price is not None:
            file = into / f"{proposal.price.family}.toml"
            texts.setdefault(file, []).append(rule_text(proposal))
            written.append(f"{proposal.rule_id} written to {file.name}")
    if cached_as_input:
        texts[into / CACHED_FILE] = [cached_text(model) for model in cached_as_input]
    _write(texts, files)
    for line in written:
        print(line, file=sys.stderr)
    return 0


def _write(texts: Mapping[Path, Sequence[str]], files: Sequence[Path]) -> None:
    """Add texts to rule files. If the book does not compile with them, the files stay as before."""
    known = {file.resolve() for file in (*BASE_BOOKS.glob("*.toml"), *files)}
    before = {file: file.read_text("utf-8") if file.exists() else None for file in texts}
    try:
        for file, rules in texts.items():
            file.parent.mkdir(parents=True, exist_ok=True)
            old = before[file]
            file.write_text("\n".join([*([old] if old else []), *rules]), encoding="utf-8")
        load_book([*files, *(file for file in texts if file.resolve() not in known)])
    except BaseException:
        for file, text in before.items():
            if text is None:
                file.unlink(missing_ok=True)
            else:
                file.write_text(text, encoding="utf-8")
        raise
