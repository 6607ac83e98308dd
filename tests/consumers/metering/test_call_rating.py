"""The cost centre of the charge day decides the price, and no name gets into the ledger."""

from datetime import date, timedelta
from pathlib import Path

from consumers.dead_letters.letter_store import MemoryDeadLetters
from consumers.metering.call_rating import PEOPLE_AGE_S_MAX, CallRating
from consumers.metering.metering import Metering
from table_api.ledger.billing_calendar import BillingCalendar, zone_transitions
from table_api.ledger.posting import MeteredCall
from table_api.people.people import People, Person
from table_api.storage.keys import KeyRange
from table_api.storage.memory_tables import MemoryTableStorage
from tests.consumers.receiving.deliveries import delivered
from tests.contracts.ledger import entries_and_cells
from tests.fixtures.builders import CALL_TIME, SUBJECT, call_id, make_body, make_event, make_usage
from tests.fixtures.calls import NOW, QueriedStorage, make_call, open_ledger
from tests.pricing_rules.books import ALIAS, base_rule, compile_text, modifier

ZONE = "Europe/Berlin"
ALL_PEOPLE = KeyRange("", "~")
RULES = (
    ALIAS
    + base_rule()
    + modifier("own", "multiply", 'layer = "charge"\nfactor = "2"', match='cost_centre = ["R&D"]')
)
MILLION = make_usage(input=1_000_000)
"""Two dollars at list price."""


def person(cost_centre: str, valid_from: date) -> Person:
    return Person(
        subject=SUBJECT, display_name="Ada", cost_centre=cost_centre, valid_from=valid_from
    )


async def test_cost_centre_of_the_charge_day_is_rated_with(tmp_path: Path) -> None:
    storage, clock = MemoryTableStorage(), [NOW]
    people = People(storage, now=lambda: clock[0], age_s_max=PEOPLE_AGE_S_MAX)
    calendar = BillingCalendar(ZONE, zone_transitions(ZONE, 2028))
    rating = CallRating(compile_text(tmp_path, RULES), people, calendar)

    def rated(days: int) -> MeteredCall:
        event = make_event(deployment="dep", usage=MILLION, time=CALL_TIME + timedelta(days=days))
        return rating.rate(event, make_call().origin)

    await rating.refresh()
    assert rated(0).priced.charge == 2 * 10**12
    changed_on = CALL_TIME.date()
    other = People(storage, now=lambda: NOW)
    await other.save([person("IT", date(2026, 1, 1)), person("R&D", changed_on)])
    await rating.refresh()
    assert rated(0).cost_centre is None  # not older than a minute
    clock[0] += timedelta(seconds=PEOPLE_AGE_S_MAX + 1)
    await rating.refresh()
    assert (rated(-1).cost_centre, rated(-1).priced.charge) == ("IT", 2 * 10**12)
    assert (rated(0).cost_centre, rated(0).priced.charge) == ("R&D", 4 * 10**12)
    assert rated(0).priced.cost_centre == "R&D"
    # 09:30 UTC is not yet the next day anywhere near; 23:30 UTC is, in Berlin.
    late = make_event(
        deployment="dep", usage=MILLION, time=(CALL_TIME - timedelta(days=1)).replace(hour=23)
    )
    assert rating.rate(late, make_call().origin).cost_centre == "R&D"


async def test_a_batch_after_a_quiet_time_is_rated_with_the_people_of_now(tmp_path: Path) -> None:
    """The first batch is read while nobody has a cost centre, the second five hours later."""
    storage, clock = QueriedStorage(MemoryTableStorage()), [NOW]
    people = People(storage, now=lambda: clock[0], age_s_max=PEOPLE_AGE_S_MAX)
    ledger = await open_ledger(storage)
    metering = Metering(
        hub="llm-usage",
        rating=CallRating(compile_text(tmp_path, RULES), people, ledger.meta.calendar),
        ledger=ledger,
        dead_letters=MemoryDeadLetters(),
        now=lambda: clock[0],
    )

    async def batch(first: int, calls: int) -> None:
        events = [
            delivered(number, body=make_body(id=call_id(number), deployment="dep"))
            for number in range(first, first + calls)
        ]
        await metering.prepare("0", events)()

    await batch(0, 1)
    await People(storage, now=lambda: NOW).save([person("R&D", date(2026, 1, 1))])
    clock[0] += timedelta(hours=5)
    await batch(1, 20)
    await batch(21, 20)
    entries, _ = await entries_and_cells(storage)
    centres = [entry.text("cost_centre") for entry in entries]
    assert centres == [None] + ["R&D"] * 40
    # Not for each batch: people were read at first, and when they were old.
    assert storage.queries.count(ALL_PEOPLE) == 2
