"""The local stack's commands as Typer apps: the demonstration, and its parts by themselves."""

import math
from datetime import UTC, datetime
from pathlib import Path
from typing import Annotated

import typer

from command_line.app import Verb, new_app
from command_line.settings import Setting, flag_of
from command_line.values import one_of, whole_number

PORT_MAX = 65_535
COUNT_MAX = 1_000_000_000
SIGN_IN_AS = ("admin", "finance", "owner", "employee", "colleague", "service")

demo = new_app()
broker = new_app()
send = new_app()
identity = new_app("Sign-in for the demonstration")
insights = new_app()
parts = new_app("Parts of the local stack by themselves")
parts.add_typer(broker)
parts.add_typer(send)
parts.add_typer(identity, name="identity")
parts.add_typer(insights)


def _number(text: str) -> float:
    try:
        return float(text)
    except ValueError:
        return math.nan


def _share(given: str | float) -> float:
    share = _number(str(given))
    if not 0 <= share <= 1:
        raise typer.BadParameter(f"{given!r} is not a share; expected a number from 0 to 1")
    return share


def _rate(text: str) -> float:
    rate = _number(text)
    if not 0 < rate < math.inf:
        raise typer.BadParameter(f"{text!r} is not a rate; expected a number above 0")
    return rate


def _instant(text: str) -> datetime:
    try:
        time = datetime.fromisoformat(text)
    except ValueError:
        message = f"{text!r} is not a time; expected one as 2026-11-20T12:00:00Z"
        raise typer.BadParameter(message) from None
    return time.astimezone(UTC) if time.tzinfo else time.replace(tzinfo=UTC)


Data = Annotated[Path, typer.Option("--data", metavar="DIRECTORY", help="where everything is kept")]
LiveCalls = Annotated[
    int | None,
    typer.Option(
        "--calls",
        parser=whole_number(1, COUNT_MAX),
        metavar="N",
        help="only so many live calls, and no generated events",
    ),
]
Streamed = Annotated[
    float,
    typer.Option("--streamed", parser=_share, metavar="X", help="share of streamed calls"),
]
Dropped = Annotated[
    float,
    typer.Option(
        "--drop", parser=_share, metavar="X", help="share of events that the gateway loses"
    ),
]


@demo.command("demo", cls=Verb)
def _demo(
    data: Data = Path(".local"),
    trace: Annotated[
        Path | None, typer.Option("--trace", metavar="FILE", help="CSV of recorded calls to send")
    ] = None,
    calls: LiveCalls = None,
    streamed: Streamed = 0.6,
    drop: Dropped = 0.0,
    end: Annotated[bool, typer.Option("--exit", help="end after the box")] = False,
    logs: Annotated[
        bool, typer.Option("--logs", help="show the parts' logs too; files hold them anyway")
    ] = False,
) -> int:
    """Run the whole flow on this machine, and meter calls.

    Starts the stack, bills and corrects one month, sends two more months of generated events, and
    makes live calls through the gateway (or sends a recorded trace instead of all that). Waits
    until every event is stored, and shows the box. Stays up until Ctrl-C, or ends with --exit.
    """
    from local_stack.demo.run import DemoOptions, run_demo

    return run_demo(
        DemoOptions(
            data=data,
            trace=trace,
            calls=calls,
            streamed=streamed,
            drop=drop,
            exit=end,
            quiet=not logs,
        )
    )


def _port(flag: str, meaning: str) -> typer.models.OptionInfo:
    option: typer.models.OptionInfo = typer.Option(
        flag, parser=whole_number(0, PORT_MAX), metavar="N", help=meaning
    )
    return option


