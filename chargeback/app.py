"""All verbs in the groups that an operator thinks in. Each verb is defined in its own package."""

from collections.abc import Mapping, Sequence
from typing import ClassVar

from apim_policies.app import policies
from chargeback_client.verbs.app import asking
from command_line.app import Group, new_app
from consumers.verbs.app import consuming, dead_letters, ledger, rating
from consumers.verbs.history_app import replaying, rerating
from local_stack.app import demo, parts
from pricing_rules.verbs.app import books, pricing
from table_api.verbs.app import invoices, packaging, people, serving
from table_api.verbs.publishing_app import publishing
from ui.app import viewing

MEANING = """\
Meter, price and invoice calls of language models. Data goes to stdout, words to
stderr. `chargeback VERB --help` explains one."""


class Everything(Group):
    """The groups under the headings of one page."""

    sections: ClassVar[Mapping[str, Sequence[str]]] = {
        "Ask what calls cost": ("usage", "why", "login", "token"),
        "Meter calls": ("consumer", "dead-letters", "replay"),
        "Keep the ledger true": ("ledger", "rerate", "people"),
        "Prices and invoices": ("price", "rate", "prices", "invoice"),
        "Serve and deploy": ("api", "ui", "publish", "package", "policies"),
        "Try it on this machine": ("demo", "local"),
    }


app = new_app(MEANING, kind=Everything, completion=True)
app.add_typer(asking)
app.add_typer(consuming, name="consumer")
app.add_typer(dead_letters, name="dead-letters")
app.add_typer(replaying)
app.add_typer(ledger, name="ledger")
app.add_typer(rerating, name="rerate")
app.add_typer(people, name="people")
app.add_typer(pricing)
app.add_typer(rating)
app.add_typer(books, name="prices")
app.add_typer(invoices, name="invoice")
app.add_typer(serving, name="api")
app.add_typer(viewing)
app.add_typer(publishing)
app.add_typer(packaging)
app.add_typer(policies, name="policies")
app.add_typer(demo)
app.add_typer(parts, name="local")
