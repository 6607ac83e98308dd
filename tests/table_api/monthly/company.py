"""A company whose `monthly` is written at random, and apps that read it."""

import asyncio
import random
from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from dataclasses import dataclass, field, replace
from datetime import UTC, date, datetime, timedelta
from functools import cache

import httpx
from fastapi import FastAPI

from table_api.errors import Unavailable
from table_api.http_api.access.question import Api
from table_api.http_api.access.sights import Sights
from table_api.http_api.app import create_app
from table_api.invoicing.snapshots.archive import Archive
from table_api.invoicing.snapshots.billed_centres import BilledCentres
from table_api.ledger.meta import note_monthly
from table_api.monthly.kept_answers import KeptAnswers
from table_api.monthly.month_stamps import LOOK_S, MARGIN, Ticks
from table_api.monthly.open_months import OpenMonths
from table_api.monthly.projected_day import day_columns
from table_api.owners.access_log import AccessLog
from table_api.owners.ownership import Owners
from table_api.people.people import People, Person
from table_api.storage.keys import KeyRange
from table_api.storage.memory_blobs import MemoryBlobStore
from table_api.storage.memory_tables import MemoryTableStorage
from table_api.storage.table_storage import Delete, Operation, Row, TableStorage, Upsert, Value
from table_api.storage.timestamp import now_utc
from table_api.usage.cell_reads import LedgerReads
from tests.fixtures.calls import NOW, PrefixedStorage, open_ledger

MONTHS = ("202610", "202611", "202612")
MODELS = ("gpt-4.1-mini", "gpt-4o")
DAYS = (1, 2, 20, 30)
SUBJECTS = 12


class Watched(PrefixedStorage):
    """Knows how the rows of `monthly` were asked for, and lets others write in between."""

    def __init__(self, storage: TableStorage) -> None:
        super().__init__(storage, "")
        self.asked: list[str] = []
        self.meanwhile: Callable[[], Awaitable[None]] | None = None
        """What happens once between the read of the time stamps and that of the rows."""
        self.down = False

    async def query(
        self,
        table: str,
        partition_key: str,
        keys: KeyRange,
        *,
        select: Sequence[str] | None = None,
        rows_max: int | None = None,
    ) -> AsyncIterator[list[Row]]:
        if table == "monthly":
            only_stamps = set(select or ()) == {"RowKey", "Timestamp"}
            self.asked.append("stamps" if only_stamps else "rows")
            await asyncio.sleep(0)
        pages = super().query(table, partition_key, keys, select=select, rows_max=rows_max)
        async for page in pages:
            yield page

    async def changed(
        self, table: str, partition_key: str, since: str, *, select: Sequence[str]
    ) -> AsyncIterator[list[Row]]:
        only_stamps = set(select) == {"RowKey", "Timestamp"}
        self.asked.append("recent" if only_stamps else "changed")
        await asyncio.sleep(0)
        if self.down and not only_stamps:
            raise Unavailable("storage does not answer")
        if self.meanwhile is not None and not only_stamps:
            happens, self.meanwhile = self.meanwhile, None
            await happens()
        async for page in super().changed(table, partition_key, since, select=select):
            yield page


@cache
def app_of(number: int) -> FastAPI:
    """An app takes a second to make, and keeps nothing itself: its Api does."""
    return create_app(MemoryTableStorage(), MemoryBlobStore())


def api_of(storage: TableStorage, now: Callable[[], datetime], ticks: Ticks) -> Api:
    """What a new app reads from."""
    people = People(storage, now=now)
    centres = BilledCentres(Archive(MemoryBlobStore()), now=now)
    template: Api = app_of(0).state.api
    return replace(
        template,
        storage=storage,
        reads=LedgerReads(storage, now=now),
        people=people,
        sights=Sights(people, Owners(storage, now=now), centres),
        access_log=AccessLog(storage),
        now=now,
        kept_answers=KeptAnswers(),
        open_months=OpenMonths(ticks=ticks),
    )


class Clock:
    """The one that storage stamps by: the right time, but for `off_s`."""

    def __init__(self) -> None:
        self.off_s = 0

    def __call__(self) -> datetime:
        return now_utc() + timedelta(seconds=self.off_s)


