"""An import of people that moves past days is shown before, recorded, and listed by the API."""

from dataclasses import replace
from datetime import date, timedelta
from pathlib import Path

from consumers.rerating.stage import rate_scope
from pricing_rules.engine.rating import rate
from pricing_rules.money import parse_pico
from pricing_rules.price_book.book import Book
from table_api.consumer_state.raw_usage import RawUsage
from table_api.ledger.book_archive import BookArchive
from table_api.ledger.meta import LedgerMeta, read_meta
from table_api.ledger.posting import MeteredCall
from table_api.people.people import PeopleDirectory, Person
from table_api.people.regroupings import Regrouping, Regroupings
from table_api.rerating.past_days import PastDays, first_changed_days
from table_api.rerating.scope import Scope, scan
from table_api.storage.memory_blobs import MemoryBlobStore
from table_api.storage.memory_tables import MemoryTableStorage
from tests.fixtures.builders import CALL_TIME, call_id
from tests.fixtures.calls import NOW, make_call, open_ledger
from tests.pricing_rules.books import ALIAS, base_rule, compile_text, modifier
from tests.table_api.conftest import ApiClient
from tests.table_api.people.test_people import person

HALF_FOR_IT = modifier(
    "it", "multiply", 'layer = "charge"\nfactor = "0.5"', match='cost_centre = ["IT"]'
)
STANDING = PeopleDirectory([person("ada", "2026-01-01"), person("bob", "2026-01-01")])
AFTER = STANDING.with_rows([person("ada", "2026-11-18", cost_centre="IT")])


def book_with_a_discount(directory: Path) -> Book:
    """Half the price for the cost centre IT."""
    return compile_text(directory, ALIAS, base_rule(), HALF_FOR_IT)


async def metered(memory: MemoryTableStorage, book: Book, subjects: list[str]) -> PastDays:
    """A call of each subject on each of five days from 16 November on."""
    ledger = await open_ledger(memory)
    calls = [
        make_call(
            number,
            id=call_id(number),
            subject=subject,
            deployment="dep",
            model="m",
            time=CALL_TIME - timedelta(days=back),
        )
        for number, (subject, back) in enumerate((s, back) for s in subjects for back in range(5))
    ]
    await ledger.post(
        [MeteredCall(priced=rate(c.priced.event, book), origin=c.origin) for c in calls]
    )
    books = BookArchive(MemoryBlobStore())
    await books.keep(book)
    return PastDays(storage=memory, meta=await meta_of(memory), books=books, closed={"202611"})


async def meta_of(memory: MemoryTableStorage) -> LedgerMeta:
    meta = await read_meta(memory)
    assert meta is not None
    return meta


async def test_a_moved_past_is_what_a_run_of_the_same_book_would_change(
    memory: MemoryTableStorage, tmp_path: Path
) -> None:
    book = book_with_a_discount(tmp_path)
    past = await metered(memory, book, ["ada", "bob"])
    [line] = await past.regroupings(STANDING, AFTER)
    assert (line.subject, line.first_day, line.last_day) == (
        "ada",
        date(2026, 11, 18),
        date(2026, 11, 20),
    )
    assert (line.before, line.after, line.calls, line.repriced, line.closed) == (
        *("R&D", "IT", 3, 3),
        True,
    )
    # 1024 × 2 + 1024 × 0.5 + 427 × 8 dollars per million, for three calls; IT pays half of it.
    assert line.charge == 3 * parse_pico("0.005976")
    assert line.delta == -line.charge // 2
    scope = Scope(from_day=date(2026, 11, 1), to_day=date(2026, 12, 1), subject="ada")
    ledger = await open_ledger(memory)
    calls = scan(memory, past.meta, AFTER, scope)
    kept = RawUsage(memory)
    total = (await rate_scope(calls, book, scope, place=ledger.place, raw_usage=kept)).diff.total
    calls = scan(memory, past.meta, STANDING, scope)
    before = (await rate_scope(calls, book, scope, place=ledger.place, raw_usage=kept)).diff.total
    assert (total.changed - before.changed, total.after - before.after) == (
        line.repriced,
        line.delta,
    )


async def test_days_that_keep_their_cost_centre_are_not_listed(
    memory: MemoryTableStorage, tmp_path: Path
) -> None:
    past = await metered(memory, book_with_a_discount(tmp_path), ["ada"])
    same = STANDING.with_rows([person("ada", "2026-06-01", name="Ada L.")])
    assert first_changed_days(STANDING, same) == {}
    assert await past.regroupings(STANDING, same) == []
    future = STANDING.with_rows([person("ada", "2026-11-21", cost_centre="IT")])
    assert await past.regroupings(STANDING, future) == []
    stranger = STANDING.with_rows([person("eve", "2026-01-01", cost_centre="IT")])
    assert await past.regroupings(STANDING, stranger) == []


async def test_many_subjects_are_found_by_one_read(
    memory: MemoryTableStorage, tmp_path: Path
) -> None:
    subjects = [f"user-{number:03d}" for number in range(60)]
    past = await metered(memory, book_with_a_discount(tmp_path), subjects)
    rows = [person(subject, "2000-01-01", cost_centre="Sales") for subject in subjects]
    found = await past.regroupings(PeopleDirectory(()), PeopleDirectory(rows))
    assert [line.subject for line in found] == subjects
    # The discount is another cost centre's: their totals move, no price does.
    assert {(line.before, line.calls, line.repriced, line.delta) for line in found} == {
        (None, 5, 0, 0)
    }


async def test_without_the_book_it_says_that_nothing_was_compared(
    memory: MemoryTableStorage, tmp_path: Path
) -> None:
    past = await metered(memory, book_with_a_discount(tmp_path), ["ada"])
    empty = replace(past, books=BookArchive(MemoryBlobStore()))
    [line] = await empty.regroupings(STANDING, AFTER)
    assert (line.calls, line.not_compared, line.repriced) == (3, 3, 0)


async def test_records_are_listed_newest_first_and_are_no_people(
    api: ApiClient, memory: MemoryTableStorage
) -> None:
    await open_ledger(memory)
    assert (await api.get("/v1/regroupings")).json() == {"currency": "USD", "data": []}
    line = Regrouping(
        subject="ada",
        first_day=date(2026, 11, 18),
        last_day=date(2026, 11, 20),
        before=None,
        after="IT",
        calls=3,
        charge=parse_pico("0.005"),
        repriced=1,
        delta=-parse_pico("0.001"),
    )
    records = Regroupings(memory)
    await records.add([line], at=NOW)
    await records.add([replace(line, before="IT", after="Sales")] * 150, at=NOW + timedelta(days=1))
    found = (await api.get("/v1/regroupings")).json()["data"]
    assert [row["after"] for row in found] == ["Sales"] * 150 + ["IT"]
    last = found[-1]
    assert (last["charge"], last["delta"], last["repriced"]) == ("0.005", "-0.001", 1)
    assert (last["recorded_at"], last["closed"]) == ("2026-11-23T12:00:00Z", False)
    assert (await api.get("/v1/people")).json() == {"data": []}


def test_a_row_replaces_the_one_of_its_day_and_no_other() -> None:
    later = STANDING.with_rows(
        [Person(subject="ada", display_name=None, cost_centre="HR", valid_from=date(2026, 1, 1))]
    )
    assert (later.cost_centre("ada", date(2026, 2, 1)), later.name("ada", date(2026, 2, 1))) == (
        "HR",
        None,
    )
    assert later.cost_centre("bob", date(2026, 2, 1)) == "R&D"
