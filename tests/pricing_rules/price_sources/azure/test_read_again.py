"""Importing again what was imported before: Azure changes prices and keeps their date."""

from datetime import UTC, date, datetime
from pathlib import Path
from typing import Any

import pytest

from pricing_rules.engine.rating import rate
from pricing_rules.price_book.book import Book, at_list_price, compile_book
from pricing_rules.price_sources.azure.proposed import propose_azure
from pricing_rules.price_sources.proposals import Change, Proposal
from pricing_rules.price_sources.rule_text import rule_text
from tests.fixtures.builders import make_event, make_usage
from tests.pricing_rules.books import ALIAS
from tests.pricing_rules.price_sources.azure.test_proposed import NAMES, PRICES, row, write_dump


class Importer:
    """A book that is made of nothing but imports."""

    def __init__(self, directory: Path) -> None:
        self._directory = directory
        self._file = directory / "ours.toml"
        self._file.write_text("", encoding="utf-8")

    @property
    def book(self) -> Book:
        return compile_book([self._file])

    def write(self, text: str) -> None:
        """Add rules; the book must compile."""
        self._file.write_text(f"{self._file.read_text('utf-8')}\n{text}", encoding="utf-8")
        assert self.book.content.cards

    def read(self, output: str, checked: date, **changes: Any) -> list[Proposal]:
        """What a dump with this price of output changes; it is written into the book."""
        prices = PRICES | {"output": output}
        items = [row(NAMES[unit], prices[unit], **changes) for unit in NAMES]
        dump = write_dump(self._directory, items)
        found = propose_azure([dump], self.book, checked=checked)
        self.write("\n".join(rule_text(each) for each in found if each.price is not None))
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


def test_a_date_that_comes_later_than_its_price_ends_where_the_price_was_seen(
    tmp_path: Path,
) -> None:
    importer = Importer(tmp_path)
    importer.read("10", date(2026, 1, 10))
    importer.read("7", date(2026, 6, 1))
    dated = {"effectiveStartDate": "2026-05-20T00:00:00Z"}
    assert begins(importer.read("7", date(2026, 6, 5), **dated)) == (
        "output 10 → 7",
        "azure.gpt-5-chat.GlobalStandard.2025-08-01",
        datetime(2026, 5, 20, tzinfo=UTC),
    )
    assert [(card.valid_from.date(), card.valid_to) for card in importer.book.content.cards] == [
        (date(2025, 8, 1), datetime(2026, 5, 20, tzinfo=UTC)),
        (date(2026, 5, 20), datetime(2026, 6, 1, tzinfo=UTC)),
        (date(2026, 6, 1), None),
    ]
    assert importer.read("7", date(2026, 6, 6), **dated) == []


def test_such_a_date_ends_at_the_next_rule_of_several(tmp_path: Path) -> None:
    importer = Importer(tmp_path)
    importer.read("10", date(2026, 1, 10))
    importer.read("8", date(2026, 5, 1))
    importer.read("7", date(2026, 6, 1))
    dated = {"effectiveStartDate": "2026-04-20T00:00:00Z"}
    importer.read("7", date(2026, 6, 5), **dated)
    ends = [card.valid_to for card in importer.book.content.cards]
    assert ends[1] == datetime(2026, 5, 1, tzinfo=UTC)
    assert importer.read("7", date(2026, 6, 6), **dated) == []


CONTRACT = """
[[rule]]
id = "own"
kind = "base"
valid_from = 2026-06-01T00:00:00Z
supersedes = "azure.gpt-5-chat.GlobalStandard.2025-08-01"
currency = "USD"
unit = "1M"
source = { kind = "contract", checked = 2026-06-01 }
rates = { input = "1.25", cache_read = "0.125", output = "7" }
[rule.match]
provider = "azure"
model = "gpt-5-chat"
deployment = ["GlobalStandard"]
service_tier = "default"
"""


@pytest.mark.parametrize("began", ["2025-08-01", "2026-06-15"])
def test_an_unchanged_list_price_leaves_a_contract_alone(began: str, tmp_path: Path) -> None:
    importer = Importer(tmp_path)
    importer.read("10", date(2026, 1, 10))
    importer.write(CONTRACT)
    dated = {"effectiveStartDate": f"{began}T00:00:00Z"}
    for region in ("eastus2", "swedencentral"):
        assert importer.read("10", date(2026, 7, 1), armRegionName=region, **dated) == []


def test_a_list_price_equal_to_the_contract_is_still_another_list_price(tmp_path: Path) -> None:
    importer = Importer(tmp_path)
    importer.read("10", date(2026, 1, 10))
    importer.write(CONTRACT)
    [proposal] = importer.read("7", date(2026, 7, 1))
    assert (proposal.change, proposal.details[0]) == (Change.CHANGED, "output 10 → 7")
    assert importer.read("7", date(2026, 7, 2)) == []


