"""The people that somebody may sign in as. They are people of the demonstration's traffic, so each
of them has calls."""

from collections.abc import Mapping
from dataclasses import dataclass

from local_stack.traffic.people import Person, people

ADMIN_ROLE = "Billing.Admin"
READER_ROLE = "Billing.Read.All"
RATE_ROLE = "Pricing.Rate"
OWNED_COST_CENTRE = "Engineering"
"""What the cost-centre owner owns."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Account:
    """Somebody who can sign in."""

    key: str
    """How a command line names them."""
    person: Person
    title: str
    """What they are in this demonstration."""
    roles: tuple[str, ...] = ()
    """App roles in their tokens."""

    @property
    def username(self) -> str:
        """Their `preferred_username`, under a domain that nobody owns."""
        return f"{self.key}@contoso.example"


Accounts = Mapping[str, Account]


def demo_accounts() -> Accounts:
    """The administrator, the finance reader, the owner and two employees, by their keys."""
    by_name = {person.name: person for person in people()}

    def account(key: str, name: str, title: str, *roles: str) -> Account:
        return Account(key=key, person=by_name[name], title=title, roles=roles)

    found = [
        account("admin", "Marcus Weber", "administrator", ADMIN_ROLE),
        account("finance", "Yuki Tanaka", "finance reader", READER_ROLE),
        account("owner", "Diego Fernández", f"owner of {OWNED_COST_CENTRE}"),
        account("employee", "Amara Okafor", "employee in Engineering"),
        account("colleague", "Jonas Lindqvist", "employee in Research"),
    ]
    return {each.key: each for each in found}