@broker.command("broker", cls=Verb)
def _broker(
    config: Annotated[
        Path, typer.Option("--config", metavar="FILE", help="Config.json, as the emulator reads it")
    ],
    data: Annotated[
        Path, typer.Option("--data", metavar="DIRECTORY", help="directory of the journals")
    ],
    host: Annotated[
        str, typer.Option("--host", metavar="X", help="address to bind to")
    ] = "127.0.0.1",
    port: Annotated[int, _port("--port", "AMQP; 0 takes a free one")] = 5672,
    admin_port: Annotated[int, _port("--admin-port", "HTTP, on loopback only")] = 5300,
    tls_cert: Annotated[
        Path | None,
        typer.Option("--tls-cert", metavar="FILE", help="PEM; also serves AMQP over TLS"),
    ] = None,
    tls_key: Annotated[
        Path | None, typer.Option("--tls-key", metavar="FILE", help="PEM of its key")
    ] = None,
    tls_port: Annotated[int, _port("--tls-port", "AMQP over TLS")] = 5671,
) -> int:
    """Serve a local Event Hubs broker, until SIGTERM."""
    from local_stack.broker.foreground import run_broker
    from local_stack.broker.listening import Listen

    listen = Listen(host=host, port=port, admin_port=admin_port, tls_port=tls_port)
    return run_broker(config, data, listen, certificate=tls_cert, key=tls_key)


class _SendVerb(Verb):
    exactly_one = ("--trace", "--workload")


ConnectionString = Annotated[
    str | None,
    flag_of(
        Setting(
            "EVENTHUB_CONNECTION_STRING",
            "the Event Hubs namespace, or the broker",
            spelled="--connection-string",
        )
    ),
]
Hub = Annotated[str, typer.Option("--hub", metavar="X", help="event hub")]
Trace = Annotated[
    Path | None, typer.Option("--trace", metavar="FILE", help="CSV of recorded calls")
]
Generated = Annotated[bool, typer.Option("--workload", help="the generated traffic")]
Now = Annotated[
    datetime | None,
    typer.Option(
        "--now",
        parser=_instant,
        metavar="TIME",
        help="time of the last call; the same one sends the same bytes; default: now",
    ),
]
Calls = Annotated[
    int | None,
    typer.Option(
        "--calls",
        parser=whole_number(1, COUNT_MAX),
        metavar="N",
        help="of the workload; default: all of it",
    ),
]
StreamedPercent = Annotated[
    int,
    typer.Option(
        "--streamed-percent",
        parser=whole_number(0, 100),
        metavar="N",
        help="share of streamed calls in the workload",
    ),
]
Rate = Annotated[
    float | None,
    typer.Option("--rate", parser=_rate, metavar="N", help="events a second; default: all at once"),
]


@send.command("send", cls=_SendVerb)
def _send(
    connection_string: ConnectionString = None,
    hub: Hub = "llm-usage",
    trace: Trace = None,
    workload: Generated = False,
    now: Now = None,
    calls: Calls = None,
    streamed_percent: StreamedPercent = 0,
    rate: Rate = None,
) -> int:
    """Send usage events to a hub, from --trace or --workload."""
    from local_stack.send.send_to_hub import SendOptions, send_to_hub

    del workload  # one of the two flags is given, and `trace` says which
    return send_to_hub(
        SendOptions(
            connection_string=connection_string,
            hub=hub,
            trace=trace,
            now=now or datetime.now(UTC).replace(microsecond=0),
            calls=calls,
            streamed_percent=streamed_percent,
            rate=rate,
        )
    )


@identity.command("serve", cls=Verb)
def _serve_identity(data: Data = Path(".local")) -> int:
    """Serve the demonstration's identity provider on loopback, until SIGTERM.

    It reads identity.json in the data directory, which the demonstration writes.
    """
    from local_stack.identity.foreground import run_provider

    return run_provider(data)


@identity.command("token", cls=Verb)
def _token(
    who: Annotated[str, typer.Option("--as", **one_of("whose", *SIGN_IN_AS))],
    data: Data = Path(".local"),
) -> int:
    """Print an access token of the running demonstration, for curl.

    A token of a person shows what the person may see; a token of the service has the roles
    Billing.Read.All and Pricing.Rate.
    """
    from local_stack.identity.ask import print_token

    return print_token(data, who)


@insights.command("insights", cls=Verb)
def _insights(
    data: Data = Path(".local"),
    port: Annotated[int, _port("--port", "HTTP, on loopback only; 0 takes a free one")] = 8600,
) -> int:
    """Serve the local Application Insights on loopback, until SIGTERM.

    It takes what exporters send, and answers KQL queries over it, as Azure's two endpoints do.
    """
    from local_stack.insights.foreground import run_insights

    return run_insights(data, port)
