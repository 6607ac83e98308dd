"""Who asks the API, and what each of its routes wants of them. Pure."""

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum


class Role(StrEnum):
    """App roles that a token may carry; others are ignored."""

    ADMIN = "Billing.Admin"
    READ_ALL = "Billing.Read.All"
    PRICING_RATE = "Pricing.Rate"


class Permission(StrEnum):
    """What a route, or a part of its answer, wants of the caller."""

    PUBLIC = "public"
    """Nothing: nobody need sign in."""
    SIGNED_IN = "signed_in"
    """A valid token. What the answer shows is the caller's own and what they own."""
    BILLING = "billing"
    """A role that sees everybody: Billing.Read.All or Billing.Admin."""
    ADMIN = "admin"
    """Billing.Admin."""
    RATE = "rate"
    """Pricing.Rate or a role that sees everybody: prices of calls by the company's contract."""


GIVEN_BY: Mapping[Permission, tuple[Role, ...]] = {
    Permission.PUBLIC: (),
    Permission.SIGNED_IN: (),
    Permission.BILLING: (Role.READ_ALL, Role.ADMIN),
    Permission.ADMIN: (Role.ADMIN,),
    Permission.RATE: (Role.PRICING_RATE, Role.READ_ALL, Role.ADMIN),
}
"""The roles that give each permission; a permission without roles is everybody's."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Caller:
    """Who asks."""

    subject: str | None
    """As the ledger spells it. None: nobody signed in, since AUTH_MODE is `local`."""
    roles: frozenset[Role] = frozenset()

    @property
    def sees_everybody(self) -> bool:
        """Whether no read is narrowed."""
        return self.may(Permission.BILLING)

    @property
    def binding(self) -> tuple[str, ...]:
        """What a cursor or an ETag of this caller is bound to: nothing where nobody signed in."""
        return () if self.subject is None else (self.subject, *sorted(self.roles))

    def may(self, permission: Permission) -> bool:
        """Whether the caller has a permission."""
        roles = GIVEN_BY[permission]
        return not roles or not self.roles.isdisjoint(roles)


EVERYBODY_HERE = Caller(subject=None, roles=frozenset(Role))
"""The caller where AUTH_MODE is `local`."""
