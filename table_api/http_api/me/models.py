"""The JSON of a caller."""

from datetime import date

from table_api.http_api.access.caller import Permission, Role
from table_api.http_api.conventions.models import Answer
from table_api.owners.ownership import Kind


class Owned(Answer):
    """Something whose usage the caller sees, and from which charge day to which."""

    kind: Kind
    name: str
    valid_from: date
    valid_until: date | None


class Me(Answer):
    """The caller."""

    subject: str | None
    name: str | None
    cost_centre: str | None
    roles: list[Role]
    permissions: list[Permission]
    sees_everybody: bool
    owns: list[Owned]
