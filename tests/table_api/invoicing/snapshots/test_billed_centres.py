"""Which cost centre was billed for a subject and day: the first bill counts."""

from collections.abc import Sequence
from datetime import date, timedelta

import pytest

from table_api.errors import Altered
from table_api.invoicing.snapshots.archive import Archive
from table_api.invoicing.snapshots.billed_centres import MONTHS_AGE_S_MAX, BilledCentres
from table_api.ledger.day_range import DayRange
from table_api.owners.share import DaysByCentre
from table_api.storage.memory_blobs import MemoryBlobStore
from tests.fixtures.billing import ANN, EVE, NOVEMBER, OCTOBER, SALES, SEARCH, Billing, people

ALL = DayRange(date(2026, 9, 1), date(2027, 1, 1))


def centres(bills: Sequence[DaysByCentre], subject: str, day: date) -> list[str | None]:
    """What each bill of a month says of a subject and day, the first bill first."""
    return [
        centre
        for bill in bills
        for centre, days in bill.get(subject, {}).items()
        if days >> day.day & 1
    ]


async def test_a_late_day_has_the_centre_of_the_close_that_billed_it(billing: Billing) -> None:
    await billing.post(1, date(2026, 10, 5))
    await billing.close(OCTOBER)
    await people(billing.storage, [(EVE, "Eve", SEARCH, "2026-01-01")])
    await people(billing.storage, [(ANN, "Ann", SALES, "2026-01-01")])
    await billing.post(1, date(2026, 10, 7), subject=EVE)
    await billing.post(1, date(2026, 10, 5))
    await billing.post(1, date(2026, 9, 30), subject=EVE)
    await billing.close(NOVEMBER)
    await people(billing.storage, [(EVE, "Eve", SALES, "2026-01-01")])
    found = await BilledCentres(Archive(billing.blobs), now=lambda: billing.now).of(ALL)
    assert centres(found["202610"], ANN, date(2026, 10, 5))[0] == SEARCH
    assert centres(found["202610"], EVE, date(2026, 10, 7)) == [SEARCH]
    assert centres(found["202610"], EVE, date(2026, 10, 8)) == []
    assert centres(found["202609"], EVE, date(2026, 9, 30)) == [SEARCH]
    assert "202612" not in found


async def test_a_close_shows_after_a_while(billing: Billing) -> None:
    await billing.post(1, date(2026, 10, 5))
    read = BilledCentres(Archive(billing.blobs), now=lambda: billing.now)
    assert not await read.of(ALL)
    await billing.close(OCTOBER)
    billing.now += timedelta(seconds=MONTHS_AGE_S_MAX + 1)
    assert set(await read.of(ALL)) == {"202610"}
    # Only months of the question and later ones are read.
    assert not await read.of(DayRange(date(2026, 11, 1), date(2026, 12, 1)))


async def test_a_snapshot_that_was_altered_gives_nobody_a_right(billing: Billing) -> None:
    await billing.post(1, date(2026, 10, 5))
    await billing.close(OCTOBER)
    blobs = billing.blobs
    assert isinstance(blobs, MemoryBlobStore)
    content = await blobs.read("202610/snapshot.json") or b""
    blobs.blobs["202610/snapshot.json"] = content.replace(SEARCH.encode(), SALES.encode())
    with pytest.raises(Altered, match=r"202610/snapshot.json was altered"):
        await BilledCentres(Archive(blobs), now=lambda: billing.now).of(ALL)
