"""Single mutations of a healthy closed ledger: `python -m benchmarks.attacks.mutations`.

After each, the ledger is audited, its running month is previewed as a close would bill it, and its
closed months are verified. None of these may end with an exception, and what none of them reports
must say the same money as before, to a reader of its own (`mutation_money`).
"""

import argparse
import asyncio
import contextlib
import random
import resource
import sys
from collections import Counter
from collections.abc import Awaitable, Callable, Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from benchmarks.attacks.mutation_money import Money, differences, money_of
from benchmarks.attacks.mutation_operators import (
    TARGETS,
    Columns,
    Key,
    Mutation,
    mutate,
)
from table_api.audit.ledger_audit import AuditReport, audit
from table_api.errors import ChangedMeanwhile, TableApiError
from table_api.invoicing.closing.month_files import MonthDocuments
from table_api.invoicing.snapshots.billing_month import BillingMonth
from table_api.invoicing.verification.verify import verify
from table_api.storage.keys import KeyRange
from table_api.storage.table_storage import Delete, Upsert
from tests.frozen.company import Company

NOVEMBER = BillingMonth(2026, 11)
TABLES = ("ledger", "monthly", "meta", "people")
LINES_SHOWN_MAX = 40
MEMORY_MAX = 2**30
"""Bytes that a look may take beyond what the process has: a damaged number must not eat all."""
STATM = Path("/proc/self/statm")


@dataclass(slots=True)
class Judged:
    """What became of one mutation."""

    mutation: Mutation
    reported_by: list[str] = field(default_factory=list)
    died: list[str] = field(default_factory=list)
    """`where: exception`."""
    money: list[str] = field(default_factory=list)
    """What says other money now; of a survivor."""

    @property
    def survived(self) -> bool:
        return not self.reported_by and not self.died


class Attack:
    """A closed ledger that is mutated and mended again."""

    def __init__(self, company: Company) -> None:
        self._company = company
        self._storage = company.storage
        self._blobs = company.blobs["invoices"].blobs
        self._rows: dict[Key, Columns] = {}
        self._documents: dict[str, bytes] = {}
        self._healthy: Money = {}
        self._report: AuditReport | None = None

    @classmethod
    async def on_two_closed_months(cls) -> "Attack":
        """The frozen ledger of the first release, gone on to December by today's code."""
        company = await Company.first_wave()
        await company.go_on()
        await (await company.job()).close(NOVEMBER)
        attack = cls(company)
        attack._rows = await attack._read()
        attack._documents = dict(attack._blobs)
        found, documents = Judged(Mutation(target="", operator="", where="", column="")), None
        attack._report = await audit(attack._storage, now=company.now)
        documents = await attack._look(found)
        assert documents is not None
        assert found.survived, found
        attack._healthy = attack._money(attack._rows, documents)
        return attack

    async def run(self, seed: int, count: int) -> list[Judged]:
        """`count` mutations, each on the healthy ledger."""
        dice, found = random.Random(seed), list[Judged]()
        with _memory_bounded():
            while len(found) < count:
                mutation = mutate(dice, self._rows, self._documents)
                try:
                    await self._write(mutation.rows)
                except TableApiError:
                    await self._mend(mutation)
                    continue  # storage itself refuses such a row
                found.append(await self._judge(mutation))
                await self._mend(mutation)
        return found

    async def _judge(self, mutation: Mutation) -> Judged:
        judged = Judged(mutation)
        for name, content in mutation.blobs.items():
            if content is None:
                self._blobs.pop(name, None)
            else:
                self._blobs[name] = content
        documents = await self._look(judged)
        if judged.survived and documents is not None:
            rows = {key: value for key, value in {**self._rows, **mutation.rows}.items() if value}
            money = self._money(rows, documents)
            if mutation.target == "people":  # input: it decides who pays what is not closed yet
                money["next"] = self._healthy["next"]
            judged.money = differences(self._healthy, money)
        return judged

    async def _look(self, judged: Judged) -> MonthDocuments | None:
        """Audit, preview and verify; gives what the next close would bill."""
        company = self._company
        report = self._report  # a document is nothing that the audit reads
        if judged.mutation.rows:
            report = await _tried(
                judged,
                "audit",
                lambda: audit(self._storage, now=company.now),
                lambda found: found.ok,
            )

        async def preview() -> MonthDocuments:
            job = await company.job()
            return await job.preview(NOVEMBER.moved(1), report)

        documents: MonthDocuments | None = await _tried(judged, "close", preview)

        async def verify_closed() -> list[str]:
            archive = (await company.job()).archive
            found = [await verify(archive, self._storage, each) for each in await archive.months()]
            return [text for month in found for text in month.problems]

        await _tried(judged, "verify", verify_closed, lambda problems: not problems)
        return documents

    def _money(self, rows: Mapping[Key, Columns], documents: MonthDocuments) -> Money:
        next_: Counter[tuple[str, ...]] = Counter()
        for invoice in documents.invoices:
            for line in invoice.lines:
                key = (str(invoice.cost_centre), line.charge_month, line.subject, line.model)
                next_[*key, line.unit, line.amount_unrounded] += 1
        return {**money_of(rows, self._blobs), "next": next_}

    async def _read(self) -> dict[Key, Columns]:
        rows: dict[Key, Columns] = {}
        for table in TABLES:
            async for partition in self._storage.partitions(table):
                async for page in self._storage.query(table, partition, KeyRange("", "~")):
                    for row in page:
                        columns = {**row}
                        del columns["PartitionKey"], columns["Timestamp"]
                        rows[table, partition, str(columns.pop("RowKey"))] = columns
        return rows

    async def _write(self, rows: Mapping[Key, Columns | None]) -> None:
        for (table, partition, row_key), columns in rows.items():
            change = Delete(row_key) if columns is None else Upsert(row_key, columns)
            await self._storage.transact(table, partition, [change])

    async def _mend(self, mutation: Mutation) -> None:
        for key in mutation.rows:
            try:
                await self._write({key: self._rows.get(key)})
            except ChangedMeanwhile:
                continue  # it was never written
        for name in mutation.blobs:
            self._blobs[name] = self._documents[name]