def test_a_changed_list_price_goes_on_under_a_contract(tmp_path: Path) -> None:
    importer = Importer(tmp_path)
    importer.read("10", date(2026, 1, 10))
    importer.write(CONTRACT)
    changed = {"effectiveStartDate": "2026-09-01T00:00:00Z"}
    assert begins(importer.read("9", date(2026, 9, 3), **changed)) == (
        "output 10 → 9",
        "azure.gpt-5-chat.GlobalStandard.2025-08-01",
        datetime(2026, 9, 1, tzinfo=UTC),
    )
    assert importer.read("9", date(2026, 9, 4), **changed) == []
    assert begins(importer.read("8", date(2026, 10, 1)))[0] == "output 9 → 8"
    deployed = tmp_path / "deployed.toml"
    deployed.write_text(
        ALIAS.replace('"m"', '"gpt-5-chat"').replace('"dep"', '"chat"'), encoding="utf-8"
    )
    book = compile_book([tmp_path / "ours.toml", deployed])
    costs = [
        rate(
            make_event(
                deployment="chat",
                model=None,
                usage=make_usage(output=1_000_000),
                time=datetime(2026, month, 15, tzinfo=UTC),
            ),
            view,
        ).charge
        // 10**12
        for view in (book, at_list_price(book))
        for month in (5, 8, 9, 10)
    ]
    assert costs == [10, 7, 7, 7, 10, 10, 9, 8]


def test_a_changed_list_price_never_takes_calls_from_a_contract_of_more_calls(
    tmp_path: Path,
) -> None:
    """The new rule would be more specific."""
    importer = Importer(tmp_path)
    importer.read("10", date(2026, 1, 10))
    importer.write(CONTRACT.replace('service_tier = "default"\n', ""))
    changed = {"effectiveStartDate": "2026-09-01T00:00:00Z"}
    [proposal] = importer.read("9", date(2026, 9, 3), **changed)
    assert (proposal.change, proposal.price) == (Change.CONTRADICTED, None)
    assert proposal.details == (
        "output 10 → 9",
        "own is agreed on for these calls: write by hand what becomes of it",
    )


def test_a_contract_that_is_over_holds_no_price_up(tmp_path: Path) -> None:
    importer = Importer(tmp_path)
    importer.read("10", date(2026, 1, 10))
    importer.write(CONTRACT.replace("currency", "valid_to = 2026-09-01T00:00:00Z\ncurrency", 1))
    changed = {"effectiveStartDate": "2026-09-01T00:00:00Z"}
    assert begins(importer.read("9", date(2026, 9, 3), **changed)) == (
        "output 10 → 9",
        "azure.gpt-5-chat.GlobalStandard.2025-08-01",
        datetime(2026, 9, 1, tzinfo=UTC),
    )
    assert importer.read("9", date(2026, 9, 4), **changed) == []


def test_a_price_of_some_regions_takes_no_calls_from_a_contract(tmp_path: Path) -> None:
    """A rule of a region is more specific than the contract: it would hold in its place."""
    importer = Importer(tmp_path)
    importer.read("10", date(2026, 1, 10))
    importer.write(CONTRACT)
    dear = [row(NAMES[u], "12" if u == "output" else PRICES[u], armRegionName="japaneast")
            for u in NAMES]  # fmt: skip
    same = [row(NAMES[u], PRICES[u]) for u in NAMES]
    dump = write_dump(tmp_path, [*same, *dear])
    [proposal] = propose_azure([dump], importer.book, checked=date(2026, 7, 1))
    assert (proposal.change, proposal.price) == (Change.CONTRADICTED, None)
    assert "own is agreed on" in proposal.details[-1]


def test_a_price_of_two_regions_takes_no_calls_from_a_contract_of_one(tmp_path: Path) -> None:
    """It would be as specific, so no book could take it."""
    importer = Importer(tmp_path)
    importer.read("10", date(2026, 1, 10))
    ours = CONTRACT.replace('supersedes = "azure.gpt-5-chat.GlobalStandard.2025-08-01"\n', "")
    importer.write(ours.replace("[rule.match]", '[rule.match]\nregion = ["japaneast"]'))
    dear = [row(NAMES[u], "12" if u == "output" else PRICES[u], armRegionName=region)
            for u in NAMES for region in ("japaneast", "swedencentral")]  # fmt: skip
    same = [row(NAMES[u], PRICES[u]) for u in NAMES]
    dump = write_dump(tmp_path, [*same, *dear])
    [proposal] = propose_azure([dump], importer.book, checked=date(2026, 7, 1))
    assert (proposal.change, proposal.price) == (Change.CONTRADICTED, None)
    assert "own is agreed on" in proposal.details[-1]
