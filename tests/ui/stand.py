"""The real API over a ledger in memory on a free port, and invented calls to post to it."""

import asyncio
import socket
from collections.abc import AsyncIterator, Coroutine, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace
from datetime import UTC, date, datetime, time, timedelta
from decimal import Decimal
from threading import Thread
from typing import Any, TypeVar
from zoneinfo import ZoneInfo

import uvicorn
from starlette import types as asgi

from pricing_rules.engine.rating import rate
from pricing_rules.money import PICO_DIGITS
from pricing_rules.price_book.book import Book
from pricing_rules.types import PricedCall
from table_api.audit.last_audit import save_audit
from table_api.audit.ledger_audit import audit
from table_api.consumer_state.dead_letters import DeadLetter, DeadLetterIndex
from table_api.consumer_state.progress import Count, Progress, ProgressTable
from table_api.errors import Unavailable
from table_api.http_api.access.settings import LOCAL_ACCESS, AccessSettings
from table_api.http_api.app import DEFAULT_SETTINGS, ApiSettings, create_app
from table_api.ledger.book_archive import BookArchive
from table_api.ledger.posting import MeteredCall, Origin
from table_api.monthly.projected_ledger import ProjectedLedger
from table_api.owners.ownership import Kind, Owners, Ownership
from table_api.people.people import People, Person
from table_api.people.regroupings import Regrouping, Regroupings
from table_api.prices.price_list import PriceList
from table_api.rerating.scope import Scope
from table_api.storage.keys import KeyRange
from table_api.storage.memory_blobs import MemoryBlobStore
from table_api.storage.memory_tables import MemoryTableStorage
from table_api.storage.table_storage import Row
from table_api.verbs.serve import KEEP_ALIVE_S
from tests.fixtures.builders import call_id, make_event, make_usage
from tests.fixtures.calls import SETTINGS, book
from tests.fixtures.listening import listening
from tests.fixtures.open_calls import report
from tests.fixtures.reratings import History, dearer_book
from ui.api.client import Client
from ui.api.transport import http_poster, http_transport, open_http
from ui.period import one_day

HUB = "llm-usage"
STEP_TIMEOUT_S = 30
ADA, BOB, ODD, KEY = (
    "11111111-aaaa-4aaa-8aaa-000000000001",
    "22222222-bbbb-4bbb-8bbb-000000000002",
    "33333333-cccc-4ccc-8ccc-000000000003",
    "subscription:batch/nightly",
)
ODD_NAME = "*_o[d]d_* $a$ <b>|x| www.contoso.example user@contoso.example :smile: :red[r]"
PEOPLE = {ADA: ("Ada Lovelace", "R&D"), BOB: ("Bob Berg", "Sales"), ODD: (ODD_NAME, "R&D")}
UNPRICED = "lab-model-x"

Result = TypeVar("Result")


@dataclass(frozen=True, slots=True, kw_only=True)
class InventedCall:
    """A call of a billing day, rated as metering would."""

    number: int
    subject: str
    day: date
    deployment: str
    input: int
    cache_read: int = 0
    output: int = 0
    status: int = 200
    has_usage: bool = True

    @property
    def time(self) -> datetime:
        """Within the first seconds of the day, a few milliseconds after the call before."""
        start = datetime.combine(self.day, time(0, 0, 1), ZoneInfo(SETTINGS.zone))
        return (start + timedelta(milliseconds=self.number * 7)).astimezone(UTC)

    @property
    def priced(self) -> PricedCall:
        counts = {"input": self.input, "cache_read": self.cache_read, "output": self.output}
        event = make_event(
            id=call_id(self.number),
            subject=self.subject,
            time=self.time,
            deployment=self.deployment,
            model=self.deployment,
            status=self.status,
            usage=make_usage(**{unit: count for unit, count in counts.items() if count})
            if self.has_usage
            else None,
        )
        return rate(event, book())

    @property
    def tokens(self) -> int:
        return self.input + self.cache_read + self.output

    def metered(self) -> MeteredCall:
        enqueued = self.time + timedelta(seconds=2)
        origin = Origin(hub=HUB, partition="3", sequence_number=self.number, enqueued_time=enqueued)
        return MeteredCall(priced=self.priced, origin=origin)


def charge_of(calls: Sequence[InventedCall]) -> Decimal:
    return Decimal(sum(call.priced.charge for call in calls)).scaleb(-PICO_DIGITS)


def billing_today() -> date:
    return datetime.now(ZoneInfo(SETTINGS.zone)).date()


