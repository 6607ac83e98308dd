"""The verbs of `telemetry` as a Typer app."""

from typing import TYPE_CHECKING, Annotated

import typer

from chargeback_client.verbs.exit_codes import (
    LOGIN_FILE,
    ApiToken,
    ApiUrl,
    LoginFile,
    connect,
    ended,
)
from command_line.app import Verb, new_app
from command_line.values import one_of, whole_number

if TYPE_CHECKING:
    from chargeback_client.connection import Parameters

CALLS_MAX = 200
telemetry = new_app("Calls as Application Insights has them, next to the ledger")
First = Annotated[
    str | None,
    typer.Option("--from", metavar="DAY", help="from this day; default: the last seven days"),
]
Until = Annotated[str | None, typer.Option("--to", metavar="DAY", help="until before this day")]
AsJson = Annotated[bool, typer.Option("--json", help="as JSON")]
User = Annotated[
    str | None, typer.Option("--user", metavar="SUBJECT", help="of somebody else than you")
]
GROUPS = ("user", "model", "session", "cost_centre", "subscription", "state")


def _days(first: str | None, until: str | None) -> "Parameters":
    return {"from": first, "to": until}


@telemetry.command("user", cls=Verb)
def _user(
    subject: Annotated[str | None, typer.Argument(metavar="SUBJECT", help="default: you")] = None,
    calls: Annotated[
        int,
        typer.Option(
            "--calls", metavar="N", help="of each session", parser=whole_number(1, CALLS_MAX)
        ),
    ] = 3,
    first: First = None,
    until: Until = None,
    as_json: AsJson = False,
    api_url: ApiUrl = None,
    api_token: ApiToken = None,
    login_file: LoginFile = LOGIN_FILE,
) -> int:
    """Show one person's sessions, with their newest calls as a tree."""

    def run() -> int:
        from chargeback_client.verbs.telemetry import user

        with connect(api_url, api_token, login_file) as api:
            return user(api, subject, _days(first, until), calls=calls, as_json=as_json)

    return ended(run)


@telemetry.command("session", cls=Verb)
def _session(
    name: Annotated[
        str, typer.Argument(metavar="SESSION", help="its id; empty for calls without one")
    ],
    user: User = None,
    first: First = None,
    until: Until = None,
    as_json: AsJson = False,
    api_url: ApiUrl = None,
    api_token: ApiToken = None,
    login_file: LoginFile = LOGIN_FILE,
) -> int:
    """Show the calls of one session in their order, with a running total."""

    def run() -> int:
        from chargeback_client.verbs.telemetry import session

        with connect(api_url, api_token, login_file) as api:
            return session(api, name, user, _days(first, until), as_json=as_json)

    return ended(run)


@telemetry.command("call", cls=Verb)
def _call(
    call_id: Annotated[str, typer.Argument(metavar="CALL", help="its id in lists of the API")],
    as_json: AsJson = False,
    api_url: ApiUrl = None,
    api_token: ApiToken = None,
    login_file: LoginFile = LOGIN_FILE,
) -> int:
    """Show one call from the gateway to the ledger."""

    def run() -> int:
        from chargeback_client.verbs.telemetry import call

        with connect(api_url, api_token, login_file) as api:
            return call(api, call_id, as_json=as_json)

    return ended(run)


@telemetry.command("top", cls=Verb)
def _top(
    by: Annotated[str, typer.Option("--by", **one_of("what the list is of", *GROUPS))] = "user",
    first: First = None,
    until: Until = None,
    as_json: AsJson = False,
    api_url: ApiUrl = None,
    api_token: ApiToken = None,
    login_file: LoginFile = LOGIN_FILE,
) -> int:
    """Show who, or what, costs most."""

    def run() -> int:
        from chargeback_client.verbs.telemetry import top

        with connect(api_url, api_token, login_file) as api:
            return top(api, {**_days(first, until), "by": by}, as_json=as_json)

    return ended(run)


@telemetry.command("tail", cls=Verb)
def _tail(
    user: User = None,
    as_json: AsJson = False,
    api_url: ApiUrl = None,
    api_token: ApiToken = None,
    login_file: LoginFile = LOGIN_FILE,
) -> int:
    """Print one person's calls of today, then each new one as it arrives."""

    def run() -> int:
        from chargeback_client.verbs.telemetry import tail

        with connect(api_url, api_token, login_file) as api:
            return tail(api, user, as_json=as_json)

    return ended(run)


@telemetry.command("reconcile", cls=Verb)
def _reconcile(
    first: First = None,
    until: Until = None,
    as_json: AsJson = False,
    api_url: ApiUrl = None,
    api_token: ApiToken = None,
    login_file: LoginFile = LOGIN_FILE,
) -> int:
    """Compare the ledger with Application Insights; exit 1 when a day differs."""

    def run() -> int:
        from chargeback_client.verbs.telemetry import reconcile

        with connect(api_url, api_token, login_file) as api:
            return reconcile(api, _days(first, until), as_json=as_json)

    return ended(run)
