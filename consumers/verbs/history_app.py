"""The verbs that correct the past, as Typer apps: `replay`, and the verbs of `rerate`."""

from datetime import UTC, date, datetime
from pathlib import Path
from typing import Annotated

import typer

from command_line.app import Verb, new_app
from command_line.json_form import AsJson
from command_line.values import day, one_of, some_words, whole_number
from consumers.replay.arguments import ReplayRequest
from consumers.rerating.arguments import BATCH_CALLS_MAX, BookChoice
from consumers.settings import Settings
from consumers.verbs.exit_codes import verb

replaying = new_app("Read events again into the ledger")
rerating = new_app("Correct prices by approved runs")

EXAMPLE = "2026-11-20T00:00:00Z"


def _time(text: str) -> datetime:
    """A time with its offset from UTC."""
    try:
        time = datetime.fromisoformat(text)
    except ValueError:
        raise typer.BadParameter(f"{text!r} is not a time; expected one as {EXAMPLE}") from None
    if time.tzinfo is None:
        raise typer.BadParameter(f"{text!r} has no offset from UTC; expected one, as {EXAMPLE} has")
    try:
        return time.astimezone(UTC)
    except OverflowError:
        raise typer.BadParameter(f"{text!r} is outside the years 1 to 9999 in UTC") from None


class _ReplayVerb(Verb):
    exactly_one = ("--hub", "--capture", "--dead-letters")


class _FormVerb(Verb):
    at_most_one = (("--format", "--json"),)


class _BookVerb(Verb):
    at_most_one = (("--book", "--book-version"), ("--format", "--json"))


Capture = Annotated[
    str | None,
    typer.Option("--capture", metavar="PATH|URL", help="Capture files: folder or container"),
]
DeadLetters = Annotated[bool, typer.Option("--dead-letters", help="the open dead letters")]
FromTime = Annotated[
    datetime | None,
    typer.Option(
        "--from", parser=_time, metavar="TIME", help=f"enqueued from then on, as {EXAMPLE}"
    ),
]
ToTime = Annotated[
    datetime | None,
    typer.Option("--to", parser=_time, metavar="TIME", help="enqueued before then"),
]
Group = Annotated[
    str, typer.Option("--group", metavar="X", help="consumer group to read the hub with")
]


@verb(replaying, "replay", _ReplayVerb)
async def _replay(
    settings: Settings,
    hub: Annotated[bool, typer.Option("--hub", help="what the event hub still has")] = False,
    capture: Capture = None,
    dead_letters: DeadLetters = False,
    from_time: FromTime = None,
    to_time: ToTime = None,
    group: Group = "$Default",
    dry_run: Annotated[
        bool, typer.Option("--dry-run", help="show what would happen, write nothing")
    ] = False,
    stage: Annotated[
        bool, typer.Option("--stage", help="make a re-rating run of what differs")
    ] = False,
    as_json: AsJson = False,
) -> int:
    """Read events again into the ledger.

    Their source is --hub, --capture or --dead-letters.
    """
    from consumers.replay.verb import replay

    request = ReplayRequest(
        hub=hub,
        capture=capture,
        dead_letters=dead_letters,
        from_time=from_time,
        to_time=to_time,
        group=group,
        dry_run=dry_run,
        stage=stage,
    )
    return await replay(settings, request, as_json=as_json)


Book = Annotated[
    list[Path] | None,
    typer.Option(
        "--book", metavar="FILE…", help="rule files over the base books; default: PRICE_BOOKS"
    ),
]
BookVersion = Annotated[
    str | None, typer.Option("--book-version", metavar="SHA256", help="a book of the archive")
]
FromDay = Annotated[
    date, typer.Option("--from", parser=day, metavar="YYYY-MM-DD", help="first charge day")
]
ToDay = Annotated[
    date, typer.Option("--to", parser=day, metavar="YYYY-MM-DD", help="the day after the last")
]
Subject = Annotated[
    str | None, typer.Option("--subject", metavar="X", help="only this subject's calls")
]
Model = Annotated[
    str | None,
    typer.Option("--model", metavar="X", help="only this model, as the usage pages name it"),
]
CostCentre = Annotated[
    str | None,
    typer.Option("--cost-centre", metavar="X", help="only this cost centre, as of the call's day"),
]
Form = Annotated[
    str, typer.Option("--format", **one_of("form of the report", "table", "json", "csv"))
]
Run = Annotated[str, typer.Argument(metavar="RUN", help="as `list` prints it")]
By = Annotated[str, typer.Option("--by", parser=some_words, metavar="NAME", help="who decides")]
Why = Annotated[
    str, typer.Option("--why", parser=some_words, metavar="TEXT", help="kept with the run")
]
BatchCalls = Annotated[
    int,
    typer.Option(
        "--batch-calls",
        parser=whole_number(1, BATCH_CALLS_MAX),
        metavar="N",
        help=f"calls between two renewals of the lease, 1 to {BATCH_CALLS_MAX}",
    ),
]


