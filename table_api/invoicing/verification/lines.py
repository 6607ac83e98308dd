"""Lines from cells, documents from lines: re-added with code of its own over plain JSON."""

import json
from collections import Counter
from collections.abc import Iterator
from fractions import Fraction
from typing import Any

from pricing_rules.money import PICO_PER_UNIT, parse_pico
from pricing_rules.units import Unit
from table_api.invoicing.verification.findings import Findings
from table_api.invoicing.verification.focus import check_tables

PEOPLE_ROUNDED_SINCE = 3
"""Rules of a snapshot that round each person's sum before the lines."""
WITHOUT_AMOUNT_SINCE = 4
"""Rules of a snapshot by which calls without an amount make no line."""
_LAYERS = ("list", "contracted", "charge", "billed")

LineIdentity = tuple[str | None, str, str | None, str, str, str, str]
"""Cost centre, charge month, charge day of a correction, subject, model, line, unit."""
Json = dict[str, Any]


class LineCheck:
    """Checks the documents of one month against its snapshot."""

    def __init__(self, snapshot: Json, blobs: dict[str, bytes], findings: Findings) -> None:
        self._snapshot = snapshot
        self._blobs = blobs
        self._findings = findings
        two = snapshot["pricing_currency"] != snapshot["billing_currency"]
        self._layer = "billed" if two else "charge"
        self._billed: Counter[tuple[str | None, str]] = Counter()
        """Rounded amounts in pico-units by cost centre and charge month."""
        self._people: dict[tuple[str | None, str], dict[str, list[int]]] = {}
        """By cost centre and charge month: what each person is billed and owes, in pico-units."""
        self._lines: dict[tuple[str, int], Json] = {}

    def run(self) -> None:
        """Check everything."""
        expected = expected_lines(self._snapshot)
        folder = self._findings.month.key
        for name, invoice in self._documents(f"{folder}/invoices/"):
            self._check_sums(name, invoice)
            for line in invoice["lines"]:
                self._findings.lines += 1
                place = _place(invoice["cost_centre"], line)
                self._check_line(f"{name} line {line['number']}", line, expected.pop(place, None))
                amount = parse_pico(line["amount"])
                due = (invoice["cost_centre"], line["charge_month"])
                self._billed[due] += amount
                person = self._people.setdefault(due, {}).setdefault(line["subject"], [0, 0])
                person[0] += amount
                person[1] += parse_pico(line["amount_unrounded"])
                self._lines[line["invoice"], line["number"]] = line
        for place in expected:
            self._findings.add(f"{folder}: no invoice has a line for {place}")
        self._check_rounding()
        if self._snapshot.get("rules", 1) >= PEOPLE_ROUNDED_SINCE:
            self._check_people()
        self._check_statements()
        check_tables(self._blobs, self._lines, self._findings)

    def _documents(self, prefix: str) -> Iterator[tuple[str, Json]]:
        for name in sorted(self._blobs):
            if name.startswith(prefix) and name.endswith(".json"):
                try:
                    yield name, json.loads(self._blobs[name])
                except ValueError as error:
                    self._findings.add(f"{name} is not JSON: {error}")

    def _check_sums(self, name: str, document: Json) -> None:
        """The totals and subtotals of a document are the sums of its lines."""
        for column in ("list", "contracted", "charge", "amount_unrounded", "amount"):
            summed = sum(parse_pico(line[column]) for line in document["lines"])
            if summed != parse_pico(document["totals"][column]):
                self._findings.add(
                    f"{name} totals {column} {document['totals'][column]}, its lines add to "
                    f"{Fraction(summed, PICO_PER_UNIT)}"
                )
        by_month: Counter[str] = Counter()
        for line in document["lines"]:
            by_month[line["charge_month"]] += parse_pico(line["amount"])
        stated = {
            part["charge_month"]: parse_pico(part["amount"]) for part in document["subtotals"]
        }
        if stated != dict(by_month):
            self._findings.add(f"{name} has subtotals {stated}, its lines add to {dict(by_month)}")

    def _check_line(self, place: str, line: Json, expected: Counter[str] | None) -> None:
        """A line is the sum of its cells, and rounded by at most one minor unit."""
        if expected is None:
            self._findings.add(f"{place} is made of no cell")
            return
        stated = {
            "quantity": line["quantity"],
            "list": parse_pico(line["list"]),
            "contracted": parse_pico(line["contracted"]),
            "charge": parse_pico(line["charge"]),
            self._layer: parse_pico(line["amount_unrounded"]),
        }
        for column, number in stated.items():
            if number != expected[column]:
                self._findings.add(
                    f"{place} states {column} = {number}, its cells add to {expected[column]}"
                )
        minor = 10 ** (12 - _decimals(line["amount"]))
        # A whole cent between two halves may be billed by none or by two: 1.5 → 2.5 is 2 → 2.
        if abs(parse_pico(line["amount"]) - expected[self._layer]) > minor:
            self._findings.add(
                f"{place} rounds {line['amount_unrounded']} to {line['amount']}, "
                "more than a minor unit away"
            )

    def _check_rounding(self) -> None:
        """Per cost centre and month, all lines add to a difference of two roundings."""
        exact: Counter[tuple[str | None, str]] = Counter()
        before: Counter[tuple[str | None, str]] = Counter()
        for place, numbers in expected_lines(self._snapshot).items():
            exact[place[0], place[1]] += numbers[self._layer]
        for earlier in self._snapshot["earlier"]:
            for balance in earlier["balances"]:
                before[balance["cost_centre"], earlier["month"]] = int(balance["exact"])
        minor = self._minor_unit()
        for key in {*exact, *self._billed}:
            after = round(Fraction(before[key] + exact[key], minor))  # half-even
            due = (after - round(Fraction(before[key], minor))) * minor
            if due != self._billed[key]:
                self._findings.add(
                    f"{self._findings.month.key}: cost centre {key[0]} is billed "
                    f"{self._billed[key]} pico-units for {key[1]}, the cells round to {due}"
                )

    def _check_people(self) -> None:
        """The cents of a month go to the people with the largest remainders, one each."""
        minor = self._minor_unit()
        for due, people in self._people.items():
            with_cent, without = [minor], [0]
            for subject, (billed, exact) in people.items():
                cents, remainder = billed // minor - exact // minor, exact % minor
                if not 0 <= cents <= 1 and remainder:
                    self._findings.add(
                        f"{self._findings.month.key}: {subject} of cost centre {due[0]} is billed "
                        f"{billed} pico-units for {due[1]} and owes {exact}"
                    )
                (with_cent if cents > 0 else without).append(remainder)
            if max(without) > min(with_cent):
                self._findings.add(
                    f"{self._findings.month.key}: cost centre {due[0]} gives the cents of {due[1]} "
                    "to other people than those with the largest remainders"
                )

    def _minor_unit(self) -> int:
        """Pico-units of the finest step that an amount of the month shows."""
        decimals = {_decimals(line["amount"]) for line in self._lines.values()}
        if len(decimals) > 1:
            self._findings.add(f"amounts have {sorted(decimals)} decimals, expected one number")
        return int(10 ** (12 - max(decimals, default=2)))

    def _check_statements(self) -> None:
        """Every invoice line stands on exactly one statement, as it is."""
        left = dict(self._lines)
        for name, statement in self._documents(f"{self._findings.month.key}/statements/"):
            self._check_sums(name, statement)
            for line in statement["lines"]:
                place = (line["invoice"], line["number"])
                if left.pop(place, None) != line or line["subject"] != statement["subject"]:
                    self._findings.add(f"{name} has line {place}, which no invoice has like this")
        for place in left:
            self._findings.add(f"{self._findings.month.key}: no statement has line {place}")


