"""The verbs of the consumers as Typer apps: `app` has all, `chargeback` arranges the parts.

A verb imports what it needs when it is called, so that a help page costs little.
"""

from datetime import date
from pathlib import Path
from typing import Annotated

import typer

from command_line.app import new_app
from command_line.json_form import AsJson
from command_line.values import day, some_words, whole_number
from consumers.setting_values import SECONDS_MAX
from consumers.settings import Settings
from consumers.verbs.backup_app import copying
from consumers.verbs.exit_codes import plain_verb, verb
from consumers.verbs.history_app import replaying, rerating
from consumers.verbs.letters_app import dead_letters
from pricing_rules.verbs.options import ALL_SOURCES, OwnBooks, Sources

consuming = new_app("Meter calls")
ledger = new_app("Prove that the ledger adds up")
rating = new_app()

app = new_app("Event hubs in, ledger out. Data goes to stdout, words to stderr.")
app.add_typer(consuming)
ledger.add_typer(copying)
app.add_typer(ledger)
app.add_typer(dead_letters, name="dead-letters")
app.add_typer(rating)
app.add_typer(replaying)
app.add_typer(rerating, name="rerate")

UntilIdle = Annotated[
    int | None,
    typer.Option(
        "--until-idle",
        parser=whole_number(0, SECONDS_MAX),
        metavar="S",
        help="end when nothing was left to read for S seconds",
    ),
]


@verb(consuming, "run")
async def _run(settings: Settings, until_idle: UntilIdle = None) -> int:
    """Meter events into the ledger, until SIGTERM."""
    from consumers.metering.run import run
    from consumers.running.signals import until_signalled

    await run(settings, ended=until_signalled(), until_idle_s=until_idle)
    return 0


@verb(consuming, "pair")
async def _pair(settings: Settings, until_idle: UntilIdle = None) -> int:
    """Complete calls from the gateway's own log, until SIGTERM."""
    from consumers.pairing.run import pair
    from consumers.running.signals import until_signalled

    await pair(settings, ended=until_signalled(), until_idle_s=until_idle)
    return 0


@verb(consuming, "check")
async def _check(  # one for each flag
    settings: Settings,
    gateway: Annotated[
        bool, typer.Option("--gateway", help="call the gateway, and find the calls in both hubs")
    ] = False,
    yes: Annotated[bool, typer.Option("--yes", help="make the calls, which cost money")] = False,
    wait: Annotated[
        int,
        typer.Option(
            "--wait",
            parser=whole_number(1, SECONDS_MAX),
            metavar="S",
            help="how long the hubs may take; the log is minutes late",
        ),
    ] = 600,
    chat: Annotated[
        str, typer.Option("--chat", metavar="NAME", help="deployment for chats")
    ] = "gpt-4.1-mini",
    embeddings: Annotated[
        str | None, typer.Option("--embeddings", metavar="NAME", help="deployment for embeddings")
    ] = None,
    images: Annotated[
        str | None, typer.Option("--images", metavar="NAME", help="deployment for images")
    ] = None,
    speech: Annotated[
        str | None, typer.Option("--speech", metavar="NAME", help="deployment for speech")
    ] = None,
    background: Annotated[
        str | None,
        typer.Option("--background", metavar="NAME", help="deployment for a background response"),
    ] = None,
    as_json: AsJson = False,
) -> int:
    """Ask every dependency once, or a deployed gateway; prints one line for each."""
    if not gateway:
        from consumers.verbs.check import check

        return await check(settings, as_json=as_json)
    from consumers.gateway_check.calls import Models
    from consumers.gateway_check.run import check_gateway

    models = Models(
        chat=chat,
        embeddings=embeddings,
        images=images,
        speech=speech,
        background=background,
    )
    return await check_gateway(settings, models, yes=yes, wait_s=wait, as_json=as_json)


@verb(consuming, "lag")
async def _lag(settings: Settings, as_json: AsJson = False) -> int:
    """Show how many events and seconds each partition is behind."""
    from consumers.verbs.lag import lag

    return await lag(settings, json_form=as_json)


