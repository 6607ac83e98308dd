"""The verbs of the client as Typer apps; `chargeback` arranges them.

A verb imports what it needs when it is called, so that a help page costs little.
"""

import sys
from pathlib import Path
from typing import Annotated

import typer

from chargeback_client.verbs.exit_codes import (
    LOCAL_API,
    LOGIN_FILE,
    ApiToken,
    ApiUrl,
    LoginFile,
    connect,
    ended,
    one_of_flags,
)
from command_line.app import Verb, new_app
from command_line.values import day, one_of

asking = new_app()

GROUPS = {
    "person": "subject",
    "cost-centre": "cost_centre",
    **{name: name for name in ("day", "model", "product", "subscription", "api", "deployment")},
    "session": "session",
}
PERIODS = (
    "today", "yesterday", "last-7-days", "last-30-days", "last-90-days", "this-month",
    "last-month", "this-quarter", "last-quarter", "this-year", "last-year",
)  # fmt: skip


@asking.command("usage", cls=Verb)
def _usage(  # one for each flag
    by: Annotated[list[str], typer.Option("--by", **one_of("one line for each", *GROUPS))] = [  # noqa: B006
        "person"
    ],
    last_month: Annotated[bool, typer.Option("--last-month", help="of last month")] = False,
    month: Annotated[
        str | None, typer.Option("--month", metavar="M", help="of a month as in 2026-10")
    ] = None,
    period: Annotated[
        str | None, typer.Option("--period", **one_of("of days counted from today", *PERIODS))
    ] = None,
    first: Annotated[
        str | None, typer.Option("--from", metavar="DAY", help="from this day")
    ] = None,
    until: Annotated[
        str | None, typer.Option("--to", metavar="DAY", help="until before this day")
    ] = None,
    subject: Annotated[
        str | None, typer.Option("--subject", metavar="X", help="of one person or service")
    ] = None,
    model: Annotated[str | None, typer.Option("--model", metavar="X", help="of one model")] = None,
    cost_centre: Annotated[
        str | None, typer.Option("--cost-centre", metavar="X", help="of one cost centre")
    ] = None,
    csv: Annotated[bool, typer.Option("--csv", help="as CSV")] = False,
    as_json: Annotated[bool, typer.Option("--json", help="as JSON")] = False,
    xlsx: Annotated[
        Path | None, typer.Option("--xlsx", metavar="FILE", help="as a workbook, to a file")
    ] = None,
    api_url: ApiUrl = None,
    api_token: ApiToken = None,
    login_file: LoginFile = LOGIN_FILE,
) -> int:
    """Show what was used and what it cost, of this month by default."""
    one_of_flags(last_month=last_month, month=month, period=period, **{"from": first})
    one_of_flags(csv=csv, json=as_json, xlsx=xlsx)
    asked = {
        "from": first, "to": until, "month": month, "subject": subject, "model": model,
        "cost_centre": cost_centre, "period": "last-month" if last_month else period,
    }  # fmt: skip
    form = "csv" if csv else "json" if as_json else None

    def run() -> int:
        from chargeback_client.verbs.usage import usage

        with connect(api_url, api_token, login_file) as api:
            groups = [GROUPS[name] for name in dict.fromkeys(by)]
            return usage(api, groups, asked, form=form, file=xlsx)

    return ended(run)


@asking.command("why", cls=Verb)
def _why(
    call: Annotated[
        str,
        typer.Argument(metavar="CALL", help="its id, request id, response id, trace id or session"),
    ],
    on: Annotated[
        str | None,
        typer.Option(
            "--day", metavar="DAY", help="its charge day, which a call of earlier weeks needs"
        ),
    ] = None,
    as_json: Annotated[bool, typer.Option("--json", help="as JSON")] = False,
    api_url: ApiUrl = None,
    api_token: ApiToken = None,
    login_file: LoginFile = LOGIN_FILE,
) -> int:
    """Show who made a call and why it costs what it costs."""
    wanted = None if on is None else day(on).isoformat()

    def run() -> int:
        from chargeback_client.verbs.why import why

        with connect(api_url, api_token, login_file) as api:
            return why(api, call, as_json=as_json, day=wanted)

    return ended(run)


@asking.command("login", cls=Verb)
def _login(
    token_command: Annotated[
        str | None,
        typer.Option(
            "--token-command", metavar="X", help="what prints a token, such as az of Azure"
        ),
    ] = None,
    forget: Annotated[bool, typer.Option("--forget", help="sign out on this machine")] = False,
    api_url: ApiUrl = None,
    login_file: LoginFile = LOGIN_FILE,
) -> int:
    """Keep where the API is, and how to get a token.

    A token is read from stdin, unless a command prints one whenever it is needed. With Microsoft
    Entra that is: az account get-access-token --scope api://billing/access --query accessToken
    --output tsv
    """

    def run() -> int:
        from chargeback_client.verbs.sign_in import login, logout

        file = Path(login_file).expanduser()
        if forget:
            return logout(file)
        token = None if token_command else sys.stdin.readline().strip() or None
        return login(file, api_url or LOCAL_API, token_command, token)

    return ended(run)


@asking.command("token", cls=Verb)
def _token(login_file: LoginFile = LOGIN_FILE) -> int:
    """Print a token of the sign-in, for other programs."""

    def run() -> int:
        from chargeback_client.verbs.sign_in import print_token

        return print_token(Path(login_file).expanduser())

    return ended(run)
