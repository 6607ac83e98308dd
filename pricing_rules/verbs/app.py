"""The verbs of the price books as Typer apps: `app` has all, `chargeback` arranges the parts.

A verb imports what it needs when it is called, so that a help page costs little.
"""

from datetime import UTC, date, datetime
from pathlib import Path
from typing import Annotated, Any

import typer

from command_line.app import Verb, new_app
from command_line.values import day, one_of
from pricing_rules.verbs.exit_codes import verb

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
"""Both are spelled here, since the modules that own them import pydantic; a test compares."""

pricing = new_app()
books = new_app("Price books and their sources")
app = new_app("Prices, price books and their sources. Data goes to stdout, words to stderr.")
app.add_typer(pricing)
app.add_typer(books)


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
    from pricing_rules.verbs.price import usage_object

    try:
        return usage_object(text)
    except ValueError as error:
        raise typer.BadParameter(str(error)) from error


def _today() -> date:
    return datetime.now(UTC).date()


At = Annotated[
    datetime | None,
    typer.Option("--at", parser=_moment, metavar="TIME", help="time of the call; default: now"),
]
Book = Annotated[
    list[Path] | None,
    typer.Option("--book", metavar="FILE…", help="rule files over the base books"),
]
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


class _PriceVerb(Verb):
    at_most_one = ("--explain", "--json")


class _ImportVerb(Verb):
    alone = {"--write": BASE}  # noqa: RUF012 - read only, as the class says


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
Json = Annotated[bool, typer.Option("--json", help="as JSON")]


@verb(pricing, "price", _PriceVerb)
def _price(
    model: PricedModel,
    usage: Usage,
    provider: Provider = None,
    deployment_type: Deployment = "GlobalStandard",
    service_tier: ServiceTier = None,
    region: Region = None,
    product: Product = None,
    cost_centre: CostCentre = None,
    api: Api = "chat",
    at: At = None,
    book: Book = None,
    explain: Explain = False,
    json: Json = False,
) -> int:
    """Show what one usage object costs.

    An unpriced call is an answer too: exit code 0.
    """
    from pricing_rules.engine.what_if import OPERATION_NAMES, Question
    from pricing_rules.price_book.rules import DeploymentType
    from pricing_rules.verbs.price import price

    question = Question(
        model=model,
        provider=provider,
        usage=usage,
        operation=OPERATION_NAMES[api],
        deployment_type=DeploymentType(deployment_type),
        service_tier=service_tier,
        region=region,
        product=product,
        cost_centre=cost_centre,
        at=at or datetime.now(UTC),
    )
    return price(question, book or (), explained=explain, json_form=json)


@verb(books, "lint")
def _lint(
    files: Annotated[
        list[Path] | None, typer.Argument(metavar="FILE", help="rule files over the base books")
    ] = None,
) -> int:
    """Compile the base books with these files; an error names file and rule."""
    from pricing_rules.verbs.books import lint

    return lint(files or ())


@verb(books, "show")
def _show(
    model: Annotated[str, typer.Argument(metavar="MODEL", help="with or without version")],
    at: At = None,
    today: Annotated[
        date | None,
        typer.Option("--today", parser=day, metavar="DAY", help="day to count ages from"),
    ] = None,
    book: Book = None,
) -> int:
    """Show the prices of a model, their sources and how old they are."""
    from pricing_rules.verbs.books import show_model

    return show_model(model, book or (), at=at or datetime.now(UTC), today=today or _today())


@verb(books, "diff")
def _diff(
    old: Annotated[
        Path,
        typer.Argument(metavar="OLD", help="directory, compiled book, or file over the base books"),
    ],
    new: Annotated[Path, typer.Argument(metavar="NEW", help="the same")],
) -> int:
    """Show how the second book differs from the first; exit code 1 when it does."""
    from pricing_rules.verbs.books import diff

    return diff(old, new)


@verb(books, "schema")
def _schema() -> int:
    """Print the JSON Schema of a rule file, for editors."""
    from pricing_rules.verbs.books import schema

    return schema()


@verb(books, "digests")
def _digests() -> int:
    """Print the digest of each base rule, to pin a release."""
    from pricing_rules.verbs.books import digests

    return digests()


@verb(books, "compile")
def _compile(
    out: Annotated[Path, typer.Option("--out", metavar="FILE", help="where it is written")],
    book: Book = None,
) -> int:
    """Write the compiled form of a book."""
    from pricing_rules.verbs.books import write_compiled

    return write_compiled(out, book or ())


@verb(books, "import-azure", _ImportVerb)
def _import_azure(
    dumps: Annotated[
        list[Path], typer.Argument(metavar="DUMP.json", help="as `fetch-azure` prints them")
    ],
    checked: Checked = None,
    write: Write = None,
) -> int:
    """Compare dumps of the Azure Retail Prices API with the base books."""
    from pricing_rules.verbs.sources import import_azure

    return import_azure(dumps, checked=checked or _today(), into=write)


@verb(books, "import-genai", _ImportVerb)
def _import_genai(
    provider: Annotated[
        str, typer.Option("--provider", metavar="X", help="as the package names it")
    ] = "azure",
    since: Annotated[
        date | None,
        typer.Option(
            "--since", parser=day, metavar="DAY", help="begin of undated prices; default: today"
        ),
    ] = None,
    checked: Checked = None,
    write: Write = None,
) -> int:
    """Compare the package genai-prices with the base books."""
    from pricing_rules.verbs.sources import import_genai

    return import_genai(provider, since=since or _today(), checked=checked or _today(), into=write)


@verb(books, "fetch-azure")
def _fetch_azure(
    region: Annotated[str, typer.Option("--region", metavar="X", help="as in swedencentral")],
    currency: Annotated[str, typer.Option("--currency", metavar="X", help="of the prices")] = "USD",
    url: Annotated[
        str | None,
        typer.Option("--url", metavar="URL", help="default: the public Retail Prices API"),
    ] = None,
) -> int:
    """Fetch a region's prices, in the form that `import-azure` reads."""
    from pricing_rules.verbs.sources import fetch_azure

    return fetch_azure(region, currency=currency, url=url)
