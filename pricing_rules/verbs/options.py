"""Options of the verbs, and how their texts are read."""

from datetime import UTC, date, datetime
from pathlib import Path
from typing import Annotated, Any

import typer

from command_line.settings import Setting, flag_of
from command_line.values import day, one_of

BASE = str(Path(__file__).parents[1] / "books")
DEPLOYMENT_TYPES = (
    "GlobalStandard",
    "DataZoneStandard",
    "Standard",
    "GlobalBatch",
    "DataZoneBatch",
    "GlobalProvisionedManaged",
    "DataZoneProvisionedManaged",
    "ProvisionedManaged",
    "DeveloperTier",
    "Serverless",
)
APIS = (
    "audio-speech",
    "audio-transcriptions",
    "chat",
    "chat-completions",
    "completions",
    "embeddings",
    "images",
    "messages",
    "responses",
    "speech",
    "transcriptions",
)
PRICE_SOURCES = ("azure", "vendor", "reported")
"""All are spelled here, since the modules that own them import pydantic; a test compares."""


def _moment(text: str) -> datetime:
    try:
        moment = datetime.fromisoformat(text)
    except ValueError:
        message = f"{text!r} is not a time; expected one as 2026-11-20T12:00:00Z"
        raise typer.BadParameter(message) from None
    try:
        return moment.replace(tzinfo=moment.tzinfo or UTC).astimezone(UTC)
    except OverflowError:
        message = f"{text!r} is outside the years 1 to 9999 in UTC"
        raise typer.BadParameter(message) from None


def _usage(text: str) -> Any:
    from pricing_rules.verbs.price import usage_object  # noqa: PLC0415 - imports pydantic

    try:
        return usage_object(text)
    except ValueError as error:
        raise typer.BadParameter(str(error)) from error


def _sources(text: str) -> str:
    if not set(text.split(",")) <= set(PRICE_SOURCES):
        expected = f"expected some of {', '.join(PRICE_SOURCES)}, separated by commas"
        raise typer.BadParameter(f"{text!r} is not usable; {expected}")
    return text


def current_day() -> date:
    return datetime.now(UTC).date()


At = Annotated[
    datetime | None,
    typer.Option("--at", parser=_moment, metavar="TIME", help="time of the call; default: now"),
]
Book = Annotated[
    list[Path] | None,
    typer.Option("--book", metavar="FILE…", help="rule files over the base books"),
]
OwnBooks = Annotated[
    list[Path] | None,
    typer.Option(
        "--book",
        envvar="PRICE_BOOKS",
        show_envvar=False,
        metavar="FILE…",
        help="rule files over the base books [PRICE_BOOKS]",
    ),
]
"""The variable is the one that metering reads, so that a call costs what metering says."""
Sources = Annotated[
    str,
    flag_of(
        Setting("PRICE_SOURCES", "whose prices are used", ",".join(PRICE_SOURCES)), parser=_sources
    ),
]
ALL_SOURCES = ",".join(PRICE_SOURCES)
Write = Annotated[
    Path | None,
    typer.Option(
        "--write",
        metavar="[DIRECTORY]",
        help="add what the diff shows to the rule files there; default: the base books",
    ),
]
Checked = Annotated[
    date | None,
    typer.Option("--checked", parser=day, metavar="DAY", help="day of the prices; default: today"),
]

PricedModel = Annotated[
    str, typer.Option("--model", metavar="X", help="name in the book, with or without version")
]
Usage = Annotated[
    dict[str, Any],
    typer.Option("--usage", parser=_usage, metavar="JSON", help="usage as the model sent it"),
]
Provider = Annotated[
    str | None,
    typer.Option("--provider", metavar="X", help="needed where several sell the model"),
]
Deployment = Annotated[
    str,
    typer.Option("--deployment-type", **one_of("how Azure runs the deployment", *DEPLOYMENT_TYPES)),
]
ServiceTier = Annotated[
    str | None,
    typer.Option("--service-tier", metavar="X", help="as the answer reports it"),
]
Region = Annotated[
    str | None, typer.Option("--region", metavar="X", help="of a regional deployment")
]
Product = Annotated[
    str | None,
    typer.Option("--product", metavar="X", help="the caller's API Management product"),
]
CostCentre = Annotated[
    str | None, typer.Option("--cost-centre", metavar="X", help="the caller's cost centre")
]
Api = Annotated[str, typer.Option("--api", **one_of("which API of the model was called", *APIS))]
Explain = Annotated[bool, typer.Option("--explain", help="every line and rule")]
