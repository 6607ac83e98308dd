"""Importing again what was imported before: Azure changes prices and keeps their date."""

from datetime import UTC, date, datetime
from pathlib import Path
from typing import Any

from pricing_rules.price_book.book import compile_book
from pricing_rules.price_sources.azure.proposed import propose_azure
from pricing_rules.price_sources.proposals import Proposal
from pricing_rules.price_sources.rule_text import rule_text
from tests.pricing_rules.price_sources.azure.test_proposed import NAMES, PRICES, row, write_dump


class Importer:
    """A book that is made of nothing but imports."""

    def __init__(self, directory: Path) -> None:
        self._directory = directory
        self._file = directory / "ours.toml"
        self._file.write_text("", encoding="utf-8")

    def read(self, output: str, checked: date, **changes: Any) -> list[Proposal]:
        """What a dump with this price of output changes; it is written into the book."""
        prices = PRICES | {"output": output}
        items = [row(NAMES[unit], prices[unit], **changes) for unit in NAMES]
        dump = write_dump(self._directory, items)
        found = propose_azure([dump], compile_book([self._file]), checked=checked)
        written = [rule_text(proposal) for proposal in found if proposal.price is not None]
        old = self._file.read_text("utf-8")
        self._file.write_text("\n".join([old, *written]), encoding="utf-8")
        compile_book([self._file])
        return found


def begins(proposals: list[Proposal]) -> tuple[str, str | None, datetime]:
    """Its price of output, what it supersedes, and when."""
    (proposal,) = proposals
    assert proposal.price is not None
    (detail,) = proposal.details
    return detail, proposal.supersedes, proposal.price.valid_from


def test_a_change_without_a_new_date_is_proposed_once(tmp_path: Path) -> None:
    importer = Importer(tmp_path)
    assert len(importer.read("10", date(2026, 1, 10))) == 1
    assert importer.read("10", date(2026, 5, 1)) == []
    assert len(importer.read("7", date(2026, 6, 1))) == 1
    assert importer.read("7", date(2026, 6, 1)) == []
    assert importer.read("7", date(2026, 6, 2)) == []


def test_a_price_that_goes_back_under_its_old_date_is_a_change(tmp_path: Path) -> None:
    importer = Importer(tmp_path)
    importer.read("10", date(2026, 1, 10))
    importer.read("7", date(2026, 6, 1))
    assert begins(importer.read("10", date(2026, 7, 1))) == (
        "output 7 → 10",
        "azure.gpt-5-chat.GlobalStandard.2026-06-01",
        datetime(2026, 7, 1, tzinfo=UTC),
    )
    assert importer.read("10", date(2026, 7, 2)) == []


def test_a_later_change_of_its_own_date_supersedes_the_one_that_was_seen(tmp_path: Path) -> None:
    importer = Importer(tmp_path)
    importer.read("10", date(2026, 1, 10))
    importer.read("7", date(2026, 6, 1))
    found = importer.read("6", date(2026, 9, 3), effectiveStartDate="2026-09-01T00:00:00Z")
    assert begins(found) == (
        "output 7 → 6",
        "azure.gpt-5-chat.GlobalStandard.2026-06-01",
        datetime(2026, 9, 1, tzinfo=UTC),
    )


def test_what_an_old_dump_says_is_judged_by_the_rules_of_its_day(tmp_path: Path) -> None:
    importer = Importer(tmp_path)
    importer.read("10", date(2026, 1, 10))
    importer.read("7", date(2026, 6, 1))
    assert importer.read("10", date(2026, 5, 31)) == []