@dataclass
class Company:
    """A ledger whose `monthly` is written at random, two apps that stay, and the time."""

    storage: Watched
    chance: random.Random
    clock: Clock
    now: datetime = NOW
    ticks_s: int = 0
    """By which the apps look through all rows."""
    standing: set[tuple[str, str]] = field(default_factory=set)
    """Months and keys of the rows that stand."""

    def client(self, number: int) -> httpx.AsyncClient:
        """A client of an app that has read nothing."""
        api = api_of(self.storage, lambda: self.now, lambda: self.ticks_s * 1_000_000_000)
        app = app_of(number)
        app.state.api = api
        transport = httpx.ASGITransport(app)
        return httpx.AsyncClient(transport=transport, base_url="http://localhost")

    async def write(self, month: str | None = None) -> None:
        """Some rows of a month are changed, or come to be; some lose all their days."""
        month = month or self.chance.choice(MONTHS)
        writes: dict[str, Operation] = {}
        for _ in range(self.chance.randint(1, 3)):
            subject = f"user-{self.chance.randrange(SUBJECTS)}"
            model = self.chance.choice(MODELS)
            key = f"{subject}|{model}"
            writes[key] = Upsert(key, self.columns(subject, model))
            self.standing.add((month, key))
        await self.storage.transact("monthly", month, list(writes.values()))
        if self.clock.off_s <= -MARGIN.total_seconds():  # seen when all rows are looked through
            self.ticks_s += LOOK_S

    def columns(self, subject: str, model: str) -> dict[str, Value]:
        """Measures of one to 20 numbers for some of the days."""
        columns: dict[str, Value] = {"subject": subject, "model": model}
        total: list[int] = []
        active = 0
        for day in self.chance.sample(DAYS, self.chance.randint(0, len(DAYS))):
            measures = [
                self.chance.randint(1, 10 ** self.chance.randint(1, 22))
                for _ in range(self.chance.choice((1, 4, 7, 7, 20)))
            ]
            columns[day_columns(day)[0]] = ",".join(map(str, measures))
            longer = max(len(total), len(measures))
            padded = [[*part, *[0] * (longer - len(part))] for part in (total, measures)]
            total = [left + right for left, right in zip(*padded, strict=True)]
            active |= 1 << day
        return columns | {"total": ",".join(map(str, total)), "active": active}

    async def remove(self, month: str | None = None) -> None:
        """A row goes. Nothing of the product removes one; somebody with a tool may. It is seen when
        all rows are looked through.
        """
        found = sorted(each for each in self.standing if month in (None, each[0]))
        if found:
            month, key = self.chance.choice(found)
            self.standing.discard((month, key))
            await self.storage.transact("monthly", month, [Delete(key)])
            self.ticks_s += LOOK_S

    async def regroup(self) -> None:
        """Somebody has another name and cost centre from some day on, and all apps know it."""
        person = Person(
            subject=f"user-{self.chance.randrange(SUBJECTS)}",
            display_name=f"Name {self.chance.randint(1, 99)}",
            cost_centre=self.chance.choice(("alpha", "beta", None)),
            valid_from=date(2026, 11, self.chance.choice(DAYS)),
        )
        await People(self.storage, now=lambda: self.now).save([person])
        self.now += timedelta(hours=1)

    async def step(self, name: str) -> None:
        """One thing that happens."""
        if name == "month change":
            self.now = max(self.now, datetime(2026, 12, 1, 12, tzinfo=UTC)) + timedelta(hours=1)
        elif name == "clock":
            self.clock.off_s = self.chance.choice((0, -20, -1_000, 1_000))
        elif name == "time":
            self.ticks_s += self.chance.choice((5, LOOK_S))
        elif name == "meanwhile":  # the month that runs, as the apps see it
            month = f"{self.now:%Y%m}"
            await self.write(month)
            action = self.chance.choice((self.write, self.write, self.remove))
            self.storage.meanwhile = lambda: action(month)
        else:
            await {"write": self.write, "remove": self.remove, "regroup": self.regroup}[name]()


async def company(seed: int) -> Company:
    """Two months with rows of everybody, and one that is to come."""
    clock = Clock()
    storage = Watched(MemoryTableStorage(now=clock))
    await open_ledger(storage)
    await note_monthly(storage)
    found = Company(storage, random.Random(seed), clock)
    for month in MONTHS[:2] * 20:
        await found.write(month)
    return found