def expected_lines(snapshot: Json) -> dict[LineIdentity, Counter[str]]:
    """What the cells of a snapshot charge, by place: quantity and layers."""
    lines: dict[LineIdentity, Counter[str]] = {}
    judged = snapshot.get("rules", 1) >= WITHOUT_AMOUNT_SINCE
    for cell in snapshot["cells"]:
        numbers = _numbers(cell["additive"])
        silent = _without_amount(numbers) if judged else numbers["unpriced"] != 0
        _add(lines, cell, numbers, (snapshot["month"], None), silent=silent)
    for earlier in snapshot["earlier"]:
        for cell in earlier["cells"]:
            before, change = _numbers(cell["before"]), _numbers(cell["after"])
            silent = _without_amount(before) or _without_amount(change)
            change.subtract(before)
            if not judged:
                silent = change["unpriced"] != 0
            when = (earlier["month"], cell["facts"]["day"])
            _add(lines, cell, change, when, silent=silent)
    return {
        place: numbers
        for place, numbers in lines.items()
        if place[2] is None or any(numbers.values())
    }


def _add(
    lines: dict[LineIdentity, Counter[str]],
    cell: Json,
    numbers: Counter[str],
    when: tuple[str, str | None],
    *,
    silent: bool,
) -> None:
    """A `silent` cell has no line of a unit without an amount."""
    facts = cell["facts"]
    for unit in Unit:
        amounts = Counter({layer: numbers[f"{layer}_{unit.value}"] for layer in _LAYERS})
        quantity = numbers[f"q_{unit.value}"]
        if not any(amounts.values()) and (silent or not quantity):
            continue
        line = cell["key"][cell["key"].rindex("|") + 1 :]
        place = (cell["cost_centre"], *when, facts["subject"], facts["model"], line, unit.value)
        lines.setdefault(place, Counter()).update(amounts)
        lines[place]["quantity"] += quantity


def _without_amount(numbers: Counter[str]) -> bool:
    return any(numbers[name] for name in ("unpriced", "no_usage", "pending"))


def _place(cost_centre: str | None, line: Json) -> LineIdentity:
    return (
        cost_centre,
        line["charge_month"],
        line["charge_day"],
        line["subject"],
        line["model"],
        line["line"],
        line["unit"],
    )


def _numbers(additive: Json) -> Counter[str]:
    return Counter({name: int(value) for name, value in additive.items()})


def _decimals(amount: str) -> int:
    return len(amount.partition(".")[2])
