"""Names and cost centres as one caller may see them."""

from table_api.http_api.access.question import Asking
from table_api.people.people import PeopleDirectory


async def visible_people(asking: Asking) -> PeopleDirectory:
    """Everybody whose name the caller may see, now."""
    return await asking.api.sights.people(await asking.sight())
