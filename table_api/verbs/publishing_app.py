"""The verb `publish` as a Typer app."""

from collections.abc import Mapping
from datetime import date
from typing import Annotated

import typer

from command_line.app import Verb, new_app
from command_line.settings import Setting, flag_of, with_settings
from command_line.values import day
from table_api.verbs.exit_codes import SETTINGS, SETTINGS_OF_TABLES, exit_code
from telemetry.settings import PUBLISH_FROM, VARIABLES

publishing = new_app()


def _shards(text: str) -> range:
    """`0-7` or `3`."""
    first, dash, last = text.partition("-")
    numbers = [first, last if dash else first]
    if not all(each.isascii() and each.isdigit() and len(each) <= 2 for each in numbers):
        raise typer.BadParameter(f"{text!r} is no range of shards; expected one as in 0-7")
    return range(int(numbers[0]), int(numbers[1]) + 1)


def _publish(  # each flag is an argument
    environment: Mapping[str, str],
    follow: Annotated[
        bool, typer.Option("--follow", help="look again every 30 seconds until it is ended")
    ] = False,
    start: Annotated[
        date | None,
        flag_of(
            Setting(PUBLISH_FROM.name, "first charge day; default: all", "", "--from"), parser=day
        ),
    ] = None,
    stop: Annotated[
        date | None,
        typer.Option("--to", parser=day, metavar="DAY", help="day after the last; default: all"),
    ] = None,
    shards: Annotated[
        range | None,
        typer.Option(
            "--shards", parser=_shards, metavar="0-7", help="of the ledger, for one of several"
        ),
    ] = None,
    settle: Annotated[
        bool,
        typer.Option("--settle", help="read every day whole, and try again what was refused"),
    ] = False,
    again: Annotated[bool, typer.Option("--again", help="send all rows once more")] = False,
) -> int:
    """Send new rows of the ledger to Application Insights."""
    from table_api.publishing.month_pass import Wanted
    from table_api.verbs.publish import publish

    if follow and (stop or settle or again):
        raise typer.BadParameter(
            "--follow sends what is new: it takes no --to, --settle or --again"
        )
    wanted = Wanted(start=start, stop=stop, shards=shards, settle=settle, again=again)
    return exit_code(lambda: publish(environment, wanted, follows=follow), service="publisher")


_TELEMETRY = {
    SETTINGS: SETTINGS_OF_TABLES,
    "Settings of telemetry": [
        Setting(each.name, each.meaning) for each in VARIABLES if each != PUBLISH_FROM
    ],
}
publishing.command("publish", cls=Verb)(with_settings(_publish, _TELEMETRY))
