"""The verb `doubled-calls`: calls that count in two places, and taking one of the places out."""

from collections.abc import Iterator, Sequence
from typing import Any

from command_line.json_form import print_json
from consumers.errors import TakeOutRefused
from consumers.metering.open_metering import standing_ledger
from consumers.running.clients import open_clients
from consumers.settings import Settings
from pricing_rules.money import format_pico
from table_api.consumer_state.taken_out import TakenOut, TakenOutPlaces
from table_api.errors import AlreadyExists
from table_api.ledger.chain_changes import TakeOut
from table_api.ledger.entries import LedgerEntry
from table_api.ledger.keys import CallAddress
from table_api.ledger.post_result import Outcome
from table_api.monthly.projected_ledger import ProjectedLedger
from table_api.storage.table_storage import TableStorage
from table_api.usage.doubled_calls import DoubledCall, doubled_calls, last_row


async def doubled(
    settings: Settings,
    *,
    address: str | None = None,
    by: str | None = None,
    why: str | None = None,
    as_json: bool = False,
) -> int:
    """List the calls that count twice, after taking out an address. 1 when there are any still."""
    done = None
    async with open_clients(settings) as clients:
        if address is not None:
            if not (by and why):
                raise TakeOutRefused("--take-out needs --by NAME and --why TEXT")
            ledger = await standing_ledger(clients, settings)
            done = await take_out(clients.tables, ledger, address, by=by, why=why)
            if not as_json:
                print(done)
        found = await doubled_calls(clients.tables)
    if as_json:
        print_json({"taken_out": done, "calls": [fields_of(call) for call in found]})
        return 1 if found else 0
    for line in lines_of(found):
        print(line)
    return 1 if found else 0


async def take_out(
    storage: TableStorage, ledger: ProjectedLedger, text: str, *, by: str, why: str
) -> str:
    """Write that a call counts no more at an address; what became of it, for people.

    1. The decision, created once. A crash after it leaves both places: no other place of the call
       can be taken out instead, and the same address again goes on. 2. The row of the chain.
    Repeating it changes nothing. TakeOutRefused where the call is counted nowhere else: an
    address that was taken out by mistake cannot be put back.
    """
    address = parse_address(text)
    row = await last_row(storage, address)
    if row is None:
        raise TakeOutRefused(f"no call is recorded at {text!r}")
    if row.cell is None:
        return f"{text} counts nothing already: {row.reason}"
    taken, stays = await _decided(storage, row, by=by, why=why)
    where = f"{stays.subject} at {stays.time.isoformat()}"
    reason = f"taken out by {taken.by}: {taken.why}; it is counted under {where}"
    change = TakeOut(
        entry_key=row.entry_key, subject=row.subject, by=taken.by, reason=reason, place=ledger.place
    )
    [result] = (await ledger.amend({address: change})).values()
    if result.outcome is Outcome.REFUSED:
        raise TakeOutRefused(f"Table Storage refuses the row: {result.reason}")
    return f"{text} is taken out: {reason}"


async def _decided(
    storage: TableStorage, row: LedgerEntry, *, by: str, why: str
) -> tuple[TakenOut, LedgerEntry]:
    """The stored decision that a call's row counts no more, and a place that goes on counting.

    The decision that was stored before holds: whoever repeats it finishes the work.
    """
    text, decisions = address_of(row), TakenOutPlaces(storage)
    places = await _places(storage, row.call_id)
    # After the places: what was decided and done before they were read is among the decisions.
    found = await decisions.of_call(row.call_id)
    # Once more, since it takes long to find the places: pairing may have withdrawn one meanwhile.
    rows = [await last_row(storage, place) for place in places]
    counting = [each for each in rows if each is not None and each.cell is not None]
    out = {text, *(each.out for each in found)}
    stays = next((each for each in counting if address_of(each) not in out), None)
    if stays is None:
        said = "".join(
            f"; {each.by} decided to take out {each.out}" for each in found if each.out != text
        )
        raise TakeOutRefused(f"call {row.call_id} is counted at {text!r} alone{said}")
    for each in found:
        if each.out == text:
            return each, stays
    taken = TakenOut(
        call_id=row.call_id,
        number=len(found) + 1,
        out=text,
        stays=address_of(stays),
        by=by,
        why=why,
    )
    try:
        await decisions.add(taken)
    except AlreadyExists as error:
        raise TakeOutRefused(
            f"somebody else takes out a place of call {row.call_id} now: list its places again"
        ) from error
    return taken, stays


async def _places(storage: TableStorage, call_id: str) -> list[CallAddress]:
    """Where a call counts twice; none where it counts once."""
    return [
        CallAddress(place.partition, place.entry_key)
        for call in await doubled_calls(storage)
        if call.call_id == call_id
        for place in call.places
    ]


def lines_of(found: Sequence[DoubledCall]) -> Iterator[str]:
    """A tab-separated line a place: id, address, subject, time, charge, when it was recorded."""
    for call in found:
        for place in call.places:
            yield "\t".join(
                [
                    call.call_id,
                    address_of(place),
                    place.subject,
                    place.time.isoformat(),
                    format_pico(place.measures.get("charge", 0)),
                    place.recorded_at.isoformat(),
                ]
            )


def fields_of(call: DoubledCall) -> dict[str, Any]:
    """The same for programs, an object a call."""
    places = [
        {
            "address": address_of(place),
            "subject": place.subject,
            "time": place.time.isoformat(),
            "charge": format_pico(place.measures.get("charge", 0)),
            "recorded_at": place.recorded_at.isoformat(),
        }
        for place in call.places
    ]
    return {"id": call.call_id, "places": places}


def address_of(place: LedgerEntry) -> str:
    """`PARTITION/ENTRY KEY`: no part of a key has a `/`."""
    return f"{place.partition}/{place.entry_key}"


def parse_address(text: str) -> CallAddress:
    """The inverse. TakeOutRefused where it is none."""
    partition, slash, entry_key = text.partition("/")
    if not slash or entry_key.count("|") != 4 or not entry_key.startswith("c|"):
        raise TakeOutRefused(f"{text!r} is no address as `doubled-calls` prints it")
    return CallAddress(partition, entry_key)
