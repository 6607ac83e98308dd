"""The verbs of `telemetry` as a Typer app. They ask the API, or Application Insights itself."""

import sys
from collections.abc import Callable, Iterator, Mapping
from contextlib import AbstractContextManager, contextmanager
from typing import TYPE_CHECKING, Annotated

import typer

from chargeback_client.verbs.exit_codes import (
    FAILED,
    LOGIN_FILE,
    ApiToken,
    ApiUrl,
    LoginFile,
    connect,
    ended,
)
from command_line.app import Verb, new_app
from command_line.settings import with_settings
from command_line.values import one_of, whole_number
from table_api.verbs.app import READS_TELEMETRY
from telemetry.settings import BadTelemetry, read_telemetry

if TYPE_CHECKING:
    from chargeback_client.connection import Parameters
    from chargeback_client.verbs.telemetry_source import Source

CALLS_MAX = 200
Environment = Mapping[str, str]
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
IsDirect = Annotated[
    bool, typer.Option("--direct", help="for operators: ask the workspace, not the API")
]
GROUPS = ("user", "model", "session", "cost_centre", "subscription", "state")


def _days(first: str | None, until: str | None) -> "Parameters":
    return {"from": first, "to": until}


def _ended(show: "Callable[[Source], int]", opened: "AbstractContextManager[Source]") -> int:
    """The exit code of a verb; what ends it is one line on stderr."""
    from telemetry.queries.errors import QueryError

    def run() -> int:
        with opened as source:
            return show(source)

    try:
        return ended(run)
    except (BadTelemetry, QueryError) as error:
        print(f"error: {error}", file=sys.stderr, flush=True)
        return FAILED


@contextmanager
def _source(
    environment: Environment,
    direct: bool,
    api_url: str | None,
    api_token: str | None,
    login_file: str,
) -> "Iterator[Source]":
    """Where the calls are asked for, for the time of a verb."""
    if direct:
        from telemetry.console.direct import open_direct

        with open_direct(read_telemetry(environment)) as source:
            yield source
        return
    from chargeback_client.verbs.telemetry_source import ApiSource

    with connect(api_url, api_token, login_file) as api:
        yield ApiSource(api)


def _user(
    environment: Environment,
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
    direct: IsDirect = False,
    api_url: ApiUrl = None,
    api_token: ApiToken = None,
    login_file: LoginFile = LOGIN_FILE,
) -> int:
    """Show one person's sessions, with their newest calls as a tree."""

    def show(source: "Source") -> int:
        from chargeback_client.verbs.telemetry import user

        return user(source, subject, _days(first, until), calls=calls, as_json=as_json)

    return _ended(show, _source(environment, direct, api_url, api_token, login_file))


telemetry.command("user", cls=Verb)(with_settings(_user, READS_TELEMETRY))


def _session(
    environment: Environment,
    name: Annotated[
        str, typer.Argument(metavar="SESSION", help="its id; empty for calls without one")
    ],
    user: User = None,
    first: First = None,
    until: Until = None,
    as_json: AsJson = False,
    direct: IsDirect = False,
    api_url: ApiUrl = None,
    api_token: ApiToken = None,
    login_file: LoginFile = LOGIN_FILE,
) -> int:
    """Show the calls of one session in their order, with a running total."""

    def show(source: "Source") -> int:
        from chargeback_client.verbs.telemetry import session

        return session(source, name, user, _days(first, until), as_json=as_json)

    return _ended(show, _source(environment, direct, api_url, api_token, login_file))


telemetry.command("session", cls=Verb)(with_settings(_session, READS_TELEMETRY))


def _call(
    environment: Environment,
    call_id: Annotated[
        str,
        typer.Argument(
            metavar="CALL",
            help="request id, as trees show it; also response id or trace id, if not --direct",
        ),
    ],
    day: Annotated[
        str | None,
        typer.Option(
            "--day",
            metavar="DAY",
            help="its charge day; a call of earlier weeks needs it, if not --direct",
        ),
    ] = None,
    as_json: AsJson = False,
    direct: IsDirect = False,
    api_url: ApiUrl = None,
    api_token: ApiToken = None,
    login_file: LoginFile = LOGIN_FILE,
) -> int:
    """Show one call from the gateway to the ledger."""

    def show(source: "Source") -> int:
        from chargeback_client.verbs.telemetry import call

        return call(source, call_id, day=day, as_json=as_json)

    return _ended(show, _source(environment, direct, api_url, api_token, login_file))


telemetry.command("call", cls=Verb)(with_settings(_call, READS_TELEMETRY))


def _top(
    environment: Environment,
    by: Annotated[str, typer.Option("--by", **one_of("what the list is of", *GROUPS))] = "user",
    first: First = None,
    until: Until = None,
    as_json: AsJson = False,
    direct: IsDirect = False,
    api_url: ApiUrl = None,
    api_token: ApiToken = None,
    login_file: LoginFile = LOGIN_FILE,
) -> int:
    """Show who, or what, costs most."""

    def show(source: "Source") -> int:
        from chargeback_client.verbs.telemetry import top

        return top(source, _days(first, until), by, as_json=as_json)

    return _ended(show, _source(environment, direct, api_url, api_token, login_file))


telemetry.command("top", cls=Verb)(with_settings(_top, READS_TELEMETRY))


def _tail(
    environment: Environment,
    user: User = None,
    as_json: AsJson = False,
    direct: IsDirect = False,
    api_url: ApiUrl = None,
    api_token: ApiToken = None,
    login_file: LoginFile = LOGIN_FILE,
) -> int:
    """Print one person's calls of today, then each new one as it arrives."""

    def show(source: "Source") -> int:
        from chargeback_client.verbs.telemetry import tail

        return tail(source, user, as_json=as_json)

    return _ended(show, _source(environment, direct, api_url, api_token, login_file))


telemetry.command("tail", cls=Verb)(with_settings(_tail, READS_TELEMETRY))


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
