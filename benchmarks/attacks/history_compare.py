"""A ledger under test against the oracle: cells, API, invoices and FOCUS, to the pico-unit."""

import csv
import io
import json
from collections import Counter, defaultdict
from collections.abc import Callable, Iterator, Mapping
from datetime import timedelta
from fractions import Fraction
from typing import Any

from benchmarks.attacks.history_ledger import LedgerUnderTest
from benchmarks.attacks.history_prices import LAYERS, MINOR_DIGITS
from benchmarks.attacks.history_truth import State, Truth
from table_api.audit.ledger_audit import audit
from table_api.invoicing.snapshots.archive import Archive
from table_api.invoicing.verification.verify import verify_all
from table_api.storage.keys import KeyRange

PICO = 10**12
COUNTS = {
    "calls": "calls", "errors": "errors", "unpriced": "unpriced_calls", "no_usage": "no_usage_calls"
}  # fmt: skip
PAGE = 3

Sums = Counter[str]
Groups = Mapping[Any, Sums]


class Comparison:
    """Differences found, and how many sums were compared."""

    def __init__(self, truth: Truth, ledger: LedgerUnderTest) -> None:
        self._truth, self._ledger = truth, ledger
        self.differences: list[str] = []
        self.compared = 0
        # Also the days of calls that were only ever moved away: lists of calls show them.
        days = sorted(truth.day(time) for _, _, time in truth.chains)
        self._range = {"from": str(days[0]), "to": str(days[-1] + timedelta(days=1))}

    async def run(self) -> None:
        """Everything."""
        self._ledger.look()
        await self._cells()
        await self._usage()
        await self._subjects()
        await self._calls()
        self._bills()
        report = await audit(self._ledger.storage, now=self._ledger.now)
        self._same("audited charge", report.charge, self._all()["charge"])
        archive = Archive(self._ledger.blobs)
        months = await archive.months()
        checked, found = await verify_all(
            archive, self._ledger.storage, months, now=self._ledger.now
        )
        self.differences += [*checked.problems, *(text for each in found for text in each.problems)]

    async def _ask(self, path: str, **query: Any) -> Any:
        answer = await self._ledger.api.get(path, params=query)
        answer.raise_for_status()
        return answer.json()

    def _same(self, place: str, found: object, expected: object) -> None:
        self.compared += 1
        if found != expected:
            self.differences.append(f"{place}: {found!r}, the oracle has {expected!r}")

    def _groups(self, key: Callable[[State], Any]) -> dict[Any, Sums]:
        groups: dict[Any, Sums] = defaultdict(Counter)
        for state in self._truth.counted():
            groups[key(state)].update(self._truth.sums(state))
        return {name: _plain(sums) for name, sums in groups.items()}

    def _all(self) -> Sums:
        return self._groups(lambda state: None).get(None, Counter())

    async def _cells(self) -> None:
        found: dict[Any, Sums] = defaultdict(Counter)
        storage = self._ledger.storage
        async for partition in storage.partitions("ledger"):
            async for page in storage.query("ledger", partition, KeyRange("d|", "d|~")):
                for row in page:
                    place = (str(row["subject"]), str(row["day"]), str(row["model"]))
                    found[place].update(
                        {n: int(v) for n, v in row.items() if n in COUNTS or n in LAYERS}
                        | {n: int(v) for n, v in row.items() if n.startswith("q_")}
                    )
        expected = self._groups(self._cell)
        self._same_groups("cells", {k: _plain(v) for k, v in found.items() if +v}, expected)

    def _same_groups(self, what: str, found: Groups, expected: Groups) -> None:
        for key in {*found, *expected}:
            self._same(f"{what} {key}", found.get(key), expected.get(key))

    def _day(self, state: State) -> Any:
        return self._truth.day(state.report.time)

    def _cell(self, state: State) -> tuple[str, str, str]:
        """Cells of one subject, day and model, whatever their lines."""
        return (state.report.subject, str(self._day(state)), self._truth.model(state))

    def _centre(self, state: State) -> str | None:
        return self._truth.centre(state.report.subject, self._day(state))

    async def _usage(self) -> None:
        keys: dict[str, Callable[[State], Any]] = {
            "day": lambda state: str(self._day(state)),
            "subject": lambda state: state.report.subject,
            "cost_centre": self._centre,
            "model": self._truth.model,
        }
        for group_by, key in keys.items():
            answer = await self._ask("/v1/usage", group_by=group_by, **self._range)
            found = {line.get(group_by): _sums_of(line) for line in answer["data"]}
            self._same_groups(f"usage by {group_by}", found, self._groups(key))
            self._same(f"total by {group_by}", _sums_of(answer["totals"]), self._all())

    async def _subjects(self) -> None:
        expected = self._groups(lambda state: state.report.subject)
        for sort in ("charge", "calls", "subject"):
            for order in ("asc", "desc"):
                lines = [line async for line in self._pages("/v1/subjects", sort=sort, order=order)]
                keys = [
                    (0 if sort == "subject" else sums.get(sort, 0), who)
                    for who, sums in expected.items()
                ]
                in_order = [who for _, who in sorted(keys, reverse=order == "desc")]
                self._same(f"subjects by {sort} {order}", [e["subject"] for e in lines], in_order)
                for line in lines:
                    who = line["subject"]
                    self._same(f"subject {who}", _sums_of(line), expected.get(who))
        for who in expected:
            days = self._groups(
                lambda s: (s.report.subject, str(self._day(s)), self._truth.model(s))
            )
            answer = await self._ask(
                f"/v1/subjects/{who}/usage", group_by="day,model", **self._range
            )
            self._same_groups(
                f"usage of {who}",
                {(who, line["day"], line["model"]): _sums_of(line) for line in answer["data"]},
                {key: sums for key, sums in days.items() if key[0] == who},
            )

    async def _pages(self, path: str, **query: Any) -> Any:
        cursor: str | None = None
        while True:
            more = {"cursor": cursor} if cursor else {}
            answer = await self._ask(path, limit=PAGE, **query, **more, **self._range)
            for line in answer["data"]:
                yield line
            cursor = answer["page"]["next_cursor"]
            if cursor is None:
                return

    async def _calls(self) -> None:
        """Every call of every subject in the order of time, also those that were moved away."""
        by_subject: dict[str, list[State]] = defaultdict(list)
        for chain in self._truth.chains.values():
            by_subject[chain[-1].report.subject].append(chain[-1])
        for who, states in by_subject.items():
            lines = [line async for line in self._pages(f"/v1/subjects/{who}/calls")]
            states.sort(key=lambda state: (state.report.time, state.report.call_id))
            self._same(
                f"calls of {who}",
                [line["call_id"] for line in lines],
                [state.report.call_id for state in states],
            )
            for line, state in zip(lines, states, strict=False):
                self._same_call(line, state)

    def _same_call(self, line: Mapping[str, Any], state: State) -> None:
        place = f"call {line['call_id']}"
        if state.moved:
            self._same(place, (line["state"], line["cost"]), ("moved", None))
            return
        cost = self._truth.cost(state)
        expected: Sums = Counter()
        for layers in (cost or {}).values():
            expected.update({layer: layers[layer] for layer in self._layers()})
        self._same(place, _costs(line["cost"]), None if cost is None else _plain(expected))

    def _layers(self) -> tuple[str, ...]:
        return LAYERS if self._truth.layer == "billed" else LAYERS[:3]

    def _bills(self) -> None:
        """Invoices unrounded and rounded, and both FOCUS datasets, of every closed month."""
        minor = 10 ** (12 - MINOR_DIGITS[self._truth.currencies[1]])
        for month, bill in self._truth.bills.items():
            expected = {line: amounts for line, amounts in bill.items() if any(amounts)}
            found: dict[Any, list[int]] = defaultdict(lambda: [0, 0])
            numbers = {}
            for invoice in self._invoices(month):
                numbers[invoice["number"]] = invoice["cost_centre"]
                for line in invoice["lines"]:
                    sums = found[invoice["cost_centre"], line["charge_month"]]
                    sums[0] += pico(line["amount_unrounded"])
                    sums[1] += pico(line["amount"])
            billed = {
                line: (exact, rounded // minor)
                for line, (exact, rounded) in found.items()
                if exact or rounded
            }
            self._same_groups(f"bill of {month}", billed, expected)  # type: ignore[arg-type]
            self._focus(month, numbers, expected, minor)

    def _focus(
        self,
        month: str,
        numbers: Mapping[str, str | None],
        expected: Mapping[Any, tuple[int, int]],
        minor: int,
    ) -> None:
        due: Counter[Any] = Counter()
        for (centre, _), (exact, rounded) in expected.items():
            due[centre, "EffectiveCost"] += exact
            due[centre, "BilledCost"] += rounded * minor
        usage = self._csv_sums(month, "cost_and_usage", ("EffectiveCost", "BilledCost"), numbers)
        detail = self._csv_sums(month, "invoice_detail", ("BilledCost",), numbers)
        for key in {*due, *usage}:
            self._same(f"FOCUS usage of {month} {key}", usage[key], due[key])
            if key[1] == "BilledCost":
                self._same(f"FOCUS invoices of {month} {key}", detail[key], due[key])

    def _csv_sums(
        self, month: str, name: str, columns: tuple[str, ...], numbers: Mapping[str, str | None]
    ) -> Counter[Any]:
        content = self._ledger.blobs.blobs[f"{month.replace('-', '')}/focus/{name}.csv"]
        sums: Counter[Any] = Counter()
        for row in csv.DictReader(io.StringIO(content.decode("utf-8-sig"), newline="")):
            for column in columns:
                sums[numbers[row["InvoiceId"]], column] += pico(row[column])
        return sums

    def _invoices(self, month: str) -> Iterator[Any]:
        folder = f"{month.replace('-', '')}/invoices/"
        for name, content in self._ledger.blobs.blobs.items():
            if name.startswith(folder) and name.endswith(".json"):
                yield json.loads(content)


def pico(text: str) -> int:
    """An exact decimal in pico-units."""
    amount = Fraction(text) * PICO
    assert amount.denominator == 1, text
    return amount.numerator


def _plain(sums: Mapping[str, int]) -> Sums:
    """Without zeros: an absent number is none."""
    return Counter({name: amount for name, amount in sums.items() if amount})


def _sums_of(line: Mapping[str, Any]) -> Sums:
    """Totals of an answer by the oracle's names."""
    sums = Counter({name: int(line[field]) for name, field in COUNTS.items()})
    sums.update({f"q_{unit}": int(count) for unit, count in line["units"].items()})
    sums.update(_costs(line["cost"]) or {})
    return _plain(sums)


def _costs(cost: Mapping[str, str] | None) -> Sums | None:
    if cost is None:
        return None
    return _plain({layer: pico(text) for layer, text in cost.items() if text is not None})