def invented_calls(today: date) -> list[InventedCall]:
    """Seventy days of calls up to today: four subjects, three deployments, one without a price."""
    subjects = [ADA, BOB, ODD, KEY, ADA, BOB, ADA]
    deployments = ["gpt-5-mini", "gpt-4.1"]
    calls = [
        InventedCall(
            number=number,
            subject=subjects[number % len(subjects)],
            day=today - timedelta(days=number % 70),
            deployment=UNPRICED if number % 23 == 7 else deployments[number // 3 % 2],
            input=900 + 13 * number,
            cache_read=40 * number,
            output=211 + number,
            status=400 if number % 31 == 5 else 200,
        )
        for number in range(420)
    ]
    return sorted(calls, key=lambda call: call.time)


class SwitchedStorage(MemoryTableStorage):
    """A storage that does not answer reads while it is down, or not at once."""

    down = False
    delay_s = 0.0

    async def get(self, table: str, partition_key: str, row_key: str) -> Row | None:
        if self.down:
            raise Unavailable("table ledger: timed out")
        await asyncio.sleep(self.delay_s)
        return await super().get(table, partition_key, row_key)

    async def query(
        self,
        table: str,
        partition_key: str,
        keys: KeyRange,
        *,
        select: Sequence[str] | None = None,
        rows_max: int | None = None,
    ) -> AsyncIterator[list[Row]]:
        if self.down:
            raise Unavailable("table ledger: timed out")
        await asyncio.sleep(self.delay_s)
        pages = super().query(table, partition_key, keys, select=select, rows_max=rows_max)
        async for page in pages:
            yield page


class Late:
    """In front of the API: some answers come late, as over a slow network."""

    def __init__(self, app: asgi.ASGIApp) -> None:
        self._app = app
        self.late_s = 0.0
        self.answers = 0
        """How many are late from now on."""
        self.most_at_once = 0
        self.refuses = False
        """Whether it answers nothing but 503 without a word, as a proxy does."""
        self.in_a_row = 0
        """How often a question came while no other one waited."""
        self.asked: list[str] = []
        """Path and query of each question that was late."""
        self._waiting = 0
        self.token: str | None = None
        """Of whoever asks without one of their own: pages that run without a browser."""

    async def __call__(self, scope: asgi.Scope, receive: asgi.Receive, send: asgi.Send) -> None:
        if self.token is not None and scope["type"] == "http":
            names = {name for name, _ in scope["headers"]}
            own = [(b"authorization", f"Bearer {self.token}".encode())]
            headers = [*scope["headers"], *([] if b"authorization" in names else own)]
            scope = {**scope, "headers": headers}
        if scope["type"] == "http" and self.refuses:
            await send({"type": "http.response.start", "status": 503, "headers": []})
            await send({"type": "http.response.body", "body": b""})
            return
        if scope["type"] == "http" and self.answers:
            self.answers -= 1
            self.asked.append(f"{scope['path']}?{scope['query_string'].decode()}")
            self.in_a_row += self._waiting == 0
            self._waiting += 1
            self.most_at_once = max(self.most_at_once, self._waiting)
            await asyncio.sleep(self.late_s)
            self._waiting -= 1
        await self._app(scope, receive, send)


class Stand:
    """What the tests do to the ledger while the API serves it from another thread."""

    def __init__(
        self,
        client: Client,
        url: str,
        *,
        storage: SwitchedStorage,
        books: MemoryBlobStore,
        late: Late,
        loop: asyncio.AbstractEventLoop,
    ) -> None:
        self.late = late
        self.books = books
        self.url = url
        self.storage = storage
        self.client = client
        self._loop = loop
        self._ledger = self._do(ProjectedLedger.open(storage, SETTINGS, now=_now))

    def post(self, calls: Sequence[InventedCall]) -> None:
        """Post the calls, and record that their events were metered."""
        self._do(self._ledger.post([call.metered() for call in calls]))
        if calls:
            self._do(self._record_progress(max(call.time for call in calls)))

    def call_ids(self, subject: str, day: date) -> list[str]:
        """The API's ids of the subject's calls of a day, in the order of their time."""
        answer = self.client.subject_calls(subject, one_day(day), after=None)
        return [call.id for call in reversed(answer.data)]

    def report(self, calls: Sequence[InventedCall]) -> None:
        """What pairing keeps of them, by which their ids are found."""
        self._do(report(self.storage, [call.metered() for call in calls]))

    def save_audit(self, problems: Sequence[str]) -> None:
        """Audit the ledger, and find these problems in it too."""
        report = self._do(audit(self.storage, now=_now()))
        found = (*report.problems, *problems)
        self._do(save_audit(self.storage, replace(report, problems=found)))

    def rerate(self, factor: int, day: date, *, lab: bool = False, model: str | None = None) -> str:
        """Apply a run that multiplies the list prices of a day; its id. `lab` prices UNPRICED."""
        scope = Scope(from_day=day, to_day=day + timedelta(days=1), model=model)
        return self._do(self._rerate(dearer_book(factor, lab=lab), scope))

    async def _rerate(self, prices: Book, scope: Scope) -> str:
        history = History.over(self.storage)
        run = await history.approved(prices, scope)
        await history.apply(run)
        return run

    def regroup(self, subject: str, day: date) -> None:
        """What an import that moves three calls of a day to another cost centre keeps."""
        moved = Regrouping(
            subject=subject,
            first_day=day,
            last_day=day,
            before="R&D",
            after="Sales",
            calls=3,
            charge=5 * 10**PICO_DIGITS,
        )
        self._do(Regroupings(self.storage).add([moved], at=_now()))

    def publish_prices(self, prices: Book, *, age_days_max: int) -> None:
        """What a metering consumer says of its book when it starts."""
        listed = PriceList(self.storage)
        self._do(listed.publish(prices, at=_now(), age_days_max=age_days_max))
        self._do(BookArchive(self.books).keep(prices))

    def add_dead_letter(self, hub: str = HUB) -> None:
        self._do(self._add_dead_letter(hub))

    def save_people(self, named: Mapping[str, tuple[str, str]] = PEOPLE) -> None:
        """Names and cost centres; the API sees them at its first question."""
        people = [
            Person(subject=subject, display_name=name, cost_centre=centre, valid_from=date.min)
            for subject, (name, centre) in named.items()
        ]
        self._do(People(self.storage, now=_now).save(people))

    def save_owner(self, owner: str, cost_centre: str) -> None:
        """Somebody owns a cost centre, since ever."""
        owned = Ownership(
            owner=owner,
            kind=Kind.COST_CENTRE,
            name=cost_centre,
            valid_from=date.min,
            valid_until=None,
        )
        self._do(Owners(self.storage, now=_now).save([owned]))

    def pair_all(self) -> None:
        """Pairing has read all that metering has."""
        self._do(self._pair_all())

    def catch_up(self) -> None:
        """Metering has just asked the hub and found nothing new, as it does while it runs."""
        self._do(self._catch_up())

    def _do(self, work: Coroutine[Any, Any, Result]) -> Result:
        return asyncio.run_coroutine_threadsafe(work, self._loop).result(STEP_TIMEOUT_S)

    async def _record_progress(self, enqueued: datetime) -> None:
        table = ProgressTable(self.storage)
        await table.create()
        stored = await table.read(HUB, "metering", "3")
        progress = Progress(
            hub=HUB,
            group="metering",
            partition="3",
            hub_created_at=enqueued,
            sequence_number=1,
            enqueued_time=enqueued,
            recorded_at=_now(),
            counts={Count.RECEIVED: 432, Count.POSTED: 420, Count.DEFERRED: 12},
        )
        await table.write(progress, stored.etag if stored else None)

    async def _catch_up(self) -> None:
        table = ProgressTable(self.storage)
        stored = await table.read(HUB, "metering", "3")
        assert stored is not None
        await table.write(replace(stored.progress, caught_up_at=_now()), stored.etag)

    async def _pair_all(self) -> None:
        table = ProgressTable(self.storage)
        stored = await table.read(HUB, "metering", "3")
        assert stored is not None
        await table.write(replace(stored.progress, group="pairing", counts={}), None)

    async def _add_dead_letter(self, hub: str) -> None:
        index = DeadLetterIndex(self.storage, hub)
        await index.create()
        letter = DeadLetter(
            hub=hub,
            partition="3",
            sequence_number=7,
            content_hash="0" * 12,
            enqueued_time=_now(),
            recorded_at=_now(),
            reason="json",
            field="",
            value="{",
            message="the body is cut",
            event_id=None,
            body_bytes=1,
        )
        await index.add([letter])


def _now() -> datetime:
    return datetime.now(UTC)


@contextmanager
def standing(
    access: AccessSettings = LOCAL_ACCESS,
    token: str | None = None,
    settings: ApiSettings = DEFAULT_SETTINGS,
) -> Iterator[Stand]:
    """The API over an empty ledger, for as long as the block runs; the token is the tests' own."""
    storage, books = SwitchedStorage(), MemoryBlobStore()
    loop = asyncio.new_event_loop()
    with listening() as (listener, url):
        app = create_app(storage, MemoryBlobStore(), books=books, settings=settings, access=access)
        late = Late(app)
        config = uvicorn.Config(
            late, log_level="warning", access_log=False, timeout_keep_alive=KEEP_ALIVE_S
        )
        server = uvicorn.Server(config)
        thread = Thread(
            target=_serve, args=(loop, server), kwargs={"listener": listener}, daemon=True
        )
        thread.start()
        try:
            with open_http(url) as http:
                client = Client(http_transport(http, token), http_poster(http, token))
                yield Stand(client, url, storage=storage, books=books, late=late, loop=loop)
        finally:
            server.should_exit = True
            thread.join()


def _serve(
    loop: asyncio.AbstractEventLoop, server: uvicorn.Server, *, listener: socket.socket
) -> None:
    with asyncio.Runner(loop_factory=lambda: loop) as runner:
        runner.run(server.serve(sockets=[listener]))
