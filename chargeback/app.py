"""All verbs in the groups that an operator thinks in. Each is defined in its own package, but for
`doctor`, which asks them all, and `telemetry`, which asks the API or Application Insights.
"""

from collections.abc import Mapping, Sequence
from typing import Annotated, ClassVar

import typer

from apim_policies.app import policies
from chargeback.verbs.telemetry_app import telemetry
from chargeback_client.verbs.app import asking
from chargeback_client.verbs.exit_codes import LOGIN_FILE, ApiToken, ApiUrl, LoginFile, connect
from command_line.app import Group, new_app
from consumers.settings import Settings
from consumers.verbs.app import consuming, ledger, rating
from consumers.verbs.exit_codes import verb
from consumers.verbs.history_app import replaying, rerating
from consumers.verbs.letters_app import dead_letters
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
        "Ask what calls cost": ("usage", "why", "telemetry", "login", "token"),
        "Meter calls": ("consumer", "dead-letters", "replay"),
        "Keep the ledger true": ("ledger", "rerate", "people"),
        "Prices and invoices": ("price", "rate", "prices", "invoice"),
        "Serve, deploy, try": (
            "doctor", "api", "ui", "publish", "package", "policies", "demo", "local",
        ),
    }  # fmt: skip


curing = new_app()


@verb(curing, "doctor")
async def _doctor(
    settings: Settings,
    as_json: Annotated[bool, typer.Option("--json", help="as JSON")] = False,
    api_url: ApiUrl = None,
    api_token: ApiToken = None,
    login_file: LoginFile = LOGIN_FILE,
) -> int:
    """Ask every dependency once, and say what cures each failure."""
    from chargeback.doctor import doctor

    return await doctor(settings, lambda: connect(api_url, api_token, login_file), as_json=as_json)


app = new_app(MEANING, kind=Everything, completion=True)
app.add_typer(asking)
app.add_typer(telemetry, name="telemetry")
app.add_typer(curing)
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
