"""What each caller may see: from the roles of their token, table `owners` and closed months."""

from table_api.http_api.access.caller import Caller
from table_api.invoicing.snapshots.billed_centres import BilledCentres
from table_api.ledger.day_range import DayRange
from table_api.owners.ownership import Owners, Ownership
from table_api.owners.share import Everything, Share
from table_api.people.people import People, PeopleDirectory

KEPT_MAX = 1_000
"""Callers whose view of the people is kept while neither people nor owners change."""

Sight = Everything | Share


class Sights:
    """Finds them. Methods may raise Unavailable."""

    def __init__(self, people: People, owners: Owners, centres: BilledCentres) -> None:
        self._people = people
        self._owners = owners
        self._centres = centres
        self._kept: dict[str, tuple[Share, PeopleDirectory]] = {}

    async def of(self, caller: Caller, days: DayRange | None = None) -> Sight:
        """What a caller may see of a range of days; without one, of what has no days."""
        if caller.sees_everybody or caller.subject is None:
            return Everything()
        share = Share(
            subject=caller.subject,
            owned=await self._owners.of(caller.subject),
            people=await self._people.directory(),
            billed={},
        )
        if days is None or not share.has_centres:
            return share
        return share.with_billed(await self._centres.of(days))

    async def owned_by(self, caller: Caller) -> tuple[Ownership, ...]:
        """What a caller owns, has owned or will own."""
        return () if caller.subject is None else await self._owners.of(caller.subject)

    async def people(self, sight: Sight) -> PeopleDirectory:
        """The people that a sight has names of."""
        if isinstance(sight, Everything):
            return await self._people.directory()
        kept = self._kept.get(sight.subject)
        if kept and kept[0].people is sight.people and kept[0].owned == sight.owned:
            return kept[1]
        if len(self._kept) >= KEPT_MAX:
            self._kept.clear()
        visible = sight.visible_people()
        self._kept[sight.subject] = (sight, visible)
        return visible