@verb(consuming, "completeness")
async def _completeness(
    settings: Settings,
    first_day: Annotated[
        date | None,
        typer.Option("--from", parser=day, metavar="DAY", help="first day; default: yesterday"),
    ] = None,
    until_day: Annotated[
        date | None,
        typer.Option(
            "--to", parser=day, metavar="DAY", help="day after the last; default: tomorrow"
        ),
    ] = None,
    json: Annotated[bool, typer.Option("--json", help="as /v1/completeness answers")] = False,
) -> int:
    """Show what each path missed, per hour, API and model."""
    from consumers.verbs.completeness import completeness

    return await completeness(settings, first_day=first_day, until_day=until_day, json_form=json)


@verb(consuming, "watch")
async def _watch(
    settings: Settings,
    gap_percent_max: Annotated[
        int,
        typer.Option(
            "--gap-percent-max",
            parser=whole_number(0, 100),
            metavar="N",
            help="calls without usage, caller or price that are no finding",
        ),
    ] = 1,
) -> int:
    """Look once at audit, completeness and price ages; log what needs somebody."""
    from consumers.verbs.watch import watch

    return await watch(settings, gap_percent_max=gap_percent_max)


@verb(ledger, "audit")
async def _audit(settings: Settings, as_json: AsJson = False) -> int:
    """Re-add the whole ledger, also while it is written."""
    from consumers.verbs.ledger import audit_ledger

    return await audit_ledger(settings, as_json=as_json)


@verb(ledger, "doubled-calls")
async def _doubled_calls(
    settings: Settings,
    take_out: Annotated[
        str | None,
        typer.Option(
            "--take-out", metavar="ADDRESS", help="take this place out, as the list prints it"
        ),
    ] = None,
    by: Annotated[str | None, typer.Option("--by", metavar="NAME", help="who decided it")] = None,
    why: Annotated[
        str | None, typer.Option("--why", metavar="TEXT", help="kept in the call's chain")
    ] = None,
    as_json: AsJson = False,
) -> int:
    """List the calls that count in two places; take one of the places out."""
    from consumers.verbs.doubled import doubled

    return await doubled(settings, address=take_out, by=by, why=why, as_json=as_json)


@verb(ledger, "rebuild")
async def _rebuild(settings: Settings, as_json: AsJson = False) -> int:
    """Recompute the table `monthly` from the ledger."""
    from consumers.verbs.ledger import rebuild

    return await rebuild(settings, as_json=as_json)


@verb(ledger, "transitions")
async def _transitions(settings: Settings, as_json: AsJson = False) -> int:
    """Show from when this machine's tzdata differs from the ledger's time zone."""
    from consumers.verbs.ledger import transitions

    return await transitions(settings, as_json=as_json)


@verb(ledger, "adopt-transitions")
async def _adopt_transitions(
    settings: Settings,
    by: Annotated[str, typer.Option(parser=some_words, metavar="NAME", help="who decides")],
    why: Annotated[str, typer.Option(parser=some_words, metavar="TEXT", help="kept")],
) -> int:
    """Let this machine's tzdata hold for the days to come."""
    from consumers.verbs.ledger import adopt

    return await adopt(settings, by=by, why=why)


@plain_verb(rating, "rate")
def _rate(
    file: Annotated[
        Path,
        typer.Argument(
            metavar="FILE", help="events and log records: one, a list, or one a line; - is stdin"
        ),
    ],
    book: OwnBooks = None,
    price_sources: Sources = ALL_SOURCES,
    cost_centre: Annotated[
        str | None, typer.Option("--cost-centre", metavar="X", help="that of every subject")
    ] = None,
    json: Annotated[bool, typer.Option("--json", help="a line of JSON for each call")] = False,
) -> int:
    """Show what the ledger would hold of a file of calls."""
    from consumers.verbs.rate import rate_file

    return rate_file(
        file,
        books=book or (),
        origins=price_sources.split(","),
        cost_centre=cost_centre,
        json_form=json,
    )