@verb(rerating, "stage", _BookVerb)
async def _stage(
    settings: Settings,
    from_day: FromDay,
    to_day: ToDay,
    subject: Subject = None,
    model: Model = None,
    cost_centre: CostCentre = None,
    book: Book = None,
    book_version: BookVersion = None,
    allow_unpriced: Annotated[
        bool, typer.Option("--allow-unpriced", help="also when calls lose their price")
    ] = False,
    form: Form = "table",
    as_json: AsJson = False,
) -> int:
    """Rate a period with another book; the run then waits for approval."""
    from consumers.rerating.verbs import stage
    from table_api.rerating.scope import Scope

    return await stage(
        settings,
        Scope(
            from_day=from_day,
            to_day=to_day,
            subject=subject,
            model=model,
            cost_centre=cost_centre,
        ),
        BookChoice(files=tuple(book or ()), version=book_version),
        allow_unpriced=allow_unpriced,
        form="json" if as_json else form,
    )


@verb(rerating, "what-if", _BookVerb)
async def _what_if(
    settings: Settings,
    from_day: FromDay,
    to_day: ToDay,
    subject: Subject = None,
    model: Model = None,
    cost_centre: CostCentre = None,
    book: Book = None,
    book_version: BookVersion = None,
    form: Form = "table",
    as_json: AsJson = False,
) -> int:
    """Show the same report without making a run."""
    from consumers.rerating.verbs import what_if
    from table_api.rerating.scope import Scope

    return await what_if(
        settings,
        Scope(
            from_day=from_day,
            to_day=to_day,
            subject=subject,
            model=model,
            cost_centre=cost_centre,
        ),
        BookChoice(files=tuple(book or ()), version=book_version),
        form="json" if as_json else form,
    )


@verb(rerating, "changes", _BookVerb)
async def _changes(
    settings: Settings,
    from_day: FromDay,
    to_day: ToDay,
    book: Book = None,
    book_version: BookVersion = None,
    form: Annotated[
        str, typer.Option("--format", **one_of("form of the report", "table", "json"))
    ] = "table",
    as_json: AsJson = False,
) -> int:
    """Show what the next book changes: prices, and the posted calls of a period."""
    from consumers.rerating.verbs import changes
    from table_api.rerating.scope import Scope

    scope = Scope(from_day=from_day, to_day=to_day)
    choice = BookChoice(files=tuple(book or ()), version=book_version)
    return await changes(settings, scope, choice, form="json" if as_json else form)


@verb(rerating, "approve")
async def _approve(settings: Settings, run: Run, by: By, why: Why) -> int:
    """Let a staged run be applied."""
    from consumers.rerating.verbs import approve

    return await approve(settings, run, by=by, why=why)


@verb(rerating, "apply")
async def _apply(
    settings: Settings,
    run: Run,
    batch_calls: BatchCalls = BATCH_CALLS_MAX,
    as_json: AsJson = False,
) -> int:
    """Write an approved run into the ledger; repeat it after a crash."""
    from consumers.rerating.verbs import apply

    return await apply(settings, run, batch_calls=batch_calls, as_json=as_json)


@verb(rerating, "revert")
async def _revert(
    settings: Settings,
    run: Run,
    by: By,
    why: Why,
    batch_calls: BatchCalls = BATCH_CALLS_MAX,
    as_json: AsJson = False,
) -> int:
    """Undo a run, except for calls that were changed after it."""
    from consumers.rerating.verbs import revert

    return await revert(settings, run, by=by, why=why, batch_calls=batch_calls, as_json=as_json)


@verb(rerating, "list")
async def _list(
    settings: Settings,
    json: Annotated[bool, typer.Option("--json", help="as JSON, with every field")] = False,
) -> int:
    """List every run, the newest first."""
    from consumers.rerating.verbs import list_runs

    return await list_runs(settings, json_form=json)


@verb(rerating, "show", _FormVerb)
async def _show(settings: Settings, run: Run, form: Form = "table", as_json: AsJson = False) -> int:
    """Show one run: its report, its state, and the calls that it left alone."""
    from consumers.rerating.verbs import show

    return await show(settings, run, form="json" if as_json else form)