@contextlib.contextmanager
def _memory_bounded() -> Iterator[None]:
    """A look that takes too much ends with MemoryError, as any other that dies."""
    if not STATM.exists():
        yield
        return
    before = resource.getrlimit(resource.RLIMIT_AS)
    pages = int(STATM.read_text().split()[0])
    soft = pages * resource.getpagesize() + MEMORY_MAX
    resource.setrlimit(resource.RLIMIT_AS, (soft, before[1]))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_AS, before)


async def _tried(
    judged: Judged,
    where: str,
    look: Callable[[], Awaitable[Any]],
    good: Callable[[Any], bool] = lambda found: True,
) -> Any:
    """A refusal by name is a report; any other exception is what the attack is after."""
    try:
        found = await look()
    except TableApiError:
        judged.reported_by.append(where)
        return None
    except Exception as error:
        judged.died.append(f"{where}: {error!r}")
        return None
    if not good(found):
        judged.reported_by.append(where)
    return found


def as_text(found: list[Judged]) -> str:
    """A table by target, then deaths, survivors with money, and survivors by column."""
    head = ("target", "mutations", "audit", "close", "verify", "died", "evidence", "money")
    lines: list[tuple[str, ...]] = [head]
    for target in (*TARGETS, "all"):
        of_target = [each for each in found if target in {each.mutation.target, "all"}]
        named = Counter(name for each in of_target for name in each.reported_by)
        survivors = [each for each in of_target if each.survived]
        with_money = sum(bool(each.money) for each in survivors)
        lines.append(
            (
                target,
                *map(str, (len(of_target), named["audit"], named["close"], named["verify"])),
                *map(str, (sum(bool(each.died) for each in of_target),)),
                *map(str, (len(survivors) - with_money, with_money)),
            )
        )
    table = "\n".join("".join(f"{cell:>11}" for cell in line) for line in lines)
    wrong = [_line(each, each.died or each.money) for each in found if each.died or each.money]
    columns = Counter(
        f"{each.mutation.target}.{each.mutation.column}" for each in found if each.survived
    )
    survived = ", ".join(f"{name} {count}" for name, count in columns.most_common())
    return "\n".join([table, *wrong[:LINES_SHOWN_MAX], f"survivors by column: {survived}"])


def _line(judged: Judged, what: list[str]) -> str:
    mutation = judged.mutation
    return f"{mutation.target} {mutation.operator} {mutation.column} of {mutation.where}: {what}"


async def attack(seed: int, count: int) -> list[Judged]:
    """What became of each mutation."""
    return await (await Attack.on_two_closed_months()).run(seed, count)


def main() -> int:
    """1 when a look died, or a mutation that nobody reports changes money."""
    parser = argparse.ArgumentParser(
        prog="python -m benchmarks.attacks.mutations", description=__doc__
    )
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--count", type=int, default=2_000)
    options = parser.parse_args()
    found = asyncio.run(attack(options.seed, options.count))
    print(f"{options.count} mutations, seed {options.seed}")
    print(as_text(found))
    return 1 if any(each.died or each.money for each in found) else 0


if __name__ == "__main__":
    sys.exit(main())
