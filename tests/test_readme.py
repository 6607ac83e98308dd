"""README shows what the programs print today, and its links lead somewhere."""

import re
import shlex
from datetime import UTC, datetime
from decimal import Decimal
from io import StringIO
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from rich.console import Console

from chargeback.__main__ import main
from docs_site.pictures import BYTES_MAX, PICTURES
from local_stack.demo.demo_box import DemoBox, show
from local_stack.demo.stack import PRICE_BOOK, ZONE
from local_stack.identity.accounts import demo_accounts
from local_stack.traffic.people import people
from local_stack.traffic.workload import Workload, needs_no_log
from pricing_rules.decoding.usage_event import decode
from pricing_rules.engine.rating import rate
from pricing_rules.money import PICO_DIGITS
from pricing_rules.price_book.book import load_book
from pricing_rules.types import UsageEvent
from tests.paths import ROOT

README = (ROOT / "README.md").read_text(encoding="utf-8")
VERSION = re.compile(r"[0-9a-f]{64}")
"""Moves with every new rule of the book."""
FIRST_RUN = datetime(2026, 11, 30, tzinfo=UTC)
"""The day on which the box was shown: the amounts depend on it."""
CENT = Decimal("0.01")
ROWS_MAX = 12
"""Of the box: what a newcomer reads at once."""
PROSE = [*ROOT.glob("*.md"), *(ROOT / "docs").glob("*.md"), *ROOT.glob("*/README.md")]


def test_the_explained_price_is_what_the_command_prints(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    [block] = re.findall(r"```console\n\$ (.*?)```", README, re.DOTALL)
    command, shown = block.split("\n", 1)
    assert shlex.split(command)[0] == "chargeback"
    monkeypatch.chdir(ROOT)
    assert main(shlex.split(command)[1:]) == 0
    printed = capsys.readouterr().out
    assert VERSION.sub("", shown.rstrip()) == VERSION.sub("", printed.rstrip())


def test_the_box_has_the_lines_that_the_demonstration_prints() -> None:
    console = Console(record=True, width=100, file=StringIO())
    numbers: dict[str, Any] = dict.fromkeys(DemoBox.__struct_fields__, 1)
    texts = {"total_cost": "0", "currency": "USD", "audit": "ok", "key": "k", "invoices": "6"}
    urls = dict.fromkeys(("ui", "api", "broker", "insights", "base_url"), "")
    commands = {"token_command": "t", "shell_settings": "s"}
    people = {each.person.name: each.title for each in demo_accounts().values()}
    show(
        DemoBox(**{**numbers, **texts, "urls": urls, "sign_in": people, **commands}),
        console,
    )
    [box] = re.findall(r"╭.*?╯", README, re.DOTALL)
    assert labels(box) == labels(console.export_text())
    assert labels(box)[0] == "bill"
    assert len(labels(box)) <= ROWS_MAX


def test_the_numbers_of_the_first_screen_are_those_of_the_story_and_of_the_box() -> None:
    """Worked out from the generated events and the price book, without the stack."""
    first_screen = README.partition("| question |")[0]
    [found] = re.findall(
        r"Its (\d+) people made ([\d,]+) calls in October. "
        r"They cost ([\d.,]+) USD, on (\d+) invoices",
        first_screen.replace("\n", " "),
    )
    calls, charges = october()
    billed = sum((charge.quantize(CENT) for charge in charges.values()), Decimal(0))
    assert found == (str(len(people())), f"{calls:,}", f"{billed:,}", str(len(charges)))
    [box] = re.findall(r"╭.*?╯", README, re.DOTALL)
    [(bill, invoices)] = re.findall(r"bill +([\d.]+) USD for 2026-10: (\d+) invoices", box)
    credits = sum(map(Decimal, re.findall(r"([\d.]+) USD credited", box)), Decimal(0))
    assert int(invoices) == len(charges)
    # A credit is rounded together with the usage of its cost centre.
    room = CENT * len(charges) if credits else Decimal(0)
    assert abs(Decimal(bill) + credits - billed) <= room


def october() -> tuple[int, dict[str, Decimal]]:
    """Calls of the demonstration's last month, and what each cost centre is charged."""
    book = load_book([PRICE_BOOK])
    cost_centres = {person.subject: person.cost_centre for person in people()}
    calls, charges = 0, dict.fromkeys(cost_centres.values(), 0)
    for sent in filter(needs_no_log, Workload(now=FIRST_RUN).events()):
        event = decode(sent.body, enqueued_time=FIRST_RUN)
        assert isinstance(event, UsageEvent)
        if f"{event.time.astimezone(ZoneInfo(ZONE)):%Y-%m}" == "2026-10":
            calls += 1
            cost_centre = cost_centres[event.subject]
            charges[cost_centre] += rate(event, book, cost_centre).charge
    return calls, {name: Decimal(charge).scaleb(-PICO_DIGITS) for name, charge in charges.items()}


@pytest.mark.parametrize("name", ["overview", "call", "invoice"])
def test_pictures_are_there_and_small(name: str) -> None:
    content = (PICTURES / f"{name}.png").read_bytes()
    assert content.startswith(b"\x89PNG")
    assert len(content) <= BYTES_MAX
    assert f"](docs/pictures/{name}.png)" in README


def labels(box: str) -> list[str]:
    """The left column of a box, without the lines that go on with a value."""
    lines = [line.strip("│") for line in box.splitlines() if "│" in line]
    return [re.split(r"  +", line.strip())[0] for line in lines if not line.startswith("   ")]


@pytest.mark.parametrize("page", PROSE, ids=lambda page: page.relative_to(ROOT).as_posix())
def test_every_link_between_documents_leads_to_a_file(page: Path) -> None:
    targets = re.findall(r"\]\(([^)#:]+)(?:#[^)]*)?\)", page.read_text(encoding="utf-8"))
    assert [target for target in targets if not (page.parent / target).exists()] == []
